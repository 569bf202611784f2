"""Reads a reply as providers really send it: lenient JSON, odd usage, finish reasons, reasoning inside the content."""

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, cast

import msgspec

from hanlon.models.failures import CallFailed, plain
from hanlon.store import outcomes
from hanlon.store.records import ModelCall


def decode_json(content: bytes) -> Any:
    """JSON, also with a byte order mark, bytes that are no UTF-8, NaN or half a surrogate pair: replaced, not refused.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json.loads(content.decode("utf-8-sig", errors="replace"), parse_constant=lambda _: None)
        return msgspec.json.decode(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


_WHOLE = frozenset(
    {
        *(
            "stop",
            "tool_calls",
            "tool_call",
            "function_call",
            "end_turn",
            "tool_use",
            "stop_sequence",
            "eos",
            "done",
        ),
        *("eos_token", "end_of_sequence", "complete", "completed", "finished", "normal", ""),
    }
)
_OUTCOMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("length", "max_tokens", "max_output_tokens", "max_length", "token_limit"), outcomes.TRUNCATED
    ),
    **dict.fromkeys(("model_length", "model_context_window_exceeded"), outcomes.CONTEXT_LIMIT),
    **dict.fromkeys(
        (
            *(
                "content_filter",
                "content_filtered",
                "safety",
                "recitation",
                "blocklist",
                "prohibited_content",
            ),
            *(
                "spii",
                "image_safety",
                "language",
                "guardrail_intervened",
                "moderation",
                "sensitive",
                "refusal",
            ),
        ),
        outcomes.CONTENT_FILTER,
    ),
}
_FAILED = frozenset(
    {
        "error",
        "abort",
        "aborted",
        "cancelled",
        "network_error",
        "insufficient_system_resource",
        "timeout",
        "server_error",
    }
)
"""The provider broke off: no reply of the model's."""
_NATIVE_CUTS = frozenset(
    {"malformed_function_call", "unexpected_tool_call", "too_many_tool_calls", "other", "model_armor"}
)
"""What providers say where a gateway says `stop`, beside the above."""


def cut_off(finish_reason: str | None) -> tuple[str, str] | None:
    """How a reply ends that something cut off: its technical outcome and why it is excluded; None where nothing did.

    A reason that nobody here knows is excluded under its own name.
    """
    reason = plain((finish_reason or "").lower().replace("-", "_"))[:40]
    if reason in _WHOLE:
        return None
    outcome = _OUTCOMES.get(reason)
    return (outcome, outcome) if outcome else (outcomes.CUT_OFF, reason)


def finish_reason_of(choice: Mapping[str, Any]) -> str | None:
    """Why a reply ended. A gateway's `stop` gives way to what its provider said."""
    reason, native = (_reason(choice.get(name)) for name in ("finish_reason", "native_finish_reason"))
    believed = {*_OUTCOMES, *_FAILED, *_NATIVE_CUTS}
    if native and (reason or "").lower() in _WHOLE and native.lower() in believed:
        return native
    return reason


def _reason(value: Any) -> str | None:
    if isinstance(value, dict):  # SGLang's own form
        value = cast(dict[str, Any], value).get("type")
    return value if isinstance(value, str) else None


def refuse_useless(message: Mapping[str, Any], call: ModelCall) -> None:
    """Refuse a reply that the provider broke off, and one that is empty and took no token.

    Raises:
        CallFailed: it is one of these, so the call is worth another try.
    """
    reason = (call.finish_reason or "").lower()
    if reason in _FAILED:
        raise CallFailed("bad_reply", f"the provider broke off the reply: finish_reason {reason}", 200)
    empty = not any(message.get(name) for name in ("content", "tool_calls", "refusal", "function_call"))
    if empty and reason in _WHOLE and call.output_tokens == 0:
        raise CallFailed("bad_reply", "the endpoint answered an empty reply of 0 tokens", 200)


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The token counts and the cost of a call, by the names that providers use; None for what is not given."""
    prompt = _count(usage, "prompt_tokens", "input_tokens", "promptTokenCount", "prompt_token_count")
    written = _count(
        usage, "completion_tokens", "output_tokens", "candidatesTokenCount", "candidates_token_count"
    )
    total = _count(usage, "total_tokens", "totalTokenCount", "total_token_count")
    if total is not None and prompt is not None:  # some count reasoning in the total alone
        written = max(written or 0, total - prompt)
    inputs, outputs = (
        mapping(usage.get(f"{prefix}_tokens_details")) or mapping(usage.get(f"{other}_tokens_details"))
        for prefix, other in (("prompt", "input"), ("completion", "output"))
    )
    reasoning = _count(outputs, "reasoning_tokens")
    if reasoning is None:
        reasoning = _count(usage, "reasoning_tokens", "thoughtsTokenCount", "thoughts_token_count")
    if reasoning is not None and reasoning > (written or 0):  # it cannot be a part of them
        written = (written or 0) + reasoning
    return {
        "input_tokens": prompt,
        "output_tokens": written,
        "cached_tokens": _count(inputs, "cached_tokens")
        or _count(usage, "cache_read_input_tokens", "prompt_cache_hit_tokens"),
        "reasoning_tokens": reasoning,
        "cost_usd": _cost(usage),
    }


def _cost(usage: Mapping[str, Any]) -> float | None:
    """The gateway's cost; with the user's own key at the provider, what the provider takes comes on top."""
    cost = _dollars(usage.get("cost"))
    upstream = _dollars(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    if not cost and upstream is None and usage.get("is_byok"):
        return None  # the gateway took nothing, and does not say what the provider takes
    if upstream is None or cost is None:
        return upstream if cost is None else cost
    return cost + upstream if usage.get("is_byok") else max(cost, upstream)


def _dollars(value: Any) -> float | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if number and value >= 0 else None


def _count(usage: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = _dollars(usage.get(name))
        if value is not None:
            return int(value)
    return None


def mapping(value: Any) -> dict[str, Any]:
    """An object as it is, anything else as an empty one."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
