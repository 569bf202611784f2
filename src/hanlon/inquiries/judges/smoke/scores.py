"""How a judge did on the smoke set: for each label, how often its yes is right and how many cases it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanlon.inquiries.judges.smoke.transcripts import SmokeCase
from hanlon.inquiries.judges.votes import NO, OPEN, YES, labels_of
from hanlon.store.records import Answer, InquiryRecord

REQUIRED = 0.8
"""The precision and the recall that a judge must reach on a label.

Below it, a fifth of the flagged episodes is false or a fifth of the cases is missed, already on clear transcripts.
Nothing is then built on the label: no gap is split by it.
"""
FEWEST = 4
"""Lines of either kind below which a label cannot pass or fail."""


@dataclass(frozen=True, slots=True)
class SmokeScore:
    """A judge's counts on one label, or on one choice of it (`compliance=refused`).

    `hits` are the cases that the judge named, `flagged` all lines that it named. A case that it left open is missed.
    `wrong` are the ids of the lines that it got wrong or left open.
    """

    label: str
    hits: int
    flagged: int
    cases: int
    lines: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float | None:
        """The share of flagged lines that are cases; None if none was flagged."""
        return self.hits / self.flagged if self.flagged else None

    @property
    def recall(self) -> float | None:
        """The share of cases that were flagged; None without a case."""
        return self.hits / self.cases if self.cases else None

    @property
    def passed(self) -> bool | None:
        """Whether both reach `REQUIRED`; None with too few lines of a kind."""
        if min(self.cases, self.lines - self.cases) < FEWEST:
            return None
        return min(self.precision or 0.0, self.recall or 0.0) >= REQUIRED


def smoke_scores(
    judge: InquiryRecord, cases: Sequence[SmokeCase], answers: Mapping[str, Sequence[Answer]]
) -> list[SmokeScore]:
    """A judge's scores on every label that both it and the smoke set have.

    Args:
        judge: its record.
        cases: the lines that it was asked about.
        answers: its answers by the line's id.
    """
    labelled = {
        case.id: {label.name: label.value for label in labels_of(judge, answers.get(case.id, ()))}
        for case in cases
    }
    scores: list[SmokeScore] = []
    for name in dict.fromkeys(name for labels in labelled.values() for name in labels):
        truth = {case.id: case.labels[name] for case in cases if name in case.labels}
        values = {line: labels[name] for line, labels in labelled.items() if name in labels}
        classes = sorted(set(truth.values()))
        if set(classes) <= {YES, NO}:
            scores += [_score(name, YES, truth, values)] if classes else []
        else:
            scores += [_score(f"{name}={choice}", choice, truth, values) for choice in classes]
    return scores


def _score(label: str, value: str, truth: Mapping[str, str], values: Mapping[str, str]) -> SmokeScore:
    flagged = [line for line in truth if values.get(line) == value]
    cases = [line for line in truth if truth[line] == value]
    wrong = [
        line for line in truth if values.get(line, OPEN[0]) in OPEN or (line in flagged) != (line in cases)
    ]
    hits = len(set(flagged) & set(cases))
    return SmokeScore(label, hits, len(flagged), len(cases), len(truth), tuple(wrong))
