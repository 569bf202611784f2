"""Predictions in words: what was counted, and what to type to put them to the test."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hanlon.analysis.contrasts.grid import BUNDLE
from hanlon.analysis.requests import Values
from hanlon.analysis.stats.comparison import Comparison, compare_episodes, compare_requests
from hanlon.hypotheses.binding import Claimed
from hanlon.hypotheses.regions import constraints
from hanlon.hypotheses.rivals import Observed
from hanlon.hypotheses.schema import Level, Prediction, level_text
from hanlon.hypotheses.selection import MEASURE
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.tally import Count

OUTSIDE_ENV = (BUNDLE, "tier", "seed")
"""Factors that are keys of a cell themselves; those of the environment stand below `env`."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class SeenClaim:
    """A claim with what the counts say of it."""

    claim: Claimed
    observed: Observed
    values: Values
    level: float
    quick: bool = False
    """Whether Fisher's test is to do, since Boschloo's would take long."""

    @property
    def is_dose(self) -> bool:
        """Whether it is about a series of levels, of which the first and the last are compared."""
        return self.claim.prediction.dose is not None

    @cached_property
    def cells(self) -> list[tuple[CellState, str]]:
        """Its cells with the measure of each."""
        instance = self.claim.instance
        return list(zip(instance.cells, instance.measures, strict=True))

    @cached_property
    def counts(self) -> list[Count]:
        """Of base and treated cell, and where differences are compared of the other pair; of a dose, of all levels."""
        return [cell.tally.measures[measure] for cell, measure in self.cells]

    @property
    def counts_text(self) -> str:
        """`39/60 -> 3/60`; of a change the other pair behind a bar."""
        texts = [f"{count.k}/{count.n}" for count in self.counts]
        width = len(texts) if self.is_dose else 2
        return " | ".join(" -> ".join(texts[at : at + width]) for at in range(0, len(texts), width))

    @property
    def contrast_text(self) -> str:
        """What is contrasted, by the levels of these cells: `stakes none -> replaced`; without what both cells have."""
        prediction, cells = self.claim.prediction, self.claim.instance.cells
        if prediction.factor == MEASURE:
            return " -> ".join(self.claim.instance.measures)
        text = _change(prediction.factor, cells[0], cells[-1 if self.is_dose else 1])
        if shared := self._shared_levels:
            text += f" at {', '.join(shared)}"
        if prediction.changed_by:
            text += f" by {_change(prediction.changed_by.factor, cells[0], cells[2])}"
        return text

    @property
    def _shared_levels(self) -> list[str]:
        """What all of its cells set beside their prompt level."""
        first, *others = (cell.record.label.split("+")[1:] for cell in self.claim.instance.cells)
        return [part for part in first if all(part in other for other in others)]

    @cached_property
    def comparison(self) -> Comparison | None:
        """The difference and the p of none; None for two measures of the same episodes."""
        if self.claim.prediction.factor == MEASURE:
            return None
        ends = [self.cells[0], self.cells[-1]] if self.is_dose else self.cells
        comparison = compare_requests([self.values(*end) or {} for end in ends], self.level)
        counts = [cell.tally.measures[measure] for cell, measure in ends]
        return comparison if comparison.units else compare_episodes(counts, self.level, quick=self.quick)

    @cached_property
    def short(self) -> float:
        """By how much the counts miss what is claimed, as a fraction; 0 where they lie where it says."""
        rates, observed = self.observed.counts.rates, self.observed
        return max(
            (
                least - sum(weight * float(rates[column]) for column, weight in row.items())
                for row, least in constraints(self.claim, observed.index, observed.rates)
            ),
            default=0.0,
        )

    @property
    def met(self) -> bool:
        """Whether the counts lie where it says."""
        return self.short <= ROUNDING


def _change(factor: str, base: CellState, treated: CellState) -> str:
    levels = (
        cell.record.prompt if factor == BUNDLE else cell.record.factors.get(factor)
        for cell in (base, treated)
    )
    return f"{factor} {' -> '.join('unset' if level is None else level_text(level) for level in levels)}"


def overrides_of(prediction: Prediction, usual: Mapping[str, str] | None = None) -> str:
    """What to sweep for a prediction, to be typed behind `python run.py -m`: `env.realism=silent,told_real`.

    Of alternative levels the first is taken. A condition at the factor's `usual` level (as JSON) is left out. Of a
    dose the levels are for the reader to choose.
    """
    levels = swept_levels(prediction, usual)
    texts = [
        f"{_key(name)}={','.join(map(level_text, dict.fromkeys(swept)))}" for name, swept in levels.items()
    ]
    return " ".join([*([f"{_key(prediction.dose)}=<numbers>"] if prediction.dose else []), *texts])


def swept_levels(prediction: Prediction, usual: Mapping[str, str] | None = None) -> dict[str, list[Level]]:
    """The factors that a prediction needs with their levels, without those that need not be typed."""
    levels: dict[str, list[Level]] = {}
    for change in (prediction.contrast, prediction.changed_by):
        if change is not None:
            levels.setdefault(change.factor, []).extend([change.base[0], change.to[0]])
    for name, (level, *_) in prediction.where.items():
        if name not in levels and (usual or {}).get(name) != as_json(level):
            levels[name] = [level]
    return levels


def _key(factor: str) -> str:
    if factor.startswith("sampling."):
        return f"model.{factor}"
    return factor if factor in OUTSIDE_ENV else f"env.{factor}"
