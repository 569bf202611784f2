"""Differences over the same requests: the request is the unit, not the episode.

The interval is the percentile bootstrap over requests. Against simulated truth (20 to 120 requests, one or two
repeats, gaps of 0 to 45 points) it covers 92 to 95 %; BCa covers no better, falls to 91 % where compliance is rare,
and has no value where all but one request agree. The p is that of sign flips over requests.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from numpy.typing import NDArray


ByRequest = Mapping[str, list[float]]
"""The values (0 or 1) of a request's episodes in one cell."""

RESAMPLES = 9999
SEED = 20241218
BATCH = 200
"""Resamples made at a time, to stay in the processor's cache: 1000 at 400 requests take half as long again."""
SAME = 1e-9
"""Request means that differ by less are equal: thirds and sevenths are not exact as floats."""
BOOTSTRAP = "bootstrap"


def shared_means(cells: Sequence[ByRequest]) -> list[list[float]]:
    """For each cell, its mean of every request that all cells share, in one order."""
    shared = [request for request in cells[0] if all(request in cell for cell in cells[1:])]
    return [[fmean(cell[request]) for request in shared] for cell in cells]


def mean_difference(first: ByRequest, second: ByRequest) -> float | None:
    """The mean over shared requests of (mean of its repeats in `first` - in `second`); None where none is shared."""
    ours, theirs = shared_means([first, second])
    return fmean(a - b for a, b in zip(ours, theirs, strict=True)) if ours else None


def bootstrap(effects: tuple[float, ...], level: float = 0.95) -> tuple[float, float]:
    """The two-sided percentile interval of the mean effect, from `RESAMPLES` resamples of the requests."""
    import numpy as np

    lo, hi = np.quantile(_resampled(effects), [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


@lru_cache(maxsize=256)
def _resampled(effects: tuple[float, ...]) -> Any:
    """The means of the resamples, sorted."""
    import numpy as np
    from scipy import stats

    result = cast(Any, stats).bootstrap(
        (np.array(effects),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    return np.sort(result.bootstrap_distribution)


@lru_cache(maxsize=4_096)
def flip_p(effects: tuple[float, ...]) -> float:
    """The two-sided p of effects, one a request, if the sign of each were a coin's.

    Exact where fewer than 14 requests differ, else from `RESAMPLES` flips. A request without a difference changes no
    sum whatever its sign, so it is left out.
    """
    import numpy as np
    from scipy import stats

    differing = np.array([effect for effect in effects if abs(effect) > SAME])
    if len(differing) < 2:
        return 1.0  # either sign of one is as extreme as the other
    rng = np.random.default_rng(SEED)
    options: dict[str, Any] = {"vectorized": True, "n_resamples": RESAMPLES, "batch": BATCH}
    if 2 ** len(differing) <= RESAMPLES:
        test = cast(Any, stats).permutation_test(
            (differing,), np.mean, permutation_type="samples", rng=rng, **options
        )
        return float(test.pvalue)

    def flipped(size: tuple[int, int]) -> "NDArray[Any]":
        return differing * rng.choice(np.array([-1.0, 1.0]), size=size)

    # the same test as permutation_test's of random flips, in an eighth of its time at 400 requests
    return float(cast(Any, stats).monte_carlo_test(differing, flipped, np.mean, **options).pvalue)


def mcnemar(first: ByRequest, second: ByRequest) -> float | None:
    """The exact two-sided p of McNemar's test; None unless every shared request has exactly one episode in both."""
    from statsmodels.stats import contingency_tables

    shared = first.keys() & second.keys()
    if not shared or any(len(cell[request]) != 1 for cell in (first, second) for request in shared):
        return None
    table = [[0, 0], [0, 0]]
    for request in shared:
        table[int(first[request][0])][int(second[request][0])] += 1
    return float(cast(Any, contingency_tables).mcnemar(table, exact=True).pvalue)
