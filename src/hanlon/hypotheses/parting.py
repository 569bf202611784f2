"""What would part two hypotheses: contrasts of which they say opposite things."""

from collections.abc import Mapping, Sequence

from hanlon.hypotheses.schema import Change, Claim, Hypothesis, Prediction
from hanlon.hypotheses.selection import MEASURE
from hanlon.store.digest import as_json

_DIRECTIONS: Mapping[Claim, frozenset[str]] = {
    "rises": frozenset("+"),
    "falls": frozenset("-"),
    "removes_half": frozenset("-"),
    "leaves_a_third": frozenset("+0"),
    "no_effect": frozenset("0"),
    "does_not_rise": frozenset("0-"),
    "does_not_fall": frozenset("0+"),
}
_ANYTHING = frozenset("+0-")


def would_part(a: Hypothesis, b: Hypothesis) -> list[Prediction]:
    """The predictions of either that contradict the other, those of an effect first. Silence says: no effect."""
    opposed = [
        prediction
        for owner, other in ((a, b), (b, a))
        for prediction in owner.predicts
        if prediction.factor != MEASURE and not _DIRECTIONS[prediction.claim] & directions(other, prediction)
    ]
    by_selector = {prediction.selector: prediction for prediction in reversed(opposed)}
    return sorted(by_selector.values(), key=lambda prediction: not prediction.has_effect)


def directions(hypothesis: Hypothesis, prediction: Prediction) -> frozenset[str]:
    """The directions (+, 0, -) of a prediction's contrast that a hypothesis allows."""
    changes = [prediction.contrast, prediction.changed_by]
    if any(change is not None and change.factor in hypothesis.leaves_open for change in changes):
        return _ANYTHING
    same = [other for other in hypothesis.predicts if _is_same_contrast(other, prediction)]
    if same:
        return frozenset(
            direction
            for direction in _ANYTHING
            if all(direction in _DIRECTIONS[other.claim] for other in same)
        )
    factor = (prediction.changed_by or prediction.contrast or prediction).factor
    spoken = any(
        other.sets_apart and factor == (other.changed_by or other.contrast or other).factor
        for other in hypothesis.predicts
    )
    return _ANYTHING if spoken else frozenset("0")


def _is_same_contrast(a: Prediction, b: Prediction) -> bool:
    return (
        a.dose == b.dose
        and _overlap(a.contrast, b.contrast)
        and _overlap(a.changed_by, b.changed_by)
        and all(_levels(a.where[name]) & _levels(b.where[name]) for name in a.where.keys() & b.where.keys())
    )


def _overlap(a: Change | None, b: Change | None) -> bool:
    if a is None or b is None:
        return a is b
    same = a.factor == b.factor
    return same and bool(_levels(a.base) & _levels(b.base) and _levels(a.to) & _levels(b.to))


def _levels(levels: Sequence[object]) -> set[str]:
    return set(map(as_json, levels))
