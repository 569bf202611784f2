"""What figures are made of, each part read or computed once and only where a figure asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast, Predicted
from hanlon.analysis.contrasts.effects import effects
from hanlon.analysis.contrasts.report import Report, report
from hanlon.analysis.contrasts.rows import report_rows
from hanlon.analysis.labels.calibration import HumanLabel, JudgedLabel
from hanlon.analysis.labels.labels import JudgedCell, by_cell, judges_of, load_labels
from hanlon.analysis.requests import Labels, Values, stored_values
from hanlon.figures import points
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, table
from hanlon.figures.sweep.choice import chosen
from hanlon.figures.sweep.tier_pairs import sweep_pairs, tier_outcomes
from hanlon.store.cells import CellState, model_name


@dataclass
class Material:
    """The published numbers and some cells.

    `human` are people's labels of their episodes, `verdict` the rows of `hanlon verdict --format json`, `predicted`
    the contrasts that their sweeps wrote down, `choice` which contrasts are wanted (see `sweep.choice`).
    """

    states: Sequence[CellState] = ()
    human: Sequence[HumanLabel] = field(default_factory=tuple)
    verdict: Sequence[Mapping[str, Any]] = ()
    predicted: Sequence[Predicted] = ()
    choice: Sequence[str] = ()

    @cached_property
    def published(self) -> Frame:
        """All published rows that have a number."""
        return points.published_points()

    @cached_property
    def sweep_points(self) -> Frame:
        """The cells' rates, of the conditions that were published."""
        return points.sweep_points(self.states)

    @cached_property
    def pairs(self) -> Frame:
        """The pairs of tiers, with the labels of the first judge where there is one."""
        return sweep_pairs(self.states, self.labels)

    @cached_property
    def outcomes(self) -> Frame:
        """Outcomes with and without alignment-faking reasoning, by tier."""
        return tier_outcomes(self.states, self.labels)

    @cached_property
    def judged(self) -> list[JudgedCell]:
        """The judges' labels of the cells."""
        return load_labels(self.states)

    @cached_property
    def labels_by_judge(self) -> Mapping[str, Labels]:
        """Their labels, by judge; a language model's before a rule's."""
        return {judge: by_cell(self.judged, judge) for judge in judges_of(self.judged)}

    @property
    def labels(self) -> Labels:
        """The first judge's labels."""
        nobody: Labels = {}
        return next(iter(self.labels_by_judge.values()), nobody)

    @cached_property
    def whole_report(self) -> Report:
        """What `hanlon contrasts` shows of the headline measure; by request where cells share them."""
        return report(self.states, predicted=self.predicted, values=self._values)

    @property
    def report(self) -> Report:
        """The part of it that was chosen."""
        whole = self.whole_report
        return replace(
            whole,
            contrasts=chosen(whole.contrasts, self.choice),
            wordings=[each for each in whole.wordings if chosen(each.contrasts, self.choice)],
            attributions=[each for each in whole.attributions if chosen([each.bundle], self.choice)],
        )

    @cached_property
    def effects(self) -> list[Contrast]:
        """What each varied factor does, the largest effect first, as `hanlon verdict` has it; the chosen ones."""
        return chosen(effects(self.states, values=self._values, predicted=self.predicted), self.choice)

    @cached_property
    def _values(self) -> Values:
        return stored_values()

    @cached_property
    def contrasts(self) -> list[dict[str, Any]]:
        """All contrasts, trends, effects and bundles taken apart, as rows."""
        return report_rows(self.whole_report)

    @property
    def votes(self) -> list[JudgedLabel]:
        """Every label of every episode as votes, for calibration."""
        return [
            JudgedLabel(
                judged.judge.name, judged.cell.simulated, judged.cell.key, str(judged.cell.factors.get("tier")), index,
                label.name, label.value, label.share,
            )
            for judged in self.judged
            for index, labels in judged.labels.items()
            for label in labels
        ]  # fmt: skip

    def shares(self) -> Frame:
        """The share of yes votes of each label of an episode that was voted on more than once."""
        rows = [
            {
                "panel": f"{judged.judge.name}, {model_name(judged.cell)}: {label.name}", "judge": judged.judge.name,
                "cell": judged.cell.label, "key": judged.cell.key, "index": index, "label": label.name,
                "share": label.share, "yes": label.yes, "parsed": label.parsed, "value": label.value,
                **_bounds(judged, label.name),
                "whose": SIMULATED if judged.cell.simulated else SWEEP,
            }
            for judged in self.judged
            for index, labels in judged.labels.items()
            for label in labels
            if label.share is not None and label.parsed > 1
        ]  # fmt: skip
        return table(rows, columns=SHARES)


SHARES = ["panel", "judge", "cell", "key", "index", "label", "share", "yes", "parsed", "value", "threshold", "maybe",
          "whose"]  # fmt: skip


def _bounds(judged: JudgedCell, label: str) -> dict[str, float | None]:
    """From which share of the votes the judge's label is yes, and from which it is maybe."""
    settings = judged.judge.settings
    question = settings["questions"][settings["labels"][label]["question"]]
    return {"threshold": question["threshold"], "maybe": question["maybe"]}
