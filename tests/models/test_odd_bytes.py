"""Bytes that no HTTP client likes: each becomes that call's failure, or a completion with what is wrong replaced."""

import asyncio
from typing import Any

import pytest

from hanlon.models.endpoint import CallFailed, Completion, Endpoint
from support.raw_server import raw_server

USAGE = b'"usage":{"prompt_tokens":3,"completion_tokens":2}'


def ok(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """A response of status 200."""
    size = len(body) if length is None else length
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Content-Length: %d" % size, *headers]
    return b"\r\n".join([*lines, b"", body])


def completion(content: bytes) -> bytes:
    """A chat completion whose content is these bytes of JSON."""
    return (
        b'{"choices":[{"message":{"role":"assistant","content":'
        + content
        + b'},"finish_reason":"stop"}],'
        + USAGE
        + b"}"
    )


def answered(answer: bytes) -> Completion | CallFailed:
    """What one call makes of these bytes."""

    async def once(base_url: str) -> Completion | CallFailed:
        endpoint = Endpoint(base_url, None, 1)
        try:
            async with asyncio.timeout(20):
                return await endpoint.complete(b'{"model":"m","messages":[]}', "m")
        except CallFailed as failure:
            return failure
        finally:
            await endpoint.close()

    with raw_server(answer) as base_url:
        return asyncio.run(once(base_url))


READ = {
    "invalid UTF-8": (completion(b'"a\xff\xfeb"'), "a��b"),
    "half a surrogate pair": (completion(rb'"a\ud83d b"'), "a? b"),
    "a whole surrogate pair": (completion(rb'"\ud83d\ude00"'), "\U0001f600"),
    "a byte order mark": (b"\xef\xbb\xbf" + completion(b'"a"'), "a"),
    "NaN beside it": (completion(b'"a","logprobs":NaN'), "a"),
    "infinite usage": (
        completion(b'"a"').replace(b'"completion_tokens":2', b'"completion_tokens":Infinity'),
        "a",
    ),
    "a control character": (completion(b'"a\x1b[2Jb"'), None),
}


@pytest.mark.parametrize(("body", "content"), READ.values(), ids=READ.keys())
def test_a_completion_with_odd_text_is_read(body: bytes, content: str | None) -> None:
    """What cannot be read is replaced; a body that is no JSON at all is a bad reply."""
    result = answered(ok(body))
    if content is None:
        assert isinstance(result, CallFailed)
        assert result.kind == "bad_reply"
        assert result.message.isprintable()
    else:
        assert isinstance(result, Completion)
        assert result.message["content"] == content
        assert result.call.input_tokens == 3


BROKEN = {
    "a bad status line": b"HTTP/9.9 what\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a header over 8 KB": ok(completion(b'"a"'), b"X-Long: " + b"x" * 20_000),
    "a body shorter than its length": ok(completion(b'"a"'), length=10_000),
    "a length of letters": ok(b"{}").replace(b"Content-Length: 2", b"Content-Length: two"),
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "broken gzip": ok(b"no gzip", b"Content-Encoding: gzip"),
    "nothing": b"",
    "deep nesting": ok(b"[" * 100_000),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_broken_http_is_that_calls_failure(answer: bytes) -> None:
    """Retried as what an endpoint in trouble does; never another exception."""
    result = answered(answer)
    assert isinstance(result, CallFailed)
    assert result.kind in ("bad_reply", "connection")
    assert result.message.isprintable()


def test_a_body_longer_than_its_length_is_read_as_far_as_it_was_announced() -> None:
    """What follows belongs to no reply, and the next call has a connection of its own."""
    body = completion(b'"a"')
    result = answered(ok(body + b"trailing", length=len(body)))
    assert isinstance(result, Completion | CallFailed)


ERRORS: dict[str, tuple[bytes, str]] = {
    "OpenAI": (b'{"error":{"message":"wrong model","code":404}}', "wrong model"),
    "text": (b'{"error":"wrong model"}', "wrong model"),
    "FastAPI": (b'{"detail":"wrong model"}', "wrong model"),
    "FastAPI's list": (b'{"detail":[{"msg":"wrong model","loc":["body"]}]}', "wrong model"),
    "a message": (b'{"object":"error","message":"wrong model","type":"NotFound"}', "wrong model"),
    "Gemini's list": (b'[{"error":{"code":404,"message":"wrong model"}}]', "wrong model"),
    "OpenRouter's provider": (
        b'{"error":{"message":"Provider returned error","metadata":{"raw":"wrong model"}}}',
        "Provider returned error: wrong model",
    ),
    "errors": (b'{"errors":["wrong model"]}', "wrong model"),
    "another field": (b'{"reason":"wrong model"}', '{"reason":"wrong model"}'),
    "a null error": (b'{"error":null,"message":"wrong model"}', "wrong model"),
    "HTML": (b"<html>\n<h1>wrong model</h1></html>", "<html> <h1>wrong model</h1></html>"),
    "control characters": (b'{"error":{"message":"wrong\\u001b[31m\\nmodel\\u0007"}}', "wrong [31m model"),
    "a number": (b"404", "404"),
    "nothing": (b"", "(no text)"),
}


@pytest.mark.parametrize(("body", "said"), ERRORS.values(), ids=ERRORS.keys())
def test_what_an_error_says_is_passed_on(body: bytes, said: str) -> None:
    """In whatever form it comes, on one line, with nothing that steers a terminal."""
    head = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    result = answered(head % len(body) + body)
    assert isinstance(result, CallFailed)
    assert (result.kind, result.message) == ("not_found", f"HTTP 404: {said}")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "socks://127.0.0.1:9"])
def test_a_server_on_this_machine_is_never_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    """Whatever the environment says: the proxy named here is not there."""
    monkeypatch.setenv(variable, proxy)
    result: Any = answered(ok(completion(b'"a"')))
    assert isinstance(result, Completion), result.message
