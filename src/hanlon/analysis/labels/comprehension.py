"""Whether the model understood its situation: its answers to the follow-up questions called comprehension."""

from collections.abc import Iterable, Sequence

from hanlon.analysis.labels.labels import answers_by_inquiry
from hanlon.store.cells import CellState
from hanlon.store.records import Answer

COMPREHENSION = "comprehension"
"""The set of questions, and the column that says whether all of them were answered right."""


def correct_by_question(answers: Sequence[Answer]) -> dict[str, bool | None]:
    """For each question about one episode, whether its answer is right.

    None where no answer could be read, or where the episode does not tell which answer is right.
    """
    by_question: dict[str, bool | None] = {}
    for answer in answers:
        correct = (answer.value or {}).get("correct")
        by_question[answer.question] = (
            correct if isinstance(correct, bool) else by_question.get(answer.question)
        )
    return by_question


def comprehended(answers: Sequence[Answer]) -> bool | None:
    """Whether all comprehension questions about one episode were answered right.

    One wrong answer settles it. None if none is wrong and some, or all, could not be read: an unreadable reply shows
    neither understanding nor its lack. None, too, without any question.
    """
    correct = correct_by_question(answers).values()
    if any(value is False for value in correct):
        return False
    return True if correct and all(correct) else None


def comprehension(states: Iterable[CellState]) -> dict[str, dict[str, dict[int, str]]]:
    """Comprehension as `hanlon.analysis.labels.labels.by_cell` has labels: yes, no, or unscored."""
    words = {True: "yes", False: "no", None: "unscored"}
    values: dict[str, dict[str, dict[int, str]]] = {}
    for state in states:
        for record, answers in answers_by_inquiry(state.folder, "followups"):
            if record.name == COMPREHENSION:
                of_cell = values.setdefault(state.record.key, {}).setdefault(COMPREHENSION, {})
                of_cell |= {index: words[comprehended(replies)] for index, replies in answers.items()}
    return values
