"""How a hypothesis fares in one grid: whether it fits, what it explains, and which of its effects are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hanlon.analysis.requests import Values, no_requests
from hanlon.hypotheses.binding import Bound, Claimed, PlannedGrid, Point
from hanlon.hypotheses.fit import STEPS, Counts, Fit, Region, fit
from hanlon.hypotheses.regions import classes_of, constraints, explained, region_of
from hanlon.hypotheses.sampling_error import SamplingError
from hanlon.store.tally import Count

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS, SEED = 400, 20250714
ENOUGH = 12
"""Draws at least as far away as the counts, after which a p needs no more of them (Besag & Clifford 1991)."""
FEW, SAME = 8, 1e-6
"""Steps of the fit of a draw; a deviance that counts as none."""
HELD_BACK = 0.5
"""Of deviance: constraints that cost less hold nothing back."""
NEARLY_ALL = 0.985
"""Share of the variation of which no test is needed."""
CLEAR = 0.1
"""Of alpha: a p that is below this share of it by its upper bound is not refined."""


@dataclass(frozen=True)
class Observed:
    """What is seen of the rates of a grid: their counts, and how far sampling and wording move them."""

    planned: PlannedGrid
    points: Sequence[Point]
    counts: Counts
    error: SamplingError

    @cached_property
    def index(self) -> dict[Point, int]:
        """The position of each rate."""
        return {point: number for number, point in enumerate(self.points)}

    def claims(self, bound: Bound) -> list[Claimed]:
        """The claims of a hypothesis that these counts put to the test."""
        return [claim for claim in bound.claims if all(point in self.index for point in claim.points)]

    @cached_property
    def rates(self) -> list[float]:
        """k/n of each, with half a case and one episode added, as a base of margins."""
        return [float(rate) for rate in (self.counts.k + 0.5) / (self.counts.n + 1)]

    @cached_property
    def explainable(self) -> float:
        """The variation between rates that chance does not explain: the deviance of no difference, less its mean."""
        return max(self._deviance([self._is_control(point) for point in self.points]), 0.0)

    def share(self, classes: Sequence[int], fitted: Fit) -> float:
        """The share of that variation which fitted rates explain, one for each class."""
        if not self.explainable:
            return 0.0
        rest = fitted.deviance - (len(self.points) - len(set(classes)))
        return 1 - max(rest, 0.0) / self.explainable

    def _is_control(self, point: Point) -> int:
        return int(point[0] in self.planned.controls)

    def _deviance(self, groups: Sequence[int]) -> float:
        import numpy as np

        labels, k, n = np.array(groups), self.counts.k, self.counts.n
        fitted = np.zeros(len(k))
        for label in set(groups):
            members = labels == label
            fitted[members] = k[members].sum() / n[members].sum()
        return float(self.counts.deviance(fitted).sum()) - (len(k) - len(set(groups)))


@dataclass(frozen=True, slots=True)
class RivalFit:
    """One hypothesis in one grid.

    `p`: of the likelihood ratio against the free rates. `share`: of the variation between cells that it explains.
    `free`: the rates that it leaves to the counts. `shown`: the effects that it claims and that are there.
    `misfit`: the claim that the counts contradict most.
    """

    bound: Bound
    claims: Sequence[Claimed]
    p: float
    share: float
    free: int
    shown: Sequence[Claimed]
    misfit: Claimed | None
    converged: bool
    empty: bool = False

    @property
    def name(self) -> str:
        """The hypothesis."""
        return self.bound.hypothesis.name

    @property
    def tested(self) -> int:
        """The number of its predictions that the grid puts to the test."""
        return len({claim.number for claim in self.claims})

    @property
    def effects(self) -> list[Claimed]:
        """Those of its claims put to the test that claim an effect."""
        return [claim for claim in self.claims if claim.prediction.has_effect]


def observe(planned: PlannedGrid, values: Values = no_requests) -> Observed | None:
    """The counts of a grid's rates; None where no cell has a countable episode."""
    import numpy as np

    cells = {cell.record.key: cell for cell in planned.grid.cells}
    counts = {point: cells[point[0]].tally.measures.get(point[1], Count()) for point in planned.points}
    points = [point for point, count in counts.items() if count.n]
    if not points:
        return None
    k, n = (np.array([float(getattr(counts[point], name)) for point in points]) for name in ("k", "n"))
    return Observed(
        planned, points, Counts(k, n), SamplingError.of(points, [values(cells[key], m) for key, m in points])
    )


