"""How policies answer follow-up questions. They recognise a question by its marker, like every other text.

A policy works out its answer from the messages, by the rules of the question files. It reads the conversation as it
does in an episode, so a policy that misreads its prompt answers as it has read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.environments.questions import Facts, QuestionSet, QuestionText, own_questions

_SETS = ("comprehension", "self_report")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question of the set `name`, the lines that may answer it, and the conversation before it."""

    name: str
    question: QuestionText
    lines: Sequence[str]
    conversation: Sequence[Mapping[str, Any]]

    def answer(self, facts: Facts) -> str:
        """The line that is right by these facts; where the policy does not know, the last one."""
        then = self.question.rule(facts).then
        choice = "" if then is None else then.format_map(facts)
        line = self.question.choices.get(choice, choice)
        return line if line in self.lines else self.lines[-1]


def built_in_sets(environment: str) -> dict[str, QuestionSet]:
    """The sets of one of our environments."""
    return {name: own_questions(environment, name) for name in _SETS}


def find_followup(messages: Sequence[Any], sets: Mapping[str, QuestionSet]) -> FollowUp | None:
    """The question of one of these sets that a conversation ends with, None where it ends with none."""
    if not messages or not isinstance(messages[-1], dict):
        return None
    last = cast("dict[str, Any]", messages[-1])
    before, _, paragraph = str(last.get("content")).rpartition("\n\n")
    first, *rest = paragraph.split("\n")
    if last.get("role") != "user" or len(rest) < 2:
        return None
    for name, questions in sets.items():
        if questions.answer.marker.search(rest[0]):
            for question in questions.by_name.values():
                if question.marker.search(first):
                    earlier = [*messages[:-1], *([{**last, "content": before}] if before else [])]
                    return FollowUp(name, question, rest[1:], earlier)
    return None
