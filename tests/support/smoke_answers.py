"""What a rule answers about the smoke set, without a call."""

from collections.abc import Iterator, Sequence

from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.judges.smoke.transcripts import SmokeCase
from hanlon.store.records import Answer


def rule_answers(inquiry: Inquiry, cases: Sequence[SmokeCase]) -> dict[str, list[Answer]]:
    """The answers to all questions that a rule answers itself, by the line's id; no call is made."""
    return {case.id: list(_given(inquiry, case)) for case in cases}


def _given(inquiry: Inquiry, case: SmokeCase) -> Iterator[Answer]:
    questions = inquiry.questions(case.cell, case.episode)
    for question in questions:
        if question.answer is not None:
            yield Answer(
                index=case.episode.index,
                question=question.name,
                number=0,
                of=len(questions),
                value=question.answer.value,
                problem=question.answer.problem,
            )
