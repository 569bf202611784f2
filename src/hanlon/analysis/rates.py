"""Rates: k/n with a binomial interval, what was excluded, and how far the exclusions could move it."""

from dataclasses import dataclass
from typing import cast

from hanlon.tally import Count, Tally

METHOD = "Wilson"


@dataclass(frozen=True, slots=True)
class Rate:
    """`k` cases in `n` countable episodes. All fractions lie in [0, 1]; `rate` is None where n is 0.

    `lo`, `hi` are the two-sided interval at confidence `level`. `bounds` are the rates if every excluded
    episode had gone one way or the other.
    """

    measure: str
    k: int
    n: int
    lo: float
    hi: float
    excluded: dict[str, int]
    bounds: tuple[float, float]
    method: str = METHOD
    level: float = 0.95

    @property
    def rate(self) -> float | None:
        """k/n, None where nothing can be counted."""
        return self.k / self.n if self.n else None


def rate_of(tally: Tally, measure: str, level: float = 0.95) -> Rate:
    """The rate of one measure in a cell, with the Wilson score interval (Wilson 1927, as in statsmodels)."""
    count = tally.measures.get(measure, Count())
    lo, hi = wilson(count.k, count.n, level)
    excluded = sum(tally.excluded.values())
    total = count.n + excluded
    bounds = (count.k / total, (count.k + excluded) / total) if total else (0.0, 1.0)
    return Rate(measure, count.k, count.n, lo, hi, dict(tally.excluded), bounds, level=level)


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The two-sided Wilson score interval; (0, 1) where n is 0."""
    from statsmodels.stats.proportion import proportion_confint  # pyright: ignore[reportUnknownVariableType] untyped

    if n == 0:
        return 0.0, 1.0
    lo, hi = cast(tuple[float, float], proportion_confint(k, n, alpha=1 - level, method="wilson"))
    # at k = 0 and k = n the formula leaves a rounding error of about 1e-18 at the edge
    return (0.0 if k == 0 else float(lo)), (1.0 if k == n else float(hi))
