"""Usage and prices as providers send them: what a call costs, and what stops before it costs too much."""

from typing import Any

import pytest
from aiohttp import web

from hanlon.engine.budget import Budget
from support.chat_server import Body, ChatServer, bash, completion, obedient, refused
from support.in_process import sample

UNCOUNTABLE: dict[str, Any] = {
    "no usage": None,
    "odd names": {"input": 100, "output": 10},
    "zeros": {"prompt_tokens": 0, "completion_tokens": 0},
    "text": {"prompt_tokens": "many"},
    "the total alone": {"total_tokens": 110},
}
PRICE = "++model.price={input: 90, output: 100, as_of: 2026-01, source: test}"


@pytest.mark.parametrize("usage", UNCOUNTABLE.values(), ids=UNCOUNTABLE.keys())
@pytest.mark.parametrize("cap", [(1.0, None), (None, 10_000)], ids=["dollars", "tokens"])
def test_a_cap_that_cannot_be_kept_stops_before_the_tenth_call(
    chat_server: ChatServer, usage: Any, cap: tuple[float | None, int | None]
) -> None:
    """And says why; what was under way is sampled again once that is mended."""
    chat_server.answer = lambda body, n: completion(bash("./next_question"), usage=usage)
    sampled = sample(chat_server, PRICE, samples=40, budget=Budget(*cap))
    assert chat_server.calls < 10
    assert "cannot be kept" in sampled.end.stopped[0]
    assert {outcome for outcome, _ in sampled.outcomes} == {"api_error"}


NAMED = {
    "OpenAI": ({"prompt_tokens": 100, "completion_tokens": 10}, (100, 10)),
    "Anthropic": ({"input_tokens": 100, "output_tokens": 10}, (100, 10)),
    "Gemini": ({"promptTokenCount": 100, "candidatesTokenCount": 10}, (100, 10)),
    "reasoning in the total": (
        {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 1110},
        (100, 1010),
    ),
    "a total that is too small": (
        {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 5},
        (100, 10),
    ),
    "more reasoning than was written": (
        {"prompt_tokens": 100, "completion_tokens": 20, "reasoning_tokens": 500},
        (100, 520),
    ),
    "reasoning in details, beside what was written": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "completion_tokens_details": {"reasoning_tokens": 500},
        },
        (100, 520),
    ),
    "floats": ({"prompt_tokens": 100.0, "completion_tokens": 10.0}, (100, 10)),
    "below zero": ({"prompt_tokens": 100, "completion_tokens": -7}, (100, None)),
}


@pytest.mark.parametrize(("usage", "counts"), NAMED.values(), ids=NAMED.keys())
def test_tokens_are_counted_by_whatever_name(
    chat_server: ChatServer, usage: Body, counts: tuple[int, int | None]
) -> None:
    """And reasoning that stands in the total alone."""
    chat_server.answer = lambda body, n: completion(bash("./next_question"), usage=usage)
    call = sample(chat_server).episodes[0][0].calls[0]
    assert (call.input_tokens, call.output_tokens) == counts


COSTS: dict[str, tuple[dict[str, Any], float]] = {
    "the gateway's own": ({"cost": 0.01}, 0.01),
    "the user's key at the provider": (
        {"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}},
        0.02,
    ),
    "a fee and the provider's": (
        {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}},
        0.021,
    ),
    "unsaid whose key": ({"cost": 0, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
    "the same twice": ({"cost": 0.02, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
    "the user's key, and no word of what it costs": ({"cost": 0, "is_byok": True}, 0.01),
    "the list price": ({}, 0.01),
    "cached beyond the prompt": ({"prompt_tokens_details": {"cached_tokens": 8000}}, 0.721),
    "below zero": ({"cost": -716.0}, 0.01),
}


@pytest.mark.parametrize(("usage", "dollars"), COSTS.values(), ids=COSTS.keys())
def test_a_call_costs_what_the_user_pays_and_never_less_than_nothing(
    chat_server: ChatServer, usage: Body, dollars: float
) -> None:
    """100 tokens at $90 and 10 at $100 a million are one cent; what the provider takes of the user's key counts."""
    full = {"prompt_tokens": 100, "completion_tokens": 10, **usage}
    chat_server.answer = lambda body, n: completion(bash("./next_question"), usage=full)
    call = sample(chat_server, PRICE).episodes[0][0].calls[0]
    assert call.cost_usd == pytest.approx(dollars)


QUOTAS = {
    "OpenAI": refused(429, "You exceeded your current quota", code="insufficient_quota"),
    "Anthropic": refused(400, "Your credit balance is too low to access the API."),
    "DeepSeek": refused(402, "Insufficient Balance"),
    "xAI": refused(429, "Your team has reached its monthly spending limit."),
    "OpenRouter": refused(403, "Key limit exceeded (total limit)"),
}


@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota_that_does_not_come_back_ends_the_model_at_once(chat_server: ChatServer, name: str) -> None:
    """One call and no retry."""
    body, status = QUOTAS[name].body, QUOTAS[name].status
    chat_server.answer = lambda sent, n: web.Response(body=body, status=status)  # type: ignore[arg-type]
    sampled = sample(chat_server, max_connections=1, samples=20)
    assert sampled.end.failed
    assert chat_server.calls == 1


def test_a_rate_limit_that_speaks_of_a_quota_is_waited_for(chat_server: ChatServer) -> None:
    """Gemini's words for a limit of a minute, with a wait."""
    text = "You exceeded your current quota, please check your plan and billing details."
    limited = {"error": {"message": text, "status": "RESOURCE_EXHAUSTED"}}
    headers = {"retry-after": "0.1"}
    chat_server.answer = lambda body, n: (
        web.json_response(limited, status=429, headers=headers) if n == 1 else obedient(body, n)
    )
    assert sample(chat_server).outcomes == [("shutdown", None)]
