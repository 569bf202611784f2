"""A rate against a numeric dose: does it rise or fall, where does it break the order, how far is it next to nothing?

The unit is the episode, or the request where cells share requests. Strata (wordings) add their scores, so that
differences between strata are no trend. They are taken as they are, not as a sample of all that might be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import sqrt
from statistics import fmean
from typing import Any, cast

from hanlon.analysis.stats.by_request import SAME, ByRequest, flip_p, shared_means
from hanlon.store.tally import Count

FEW = 5
"""Cases, or episodes that are none, per cell, below which p is by permutation (Cochran, Biometrics 10 (1954) 417)."""
PERMUTATIONS = 9_999
BREAK_DRAWS = 499
"""Draws from a flat rate, for the p of a break."""
SEED = 19_550_911
COCHRAN_ARMITAGE, PERMUTED = "Cochran-Armitage", "Cochran-Armitage, by permutation"
Stratum = Mapping[float, Count]
"""The counts at each dose."""


@dataclass(frozen=True)
class Trend:
    """A test of no trend. `z` is positive where the rate rises, None where no count varies.

    `unit` is what was sampled independently. `compute_p` may take long, so it waits until `p` is asked for.
    """

    z: float | None
    test: str
    unit: str
    compute_p: Callable[[], float]

    @cached_property
    def p(self) -> float:
        """The two-sided p of no trend, by `test`; 1 where no count varies."""
        return 1.0 if self.z is None else self.compute_p()


@dataclass(frozen=True, slots=True)
class Break:
    """The largest step against the trend among levels that the monotone fit has to merge; rates are fractions."""

    levels: tuple[float, float]
    rates: tuple[float, float]


def cochran_armitage(strata: Sequence[Stratum]) -> Trend:
    """The linear trend of proportions over doses, whose scores are the doses themselves.

    Armitage, Biometrics 11 (1955) 375-386; variance and sum over strata as in Mantel, J. Am. Stat. Assoc. 58 (1963)
    690-700 (statsmodels `test_ordinal_association`): Z is Armitage's times sqrt((N - 1) / N). Where counts are few p is
    that of permutations within strata.
    """
    from scipy import stats

    scores = [_score(stratum) for stratum in strata]
    excess, variance = sum(score for score, _ in scores), sum(variance for _, variance in scores)
    z = excess / sqrt(variance) if variance > 0 else None
    if _few(strata):
        return Trend(z, PERMUTED, "episode", lambda: _permutation_p(strata, excess))
    return Trend(z, COCHRAN_ARMITAGE, "episode", lambda: float(2 * cast(Any, stats).norm.sf(abs(z or 0))))


def _score(stratum: Stratum) -> tuple[float, float]:
    """Sum of dose times cases beyond what no trend expects, and its variance; (0, 0) where nothing can vary."""
    import numpy as np
    from statsmodels.stats.contingency_tables import Table

    counts = [(count.n - count.k, count.k) for count in stratum.values()]
    if not all(map(sum, zip(*counts, strict=True))) or sum(count.n > 0 for count in stratum.values()) < 2:
        return 0.0, 0.0
    doses, cases = np.array(list(stratum)), np.array([0, 1])
    result = cast(Any, Table)(np.array(counts), shift_zeros=False).test_ordinal_association(doses, cases)
    return float(result.statistic - result.null_mean), float(result.null_sd) ** 2


def _few(strata: Sequence[Stratum]) -> bool:
    counts = [count for stratum in strata for count in stratum.values()]
    cases = sum(count.k for count in counts)
    return min(cases, sum(count.n for count in counts) - cases) < FEW * len(counts)


def _permutation_p(strata: Sequence[Stratum], excess: float) -> float:
    """The share of ways to deal each stratum's cases to its episodes that are as far from no trend."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    dealt = np.zeros(PERMUTATIONS)
    for stratum in strata:
        doses, n = np.array(list(stratum)), np.array([count.n for count in stratum.values()])
        cases = sum(count.k for count in stratum.values())
        draws = rng.multivariate_hypergeometric(n, cases, size=PERMUTATIONS, method="marginals")
        dealt += draws @ doses - cases * (n @ doses) / n.sum()
    as_far = np.abs(dealt) >= abs(excess) * (1 - SAME)
    return float((1 + as_far.sum()) / (1 + PERMUTATIONS))