@dataclass(frozen=True)
class Explanation:
    """What a hypothesis explains by itself: one rate for each group of those that are alike by it."""

    observed: Observed
    bound: Bound
    leaves_open: bool = False
    """Whether rates at different levels of a factor that it leaves open may differ."""

    @cached_property
    def classes(self) -> list[int]:
        """For each rate the number of its group."""
        groups = self.bound.alike_but_open if self.leaves_open else self.bound.alike
        return classes_of(groups, self.observed.index)

    def fit(self, k: "NDArray[Any]", steps: int) -> Fit | None:
        """The rates that this explanation allows and that come nearest to `k`, one a cell, and their deviance.

        None where no rates satisfy it."""
        together = _merged(Counts(k, self.observed.counts.n), self.classes)
        merged = fit(together, self._region, steps)
        if merged is None:
            return None
        rates = merged.rates[self.classes]
        return Fit(rates, float(Counts(k, self.observed.counts.n).deviance(rates).sum()), merged.converged)

    @cached_property
    def _region(self) -> Region:
        together = _merged(self.observed.counts, self.classes)
        base = [float(rate) for rate in together.rates[self.classes]]
        return explained(self.bound, self.observed.index, self.classes, base)

    @cached_property
    def in_full(self) -> bool:
        """Whether its effects are seen at the size that it claims: no constraint holds a rate back."""
        together, nearest = (
            _merged(self.observed.counts, self.classes),
            self.fit(self.observed.counts.k, STEPS),
        )
        free = float(self.observed.counts.deviance(together.rates[self.classes]).sum())
        return nearest is not None and nearest.deviance - free < HELD_BACK

    def is_all(self, alpha: float) -> bool:
        """Whether no effect is shown that it leaves unexplained, or what it leaves is next to nothing."""
        nearest = self.fit(self.observed.counts.k, STEPS)
        if nearest is not None and self.observed.share(self.classes, nearest) >= NEARLY_ALL:
            return True
        p, _ = p_of(self.observed, self.fit, alpha)
        return p is not None and p >= alpha


def fit_rival(observed: Observed, bound: Bound, alpha: float) -> RivalFit:
    """Fit one hypothesis to all rates at once."""
    claims = observed.claims(bound)
    region = region_of(claims, observed.index, observed.rates)
    p, converged = p_of(observed, lambda k, steps: fit(Counts(k, observed.counts.n), region, steps), alpha)
    explanation = Explanation(observed, bound)
    nearest = explanation.fit(observed.counts.k, STEPS)
    if p is None or nearest is None:
        return RivalFit(bound, claims, 0.0, 0.0, 0, (), None, converged=True, empty=True)
    return RivalFit(
        bound,
        claims,
        p,
        observed.share(explanation.classes, nearest),
        len(set(explanation.classes)),
        [claim for claim in claims if claim.prediction.has_effect and is_shown(observed, claim, 1 - alpha)],
        _worst(observed, claims),
        converged and nearest.converged,
    )


def p_of(
    observed: Observed, fitted: "Callable[[NDArray[Any], int], Fit | None]", alpha: float
) -> tuple[float | None, bool]:
    """The p of the counts' deviance from what is fitted, None where nothing can be; and whether the fit converged.

    By draws from the fitted rates, each fitted in turn. A draw's distance from the rates that it was drawn from is an
    upper bound of its distance from the nearest ones, so that most need no fit.
    """
    import numpy as np

    counts, nearest = observed.counts, fitted(observed.counts.k, STEPS)
    if nearest is None:
        return None, True
    if nearest.deviance < SAME:
        return 1.0, nearest.converged
    drawn = observed.error.draw(nearest.rates, counts.n, DRAWS, np.random.default_rng(SEED))
    reach = Counts(drawn, counts.n).deviance(nearest.rates).sum(axis=1)
    further = drawn[reach >= nearest.deviance]
    most = (len(further) + 1) / (DRAWS + 1)
    if most < CLEAR * alpha:
        return most, nearest.converged
    exceeding = 0
    for tried, k in enumerate(further, start=1):
        other = fitted(k, FEW)
        exceeding += other is not None and other.deviance >= nearest.deviance
        if exceeding >= ENOUGH:
            return most * exceeding / tried, nearest.converged
    return (exceeding + 1) / (DRAWS + 1), nearest.converged


def _merged(counts: Counts, classes: Sequence[int]) -> Counts:
    """The counts of each class of rates."""
    import numpy as np

    k, n = (np.bincount(classes, weights=each) for each in (counts.k, counts.n))
    return Counts(k, n)


def is_shown(observed: Observed, claim: Claimed, level: float = 0.95) -> bool:
    """Whether an effect is shown: the interval of the difference lies on the side that is claimed."""
    columns = [observed.index[point] for point in claim.points]
    if claim.prediction.dose is not None:
        columns = [columns[0], columns[-1]]
    lo, hi = observed.error.interval(columns, observed.counts, level)
    return lo > 0 if claim.prediction.claim == "rises" else hi < 0


def _worst(observed: Observed, claims: Sequence[Claimed]) -> Claimed | None:
    """The claim whose constraint the counts miss by most, in standard errors."""
    misses: list[tuple[float, int, Claimed]] = []
    n, rates = observed.counts.n, observed.counts.rates
    for number, claim in enumerate(claims):
        for row, least in constraints(claim, observed.index, observed.rates):
            short = least - sum(weight * rates[column] for column, weight in row.items())
            variance = sum(
                weight**2 * observed.rates[column] * (1 - observed.rates[column]) / n[column]
                for column, weight in row.items()
            )
            if short > 0:
                misses.append((float(short / variance**0.5), number, claim))
    return max(misses)[2] if misses else None
