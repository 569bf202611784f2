"""The ratio of two rates, treated over base: what share of a behaviour is removed, or by what it is multiplied.

The interval of independent episodes is the score interval. Where two cells share their requests it is the same
interval with the variance that the requests show, so that pairing and repeats count for what they are worth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

SCORE = "score (Miettinen & Nurminen)"
SCORE_BY_REQUEST = "score, variance between requests"
NEAR_ALL = 0.9
"""From this rate on the closed form of statsmodels is not used: it is wrong at 1 and loses digits before it."""
SAME = 1e-9
"""Differences of request means below it are rounding."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The treated rate over the base rate, with its two-sided interval at confidence `level`.

    `value` is None where the base has no case or either cell no episode; `hi` is infinite where the base has no case.
    """

    value: float | None
    lo: float
    hi: float
    level: float = 0.95
    method: str = SCORE

    @property
    def share_removed(self) -> tuple[float, float, float] | None:
        """1 - ratio with its limits; below 0 where there is more than before. None where there is no ratio."""
        return None if self.value is None else (1 - self.value, 1 - self.hi, 1 - self.lo)

    @property
    def multiple(self) -> tuple[float, float, float] | None:
        """The ratio with its limits where it is above 1; None elsewhere."""
        return (self.value, self.lo, self.hi) if self.value is not None and self.value > 1 else None


@lru_cache(maxsize=65_536)
def rate_ratio(k1: float, n1: int, k2: float, n2: int, level: float = 0.95) -> Ratio:
    """`(k1/n1) / (k2/n2)` with the score interval for independent episodes.

    Koopman, Biometrics 40 (1984) 513-517; the variance has the factor N / (N - 1) of Miettinen & Nurminen, Statistics
    in Medicine 4 (1985) 213-226. statsmodels has Nam's closed form (Biometrical Journal 37 (1995) 375-379). Where a
    rate is 1 that takes a wrong root (10/10 over 10/10 from 1.0, not from 0.71; also complex numbers), and near 1 it
    loses digits, so there the same test of statsmodels is inverted.
    """
    from statsmodels.stats import proportion

    if not n1 or not n2 or not k1 + k2:
        return Ratio(None, 0.0, math.inf, level)
    if max(k1 / n1, k2 / n2) >= NEAR_ALL:
        limits = _inverted(_score_test(k1, n1, k2, n2), k1, n1, k2, n2, level)
    else:
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):  # the upper limit is infinite where k2 is 0
            limits = cast(Any, proportion).confint_proportions_2indep(
                k1, n1, k2, n2, compare="ratio", method="score", alpha=1 - level
            )
    value = k1 / n1 / (k2 / n2) if k2 else None
    return _ratio(value, limits, level, SCORE)


def ratio_by_request(treated: Sequence[float], base: Sequence[float], level: float = 0.95) -> Ratio:
    """The ratio of two means over the same requests, `treated` and `base` in the same order.

    The score statistic of `rate_ratio` with one case per request, its variance multiplied by what the requests show:
    the variance of `treated - ratio * base` over that of independent binomial requests. This is the design effect of
    Rao & Scott, Biometrics 48 (1992) 577-585, at each ratio under test. Where all requests have the same effect,
    repeats may be copies: then the requests count as independent episodes. A bootstrap-t over requests is not used:
    with few treated cases it covers far too rarely (`benchmarks/coverage.py` prints both).
    """
    n = len(base)
    k1, k2 = math.fsum(treated), math.fsum(base)
    if not n or not k1 + k2:
        return Ratio(None, 0.0, math.inf, level, SCORE_BY_REQUEST)
    independent = _score_test(k1, n, k2, n)
    design = _design_effect(treated, base)

    def statistic(ratio: float) -> float:
        return independent(ratio) / math.sqrt(design(ratio))

    limits = _inverted(statistic, k1, n, k2, n, level)
    return _ratio(k1 / k2 if k2 else None, limits, level, SCORE_BY_REQUEST)


def _score_test(k1: float, n1: int, k2: float, n2: int) -> Callable[[float], float]:
    """The score statistic of a ratio under test; it falls as the ratio grows."""
    from statsmodels.stats import proportion

    def statistic(ratio: float) -> float:
        if k1 == n1 and k2 == n2 and ratio == 1:
            return 0.0  # 0/0: both rates are 1, as the test says
        return float(
            cast(Any, proportion).score_test_proportions_2indep(
                k1, n1, k2, n2, value=ratio, compare="ratio", return_results=False
            )[0]
        )

    return statistic


def _design_effect(treated: Sequence[float], base: Sequence[float]) -> Callable[[float], float]:
    """The variance of the requests' `treated - ratio * base` over that of independent binomial requests."""
    import numpy as np

    t, b = np.array(treated), np.array(base)
    if len(b) < 2 or float(np.ptp(t * b.mean() - b * t.mean())) < SAME:
        return lambda ratio: 1.0
    (var_t, cov), (_, var_b) = np.cov(t, b).tolist()
    free_t, free_b = (float(m * (1 - m)) for m in (t.mean(), b.mean()))

    def design(ratio: float) -> float:
        shown = var_t - 2 * ratio * cov + ratio**2 * var_b
        return max(shown, SAME) / (free_t + ratio**2 * free_b)

    return design


def _inverted(
    statistic: Callable[[float], float], k1: float, n1: int, k2: float, n2: int, level: float
) -> tuple[float, float]:
    """The ratios between which a statistic that falls is within its two-sided normal quantiles."""
    from scipy.stats import norm

    z = float(cast(Any, norm).isf((1 - level) / 2))
    # where a rate is 0 the search starts beyond what half a case could give
    least, most = (k1 or 0.01) / n1 * n2 / k2 if k2 else 0.0, k1 / n1 * n2 / (k2 or 0.01)
    lo = _root(lambda log_ratio: statistic(math.exp(log_ratio)) - z, math.log(most), -1) if k1 else 0.0
    hi = _root(lambda log_ratio: statistic(math.exp(log_ratio)) + z, math.log(least), 1) if k2 else math.inf
    return lo, hi


def _root(excess: Callable[[float], float], start: float, step: int) -> float:
    """The ratio at which an excess changes its sign, on the way from the logarithm `start` in steps of `step`."""
    from scipy import optimize

    end = start + step
    while (
        step * excess(end) > 0
    ):  # the statistic falls: below a lower limit it is too high, above an upper too low
        end += step
    return math.exp(cast(Any, optimize).brentq(excess, start, end, xtol=1e-9))


def _ratio(value: float | None, limits: tuple[float, float], level: float, method: str) -> Ratio:
    """A ratio within its limits, of which rounding may have left it out."""
    lo, hi = (float(limit) for limit in limits)
    if value is None:
        return Ratio(None, lo, math.inf, level, method)
    return Ratio(value, max(0.0, min(lo, value)) if value else 0.0, max(hi, value), level, method)
