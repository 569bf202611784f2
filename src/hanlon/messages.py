"""Reads chat messages in the OpenAI wire format as endpoints return them, whatever stands in an odd place."""

from collections.abc import Sequence
from typing import Any, cast


def visible_text(message: dict[str, Any]) -> str:
    """The visible text of an assistant message, without reasoning; content parts are joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [cast(dict[str, Any], part) for part in cast(list[Any], content) if isinstance(part, dict)]
        return "".join(str(part.get("text", "")) for part in parts)
    return ""


def tool_calls(message: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The function calls of an assistant message, whatever stands in their place left out."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return ()
    return [cast(dict[str, Any], call) for call in cast(list[Any], calls) if isinstance(call, dict)]


def returned_reasoning(message: dict[str, Any]) -> str:
    """The reasoning that the provider returned with an assistant message, "" where it returned none.

    Plain text in `reasoning` or `reasoning_content`; else the texts or summaries of OpenRouter's `reasoning_details`.
    """
    for name in ("reasoning", "reasoning_content"):
        text = message.get(name)
        if isinstance(text, str) and text.strip():
            return text
    details: Any = message.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    entries = [cast(dict[str, Any], entry) for entry in cast(list[Any], details) if isinstance(entry, dict)]
    texts = [entry.get("text") or entry.get("summary") for entry in entries]
    return "".join(text for text in texts if isinstance(text, str))