REASONING_TAGS: Mapping[str, str] = {
    **{f"<{name}>": f"</{name}>" for name in _NAMES},
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel|>analysis<|message|>": "<|end|>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|channel>thought": "<channel|>",
    "<|inner_prefix|>": "<|inner_suffix|>",
}
"""What opens and closes reasoning that a server left in the content."""
_ANY_TAG = re.compile(
    r"[<[◁][/|]?(think|thought|reasoning|seed:think|begin_of_|end_of_|channel|(start|end)_thinking|inner_)",
    re.IGNORECASE,
)
"""Where none of them can be: every reply is searched for it."""
_FINAL_CHANNEL = re.compile(r"\A\s*(<\|start\|>assistant)?<\|channel\|>\w+[^<]*<\|message\|>|<\|return\|>\Z")


def own_tags(texts: Collection[str]) -> frozenset[str]:
    """The tags that a cell's own texts speak of: what a model puts into these was asked for in its reply."""
    everything = "\n".join(texts).lower()
    return frozenset(
        opening
        for opening, closing in REASONING_TAGS.items()
        if opening.lower() in everything or closing.lower() in everything
    )


def separate_reasoning(message: dict[str, Any], kept: Collection[str] = ()) -> bool:
    """Move reasoning blocks from a reply's content to its reasoning, but for tags in `kept`; whether there were any."""
    content = message.get("content")
    blocks: list[str] = []
    if isinstance(content, str):
        message["content"] = _without_blocks(content, kept, blocks)
    elif isinstance(content, list):
        for part in map(mapping, cast(list[Any], content)):
            if isinstance(part.get("text"), str):
                part["text"] = _without_blocks(part["text"], kept, blocks)
    if not blocks:
        return False
    field = "reasoning" if str(message.get("reasoning") or "").strip() else "reasoning_content"
    parts = [str(message.get(field) or ""), *blocks]
    message[field] = "\n\n".join(part.strip() for part in parts if part.strip())
    return True


def _without_blocks(content: str, kept: Collection[str], blocks: list[str]) -> str:
    if not any(char in content for char in "<[◁") or not _ANY_TAG.search(content):
        return content
    text = content
    for opening, closing in REASONING_TAGS.items():
        if opening not in kept:
            text = _without_tag(text, _pattern(opening), _pattern(closing), blocks)
    return _FINAL_CHANNEL.sub("", text).lstrip() if text != content else content


def _pattern(tag: str) -> str:
    """A tag, also with attributes where it is an element: `<think >`, `<think time="3">`; but not `<think/>`."""
    if not tag.endswith(">") or "|" in tag:
        return re.escape(tag)
    return re.escape(tag[:-1]) + r"(?:\s[^<>]{0,200})?(?<!/)>"


def _without_tag(text: str, opening: str, closing: str, blocks: list[str]) -> str:
    """Without a block at the start (which may lack an end or, from a template, its beginning) and at later lines."""

    def take(block: re.Match[str]) -> str:
        blocks.append(block[1])
        return ""

    flags = re.DOTALL | re.IGNORECASE
    start = re.compile(rf"\A\s*{opening}(.*?)(?:{closing}|\Z)", flags)
    lone = re.compile(rf"\A((?:(?!{opening}).)*?)(?<!`){closing}(?!`)", flags)
    rest, first = start.subn(take, text, count=1)
    rest, closed = lone.subn(take, rest, count=1)  # also what a nested tag has left of the first block
    first += closed
    end = rf"(?:{closing}|\Z)" if first else closing
    return re.sub(rf"^[ \t]*{opening}(.*?){end}", take, rest, flags=flags | re.MULTILINE)
