"""The client against a real server: any reply becomes a completion or a classified failure."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanlon.models.endpoint import CallFailed, Completion, Endpoint
from support.chat_server import ChatServer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 600) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["error", "choices", "message", "content", "usage", "code", "model", "finish_reason"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def call(server: ChatServer, key: str | None = None) -> Completion | CallFailed:
    """One call and what came of it."""

    async def once() -> Completion | CallFailed:
        endpoint = Endpoint(server.base_url, key, 2)
        try:
            return await endpoint.complete(b'{"model":"m","messages":[]}', "m")
        except CallFailed as failure:
            return failure
        finally:
            await endpoint.close()

    return asyncio.run(once())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=JSON, status=st.sampled_from([200, 200, 200, 400, 429, 500]), text=st.none() | st.text(max_size=20)
)
def test_any_reply_is_a_completion_or_a_classified_failure(
    chat_server: ChatServer, body: Any, status: int, text: str | None
) -> None:
    """No JSON, text or status makes the client raise anything else."""
    payload = msgspec.json.encode(body) if text is None else text.encode()
    chat_server.answer = lambda sent, number: web.Response(body=payload, status=status)
    result = call(chat_server)
    if isinstance(result, Completion):
        assert status == 200
        assert isinstance(result.message, dict)
    else:
        assert result.message
        assert result.record().type == result.kind


def test_what_came_back_is_recorded(chat_server: ChatServer) -> None:
    """Returned model and provider, tokens, cached and reasoning tokens, and the cost that the provider names."""
    chat_server.answer = lambda sent, number: {
        "model": "other-model-0613",
        "provider": "SomeCloud",
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 5},
            "cost": 0.00021,
        },
    }
    result = call(chat_server)
    assert isinstance(result, Completion)
    record = result.call
    assert (record.requested_model, record.returned_model, record.provider) == (
        "m",
        "other-model-0613",
        "SomeCloud",
    )
    assert (record.input_tokens, record.output_tokens, record.cached_tokens, record.reasoning_tokens) == (
        12,
        7,
        4,
        5,
    )
    assert record.cost_usd == 0.00021
    assert record.latency_s > 0


def test_nothing_about_this_machine_is_sent(chat_server: ChatServer) -> None:
    """The client's own telemetry headers (platform, versions) are left out."""
    seen: dict[str, str] = {}
    chat_server.see_headers = seen.update
    call(chat_server)
    assert seen["Content-Type"] == "application/json"
    assert not [
        name for name in seen if name.lower().startswith("x-stainless-") and "retry" not in name.lower()
    ][1:]


def test_retry_after_is_read_in_seconds_milliseconds_and_as_a_date(chat_server: ChatServer) -> None:
    """The server's wish to wait goes with the failure."""
    wishes = {"retry-after": "7", "retry-after-ms": "1500"}
    for name, value in wishes.items():
        chat_server.answer = lambda sent, number, n=name, v=value: web.json_response(
            {"error": {"message": "slow down"}}, status=429, headers={n: v}
        )
        failure = call(chat_server)
        assert isinstance(failure, CallFailed)
        assert failure.retry_after_s == float(value) / (1000 if name.endswith("ms") else 1)
    chat_server.answer = lambda sent, number: web.json_response(
        {}, status=503, headers={"retry-after": "Wed, 21 Oct 2199 07:28:00 GMT"}
    )
    failure = call(chat_server)
    assert isinstance(failure, CallFailed)
    assert failure.retry_after_s is not None
    assert failure.retry_after_s > 1e9


def test_the_key_is_sent_and_never_repeated(chat_server: ChatServer) -> None:
    """A server that echoes the key does not get it into our message."""
    chat_server.answer = lambda sent, number: web.json_response(
        {"error": {"message": "Incorrect API key provided: sk-secret-1234"}}, status=401
    )
    failure = call(chat_server, key="sk-secret-1234")
    assert isinstance(failure, CallFailed)
    assert chat_server.authorizations == {"Bearer sk-secret-1234"}
    assert failure.kind == "key"
    assert "sk-secret-1234" not in failure.message
