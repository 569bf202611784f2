"""One prediction against one observation: the p of what it claims, the p of its failure, and whether there is room.

A prediction *holds* or *fails*, each by a test of its own; where neither is shown nothing is determined.

=================  ==========================================  ==============================================
claim              holds                                       fails
=================  ==========================================  ==============================================
rises / falls      p of no difference, and the sign            an effect of that sign reaches the margin nowhere
changes            p of no difference                          the difference lies within the margin
does not rise/fall the difference does not pass the margin     it lies beyond the margin
no effect          the difference lies within the margin       it lies beyond the margin, either way
vanishes           base above, treated below the margin, and   base and treated above the margin
                   less than half of the base left
=================  ==========================================  ==============================================

Where the base rate leaves no room for an effect of the margin (floor, ceiling), only an effect beyond the margin the
other way determines anything. Holm's correction is made over all of them together (`verdict.py`): the p are not
corrected here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.analysis.stats.differences import Difference
from hanlon.analysis.stats.equivalence import Result, p_above, p_below, vanishes
from hanlon.analysis.stats.rates import Rate
from hanlon.hypotheses.matrix import Claimed
from hanlon.hypotheses.observation import Observation
from hanlon.hypotheses.schema import Direction, Prediction

_SIDES: frozenset[Direction] = frozenset({"+", "-"})


@dataclass(frozen=True, slots=True)
class Weighed:
    """The p of the claim and of its failure, before any correction, and why there may be nothing to see (empty: none).

    Where there is no room, an effect beyond the margin the other way still counts (`_without_room`).
    """

    holds: float
    fails: float
    lacks: str = ""


def weigh(prediction: Prediction, seen: Observation, alternatives: frozenset[Direction]) -> Weighed:
    """Test one prediction against what is seen.

    Args:
        prediction: the claim.
        seen: the contrast.
        alternatives: the directions that rivals predict of this contrast. An absence of any effect says something
            only where there was room for theirs.
    """
    if seen.difference.value is None:
        return Weighed(1.0, 1.0, "no episode to compare")
    if prediction.vanishes is not None:
        return _vanishing(prediction.vanishes.margin, seen)
    margin = prediction.threshold
    holds, fails = _claims(prediction, seen, margin)
    needed = prediction.sides
    if prediction.no_effect_within is not None:
        needed = (alternatives - {"0"}) or needed
    if not needed & room(seen, margin):
        side = " and ".join("floor" if side == "-" else "ceiling" for side in sorted(needed))
        lacks = f"no room for an effect of {100 * margin:.0f} points ({side})"
        return _without_room(prediction, seen, fails, margin, lacks)
    return Weighed(holds, fails)


def room(seen: Observation, margin: float) -> frozenset[Direction]:
    """The sides on which a difference of `margin` could show: by the base rate, or the first difference of a change."""
    start = seen.first(0.95) if seen.first else Difference(None, seen.rates[0].lo, seen.rates[0].hi)
    sides: list[Direction] = []
    if start.lo > margin or (seen.first and start.hi < -margin):
        sides.append("-")
    if start.hi < 1 - margin:
        sides.append("+")
    return frozenset(sides)


def could_flip(prediction: Prediction, seen: Observation, *, holds: bool) -> bool:
    """Whether the exclusions, had they gone one way or the other, could have undone a result."""
    if not seen.excluded:
        return False
    if prediction.vanishes is not None:
        margin, treated, base = prediction.vanishes.margin, seen.rates[1], seen.rates[0]
        reach = treated.bounds[1] >= margin if holds else treated.bounds[0] <= margin
        return reach or base.bounds[0] <= margin
    low, high = seen.bounds
    return not any(a < low and high < b for a, b in _regions(prediction, holds=holds))


def _regions(prediction: Prediction, *, holds: bool) -> list[tuple[float, float]]:
    """The open intervals of the difference in which a result is right."""
    margin, sides = prediction.threshold, prediction.sides
    if prediction.has_effect != holds:
        return [(-margin if "-" in sides else -2, margin if "+" in sides else 2)]
    start = 0 if holds else margin
    return [(start, 2) if side == "+" else (-2, -start) for side in sides]


def _claims(prediction: Prediction, seen: Observation, margin: float) -> tuple[float, float]:
    """The p that the claim holds, and that it fails."""
    absent = max(_p_within(seen, side, margin) for side in prediction.sides)
    if not prediction.has_effect:
        return absent, _p_beyond(seen, prediction.sides, margin)
    value = seen.difference.value or 0.0
    is_on_side = len(prediction.sides) > 1 or (value > 0 if "+" in prediction.sides else value < 0)
    return (seen.p if is_on_side else 1.0), absent


def _p_within(seen: Observation, side: Direction, margin: float) -> float:
    """The p that no effect on this side reaches the margin."""
    return p_below(seen.interval, margin) if side == "+" else p_above(seen.interval, -margin)


def _p_beyond(seen: Observation, sides: frozenset[Direction], margin: float) -> float:
    """The p that the difference lies beyond the margin on one of these sides; 1 where there is none."""
    beyond = [
        p_above(seen.interval, margin) if side == "+" else p_below(seen.interval, -margin) for side in sides
    ]
    return min([1.0, *(len(beyond) * p for p in beyond)])


def _without_room(
    prediction: Prediction, seen: Observation, fails: float, margin: float, lacks: str
) -> Weighed:
    """Weigh a claim whose effect had no room. Only an effect the other way counts then.

    It fails a claim of an effect, and supports a claim that there is none of that sign. A step from 98 to 99.5 % says
    nothing.
    """
    contrary = _p_beyond(seen, _SIDES - prediction.sides, margin)
    return Weighed(1.0, contrary, lacks) if prediction.has_effect else Weighed(contrary, fails, lacks)


def _vanishing(margin: float, seen: Observation) -> Weighed:
    from scipy import stats

    base, treated = seen.rates
    vanishing = vanishes(base.k, base.n, treated.k, treated.n, margin)
    if not vanishing.control_worked:
        return Weighed(1.0, 1.0, f"the base rate is not shown to be above {margin:.0%} (floor)")
    stays = float(cast(Any, stats).binomtest(treated.k, treated.n, margin, "greater").pvalue)
    return Weighed(max(vanishing.p, _halved(treated, base)), stays)


def _halved(treated: Rate, base: Rate) -> float:
    """The p of the score test (Miettinen & Nurminen 1985) that more than half is gone: 13 to 6 % is no vanishing."""
    from statsmodels.stats import proportion

    if 2 * treated.k * base.n >= base.k * treated.n:
        return 1.0
    counts = treated.k, treated.n, base.k, base.n
    ratio = {"value": 0.5, "method": "score", "compare": "ratio", "alternative": "smaller"}
    return float(cast(Any, proportion).test_proportions_2indep(*counts, **ratio).pvalue)


@dataclass(frozen=True, slots=True)
class JudgedPrediction:
    """One prediction about one contrast: what was seen, the corrected p, and its result with the reason."""

    claim: Claimed
    seen: Observation
    test: Weighed
    p_holds: float
    p_fails: float
    result: Result
    reason: str = ""

    @property
    def after_look(self) -> int:
        """The number of its cells' episodes that were added after a look at the rates."""
        return sum(cell.tally.after_look for cell in self.claim.instance.cells)

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for a prediction that several hypotheses make: one test of Holm's family."""
        prediction = self.claim.prediction
        return (self.claim.instance.key, prediction.claim, prediction.threshold, self.test)


def by_prediction(judged: Sequence[JudgedPrediction], hypothesis: str) -> dict[int, list[JudgedPrediction]]:
    """The contexts of each prediction of a hypothesis, by its number in the hypothesis's list."""
    contexts: dict[int, list[JudgedPrediction]] = {}
    for each in judged:
        if each.claim.hypothesis.name == hypothesis:
            contexts.setdefault(each.claim.number, []).append(each)
    return contexts


def results(judged: Sequence[JudgedPrediction], hypothesis: str) -> dict[int, Result]:
    """The result of each prediction of a hypothesis over all its contexts, by its number."""
    return {number: result_of(contexts) for number, contexts in by_prediction(judged, hypothesis).items()}


def result_of(contexts: Sequence[JudgedPrediction]) -> Result:
    """The result of a prediction over its contexts. Contexts without room are left out."""
    if any(each.result == "failed" for each in contexts):
        return "failed"
    telling = [each for each in contexts if not each.test.lacks or each.reason != each.test.lacks]
    return "held" if telling and all(each.result == "held" for each in telling) else "undetermined"