def trend_by_request(strata: Sequence[Mapping[float, ByRequest]]) -> Trend | None:
    """The mean linear trend of requests that all cells share, by sign flips; None where they share none.

    `z` is the sum of the requests' slopes over its standard deviation under random signs.
    """
    cells = [cell for stratum in strata for cell in stratum.values()]
    means = shared_means(cells) if cells else []
    weights = [dose - fmean(stratum) for stratum in strata for dose in stratum]
    slopes = tuple(
        sum(weight * mean for weight, mean in zip(weights, request, strict=True))
        for request in zip(*means, strict=True)
    )
    if not slopes:
        return None
    spread = sqrt(sum(slope**2 for slope in slopes))
    z = sum(slopes) / spread if spread > SAME else None
    return Trend(z, "sign flips", "request", lambda: flip_p(slopes))


def breaks(doses: Stratum, *, rises: bool) -> tuple[list[Break], float]:
    """Where the rates break the order, by isotonic fit (scipy), and the p of no break at all.

    The fit weighs each rate by its n, which is the maximum of the likelihood; the statistic is the likelihood ratio
    against free rates (Robertson, Wright & Dykstra 1988, chapters 1 and 2). Its p is by draws from one rate at all
    levels, the monotone one that breaks most often: draws from the fit reject a flat rate too often.
    """
    import numpy as np

    if not doses:
        return [], 1.0
    order = sorted(doses, reverse=not rises)
    n = np.array([doses[dose].n for dose in order])
    rates = np.array([doses[dose].k for dose in order]) / n
    fitted, blocks = _monotone(rates, n)
    merged = [range(start, end) for start, end in pairwise(blocks)]
    steps = [
        max(((rates[i] - rates[j], i, j) for i in at for j in at if i < j), default=(0.0, 0, 0))
        for at in merged
    ]
    against = [
        Break((order[i], order[j]), (float(rates[i]), float(rates[j]))) for size, i, j in steps if size > SAME
    ]
    return against, _monotone_p(rates, fitted, n) if against else 1.0


def _monotone_p(rates: Any, fitted: Any, n: Any) -> float:
    """The p that the rates are monotone, by draws from one rate at all levels."""
    import numpy as np

    flat = rates @ n / n.sum()
    draws = np.random.default_rng(SEED).binomial(n, flat, size=(BREAK_DRAWS, len(n))) / n
    observed = _likelihood_ratio(rates, fitted, n)
    as_far = sum(
        _likelihood_ratio(drawn, _monotone(drawn, n)[0], n) >= observed * (1 - SAME) for drawn in draws
    )
    return (1 + as_far) / (1 + BREAK_DRAWS)


def _monotone(rates: Any, n: Any) -> tuple[Any, list[int]]:
    """The rising fit, and where each merged run of levels begins; the last number is the end."""
    from scipy import optimize

    result = cast(Any, optimize).isotonic_regression(rates, weights=n)
    return result.x.clip(0, 1), [int(start) for start in result.blocks]


def _likelihood_ratio(rates: Any, fitted: Any, n: Any) -> float:
    from scipy.special import rel_entr

    divergence = cast(Any, rel_entr)
    return float((n * (divergence(rates, fitted) + divergence(1 - rates, 1 - fitted))).sum())


def below_margin(doses: Stratum, margin: float, alpha: float, *, rises: bool) -> list[float]:
    """The doses, from the end where the rate is low, whose one-sided upper limit is below `margin`.

    It stops at the first dose that is not shown to be below: tests in a fixed order need no correction (Maurer,
    Hothorn & Lehmacher 1995). The limits are exact (Clopper-Pearson). `margin` and `alpha` are fractions.
    """
    below: list[float] = []
    for dose in sorted(doses, reverse=not rises):
        if one_sided_bounds(doses[dose].k, doses[dose].n, alpha)[1] >= margin:
            break
        below.append(dose)
    return below


def one_sided_bounds(k: int, n: int, alpha: float) -> tuple[float, float]:
    """The lower and the upper exact bound, each wrong with a probability of at most `alpha`."""
    from statsmodels.stats import proportion

    if n == 0:
        return 0.0, 1.0
    lo, hi = cast(Any, proportion).proportion_confint(k, n, alpha=2 * alpha, method="beta")
    return float(lo), float(hi)
