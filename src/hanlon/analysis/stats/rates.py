"""Rates: k/n with a binomial interval, what was excluded, and how far the exclusions could move it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import Literal, cast

from hanlon.store.records import CellRecord
from hanlon.store.tally import Count, Tally

IntervalName = Literal["wilson", "jeffreys"]


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
    method: str = "Wilson"
    level: float = 0.95

    @property
    def rate(self) -> float | None:
        """k/n, None where nothing can be counted."""
        return self.k / self.n if self.n else None


def rate_of(tally: Tally, measure: str, level: float = 0.95, interval: IntervalName = "wilson") -> Rate:
    """The rate of one measure in a cell, with one of `INTERVALS`."""
    count = tally.measures.get(measure, Count())
    lo, hi = INTERVALS[interval](count.k, count.n, level)
    excluded = sum(tally.excluded.values())
    total = count.n + excluded
    bounds = (count.k / total, (count.k + excluded) / total) if total else (0.0, 1.0)
    method = interval.capitalize()
    return Rate(measure, count.k, count.n, lo, hi, dict(tally.excluded), bounds, method, level)


def measures_of(record: CellRecord, measures: Sequence[str] | None) -> list[str]:
    """A cell's measures that are wanted: the headline one where none is named, every one for "all"."""
    names = list(record.measures)
    return [name for name in names if name in measures or "all" in measures] if measures else names[:1]


@lru_cache(maxsize=65_536)
def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The two-sided Wilson score interval; (0, 1) where n is 0.

    Wilson, Journal of the American Statistical Association 22 (1927) 209-212. Written out, since every sweep ends with
    it and the import of statsmodels takes longer than all else that a small sweep does; a test holds it to statsmodels.
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre, arm = k + z * z / 2, z * sqrt(k * (n - k) / n + z * z / 4)
    return (0.0 if k == 0 else (centre - arm) / (n + z * z)), (
        1.0 if k == n else (centre + arm) / (n + z * z)
    )


@lru_cache(maxsize=65_536)
def jeffreys(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The two-sided Jeffreys interval, as in Palisade's paper and figures; (0, 1) where n is 0.

    It ends at 0 for k = 0 and at 1 for k = n, as published tables print it (Brown, Cai & DasGupta, Statistical
    Science 16 (2001) 101-133, 4.1.1); statsmodels leaves the quantile, 5e-6 for 0/100.
    """
    from statsmodels.stats.proportion import proportion_confint  # pyright: ignore[reportUnknownVariableType] untyped

    if n == 0:
        return 0.0, 1.0
    lo, hi = cast(tuple[float, float], proportion_confint(k, n, alpha=1 - level, method="jeffreys"))
    return (0.0 if k == 0 else float(lo)), (1.0 if k == n else float(hi))


INTERVALS: dict[IntervalName, Callable[[int, int, float], tuple[float, float]]] = {
    "wilson": wilson,
    "jeffreys": jeffreys,
}
