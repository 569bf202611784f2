"""The OpenAI-compatible server around one policy.

POST /v1/chat/completions, GET /v1/models, GET /stats (the counts of served.py) and GET /health, which alone needs
no key. A request that the policy cannot answer gets HTTP 400 with the reason. Faults come from `faults/`.
"""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from aiohttp import web

from hanlon.simulated.faults.config import Faults
from hanlon.simulated.faults.inject import Handler, inject
from hanlon.simulated.policy import ChatRequest, RequestError, ScriptedPolicy
from hanlon.simulated.served import ServedCounts

_LARGEST_REQUEST_BYTES = 64 * 2**20
_COMPLETIONS = "/v1/chat/completions"
_HOST = "127.0.0.1"
_GRACE_S = 0.5
_CHARACTERS_PER_TOKEN = 4  # for plausible usage numbers; there is no tokenizer


class _Refusal(Exception):
    """A request that gets an error object: its HTTP status, type and message."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def application(
    policy: ScriptedPolicy,
    api_key: str | None,
    faults: Faults | None = None,
    tally: ServedCounts | None = None,
) -> web.Application:
    """The server's routes, open to whoever holds `api_key` (None: to anybody), counting in `tally`."""
    tally = tally or ServedCounts()
    service = _Service(policy, tally)
    app = web.Application(middlewares=[_guard(api_key)], client_max_size=_LARGEST_REQUEST_BYTES)
    inject(app, _COMPLETIONS, faults or Faults(), tally)
    app.router.add_post(_COMPLETIONS, service.complete)
    app.router.add_get("/v1/models", service.models)
    app.router.add_get("/stats", service.stats)
    app.router.add_get("/health", _health)
    return app


class _Service:
    def __init__(self, policy: ScriptedPolicy, tally: ServedCounts) -> None:
        self._policy = policy
        self._model = f"simulated/{policy.name}"
        self._tally = tally

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            fields = self._read(body)
            answer = self._answer(fields, len(body))
        except (RequestError, _Refusal) as error:
            self._tally.refused += 1
            raise error if isinstance(error, _Refusal) else _Refusal(str(error)) from None
        self._tally.calls += 1
        self._tally.calls_by_seed[fields["seed"]] += 1
        return _json(answer)

    def _answer(self, fields: dict[str, Any], characters: int) -> dict[str, Any]:
        """The body of the response."""
        request = ChatRequest(fields["seed"], fields["messages"], fields.get("tools"), fields.get("grammar"))
        return _enveloped(self._model, request.seed, self._policy.message(request), characters)

    async def models(self, request: web.Request) -> web.Response:
        model = {"id": self._model, "object": "model", "created": 0, "owned_by": "simulated"}
        return _json({"object": "list", "data": [model]})

    async def stats(self, request: web.Request) -> web.Response:
        return _json(self._tally.as_json())

    def _read(self, body: bytes) -> dict[str, Any]:
        """The fields of the request, which are those that a policy needs."""
        try:
            fields: object = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _Refusal(f"The request is not valid JSON: {error}.") from None
        if not isinstance(fields, dict):
            raise _Refusal("The request is not a JSON object.")
        fields = cast("dict[str, Any]", fields)
        if fields.get("model") != self._model:
            problem = f"There is no model {fields.get('model')!r} here; the one served is {self._model}."
            raise _Refusal(problem, 404, "model_not_found")
        if not isinstance(fields.get("messages"), list):
            raise _Refusal("messages is missing or not a list.")
        if not isinstance(fields.get("seed"), int):
            raise _Refusal("A simulated policy draws from the request's seed: set model.send_seed=true.")
        if fields.get("stream"):
            raise _Refusal("A simulated policy does not stream; leave stream out.")
        return fields


def _guard(api_key: str | None) -> Any:
    expected = f"Bearer {api_key}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        sent = request.headers.get("Authorization", "").encode()
        needs_key = api_key is not None and request.path != "/health"
        if needs_key and not secrets.compare_digest(sent, expected):
            return _error(401, "authentication_error", "The bearer key is missing or wrong.")
        try:
            return await handler(request)
        except _Refusal as refusal:
            return _error(refusal.status, refusal.kind, str(refusal))
        except web.HTTPException as error:
            return _error(error.status, "invalid_request_error", error.reason)

    return guard


async def _health(request: web.Request) -> web.Response:
    return _json({"status": "ok", "simulated": True})


def _error(status: int, kind: str, message: str) -> web.Response:
    return _json({"error": {"message": message, "type": kind, "code": status, "simulated": True}}, status)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _enveloped(model: str, seed: int, message: dict[str, Any], prompt_characters: int) -> dict[str, Any]:
    """The response body around one message."""
    prompt_tokens = prompt_characters // _CHARACTERS_PER_TOKEN
    completion_tokens = max(1, len(json.dumps(message)) // _CHARACTERS_PER_TOKEN)
    digest = hashlib.sha256(f"{model}:{seed}:{prompt_characters}".encode()).hexdigest()
    return {
        "id": f"chatcmpl-simulated-{digest[:16]}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "provider": "simulated",
        "system_fingerprint": "simulated",
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(message)}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _finish(message: dict[str, Any]) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


async def listen(
    app: web.Application, port: int, announce: Callable[[int], None], until: Awaitable[object]
) -> None:
    """Serve `app` on 127.0.0.1 at `port` (0: a free one, which `announce` is told) until `until` is done.

    Raises:
        OSError: the port is taken or not ours to take.
    """
    # with handler_cancellation, a client that goes away ends its hanging call
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
        announce(runner.addresses[0][1])
        await until
    finally:
        await runner.cleanup()
