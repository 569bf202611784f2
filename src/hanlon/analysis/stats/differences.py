"""Differences of two rates and sums of several, with intervals that hold where a rate is 0 or 1, and exact tests.

Everything is for independent episodes. Where the episodes of two cells share their requests, the request is the
unit: see `hanlon.analysis.stats.comparison`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

NEWCOMBE = "Newcombe"
MOVER = "MOVER on Wilson"
BOSCHLOO_LIMIT = 40_000
"""Boschloo's test is used up to this n1 x n2 (200 episodes each: 0.2 s). It grows with its square: 20 s at 1000
each, where Fisher's takes a millisecond and is hardly more conservative."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`value` as a fraction (None where a rate has no episodes), its two-sided interval at confidence `level`."""

    value: float | None
    lo: float
    hi: float
    level: float = 0.95
    method: str = NEWCOMBE

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves no difference out."""
        return self.lo > 0 or self.hi < 0


@lru_cache(maxsize=65_536)
def difference(k1: int, n1: int, k2: int, n2: int, level: float = 0.95) -> Difference:
    """`k1/n1 - k2/n2` with Newcombe's hybrid score interval, within [-1, 1].

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10, as in statsmodels. Where `n1` or `n2` is 0
    nothing is known: the interval is (-1, 1).
    """
    from statsmodels.stats import proportion

    if not n1 or not n2:
        return Difference(None, -1.0, 1.0, level)
    limits = cast(Callable[..., tuple[float, float]], cast(Any, proportion).confint_proportions_2indep)
    lo, hi = limits(k1, n1, k2, n2, method="newcomb", compare="diff", alpha=1 - level)
    value = k1 / n1 - k2 / n2
    # at the edge the formula leaves a rounding error of about 1e-17
    return Difference(value, max(-1.0, min(float(lo), value)), min(1.0, max(float(hi), value)), level)


@dataclass(frozen=True, slots=True)
class Term:
    """`weight` times the rate k/n, in a sum of rates."""

    weight: float
    k: float
    n: int


def linear_combination(terms: Sequence[Term], level: float = 0.95) -> Difference:
    """The weighted sum of independent rates, as a mean of differences or an interaction.

    Each rate's Wilson limits are recovered as variances and added (MOVER: Zou & Donner, Statistics in Medicine
    27 (2008) 1693-1702; for binomial rates Zou, Huang & Zhang, Computational Statistics & Data Analysis 53 (2009)
    1080-1085). Newcombe's interval is the case of two terms with weights 1 and -1.
    """
    if not terms or any(term.n == 0 for term in terms):
        positive = sum(term.weight for term in terms if term.weight > 0)
        reach = max(positive, -sum(term.weight for term in terms if term.weight < 0))
        return Difference(None, -reach, reach, level, MOVER)
    import numpy as np
    from statsmodels.stats import proportion

    weights = np.array([term.weight for term in terms])
    k, n = np.array([term.k for term in terms]), np.array([term.n for term in terms])
    lo, hi = cast(Any, proportion).proportion_confint(k, n, alpha=1 - level, method="wilson")
    ends = weights * (k / n - np.array([lo, hi]))
    value = float((weights * k / n).sum())
    down, up = (math.sqrt(float((reach**2).sum())) for reach in (ends.max(axis=0), ends.min(axis=0)))
    return Difference(value, value - down, value + up, level, MOVER)


def inverted_p(interval: Callable[[float], Difference]) -> float:
    """The two-sided p of no effect: the confidence at which an interval first reaches zero, from 1.

    `interval` gives the interval at a confidence level. 1 where there is no value, or where the value is 0.
    """
    from scipy import optimize

    value = interval(0.5).value
    if not value:
        return 1.0

    def distance(log_alpha: float) -> float:
        limits = interval(1 - 10**log_alpha)
        return limits.lo if value > 0 else -limits.hi

    floor = -15.0  # 1 - level has no more digits than this
    if distance(floor) > 0:
        return 10**floor
    return float(10 ** cast(Any, optimize).brentq(distance, floor, 0.0, xtol=1e-6))


@lru_cache(maxsize=65_536)
def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """The two-sided p of Fisher's exact test; 1 where `n1` or `n2` is 0."""
    from scipy import stats

    if not n1 or not n2:
        return 1.0
    return float(cast(Any, stats).fisher_exact([[k1, k2], [n1 - k1, n2 - k2]]).pvalue)


@lru_cache(maxsize=4_096)
def boschloo(k1: int, n1: int, k2: int, n2: int) -> float:
    """The two-sided p of Boschloo's exact unconditional test, more powerful than Fisher's (scipy).

    1 where there is nothing to tell the rates apart: no case at all, nothing but cases, or no episodes.
    """
    from scipy import stats

    if not n1 or not n2 or k1 + k2 in (0, n1 + n2):
        return 1.0
    table = [[k1, k2], [n1 - k1, n2 - k2]]
    return min(1.0, float(cast(Any, stats).boschloo_exact(table).pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values in the order of the arguments (Holm, Scandinavian Journal of Statistics 6 (1979) 65-70).

    Written out, since statsmodels' collects the garbage of the whole process at each call: 0.15 s in a rehearsal.
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[number]))
        adjusted[number] = least
    return adjusted
