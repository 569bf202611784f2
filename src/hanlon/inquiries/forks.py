"""A conversation that is continued with a question: the messages that are sent, and the reply that is read."""

import json
import re
from collections.abc import Iterator, Sequence

from hanlon.environments.base import Message
from hanlon.environments.messages import returned_message, tool_calls
from hanlon.environments.questions import Ask
from hanlon.inquiries.base import Reading

NOT_CARRIED_OUT = "(not carried out: the session had ended)"
"""The result of a function call that the episode left open."""

_OUTPUT = re.compile(r"<output>(.*?)(?:</output>|\Z)", re.DOTALL | re.IGNORECASE)
_ORNAMENT = " \t*_`'\"-•.“”‘’"


def continued(messages: Sequence[Message], question: str, reasoning_fields: Sequence[str]) -> list[Message]:
    """`messages` and the question as a user turn, joined to a last turn of the user.

    An assistant message goes back with its text, its calls and `reasoning_fields`, as while sampling. A prefill and
    the reply that continues it become one message. An empty last reply is left out.
    """
    sent: list[Message] = []
    for message in messages:
        _add(sent, _returned(message, reasoning_fields) if message["role"] == "assistant" else dict(message))
    if sent and sent[-1]["role"] == "assistant" and not sent[-1]["content"] and "tool_calls" not in sent[-1]:
        sent.pop()
    sent.extend(_results_owed(sent))
    _add(sent, {"role": "user", "content": question})
    return sent


def _add(sent: list[Message], message: Message) -> None:
    """Append a message, or join it to the last one where both are the user's or both the model's text."""
    last = sent[-1] if sent else None
    if last is None or message["role"] != last["role"] or message["role"] not in ("user", "assistant"):
        sent.append(message)
    elif message["role"] == "user":
        sent[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
    elif "tool_calls" not in last:
        before, after = str(last["content"]), str(message["content"] or "")
        sent[-1] = {**message, "content": after if after.startswith(before) else before + after}
    else:
        sent.append(message)


def _returned(message: Message, reasoning_fields: Sequence[str]) -> Message:
    returned = returned_message(message, reasoning_fields)
    if "tool_calls" not in returned:
        returned["content"] = returned["content"] or message.get("refusal") or ""
    return returned


def _results_owed(sent: Sequence[Message]) -> Iterator[Message]:
    """A result for each function call that the end left open. Results answer calls in order."""
    position = len(sent)
    while position and sent[position - 1]["role"] == "tool":
        position -= 1
    calls = tool_calls(sent[position - 1]) if position else ()
    for call in calls[len(sent) - position :]:
        yield {"role": "tool", "tool_call_id": str(call.get("id", "")), "content": NOT_CARRIED_OUT}


def read_choice(ask: Ask, text: str) -> Reading:
    """The choice in a reply: one line and nothing else, but for case, quotation marks and a full stop.

    A prompt may ask for answers in an `output` element. If there is one, its content is the reply.
    """
    outputs = _OUTPUT.findall(text)
    lines = [line for line in (outputs[-1] if outputs else text).splitlines() if line.strip(_ORNAMENT)]
    if not lines:
        return Reading(None, "the reply is empty")
    if len(lines) > 1:
        return Reading(None, f"{len(lines)} lines where one of the choices was asked for")
    chosen = next((name for name, line in ask.choices.items() if _plain(line) == _plain(lines[0])), None)
    if chosen is None:
        return Reading(None, "none of the choices")
    correct = None if ask.right is None else chosen == ask.right
    return Reading({"choice": chosen, "right": ask.right, "correct": correct})


def _plain(line: str) -> str:
    return " ".join(line.strip(_ORNAMENT).casefold().split())


def choice_grammar(ask: Ask) -> str:
    """A GBNF grammar whose root is one of the choices."""
    lines = (json.dumps(line, ensure_ascii=False) for line in ask.choices.values())
    return f"root ::= {' | '.join(lines)}"
