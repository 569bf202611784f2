"""A stored conversation, continued by a question: what a provider accepts of it, and nothing said in another order.

Providers refuse two messages of one role in a row, a function call without its result, and an empty reply. A
stored conversation may hold each of these at its end, since nothing was sent after it.
"""

from collections.abc import Iterator, Sequence

from hanlon.engine.protocols import tool_calls, visible_text
from hanlon.environments.base import Message

NOT_CARRIED_OUT = "(not carried out: the session had ended)"
"""The result of a function call that the episode left open."""


def continued(messages: Sequence[Message], question: str, reasoning_fields: Sequence[str]) -> list[Message]:
    """`messages` and the question as a user turn, joined to the last one where that is the user's.

    Of an assistant message go back what it said, its function calls and `reasoning_fields`, as while sampling. A
    prefill and the reply that continues it become one message; an empty reply is left out at the end.
    """
    said: list[Message] = []
    for message in messages:
        _add(said, _returned(message, reasoning_fields) if message["role"] == "assistant" else dict(message))
    if said and said[-1]["role"] == "assistant" and not said[-1]["content"] and "tool_calls" not in said[-1]:
        said.pop()
    said.extend(_results_owed(said))
    _add(said, {"role": "user", "content": question})
    return said


def _add(said: list[Message], message: Message) -> None:
    """Append, or join to the last message where both are the user's or both the model's own words."""
    last = said[-1] if said else None
    if last is None or message["role"] != last["role"] or message["role"] not in ("user", "assistant"):
        said.append(message)
    elif message["role"] == "user":
        said[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
    elif "tool_calls" not in last:
        before, after = str(last["content"]), str(message["content"] or "")
        said[-1] = {**message, "content": after if after.startswith(before) else before + after}
    else:
        said.append(message)


def _returned(message: Message, reasoning_fields: Sequence[str]) -> Message:
    returned: Message = {
        "role": "assistant",
        "content": visible_text(message) or message.get("refusal") or "",
    }
    if calls := tool_calls(message):
        returned["tool_calls"] = list(calls)
        returned["content"] = returned["content"] or None
    return returned | {name: message[name] for name in reasoning_fields if name in message}


def _results_owed(said: Sequence[Message]) -> Iterator[Message]:
    """A result for each function call that the end left open; results answer calls in order."""
    position = len(said)
    while position and said[position - 1]["role"] == "tool":
        position -= 1
    calls = tool_calls(said[position - 1]) if position else ()
    for call in calls[len(said) - position :]:
        yield {"role": "tool", "tool_call_id": str(call.get("id", "")), "content": NOT_CARRIED_OUT}
