"""Means over clusters, such as parents whose children were drawn: the cluster is the unit.

A difference has the t interval of its clusters' own differences. A rate has the score interval (Wilson 1927) at the
effective number of draws, that at which independent draws would vary as the clusters do (Korn & Graubard, Survey
Methodology 24 (1998) 193-201), with the t quantile of the clusters. Neither is narrower than for as many independent
draws: a few clusters may agree by chance. The percentile bootstrap over 8 clusters covers 84 to 91 % instead of 95
(benchmarks/fork_errors.py), so it is not used. One cluster is a case study: its interval is that of its draws alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any, cast

from hanlon.analysis.stats.differences import difference, fisher
from hanlon.analysis.stats.rates import wilson
from hanlon.store.tally import Count

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class ClusterMean:
    """A mean over `clusters` as a fraction, with its two-sided interval at `level`; `p` is that of no difference."""

    value: float
    lo: float
    hi: float
    clusters: int
    p: float | None = None
    level: float = 0.95


def mean_rate(counts: Sequence[Count], level: float = 0.95) -> ClusterMean:
    """The mean of the clusters' rates; each count has draws. The interval holds that of as many independent draws."""
    draws = sum(count.n for count in counts)
    least, most = wilson(sum(count.k for count in counts), draws, level)
    rates = [count.k / count.n for count in counts]
    mean = fmean(rates)
    if len(counts) == 1:
        return ClusterMean(mean, least, most, 1, level=level)
    error = stdev(rates) / sqrt(len(rates))
    effective = mean * (1 - mean) / error**2 if error else float(draws)
    t = _quantile(len(rates) - 1, level)
    shrink = 1 + t**2 / effective
    centre = (mean + t**2 / (2 * effective)) / shrink
    half = t / shrink * sqrt(mean * (1 - mean) / effective + t**2 / (4 * effective**2))
    lo, hi = min(least, max(0.0, centre - half)), max(most, min(1.0, centre + half))
    return ClusterMean(mean, lo, hi, len(rates), level=level)


def mean_difference(pairs: Sequence[tuple[Count, Count]], level: float = 0.95) -> ClusterMean:
    """The mean over clusters of the second rate less the first, with its two-sided p; each count has draws.

    The interval is at least as wide, and p at least as large, as the draws alone make them.
    """
    if len(pairs) == 1:
        ((before, after),) = pairs
        alone = difference(after.k, after.n, before.k, before.n, level)
        p = fisher(after.k, after.n, before.k, before.n)
        return ClusterMean(alone.value or 0.0, alone.lo, alone.hi, 1, p, level)
    effects = [after.k / after.n - before.k / before.n for before, after in pairs]
    mean, degrees = fmean(effects), len(effects) - 1
    between = stdev(effects) / sqrt(len(effects))
    within = sqrt(sum(_variance(count) for pair in pairs for count in pair)) / len(effects)
    half = max(_quantile(degrees, level) * between, _NORMAL.inv_cdf((1 + level) / 2) * within)
    p = max(_t_tails(abs(mean) / between, degrees) if between else 0.0, 2 * _NORMAL.cdf(-abs(mean) / within))
    return ClusterMean(mean, max(-1.0, mean - half), min(1.0, mean + half), len(effects), p, level)


def group_difference(before: Sequence[Count], after: Sequence[Count], level: float = 0.95) -> ClusterMean:
    """The mean rate of the clusters of the second group less that of the first; each count has draws.

    The interval is Newcombe's hybrid score interval (1998, method 10) of the two clustered rates. p is that of the
    permutation test over clusters, whose labels alone are exchanged; 1 where a group has one cluster.
    """
    first, second = mean_rate(before, level), mean_rate(after, level)
    gap = second.value - first.value
    lo = gap - sqrt((second.value - second.lo) ** 2 + (first.hi - first.value) ** 2)
    hi = gap + sqrt((second.hi - second.value) ** 2 + (first.value - first.lo) ** 2)
    clusters = len(before) + len(after)
    p = _exchanged(before, after) if min(len(before), len(after)) > 1 else 1.0
    return ClusterMean(gap, max(-1.0, lo), min(1.0, hi), clusters, p, level)


def _exchanged(before: Sequence[Count], after: Sequence[Count]) -> float:
    """Two-sided p of exchanging clusters between two groups: exact up to 9,999 partitions, else as many drawn ones."""
    from scipy import stats

    rates = [[count.k / count.n for count in group] for group in (after, before)]
    if len({rate for group in rates for rate in group}) == 1:
        return 1.0
    test = cast(Any, stats).permutation_test(
        rates, _mean_gap, n_resamples=9_999, vectorized=True, random_state=0
    )
    return float(test.pvalue)


def _mean_gap(second: Any, first: Any, axis: int) -> Any:
    return second.mean(axis) - first.mean(axis)


def _t_tails(t: float, degrees: int) -> float:
    from scipy import stats

    return 2 * float(cast(Any, stats).t.sf(t, degrees))


def _variance(count: Count) -> float:
    """Of a rate of independent draws, by one case and one other added, so that it is never 0."""
    rate = (count.k + 1) / (count.n + 2)
    return rate * (1 - rate) / count.n


def _quantile(degrees: int, level: float) -> float:
    from scipy import stats

    return float(cast(Any, stats).t.ppf((1 + level) / 2, degrees))
