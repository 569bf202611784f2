"""The model's own answers to follow-up questions, as values of episodes, as a table, and line by line."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.labels.labels import JudgedCell, answers_by_inquiry
from hanlon.analysis.stats.rates import wilson
from hanlon.analysis.tables import Column, TableFormat, plain, printed, render_table
from hanlon.inquiries.judges.votes import NO, UNSCORED, YES, Label
from hanlon.store.cell_names import cell_names
from hanlon.store.cells import CellState, model_names
from hanlon.store.records import Answer, CellRecord, InquiryRecord

SELF = "the model itself"
"""Who answers follow-up questions, where a judge's model stands otherwise."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A cell's answers to one question: the choices, how many are right of those that can be, how many are unread."""

    cell: CellRecord
    model: str
    inquiry: InquiryRecord
    question: str
    choices: Counter[str]
    right: int
    checked: int
    unread: int


def answered_questions(states: Sequence[CellState]) -> list[AnsweredQuestion]:
    """Every follow-up question that was answered about these cells, cell by cell."""
    models = model_names(state.record for state in states)
    return [
        _answered(state.record, models[state.record.key], record, question, of_question)
        for state in states
        for record, answers in answers_by_inquiry(state.folder, "followups")
        for question, of_question in _by_question(answers.values()).items()
    ]


def _by_question(episodes: Iterable[Sequence[Answer]]) -> dict[str, list[Answer]]:
    questions: dict[str, list[Answer]] = {}
    for answers in episodes:
        for answer in answers:
            questions.setdefault(answer.question, []).append(answer)
    return questions


def _answered(
    cell: CellRecord, model: str, inquiry: InquiryRecord, question: str, answers: Sequence[Answer]
) -> AnsweredQuestion:
    values = [answer.value for answer in answers if answer.value is not None]
    correct = [value["correct"] is True for value in values if isinstance(value.get("correct"), bool)]
    choices = Counter(str(value.get("choice")) for value in values)
    return AnsweredQuestion(
        cell, model, inquiry, question, choices, sum(correct), len(correct), len(answers) - len(values)
    )


def _choices(answered: AnsweredQuestion) -> str:
    return ", ".join(f"{count} {choice}" for choice, count in answered.choices.most_common()) or "-"


def _right(answered: AnsweredQuestion) -> str:
    if not answered.checked:
        return "-"
    low, high = wilson(answered.right, answered.checked)
    return f"{answered.right}/{answered.checked} [{low:.1%}, {high:.1%}]"


COLUMNS: Sequence[Column[AnsweredQuestion]] = (
    plain("env", lambda answered: answered.cell.env, once=True),
    plain("cell", lambda answered: answered.cell.label),
    plain("model", lambda answered: answered.model, once=True),
    plain("set", lambda answered: answered.inquiry.name),
    plain("question", lambda answered: answered.question),
    Column("answers", lambda answered: dict(answered.choices), _choices),
    Column("right", lambda answered: answered.right),
    Column("checked", lambda answered: answered.checked),
    printed("right, Wilson 95%", _right),
    plain("unread", lambda answered: answered.unread),
)
"""A row for each question, for JSON, CSV, W&B and the report."""


@dataclass(frozen=True, slots=True)
class AskedCell:
    """A cell with what its model answered to a set of questions, by question."""

    name: str
    model: str
    questions: Mapping[str, AnsweredQuestion]


def followup_tables(
    states: Sequence[CellState],
    table_format: TableFormat = "table",
    questions: Collection[tuple[str, str]] | None = None,
) -> list[str]:
    """The follow-up answers, a printed table for each set: a row for each cell, a column for each question.

    Args:
        states: the cells.
        table_format: table or markdown.
        questions: (set, question) to show; None: all of them.
    """
    names = cell_names([state.record for state in states])
    sets: dict[str, dict[str, dict[str, AnsweredQuestion]]] = {}
    for answered in answered_questions(states):
        if questions is None or (answered.inquiry.name, answered.question) in questions:
            cells = sets.setdefault(answered.inquiry.name, {})
            cells.setdefault(answered.cell.key, {})[answered.question] = answered
    tables: list[str] = []
    for name, cells in sets.items():
        asked = [AskedCell(names[key], next(iter(of.values())).model, of) for key, of in cells.items()]
        columns = [*_CELL, *map(_question, dict.fromkeys(q for of in cells.values() for q in of))]
        title = f"follow-up answers, {name} (in brackets how many are right)"
        tables.append(render_table(columns, asked, table_format, title, blocks=True))
    return tables


_CELL: tuple[Column[AskedCell], ...] = (
    printed("cell", lambda cell: cell.name),
    printed("model", lambda cell: cell.model, once=True, heads=True),
)


def _question(question: str) -> Column[AskedCell]:
    return printed(
        question, lambda cell: _in_short(cell.questions[question]) if question in cell.questions else "-"
    )


def _in_short(answered: AnsweredQuestion) -> str:
    """`5 paid, 1 free (right 5/6), 1 unread`."""
    right = f" (right {answered.right}/{answered.checked})" if answered.checked else ""
    unread = [f"{answered.unread} unread"] if answered.unread else []
    return ", ".join([_choices(answered) + right, *unread])


def followup_labels(states: Iterable[CellState]) -> list[JudgedCell]:
    """Follow-up answers as labels: the choice by the question's name, and whether it is right as `<question>.right`.

    An answer that could not be read is unscored. A question of which the episode does not tell the truth has no
    `.right`.
    """
    return [
        _as_labels(record, state.record, answers)
        for state in states
        for record, answers in answers_by_inquiry(state.folder, "followups")
    ]


def _as_labels(inquiry: InquiryRecord, cell: CellRecord, answers: dict[int, list[Answer]]) -> JudgedCell:
    labels = {
        index: [label for answer in of_episode for label in _labels(answer)]
        for index, of_episode in answers.items()
    }
    choices: dict[str, set[str]] = {}
    for question, of_question in _by_question(answers.values()).items():
        choices[question] = {
            str(answer.value["choice"]) for answer in of_question if answer.value is not None
        }
    definitions: dict[str, Any] = {
        question: {"question": question, "choices": sorted(names)} for question, names in choices.items()
    }
    settings = {**inquiry.settings, "labels": definitions}
    record = msgspec.structs.replace(inquiry, settings=settings, model=SELF, simulated=cell.simulated)
    return JudgedCell(record, cell, labels)


def _labels(answer: Answer) -> Iterator[Label]:
    if answer.value is None:
        yield Label(answer.question, answer.question, UNSCORED, None, 0, 0, 1, 1)
        return
    yield Label(answer.question, answer.question, str(answer.value["choice"]), 1.0, 1, 1, 0, 1)
    if isinstance(correct := answer.value.get("correct"), bool):
        value = YES if correct else NO
        yield Label(f"{answer.question}.right", answer.question, value, float(correct), int(correct), 1, 0, 1)


def answer_lines(state: CellState, index: int) -> Iterator[str]:
    """The follow-up answers about one episode, one line each: question, choice and whether it is right."""
    for record, answers in answers_by_inquiry(state.folder, "followups"):
        for answer in answers.get(index, ()):
            if answer.value is None:
                yield f"{record.name}, {answer.question}: unread ({answer.problem}): {answer.text}"
            else:
                yield f"{record.name}, {answer.question}: {answer.value['choice']}{_verdict(answer.value)}"


def _verdict(value: dict[str, Any]) -> str:
    if not isinstance(value.get("correct"), bool):
        return ""
    return " (right)" if value["correct"] else f" (wrong, right is {value.get('right')})"
