"""The rates that a hypothesis allows in a grid, as linear constraints.

=============  ================================================================
claim          the rate at `to`, beside the rate at `from`
=============  ================================================================
rises          higher by a quarter of it, or of half the room that is left
falls          at most three quarters of it
removes half   at most half of it; leaves a third: at least that
no effect      within a quarter of it, or 2 points
does not rise  not above that; does not fall: not below
=============  ================================================================

Where a change of differences is claimed, the same holds of the two differences. The quarter is `Prediction.share`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from hanlon.hypotheses.binding import Bound, Claimed, Point
from hanlon.hypotheses.fit import Region
from hanlon.hypotheses.schema import POINTS

ROOM = 0.5
"""Of the room between a rate and 1: a rise need not be more."""

ZERO = 0.05
"""A rate that counts as zero where a dose is said to have no effect."""

Row = tuple[dict[int, float], float]
"""The coefficients of some rates and the bound that their sum reaches at least."""


def region_of(claims: Sequence[Claimed], index: Mapping[Point, int], rates: Sequence[float]) -> Region:
    """The region of claims, margins included. What they say nothing of is free.

    Args:
        claims: what is claimed of the rates.
        index: the position of each rate.
        rates: as observed, of which margins are a share.
    """
    rows = [row for claim in claims for row in constraints(claim, index, rates)]
    return _region(rows, len(index))


def classes_of(groups: Sequence[Sequence[Point]], index: Mapping[Point, int]) -> list[int]:
    """For each rate the number of its group, without gaps."""
    numbers = {point: number for number, group in enumerate(groups) for point in group}
    used = sorted({numbers[point] for point in index})
    return [used.index(numbers[point]) for point in index]


def explained(
    bound: Bound, index: Mapping[Point, int], classes: Sequence[int], rates: Sequence[float]
) -> Region:
    """The region of the classes' rates: they lie as the hypothesis claims, and what it does not name plays no part."""
    rows: list[Row] = []
    for claim in bound.claims:
        if claim.prediction.claim == "no_effect" and len(claim.points) == 2:
            continue
        for coefficients, least in constraints(claim, index, rates):
            merged: dict[int, float] = {}
            for column, weight in coefficients.items():
                merged[classes[column]] = merged.get(classes[column], 0.0) + weight
            if any(merged.values()):
                rows.append((merged, least))
    return _region(rows, max(classes) + 1)


def constraints(claim: Claimed, index: Mapping[Point, int], rates: Sequence[float]) -> Iterator[Row]:
    """What one claim asks of the rates that it binds; none where one of them was not sampled."""
    if any(point not in index for point in claim.points):
        return
    columns = [index[point] for point in claim.points]
    if claim.prediction.dose is not None:
        yield from _along(claim, columns, rates)
    elif len(columns) > 2:
        reference = abs(rates[columns[1]] - rates[columns[0]])
        yield from _rows(claim, _side(columns[:2]), _side(columns[2:]), reference, 1.0)
    else:
        yield from _rows(
            claim, {columns[0]: 1.0}, {columns[1]: 1.0}, rates[columns[0]], 1 - rates[columns[0]]
        )


def _along(claim: Claimed, columns: Sequence[int], rates: Sequence[float]) -> Iterator[Row]:
    """A dose: no step goes back, the last rate differs from the first, those below `zero_below` are near zero."""
    upward = columns if claim.prediction.claim == "rises" else columns[::-1]
    for lower, higher in pairwise(upward):
        yield {higher: 1.0, lower: -1.0}, 0.0
    least = max(POINTS, claim.prediction.share * rates[upward[0]])
    yield {upward[-1]: 1.0, upward[0]: -1.0}, min(least, ROOM * (1 - rates[upward[0]]))
    bound = claim.prediction.zero_below
    for cell, column in zip(claim.instance.cells, columns, strict=True):
        if bound is not None and float(cell.record.factors[claim.prediction.factor]) < bound:
            yield {column: -1.0}, -ZERO


def _rows(
    claim: Claimed, base: dict[int, float], treated: dict[int, float], reference: float, room: float
) -> Iterator[Row]:
    """What is asked of a rate or difference beside another. `reference` is the first one, `room` what is above it."""
    kind, share = claim.prediction.claim, claim.prediction.share
    least = max(POINTS, share * reference)
    if kind == "rises":
        yield _sum(treated, base, -1.0), min(least, ROOM * room)
    if kind == "falls":
        yield _sum(base, treated, -1.0, 1 - share), 0.0
    if kind == "removes_half":
        yield _sum(base, treated, -1.0, 0.5), 0.0
    if kind == "leaves_a_third":
        yield _sum(treated, base, -1 / 3), 0.0
    if kind in ("no_effect", "does_not_rise"):
        yield _sum(base, treated, -1.0), -least
    if kind in ("no_effect", "does_not_fall"):
        yield _sum(treated, base, -1.0), -least


def _side(columns: Sequence[int]) -> dict[int, float]:
    """The difference of a pair: treated minus base."""
    return {columns[0]: -1.0, columns[1]: 1.0}


def _sum(
    first: dict[int, float], second: dict[int, float], weight: float, scale: float = 1.0
) -> dict[int, float]:
    total = {column: scale * value for column, value in first.items()}
    for column, value in second.items():
        total[column] = total.get(column, 0.0) + weight * value
    return total


def _region(rows: Sequence[Row], size: int) -> Region:
    import numpy as np

    coefficients, bounds = np.zeros((len(rows), size)), np.zeros(len(rows))
    for number, (row, least) in enumerate(rows):
        for column, weight in row.items():
            coefficients[number, column] = weight
        bounds[number] = least
    return Region(coefficients, bounds)
