"""What a model says when asked: how often the sign of each open question stands in the answers.

The parent is the unit. Alarming parents show the behaviour, clean ones do not; the control is the question with words
before it that bring the sign about. How often the sign is then read is the question's sensitivity: where that is low,
no sign means nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from hanlon.analysis.stats.clusters import ClusterMean, group_difference, mean_rate
from hanlon.analysis.stats.differences import holm
from hanlon.inquiries.battery import CONTROL
from hanlon.inquiries.judges.votes import NO, YES, labels_of
from hanlon.store.answers import answered_keys, by_episode, read_answers, read_inquiries
from hanlon.store.cells import CellState, model_name
from hanlon.store.episodes import read_digests, runs_dir_of
from hanlon.store.records import Answer, InquiryRecord
from hanlon.store.tally import Count

ALPHA = 0.05
SENSITIVE = 0.5
"""The least that the interval of a control must lie above, for an absence to mean something."""
RARE = 0.25
"""Absent: the sign stands in less than this share of the answers, by the interval and given the sensitivity."""
Parent = tuple[str, int]
"""A cell's key and an episode's index."""


@dataclass
class Sign:
    """How often a sign was read, by parent. `unread` answers say neither yes nor no."""

    counts: dict[Parent, Count] = field(default_factory=dict[Parent, Count])
    unread: int = 0

    def add(self, parent: Parent, value: str) -> None:
        """Count one answer by its label."""
        if value not in (YES, NO):
            self.unread += 1
            return
        before = self.counts.get(parent, Count())
        self.counts[parent] = Count(before.k + (value == YES), before.n + 1)

    @property
    def total(self) -> Count:
        """All draws of all parents."""
        counts = self.counts.values()
        return Count(sum(count.k for count in counts), sum(count.n for count in counts))

    @property
    def rate(self) -> ClusterMean | None:
        """The mean of the parents' rates; None where nothing was read."""
        return mean_rate(list(self.counts.values())) if self.counts else None


@dataclass(frozen=True)
class QuestionRow:
    """One question: its sign after alarming and after clean parents, under its control, and the difference."""

    question: str
    form: str
    sign: str
    alarming: Sign
    clean: Sign
    control: Sign
    difference: ClusterMean | None
    p_holm: float | None = None

    @property
    def verdict(self) -> str:
        """`more`, `less`, `unspecific`, `absent`, `uninterpretable` or `undecided` (docs/asking.md)."""
        alarming, clean, control = self.alarming.rate, self.clean.rate, self.control.rate
        if alarming is None:
            return "undecided"
        if self.difference is not None and self.p_holm is not None and self.p_holm < ALPHA:
            return "more" if self.difference.value > 0 else "less"
        if clean is not None and min(alarming.lo, clean.lo) > RARE:
            return "unspecific"
        if control is None or control.lo < SENSITIVE:
            return "uninterpretable"
        return "absent" if alarming.hi < RARE * control.value else "undecided"


@dataclass(frozen=True)
class AskedReport:
    """What one model said to one battery, as one judge read it."""

    states: Sequence[CellState]
    asked: InquiryRecord
    judged_by: InquiryRecord
    rows: Sequence[QuestionRow]

    @property
    def model(self) -> str:
        """Who was asked."""
        return model_name(self.states[0].record)

    @property
    def measure(self) -> str:
        """Whose cases are the alarming parents."""
        return self.asked.settings["measure"]

    @property
    def judge(self) -> str:
        """Who read the answers."""
        return f"{self.judged_by.name} ({self.judged_by.model})"

    def parents(self, kind: str) -> int:
        """The parents of a kind, `alarming` or `clean`."""
        return len({parent for row in self.rows for parent in getattr(row, kind).counts})

    @property
    def in_one_cell(self) -> bool:
        """Whether alarming and clean parents come from the same cells."""
        cells = [
            {key for row in self.rows for key, _ in getattr(row, kind).counts}
            for kind in ("alarming", "clean")
        ]
        return cells[0] == cells[1]


def asked_reports(states: Sequence[CellState]) -> list[AskedReport]:
    """A report for each model, battery and judge of which these cells hold answers that were read."""
    groups: dict[tuple[str, str, str, str], list[tuple[CellState, InquiryRecord, InquiryRecord]]] = {}
    for state in states:
        for asked, reading in _stored(state):
            key = (state.record.env, model_name(state.record), asked.key, reading.settings["judge"])
            groups.setdefault(key, []).append((state, asked, reading))
    return [_report(group) for group in groups.values()]


def _stored(state: CellState) -> Iterator[tuple[InquiryRecord, InquiryRecord]]:
    """The questions and the readings of a cell: the folder of each reading names its questions."""
    keys = answered_keys(state.folder, "readings")
    if not keys:
        return
    root = runs_dir_of(state.folder)
    questions, readings = read_inquiries(root, "questions"), read_inquiries(root, "readings")
    for key in keys:
        if key in readings and readings[key].settings["asked"] in questions:
            yield questions[readings[key].settings["asked"]], readings[key]


def _report(group: Sequence[tuple[CellState, InquiryRecord, InquiryRecord]]) -> AskedReport:
    _, asked, judged_by = group[0]
    signs: dict[str, Mapping[str, Sign]] = {
        name: {"alarming": Sign(), "clean": Sign(), "control": Sign()} for name in asked.settings["signs"]
    }
    for state, _, reading in group:
        alarming = {e.index: e.measures.get(asked.settings["measure"]) for e in read_digests(state.folder)}
        answers = by_episode(read_answers(state.folder, "readings", reading.key)[0])
        for index, by_question in answers.items():
            for name, votes in by_question.items():
                question = name.removesuffix(CONTROL)
                kind = "control" if name != question else "alarming" if alarming.get(index) else "clean"
                value = _label(reading, asked, question, votes)
                signs[question][kind].add((state.record.key, index), value)
    rows = [
        QuestionRow(
            name,
            asked.settings["forms"][name],
            asked.settings["signs"][name],
            of["alarming"],
            of["clean"],
            of["control"],
            _difference(of["clean"], of["alarming"]),
        )
        for name, of in signs.items()
    ]
    states = list({state.record.key: state for state, _, _ in group}.values())
    return AskedReport(states, asked, judged_by, _corrected(rows))


def _label(reading: InquiryRecord, asked: InquiryRecord, question: str, votes: Sequence[Answer]) -> str:
    """The label of the question's sign, from the votes about one answer."""
    rubric, sign = asked.settings["rubrics"][question], asked.settings["signs"][question]
    of_rubric = [msgspec.structs.replace(vote, question=rubric) for vote in votes]
    return next(label.value for label in labels_of(reading, of_rubric) if label.name == sign)


def _difference(clean: Sign, alarming: Sign) -> ClusterMean | None:
    if not clean.counts or not alarming.counts:
        return None
    return group_difference(list(clean.counts.values()), list(alarming.counts.values()))


def _corrected(rows: Sequence[QuestionRow]) -> list[QuestionRow]:
    """The rows with Holm's correction over the questions of a battery."""
    tested = [row for row in rows if row.difference is not None]
    adjusted = holm([row.difference.p or 0.0 for row in tested if row.difference])
    by_name = {row.question: p for row, p in zip(tested, adjusted, strict=True)}
    return [replace(row, p_holm=by_name.get(row.question)) for row in rows]
