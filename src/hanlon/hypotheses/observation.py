"""What a grid shows of one contrast: the difference, its interval at any confidence, and the p of no difference.

Where the episodes of the cells share their requests, the request is the unit (bootstrap and sign flips over requests,
as in `hanlon.analysis.gaps`); else all episodes are independent (Newcombe, Boschloo or Fisher; MOVER for a change).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import fmean
from typing import Any, cast

from hanlon.analysis.stats.by_request import BATCH, BOOTSTRAP, RESAMPLES, SAME, SEED, ByRequest, flip_p
from hanlon.analysis.stats.differences import (
    BOSCHLOO_LIMIT,
    Difference,
    Term,
    boschloo,
    difference,
    fisher,
    inverted_p,
    linear_combination,
)
from hanlon.analysis.stats.rates import Rate, rate_of
from hanlon.hypotheses.selection import Instance
from hanlon.store.cells import CellState

Values = Callable[[CellState, str], ByRequest | None]
"""A cell's values of a measure by request; None where its episodes share nothing with other cells'."""
WEIGHTS = {2: (-1.0, 1.0), 4: (1.0, -1.0, -1.0, 1.0)}
"""Of base and treated in a difference; with the other pair's in a change, which is its difference minus the first."""


def no_requests(cell: CellState, measure: str) -> None:
    """The `Values` of cells without requests."""
    del cell, measure


@dataclass(frozen=True)
class Observation:
    """What is seen of one contrast. `interval` gives the difference and its two-sided interval at a confidence."""

    rates: tuple[Rate, ...]
    interval: Callable[[float], Difference]
    test: str
    unit: str
    _p: Callable[[], float]
    first: Callable[[float], Difference] | None = None
    """Of a change: the interval of the first pair's difference."""

    @cached_property
    def p(self) -> float:
        """The two-sided p of no difference, by `test`."""
        return self._p()

    @cached_property
    def difference(self) -> Difference:
        """The difference with its 95 % interval."""
        return self.interval(0.95)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest difference, had the exclusions of each cell gone either way."""
        weights = WEIGHTS[len(self.rates)]
        ends = [
            sorted((weight * rate.bounds[0], weight * rate.bounds[1]))
            for weight, rate in zip(weights, self.rates, strict=True)
        ]
        return sum(low for low, _ in ends), sum(high for _, high in ends)

    @property
    def excluded(self) -> int:
        """Episodes of all its cells that were excluded."""
        return sum(sum(rate.excluded.values()) for rate in self.rates)


def observe(instance: Instance, values: Values = no_requests, *, quick: bool = False) -> Observation:
    """What is stored of a contrast; `quick` takes Fisher's test of independent episodes whatever the n."""
    rates = tuple(rate_of(cell.tally, instance.measure) for cell in instance.cells)
    by_request = [values(cell, instance.measure) for cell in instance.cells]
    if all(cell is not None for cell in by_request):
        return _paired(rates, cast("list[ByRequest]", by_request))
    return _independent(rates, quick=quick)


def _independent(rates: tuple[Rate, ...], *, quick: bool) -> Observation:
    base, treated, *other = ((rate.k, rate.n) for rate in rates)

    def single(level: float) -> Difference:
        return difference(*treated, *base, level)

    if not other:
        counts = (*treated, *base)
        if quick or treated[1] * base[1] > BOSCHLOO_LIMIT:
            return Observation(rates, single, "Fisher", "episode", lambda: fisher(*counts))
        return Observation(rates, single, "Boschloo", "episode", lambda: boschloo(*counts))
    change = [Term(weight, rate.k, rate.n) for weight, rate in zip(WEIGHTS[4], rates, strict=True)]

    def both(level: float) -> Difference:
        return linear_combination(change, level)

    return Observation(rates, both, "the interval, inverted", "episode", lambda: inverted_p(both), single)


def _paired(rates: tuple[Rate, ...], by_request: Sequence[ByRequest]) -> Observation:
    effects = _effects(by_request)
    interval = _interval(effects, rates)
    first = _interval(_effects(by_request[:2]), rates[:2]) if len(by_request) > 2 else None
    return Observation(rates, interval, "sign flips", "request", lambda: flip_p(effects), first)


def _effects(by_request: Sequence[ByRequest]) -> tuple[float, ...]:
    """The difference (or the change of the difference) of each request that all cells share."""
    weights = WEIGHTS[len(by_request)]
    shared = [request for request in by_request[0] if all(request in cell for cell in by_request[1:])]
    return tuple(
        sum(weight * fmean(cell[request]) for weight, cell in zip(weights, by_request, strict=True))
        for request in shared
    )


def _interval(effects: tuple[float, ...], rates: Sequence[Rate]) -> Callable[[float], Difference]:
    """The percentile bootstrap over requests; where all are alike it has no width, and MOVER has, with n = requests."""
    n = len(effects)
    if not n:
        return lambda level: Difference(None, -1.0, 1.0, level, "no request in all cells")
    value = fmean(effects)
    if max(effects) - min(effects) < SAME:
        weights = WEIGHTS[len(rates)]
        terms = [
            Term(weight, round((rate.rate or 0.0) * n), n)
            for weight, rate in zip(weights, rates, strict=True)
        ]
        return lambda level: linear_combination(terms, level)

    def bootstrapped(level: float) -> Difference:
        import numpy as np

        lo, hi = np.quantile(_resampled(effects), [(1 - level) / 2, (1 + level) / 2])
        return Difference(value, float(lo), float(hi), level, BOOTSTRAP)

    return bootstrapped


@lru_cache(maxsize=256)
def _resampled(effects: tuple[float, ...]) -> Any:
    import numpy as np
    from scipy import stats

    resampled = cast(Any, stats).bootstrap(
        (np.array(effects),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    return np.sort(resampled.bootstrap_distribution)
