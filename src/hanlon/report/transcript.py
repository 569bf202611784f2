"""One episode as the reader shows it: its messages in blocks, and what stands in the margin beside them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from hanlon.analysis.inert import inert_tree
from hanlon.environments.messages import FunctionCall, read_message
from hanlon.inquiries.judges.votes import labels_of
from hanlon.store.digest import as_json
from hanlon.store.people import Remark
from hanlon.store.records import Answer, Episode, Event, InquiryRecord

NOTICE, TAMPERING, TRIGGER, DECISIVE = "notice", "script", "trigger", "decisive"
"""Kinds of events that are marked, and the mark of the turn that decided. Other environments may have none of them."""
NAMES = {
    NOTICE: "the notice is shown",
    TAMPERING: "tampering: the script was changed",
    TRIGGER: "the trigger",
}
COMMAND, THOUGHTS = "cmd", "thoughts"
"""Arguments of a call that are typed into a terminal, and that are reasoning."""
SHORTEST_QUOTE = 8
"""Characters of a judge's word that is looked for in the transcript."""

Answers = Sequence[tuple[InquiryRecord, Sequence[Answer]]]
"""What each inquiry has of one episode."""
Shown = dict[str, Any]


def transcript(episode: Episode, answers: Answers, remarks: Sequence[Remark] = (), kept: int = 0) -> Shown:
    """All that the reader shows of an episode; plain data in which every character can be seen.

    `kept`: how many of its first messages are those of the episode from which it was continued.
    """
    tokens = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in episode.calls)
    return inert_tree(
        {
            "outcome": episode.outcome,
            "excluded": episode.excluded,
            "simulated": episode.simulated,
            "about": f"{len(episode.calls)} calls, {tokens:,} tokens, reasoning {episode.reasoning}"
            if episode.messages
            else "no transcript",
            "messages": _messages(episode),
            "kept": kept,
            "facts": [[name, as_json(value)] for name, value in episode.facts.items()],
            "labels": [label for record, given in answers for label in _labels(record, given)],
            "remarks": [[each.question, each.value, each.rater] for each in remarks],
        }
    )


def _messages(episode: Episode) -> list[Shown]:
    messages: list[Shown] = []
    reply = 0
    for message in episode.messages:
        read = read_message(message)
        blocks = [block for block in _blocks(message) if block["text"]]
        is_reply = read.role == "assistant"
        messages.append(
            {"role": read.role, "blocks": blocks, "reply": reply if is_reply else None, "marks": []}
        )
        reply += is_reply
    for at, mark in _marks(messages, episode.events):
        messages[at]["marks"].append(mark)
    return messages


def _blocks(message: dict[str, Any]) -> Iterator[Shown]:
    read = read_message(message)
    yield {"kind": "reasoning", "text": read.reasoning}
    yield {"kind": "output" if read.role == "tool" else "text", "text": read.text}
    for call in read.calls:
        yield from _call(call)
    yield {"kind": "refusal", "text": read.refusal}


def _call(call: FunctionCall) -> Iterator[Shown]:
    """A command as it is typed, else the call with each of its arguments."""
    thoughts, command = call.arguments.get(THOUGHTS), call.arguments.get(COMMAND)
    if isinstance(thoughts, str):
        yield {"kind": "reasoning", "text": thoughts}
    rest = [
        f"{name}: {_plain(value)}"
        for name, value in call.arguments.items()
        if name not in (THOUGHTS, COMMAND)
    ]
    if isinstance(command, str):
        yield {"kind": "command", "text": "\n".join([command, *rest])}
    else:
        given = rest if call.arguments else [call.raw]
        yield {"kind": "call", "text": "\n".join([call.name, *(f"  {line}" for line in given if line)])}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)


def _marks(messages: Sequence[Shown], events: Sequence[Event]) -> Iterator[tuple[int, Shown]]:
    """Each event at its reply, the notice at the message that shows it, and the turn that decided."""
    at = {
        message["reply"]: position
        for position, message in enumerate(messages)
        if message["reply"] is not None
    }
    for event in events:
        if event.turn in at:
            position = max(at[event.turn] - 1, 0) if event.kind == NOTICE else at[event.turn]
            detail = as_json(event.data) if event.data else ""
            yield position, {"kind": event.kind, "text": NAMES.get(event.kind, event.kind), "detail": detail}
    if at:
        turn, why = decisive_turn(events, max(at))
        if turn in at:
            yield at[turn], {"kind": DECISIVE, "text": "the decisive turn", "detail": why}


def decisive_turn(events: Sequence[Event], last: int) -> tuple[int, str]:
    """The reply that decided, and why it is taken for that one.

    That of the first change of the script from the notice on; else that of the trigger; else the last.
    """
    noticed = min((event.turn for event in events if event.kind == NOTICE), default=0)
    changed = [event.turn for event in events if event.kind == TAMPERING and event.turn >= noticed]
    if changed:
        return changed[0], "the first change of the script from the notice on"
    triggered = [event.turn for event in events if event.kind == TRIGGER]
    return (triggered[0], "the trigger came here") if triggered else (last, "the last reply")


def _labels(record: InquiryRecord, answers: Sequence[Answer]) -> Iterator[Shown]:
    """A judge's labels, a set's follow-up answers, or answers in words, each with the words that it rests on."""
    if record.kind == "followups":
        for answer in answers:
            value = answer.value or {}
            text = value.get("choice", f"unread ({answer.problem})")
            right = value.get("correct")
            note = (
                ""
                if not isinstance(right, bool)
                else "right"
                if right
                else f"wrong, right is {value.get('right')}"
            )
            yield _label(record, answer.question, str(text), note, [answer])
        return
    if record.kind == "questions":
        for name, draws in groupby(answers, key=lambda answer: answer.question):
            given = list(draws)
            said = [answer.text for answer in given if answer.value is not None]
            shown = _label(record, name, f"{len(said)} answers", "", given)
            yield shown | {"why": [*said, *shown["why"]]}
        return
    for label in labels_of(record, answers):
        votes = f"{label.yes} of {label.votes} votes" if label.votes > 1 else ""
        yield _label(
            record, label.name, label.value, votes, [a for a in answers if a.question == label.question]
        )


def _label(record: InquiryRecord, name: str, value: str, note: str, answers: Sequence[Answer]) -> Shown:
    choices = {
        choice for each in record.settings.get("labels", {}).values() for choice in each.get("choices") or ()
    }
    words = {
        text: None
        for answer in answers
        for field, text in (answer.value or {}).items()
        if isinstance(text, str) and field not in ("why", "choice", "right") and text not in choices
    }
    reasons = {
        str(answer.value["why"]): None for answer in answers if answer.value and answer.value.get("why")
    }
    problems = {answer.problem: None for answer in answers if answer.problem}
    return {
        "judge": record.name,
        "kind": record.kind,
        "simulated": record.simulated,
        "name": name,
        "value": value,
        "note": note,
        "quotes": [text for text in words if len(text) >= SHORTEST_QUOTE],
        "why": [*reasons, *problems],
    }
