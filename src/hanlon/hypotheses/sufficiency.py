"""What a hypothesis must show beyond its predictions to be consistent: that nothing else moves what it explains.

Two models may bear out the same predictions, and the hypothesis be true of one alone. So an absence is looked at again:

* *Silence.* A factor of which a hypothesis says nothing plays no part by it, if a rival speaks of that factor
  (else nobody holds it to matter). A file takes a factor out of this by `leaves_open`.
* *Proportion.* An absence within 10 points says little beside an effect of 12. It must lie within half of the smallest
  effect that the hypothesis has shown as well: a margin of equivalence is to be a share of the effect, usually half
  (FDA, Non-Inferiority Clinical Trials to Establish Effectiveness, 2016, on M2; ICH E10, 1.5.1.1).

All of it must be shown at once, so that each is tested at 5 % and no correction is needed (the intersection-union test:
Berger, Technometrics 24 (1982) 295-300). An `UnexplainedEffect` rules nothing
out; it leaves undetermined what would be consistent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hanlon.analysis.requests import Values
from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.matrix import Matrix
from hanlon.hypotheses.observation import Observation, observe
from hanlon.hypotheses.schema import MARGIN, Direction, Gate, Hypothesis, Prediction
from hanlon.hypotheses.selection import Instance, Selector
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json

SHARE = 0.5
"""Of the smallest effect, within which an absence must lie."""


@dataclass(frozen=True, slots=True)
class UnexplainedEffect:
    """A difference that is not shown to lie within `margin`, though the hypothesis needs that.

    `factor` is the one of which it says nothing; empty where a prediction of absence is too wide for its effects.
    """

    instance: Instance
    seen: Observation
    margin: float
    factor: str = ""


@dataclass(frozen=True)
class Sufficiency:
    """The grid in which hypotheses whose predictions held are looked at again.

    `planned` is the n that every cell was to have, `alpha` that of each one-sided test, `quick` as `observe` has it.
    Cells of controls are left out: in them something else is meant to be.
    """

    matrix: Matrix
    gates: Sequence[Gate]
    values: Values
    planned: int
    alpha: float
    quick: bool

    def unexplained(
        self, hypothesis: Hypothesis, judged: Sequence[JudgedPrediction]
    ) -> list[UnexplainedEffect]:
        """What is not shown to be absent, of its own predictions (`judged`) and of what it is silent on."""
        effects = [abs(size) for each in judged if (size := _effect(each)) is not None]
        most = SHARE * min(effects, default=1.0)
        wide = [
            UnexplainedEffect(each.claim.instance, each.seen, most)
            for each in judged
            if each.result == "held"
            and not each.claim.prediction.has_effect
            and most < each.claim.prediction.threshold
            and not self._is_within(each.seen, most, each.claim.prediction.sides)
        ]
        return [*wide, *self._silent(hypothesis, min(MARGIN, most))]

    def _silent(self, hypothesis: Hypothesis, margin: float) -> Iterator[UnexplainedEffect]:
        measures = dict.fromkeys(prediction.measure for prediction in hypothesis.predicts)
        spoken = _named(hypothesis.predicts)
        for pair in self.matrix.grid.one_factor():
            levels = {as_json(level) for level in pair.levels}
            if (
                pair.factor not in self._in_question
                or pair.factor in hypothesis.leaves_open
                or levels <= spoken.get(pair.factor, set())
                or {id(pair.base), id(pair.treated)} & self._controls
            ):
                continue
            for measure in measures:
                seen = self._observed(pair.base, pair.treated, measure)
                if seen is not None and not self._is_shown(seen, pair.base, pair.treated, margin):
                    yield UnexplainedEffect(
                        Instance((pair.base, pair.treated), measure), seen, margin, pair.factor
                    )

    def _is_shown(self, seen: Observation, base: CellState, treated: CellState, margin: float) -> bool:
        reached = min(base.tally.episodes, treated.tally.episodes) >= self.planned
        return reached and self._is_within(seen, margin, frozenset({"+", "-"}))

    def _is_within(self, seen: Observation, margin: float, sides: frozenset[Direction]) -> bool:
        """Whether the difference is shown to be within the margin on these sides, whatever was excluded."""
        if seen.difference.value is None:
            return False
        interval, (least, greatest) = seen.interval(1 - 2 * self.alpha), seen.bounds
        below, above = max(interval.hi, greatest) < margin, min(interval.lo, least) > -margin
        return (below or "+" not in sides) and (above or "-" not in sides)

    def _observed(self, base: CellState, treated: CellState, measure: str) -> Observation | None:
        if measure not in base.record.measures:
            return None
        return observe(Instance((base, treated), measure), self.values, quick=self.quick)

    @cached_property
    def _in_question(self) -> set[str]:
        """The factors of which some rival speaks."""
        return {factor for rival in self.matrix.hypotheses for factor in _named(rival.predicts)}

    @cached_property
    def _controls(self) -> set[int]:
        selector = Selector(self.matrix.grid)
        return {id(cell) for gate in self.gates for cell in selector.matching(gate.where)}


def _effect(each: JudgedPrediction) -> float | None:
    """The size of an effect that a held prediction is about; None where it is about none."""
    if each.result != "held" or not each.claim.prediction.has_effect:
        return None
    return each.seen.difference.value


def _named(predictions: Sequence[Prediction]) -> dict[str, set[str]]:
    """The levels that predictions name, by factor, as JSON; what `where` says of a prompt level names no factor."""
    named: dict[str, set[str]] = {}
    for prediction in predictions:
        for change in (prediction.contrast, prediction.changed_by, prediction.compared_with):
            if change is not None:
                named.setdefault(change.factor, set()).update(map(as_json, (*change.base, *change.to)))
        for factor, levels in prediction.where.items():
            named.setdefault(factor, set()).update(map(as_json, levels))
    return named
