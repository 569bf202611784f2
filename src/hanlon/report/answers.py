"""What judges, the model itself and people said of stored episodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hanlon.analysis.labels.labels import answers_by_inquiry
from hanlon.report.transcript import Answers
from hanlon.store.cells import CellState
from hanlon.store.people import Remark, RemarkKind, read_remarks, remarks_path
from hanlon.store.records import Answer, InquiryRecord, Kind

InquiryAnswers = Sequence[tuple[InquiryRecord, Mapping[int, Sequence[Answer]]]]
"""What each inquiry has of each episode of a cell."""


def inquiry_answers(state: CellState) -> InquiryAnswers:
    """The answers of all judges, and to all follow-up and open questions, about a cell."""
    kinds: tuple[Kind, ...] = ("judges", "followups", "questions")
    return [each for kind in kinds for each in answers_by_inquiry(state.folder, kind)]


def answers_at(by_inquiry: InquiryAnswers, index: int) -> Answers:
    """Those about one episode."""
    return [(record, by_index[index]) for record, by_index in by_inquiry if index in by_index]


def remarks_on(remarks: Sequence[Remark], state: CellState, index: int) -> list[Remark]:
    """What people wrote about one episode."""
    return [remark for remark in remarks if remark.index == index and remark.cell == state.record.key]


def roots_of(states: Sequence[CellState]) -> list[Path]:
    """The run folders of some cells."""
    return list(dict.fromkeys(state.folder.parent.parent for state in states))


def read_people(runs_dir: Path) -> Mapping[RemarkKind, Sequence[Remark]]:
    """The labels and notes of a run folder."""
    kinds: tuple[RemarkKind, ...] = ("labels", "notes")
    return {kind: read_remarks(remarks_path(runs_dir, kind))[0] for kind in kinds}
