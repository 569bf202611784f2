"""Means over clusters: the t interval of their differences, never narrower than that of their draws."""

from typing import Any, cast

import pytest
from scipy import stats

from hanlon.analysis.stats.clusters import mean_difference, mean_rate
from hanlon.analysis.stats.differences import difference
from hanlon.analysis.stats.rates import wilson
from hanlon.store.tally import Count

SPREAD = [
    (Count(2, 20), Count(3, 20)),
    (Count(4, 20), Count(10, 20)),
    (Count(1, 20), Count(12, 20)),
    (Count(2, 20), Count(4, 20)),
]


def test_a_difference_is_the_t_test_of_the_clusters_own() -> None:
    """Interval and p are scipy's where clusters differ more than their draws."""
    effects = [after.k / after.n - before.k / before.n for before, after in SPREAD]
    test = cast(Any, stats).ttest_1samp(effects, 0)
    interval = test.confidence_interval()
    mean = mean_difference(SPREAD)
    assert (mean.lo, mean.hi, mean.p) == pytest.approx((interval.low, interval.high, test.pvalue))
    assert mean.clusters == 4


def test_clusters_that_agree_by_chance_are_no_surer_than_their_draws() -> None:
    """Eight equal differences have no spread; the interval is that of their draws and p is not 0."""
    mean = mean_difference([(Count(10, 20), Count(12, 20))] * 8)
    assert mean.lo < 0 < mean.hi
    assert mean.p is not None
    assert mean.p > 0.05
    rate = mean_rate([Count(10, 20)] * 8)
    assert (rate.lo, rate.hi) == pytest.approx(wilson(80, 160), abs=0.02)
    assert rate.hi - rate.lo >= wilson(80, 160)[1] - wilson(80, 160)[0]


def test_no_case_at_all_has_an_interval_that_ends_above_zero() -> None:
    """Nothing in 8 x 20 draws is not nothing ever."""
    rate = mean_rate([Count(0, 20)] * 8)
    assert (rate.value, rate.lo) == (0.0, 0.0)
    assert 0.02 < rate.hi < 0.1


def test_one_cluster_has_the_interval_of_its_draws() -> None:
    """A case study: Wilson for its rate, Newcombe for its difference."""
    assert (mean_rate([Count(3, 20)]).lo, mean_rate([Count(3, 20)]).hi) == pytest.approx(wilson(3, 20))
    alone = mean_difference(SPREAD[:1])
    newcombe = difference(3, 20, 2, 20)
    assert (alone.value, alone.lo, alone.hi) == pytest.approx((newcombe.value, newcombe.lo, newcombe.hi))
    assert alone.clusters == 1
