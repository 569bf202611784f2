"""Messages and usage of Inspect as the store has them, and back. Nothing that was said is cut."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from hanlon.environments.messages import read_message, returned_reasoning, tool_calls
from hanlon.exchange.inspect_package import inspect_module
from hanlon.store.records import ModelCall

Message = dict[str, Any]
STOP_REASONS = {"length": "max_tokens"} | {
    name: name for name in ("content_filter", "tool_calls", "max_tokens", "model_length", "unknown")
}
"""Finish reasons of providers as Inspect names them; any other reply has simply stopped."""


def stored_message(message: Any) -> Message:
    """A message of Inspect in the form in which endpoints send and take it."""
    stored: Message = {"role": message.role, "content": _stored_content(message.content)}
    if message.role == "assistant" and message.tool_calls:
        stored["tool_calls"] = [_stored_call(call) for call in message.tool_calls]
    if message.role == "tool":
        stored["tool_call_id"] = message.tool_call_id
        if message.function:
            stored["name"] = message.function
        if message.error:
            stored["error"] = {"type": message.error.type, "message": message.error.message}
            stored["content"] = stored["content"] or message.error.message  # what the model is told
    return stored


def _stored_content(content: Any) -> Any:
    if isinstance(content, str):
        return content
    return [_stored_part(part.model_dump(mode="json", exclude_none=True)) for part in content]


def _stored_part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "reasoning":
        # what is redacted is a cipher: a reader must not take it for reasoning
        name = "data" if part.pop("redacted", False) else "text"
        return {"type": "redacted_thinking" if name == "data" else "reasoning", name: part.pop("reasoning"), **{
            key: value for key, value in part.items() if key != "type"}}  # fmt: skip
    if part["type"] == "image":
        return {"type": "image_url", "image_url": {"url": part["image"], "detail": part["detail"]}}
    return part


def _stored_call(call: Any) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    stored = {"id": call.id, "type": "function", "function": {"name": call.function, "arguments": arguments}}
    return {**stored, "parse_error": call.parse_error} if call.parse_error else stored


def inspect_message(message: Message, name: str) -> Any:
    """A stored message as Inspect has it; `name` is the id that it gets, so that two exports are equal."""
    model = inspect_module("model")
    read = read_message(message)
    content: Any = _content(model, message, read.text or read.refusal)
    if read.role == "assistant":
        calls = [_call(call, f"{name}-{number}") for number, call in enumerate(tool_calls(message))]
        return model.ChatMessageAssistant(id=name, content=content, tool_calls=calls or None)
    if read.role == "tool":
        error: Any = message.get("error")
        error = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
        return model.ChatMessageTool(
            id=name,
            content="" if error.get("message") == content else content,
            tool_call_id=message.get("tool_call_id"),
            function=message.get("name"),
            error=inspect_module("tool").ToolCallError(**error) if error else None,
        )
    kind = model.ChatMessageUser if read.role == "user" else model.ChatMessageSystem
    return kind(id=name, content=content)


def _content(model: Any, message: Message, text: str) -> Any:
    parts: Any = message.get("content")
    if isinstance(parts, list):
        return [_part(model, part) for part in cast("list[dict[str, Any]]", parts)]
    reasoning = returned_reasoning(message)
    if not reasoning:
        return text
    return [model.ContentReasoning(reasoning=reasoning), *([model.ContentText(text=text)] if text else [])]


def _part(model: Any, part: dict[str, Any]) -> Any:
    rest = {key: value for key, value in part.items() if key not in ("type", "text", "data", "image_url")}
    match part.get("type"):
        case "reasoning" | "thinking":
            text = rest.pop("thinking", None) or part.get("text", "")
            return model.ContentReasoning(reasoning=text, **rest)
        case "redacted_thinking":
            return model.ContentReasoning(reasoning=part.get("data", ""), redacted=True, **rest)
        case "image_url":
            image = part["image_url"]
            return model.ContentImage(image=image["url"], detail=image.get("detail", "auto"))
        case "text":
            return model.ContentText(text=part.get("text", ""), **rest)
        case _:
            return _other_part(model, part)


def _other_part(model: Any, part: dict[str, Any]) -> Any:
    """A kind that Inspect has under the same name, else the part itself as data."""
    kind = "".join(word.capitalize() for word in str(part.get("type")).split("_"))
    content = getattr(model, f"Content{kind}", None)
    return content.model_validate(part) if content else model.ContentData(data=part)


def _call(call: Mapping[str, Any], name: str) -> Any:
    read = read_message({"role": "assistant", "tool_calls": [call]}).calls[0]
    problem = None if read.arguments or read.raw in ("", "{}") else f"unreadable arguments: {read.raw}"
    return inspect_module("tool").ToolCall(
        id=call.get("id") or name,
        function=read.name,
        arguments=dict(read.arguments),
        parse_error=call.get("parse_error") or problem,
    )


def stored_calls(sample: Any) -> list[ModelCall]:
    """The calls of a sample, of its scorers too; where its events are not logged, one for each model's usage."""
    events = [event for event in sample.events if event.event == "model"]
    if events:
        return [_stored_model_call(event) for event in events]
    return [
        ModelCall(requested_model=model, **_stored_usage(usage))
        for model, usage in sample.model_usage.items()
    ]


def _stored_model_call(event: Any) -> ModelCall:
    output = event.output
    return ModelCall(
        requested_model=event.model,
        returned_model=output.model or None,
        finish_reason=output.choices[0].stop_reason if output.choices else None,
        latency_s=output.time or 0.0,
        **(_stored_usage(output.usage) if output.usage else {}),
    )


def _stored_usage(usage: Any) -> dict[str, Any]:
    """Tokens as providers count them: Inspect takes those of its cache out of the input."""
    cached = usage.input_tokens_cache_read
    return {
        "input_tokens": usage.input_tokens + (cached or 0) + (usage.input_tokens_cache_write or 0),
        "output_tokens": usage.output_tokens,
        "cached_tokens": cached,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": usage.total_cost,
    }


def inspect_usage(calls: Sequence[ModelCall]) -> Any:
    """The usage of some calls together; None where no provider counted."""
    if all(call.input_tokens is None for call in calls):
        return None
    tokens, output = (
        sum(getattr(call, name) or 0 for call in calls) for name in ("input_tokens", "output_tokens")
    )
    cached, reasoning, cost = (
        sum(known)
        if (known := [value for call in calls if (value := getattr(call, name)) is not None])
        else None
        for name in ("cached_tokens", "reasoning_tokens", "cost_usd")
    )
    return inspect_module("model").ModelUsage(
        input_tokens=tokens - (cached or 0),
        output_tokens=output,
        total_tokens=tokens + output,
        input_tokens_cache_read=cached,
        reasoning_tokens=reasoning,
        total_cost=cost,
    )
