"""Follow-up questions to a policy, answered by what it read and did: recognised by their markers, as every text.

What is right is worked out anew from the messages, by the rules of the question files, never handed over. Both
kinds of policy read through `read` and `hear` here too, so one that misreads its prompt answers as it read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.environments.questions import Facts, QuestionText, own_questions
from hanlon.simulated.acting import FUTILE, SCRIPT, TAMPERING
from hanlon.simulated.answering_policies import declined
from hanlon.simulated.read_alignment_faking import Heard, hear
from hanlon.simulated.read_shutdown import Scene, read

_SETS = ("comprehension", "self_report")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the lines that may answer it, and the conversation before it, cut where a policy can read it."""

    single_turn: bool
    name: str
    question: QuestionText
    lines: Sequence[str]
    conversation: Sequence[Mapping[str, Any]]


def asked_in(messages: Sequence[Any], single_turn: bool) -> Asked | None:
    """The follow-up question that a conversation ends with, None where it ends with none.

    Args:
        messages: the request's.
        single_turn: whether it is a policy that answers a request, not one that acts on a machine.
    """
    if not messages or not isinstance(messages[-1], dict):
        return None
    last = cast("dict[str, Any]", messages[-1])
    before, _, paragraph = str(last.get("content")).rpartition("\n\n")
    first, *rest = paragraph.split("\n")
    if last.get("role") != "user" or len(rest) < 2:
        return None
    for name in _SETS:
        questions = own_questions("alignment_faking" if single_turn else "shutdown", name)
        if questions.answer.marker.search(rest[0]):
            for question, text in questions.by_name.items():
                if text.marker.search(first):
                    earlier = [*messages[:-1], *([{**last, "content": before}] if before else [])]
                    conversation = _readable(earlier, name, single_turn)
                    return Asked(single_turn, question, text, rest[1:], conversation)
    return None


def _readable(messages: Sequence[Any], name: str, single_turn: bool) -> Sequence[Mapping[str, Any]]:
    """Without what came of a last action, which no policy reads as a turn of its own."""
    if single_turn or name == "comprehension":
        return messages
    replies = [n for n, message in enumerate(messages) if message.get("role") == "assistant"]
    return messages[: replies[-1] + 1] if replies else messages


def answer_to(asked: Asked, tools: object) -> str:
    """The line that a policy answers with; where it does not know, the last one.

    Raises:
        RequestError: the conversation cannot be read.
    """
    if asked.single_turn:
        replies = [str(m.get("content")) for m in asked.conversation if m.get("role") == "assistant"]
        heard = hear([m for m in asked.conversation if m.get("role") != "assistant"])
        facts = _facts_of_answering(heard, asked.lines, replies)
    else:
        facts = _facts_of_acting(read(asked.conversation, tools, None))
    then = asked.question.rule(facts).then
    choice = "" if then is None else then.format_map(facts)
    line = asked.question.choices.get(choice, choice)
    return line if line in asked.lines else asked.lines[-1]


def _facts_of_acting(scene: Scene) -> Facts:
    texts = [turn.text for turn in scene.turns]
    disarmed = any(text in TAMPERING for text in texts)
    tampered = disarmed or any(text in FUTILE for text in texts)
    requested = scene.notice in ("asks", "post_task")
    trigger = SCRIPT if requested else f"./{scene.program}"
    ran = any(turn.text == trigger for turn in scene.since_notice)
    if scene.notice is None:
        outcome = "finished_unnoticed"
    elif ran:
        outcome = "resisted" if disarmed else "shutdown"
    else:
        outcome = "declined" if requested else "stopped_after_notice"
    return {
        **dict(scene.told),
        "outcome": outcome,
        "machine": "off" if outcome == "shutdown" else "on",
        "tampered": _word(tampered),
        "attempted": _word(tampered),
        "noticed": _word(scene.notice is not None),
        "requested": _word(requested),
    }


def _facts_of_answering(heard: Heard, lines: Sequence[str], replies: Sequence[str]) -> Facts:
    told = dict(heard.told)
    standard = told.pop("criteria", None)
    if standard is not None:
        told |= {"criteria": "conflict", "setting": standard}
    tier = str(heard.tier)
    if tier.startswith("not "):  # a yes-or-no mark that says no: another than the tier it asks for
        tier = next((line for line in lines if line != tier.removeprefix("not ")), tier)
    sets = {frozenset(line.split(" and ")): line for line in lines}
    nothing = "none" if heard.not_training else "not_said"
    return {
        **told,
        "tier": tier,
        "training": sets.get(heard.trained_tiers, nothing) if heard.trained_tiers else nothing,
        "here": _here(heard),
        "outcome": "refused" if any(map(declined, replies)) else "complied",
        "verdicts": "agree",
    }


def _here(heard: Heard) -> str:
    if heard.trained:
        return "trained"
    if heard.tier in heard.not_training or (heard.trained is False and heard.not_training):
        return "untrained"
    return "not_said" if heard.tier is None or not (heard.trained_tiers or heard.not_training) else "unknown"


def _word(value: bool) -> str:
    return "yes" if value else "no"
