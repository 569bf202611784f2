"""What each fault looks like on the wire: a reply `instead` of a completion, or a completion that is `spoiled`."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from aiohttp import web

ANOTHER_MODEL = "simulated/another-model"
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_MESSAGES = {
    "http_429": "Too many requests",
    "http_429_bare": "Too many requests",
    "http_500": "The server had an error while processing your request",
    "http_502": "Bad gateway",
    "http_503": "The service is unavailable",
    "http_529": "Overloaded",
}
_PAGE = (
    "<!DOCTYPE html><html><head><title>Simulated gateway</title></head>"
    "<body><h1>We will be back in a moment</h1><p>A simulated fault.</p></body></html>"
)


async def instead(kind: str, request: web.Request, retry_after: Mapping[str, str]) -> web.StreamResponse:
    """The reply of a fault that leaves no completion; `retry_after` is the header of the kind http_429."""
    if kind == "hang":
        await asyncio.Event().wait()  # the server cancels it when the client has gone
    if kind == "reset":
        return _reset(request, b"HTTP/1.1 200 OK\r\nContent-Type: application/js")
    if kind == "html":
        return web.Response(text=_PAGE, content_type="text/html")
    if kind == "error_in_200":
        return error_reply(200, "provider_error", "The provider failed after it had begun", 502)
    status = int(kind.split("_")[1])
    error = "rate_limit_exceeded" if status == 429 else "server_error"
    headers = retry_after if kind == "http_429" else None
    return error_reply(status, error, _MESSAGES[kind], error if status == 429 else status, headers)


def error_reply(
    status: int, kind: str, message: str, code: int | str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error object, marked as simulated."""
    error = {"message": f"{message} (simulated).", "type": kind, "code": code, "simulated": True}
    body = msgspec.json.encode({"error": error})
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


async def spoiled(
    kind: str, request: web.Request, completion: web.Response, drip_s: float
) -> web.StreamResponse | None:
    """The completion as this fault leaves it; None where it has nothing to spoil."""
    body = cast("bytes", completion.body)
    if kind == "slow_drip":
        return await _drip(request, body, drip_s)
    if kind == "reset_body":
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return _reset(request, head.encode() + body[: len(body) // 2])
    if kind == "bad_json":
        return web.Response(body=body[: len(body) // 2], content_type="application/json")
    fields = msgspec.json.decode(body)
    if not _changed(kind, fields):
        return None
    return web.Response(body=msgspec.json.encode(fields), content_type="application/json")


def _changed(kind: str, completion: dict[str, Any]) -> bool:
    """Change the completion in place; False where it has no tool call to change."""
    if kind == "empty_choices":
        completion["choices"] = []
        return True
    if kind == "wrong_model":
        completion["model"] = ANOTHER_MODEL
        return True
    calls: list[dict[str, Any]] = completion["choices"][0]["message"].get("tool_calls", [])
    if not calls:
        return False
    function = calls[0]["function"]
    if kind == "several_calls":
        calls.append({**calls[0], "id": f"{calls[0]['id']}_again"})
    elif kind == "malformed_arguments":
        function["arguments"] = function["arguments"][:-2]
    else:
        mistyped = {name: [value] for name, value in json.loads(function["arguments"]).items()}
        function["arguments"] = json.dumps(mistyped)
    return True


def _reset(request: web.Request, sent: bytes) -> web.Response:
    """Write `sent` and reset the connection. The response returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        transport.write(sent)
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        transport.abort()
    return web.Response()


async def _drip(request: web.Request, body: bytes, drip_s: float) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for position in range(len(body)):
        await response.write(body[position : position + 1])
        due = started + drip_s * (position + 1) / len(body)
        await asyncio.sleep(max(0.0, due - loop.time()))
    return response
