"""Lines of evidence that are labels: what judges say of the transcripts, and what the model itself understood.

No rival predicts a label, so these lines say nothing for or against one. They say what is known of who gave the label.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import JudgedCell
from hanlon.analysis.labels.rates import label_rows
from hanlon.analysis.labels.trials import warnings_beside
from hanlon.hypotheses.printed.answers import Judged
from hanlon.report.line import Line
from hanlon.store.cells import CellState

RIGHT = ".right"
"""Ends the label that says whether a follow-up answer is right."""
OWN_WORD = "The model's own word, asked in a fork of the conversation."
Row = Mapping[str, Any]


@dataclass(frozen=True)
class LabelEvidence:
    """The labels of some cells."""

    states: Sequence[CellState]
    judged: Sequence[JudgedCell]

    @cached_property
    def _rows(self) -> list[Row]:
        """Of judges' labels that are no choice, and of whether follow-up answers are right."""
        rows = [*label_rows(self.judged), *label_rows(followup_labels(self.states))]
        return [
            row
            for row in rows
            if row["n"]
            and "=" not in row["label"]
            and (row["kind"] == "judges" or row["label"].endswith(RIGHT))
        ]

    def lines(self, judged: Judged, everywhere: Sequence[str]) -> Iterator[Line]:
        """A line for each label in the cells of a verdict."""
        keys = {cell.record.key for cell in judged.verdict.planned.grid.cells}
        by_label: dict[tuple[str, str], list[Row]] = {}
        for row in self._rows:
            if row["key"] in keys:
                by_label.setdefault((row["judge_key"], row["label"]), []).append(row)
        for (judge_key, label), rows in by_label.items():
            if any(row["k"] for row in rows):
                yield Line(
                    f"Label {label}",
                    f"{rows[0]['judge']} ({rows[0]['judged_by']}) on the transcripts of {len(rows)} cells",
                    _range(rows),
                    {},
                    [*everywhere, *self._confounds(judge_key, rows[0])],
                )

    def _confounds(self, judge_key: str, row: Row) -> Iterator[str]:
        if row["kind"] == "followups":
            yield OWN_WORD
            return
        judge = [each for each in self.judged if each.judge.key == judge_key]
        if judge[0].judge.simulated:
            yield f"Judge {row['judge']} is simulated."
        yield from warnings_beside(self.states, judge, [row["label"]])


def _range(rows: Sequence[Row]) -> str:
    """The least and the largest share with their cells."""
    low, high = (pick(rows, key=lambda row: row["k"] / row["n"]) for pick in (min, max))
    texts = dict.fromkeys(f"{row['k']}/{row['n']} in {row['cell']}" for row in (low, high))
    return " to ".join(texts)
