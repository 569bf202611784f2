"""One reader of chat messages: for the engine, the judges, follow-up questions, `hanlon show` and W&B."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from hanlon.environments.base import Message

REASONING_PARTS = ("thinking", "reasoning", "redacted_thinking")
"""Types of content parts that hold reasoning, not words to the user."""
NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One function call as it was received. `arguments` are empty where `raw` cannot be read as an object."""

    name: str
    arguments: Mapping[str, Any]
    raw: str

    def lines(self) -> Iterator[str]:
        """The arguments for reading, one to a line."""
        if not self.arguments and self.raw:
            yield f"  {self.raw}"
        for name, value in self.arguments.items():
            yield f"  {name}: {value}"


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as people and judges read it. `text` of a `tool` message is the result of a call."""

    role: str
    reasoning: str
    text: str
    calls: Sequence[FunctionCall]
    refusal: str


def read_message(message: Message) -> ReadMessage:
    """Everything that a stored message says."""
    refusal = message.get("refusal")
    return ReadMessage(
        role=str(message.get("role")),
        reasoning=returned_reasoning(message),
        text=visible_text(message),
        calls=[_function_call(call) for call in tool_calls(message)],
        refusal=refusal if isinstance(refusal, str) else "",
    )


LineKind = Literal["reasoning", "text", "call", "refusal"]


def message_lines(message: Message) -> Iterator[tuple[LineKind, str]]:
    """A message for reading: its reasoning, its words, its calls with every argument."""
    content = read_message(message)
    if content.reasoning:
        yield "reasoning", f"(reasoning) {content.reasoning}"
    if content.text:
        yield "text", content.text
    for call in content.calls:
        yield "call", "\n".join([f"(call of {call.name})", *call.lines()])
    if content.refusal:
        yield "refusal", f"(refusal) {content.refusal}"


def visible_text(message: Message) -> str:
    """The visible text of an assistant message, without reasoning; content parts are joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = (part for part in _mappings(content) if part.get("type") not in REASONING_PARTS)
    return "".join(str(part.get("text") or "") for part in parts)


def tool_calls(message: Message) -> Sequence[dict[str, Any]]:
    """The function calls of an assistant message, without what is no object."""
    return _mappings(message.get("tool_calls"))


def returned_reasoning(message: Message) -> str:
    """The reasoning that came with an assistant message, "" where none came.

    Plain text in `reasoning` or `reasoning_content`; else the texts or summaries of OpenRouter's `reasoning_details`;
    else content parts that hold reasoning.
    """
    for name in ("reasoning", "reasoning_content"):
        text = message.get(name)
        if isinstance(text, str) and text.strip():
            return text
    details = _mappings(message.get("reasoning_details"))
    parts = [part for part in _mappings(message.get("content")) if part.get("type") in REASONING_PARTS]
    return "".join(map(_detail_text, details)) or "".join(map(_detail_text, parts))


def _detail_text(detail: Mapping[str, Any]) -> str:
    for name in ("text", "summary", "thinking", "reasoning"):
        value = detail.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list):
            return "".join(map(_detail_text, _mappings(cast(list[Any], value))))
    return ""


def read_arguments(call: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A call's arguments, none given counting as an empty object; None where they are no object."""
    arguments: Any = _function(call).get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = msgspec.json.decode(arguments) if arguments.strip() else {}
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return None
    return cast("Mapping[str, Any]", arguments) if isinstance(arguments, Mapping) else None


def function_name(call: Mapping[str, Any]) -> Any:
    """The name that a call gives, without the control tokens of a chat template that a parser has left behind it."""
    name = _function(call).get("name")
    return name.partition("<|")[0].strip() if isinstance(name, str) else name


def complete_call_ids(message: Message, turn: int) -> None:
    """Give each call of a reply an id of its own where it has none: its result has to name it."""
    seen: set[str] = set()
    for number, call in enumerate(tool_calls(message)):
        name = call.get("id")
        if not isinstance(name, str) or not name or name in seen:
            call["id"] = f"call_{turn}_{number}"
        seen.add(call["id"])


def returned_message(message: Message, reasoning_fields: Sequence[str]) -> Message:
    """An assistant message as it goes back to its endpoint, in a form that every endpoint takes.

    The stored message stays as it was received. Calls go back with a legal name and with arguments that are a JSON
    object; a field that the endpoint did not define may be refused, so only `reasoning_fields` go with them.
    """
    content = message.get("content")
    calls = [_returned_call(call) for call in tool_calls(message)]
    returned: Message = {name: message[name] for name in reasoning_fields if message.get(name) is not None}
    returned["content"] = content if isinstance(content, str) else visible_text(message)
    if calls:
        returned["tool_calls"] = calls
        returned["content"] = returned["content"] or None
    return {**returned, "role": "assistant"}


def _returned_call(call: Mapping[str, Any]) -> dict[str, Any]:
    raw = _function(call).get("arguments")
    arguments = read_arguments(call)
    if arguments is None or not isinstance(raw, str) or not raw.strip():
        raw = json.dumps({"invalid_arguments": raw} if arguments is None else arguments)
    name = NAME_CHARACTERS.sub("_", str(function_name(call) or "unknown"))[:LONGEST_NAME]
    return {**call, "type": "function", "function": {"name": name, "arguments": raw}}


def _function_call(call: Mapping[str, Any]) -> FunctionCall:
    raw = _function(call).get("arguments")
    return FunctionCall(
        str(_function(call).get("name")), read_arguments(call) or {}, "" if raw is None else str(raw)
    )


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    function = call.get("function")
    return cast("Mapping[str, Any]", function) if isinstance(function, Mapping) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing where it is none."""
    entries = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], entry) for entry in entries if isinstance(entry, dict)]
