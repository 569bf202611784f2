"""Differences by request: against published worked numbers and against known truth."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanlon.analysis.stats.by_request import BOOTSTRAP, ByRequest, bootstrap, flip_p, mcnemar
from hanlon.analysis.stats.comparison import BY_REQUEST, Comparison, compare_requests
from hanlon.analysis.stats.differences import difference

by_request = st.dictionaries(
    st.sampled_from("abcdefghij"), st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=3), min_size=1
)


def gap_of(first: ByRequest, second: ByRequest) -> Comparison:
    """The first cell minus the second."""
    return compare_requests((second, first))


def test_mcnemars_exact_p_is_the_published_one() -> None:
    """6 against 16 discordant pairs beside 59 and 80 concordant ones: 0.053, as in Fagerland et al. 2013."""
    cells = [(1.0, 1.0)] * 59 + [(1.0, 0.0)] * 6 + [(0.0, 1.0)] * 16 + [(0.0, 0.0)] * 80
    first = {str(number): [pair[0]] for number, pair in enumerate(cells)}
    second = {str(number): [pair[1]] for number, pair in enumerate(cells)}
    assert mcnemar(first, second) == pytest.approx(0.0525, abs=5e-5)


def test_mcnemar_is_for_single_episodes_of_the_same_request() -> None:
    """It is not given where a request has repeats, or none is shared; one that lacks its partner is left out."""
    assert mcnemar({"a": [1.0, 0.0]}, {"a": [0.0, 0.0]}) is None
    assert mcnemar({"b": [1.0]}, {"a": [0.0]}) is None
    assert mcnemar({}, {}) is None
    assert mcnemar({"a": [1.0], "b": [1.0]}, {"a": [0.0]}) == mcnemar({"a": [1.0]}, {"a": [0.0]}) == 1.0


def flips(differences: Sequence[float] | np.ndarray) -> float:
    """The p of these differences, one a request."""
    return flip_p(tuple(float(difference) for difference in differences))


def test_sign_flips_give_fishers_p_for_darwins_plants() -> None:
    """Fisher, The Design of Experiments (1935), section 21: 1,726 of 32,768 sign patterns, 5.27 %."""
    eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert flips(eighths) == pytest.approx(0.0527, abs=0.007)


def test_sign_flips_of_few_requests_are_exact() -> None:
    """Five requests that all lean one way can give no smaller p than 2 in 32."""
    assert flips([1.0, 0.5, 1.0, 0.5, 1.0]) == pytest.approx(2 / 32)
    assert flips([1.0, 0.0, 0.5, 1.0, 0.5, 0.0, 1.0]) == pytest.approx(2 / 32)
    assert flips([1.0]) == flips([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("thirds", [[1, 2, -1, 1, 3, -2, 1, 1, 2, -1, 3, 1, -1, 2, 1], [1] * 9 + [-1] * 6])
def test_random_sign_flips_count_what_is_as_extreme(thirds: list[int]) -> None:
    """Against all 32,768 patterns in whole numbers: sums of thirds are not exact, and ties count nevertheless."""
    signs = np.array(list(product((-1, 1), repeat=len(thirds))))
    exact = float(np.mean(np.abs(signs @ np.array(thirds)) >= abs(sum(thirds))))
    assert flips([one / 3 for one in thirds]) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(("complies", "complies_too", "spread"), [(0.3, 0.1, 1.0), (0.5, 0.5, 2.0)])
def test_the_interval_covers_the_truth(complies: float, complies_too: float, spread: float) -> None:
    """Of 300 simulated sweeps with requests of unequal difficulty the 95 % interval holds the true gap in 95 +- 4 %."""
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        # requests are drawn from a population of two kinds, hard and easy, in which the truth is known
        hard = random.random(60) < 0.5
        shift = np.where(hard, -spread, spread)
        ours, theirs = (_shifted(p, shift) for p in (complies, complies_too))
        lo, hi = bootstrap(tuple(random.binomial(2, ours) / 2 - random.binomial(2, theirs) / 2))
        kinds = np.array([-spread, spread])
        truth = np.mean(_shifted(complies, kinds) - _shifted(complies_too, kinds))
        covered += bool(lo <= truth <= hi)
    assert 0.91 <= covered / 300 <= 0.99


def _shifted(p: float, shift: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))


def test_the_test_rejects_a_true_null_no_more_often_than_it_says() -> None:
    """At equal rates p is below 0.05 in at most 5 % of 300 simulated sweeps, give or take chance."""
    random = np.random.default_rng(8)
    rejected = sum(
        flips(random.binomial(2, 0.4, 12) / 2 - random.binomial(2, 0.4, 12) / 2) < 0.05 for _ in range(300)
    )
    assert rejected <= 300 * 0.05 + 2 * (300 * 0.05 * 0.95) ** 0.5


def test_pairing_narrows_the_interval_where_requests_differ() -> None:
    """Half the requests always comply, half never, but for a gap in a few: unpaired that is noise, paired it is not."""
    first = {str(i): [float(i % 2 == 0 or i < 8)] for i in range(60)}
    second = {str(i): [float(i % 2 == 0)] for i in range(60)}
    paired = gap_of(first, second).difference
    assert paired.value == pytest.approx(4 / 60)
    assert paired.lo > 0
    assert difference(34, 60, 30, 60).lo < 0


@pytest.mark.parametrize(
    ("ours", "theirs", "requests", "lo", "hi"),
    [(0.0, 0.0, 10, -0.2775, 0.2775), (1.0, 0.0, 10, 0.6075, 1.0), (1.0, 1.0, 10, -0.2775, 0.2775)],
)
def test_where_all_requests_agree_the_interval_is_newcombes(
    ours: float, theirs: float, requests: int, lo: float, hi: float
) -> None:
    """0 against 0 shows no effect only within what so many requests can show; repeats add nothing."""
    first, second = ({str(i): [rate] * 3 for i in range(requests)} for rate in (ours, theirs))
    gap = gap_of(first, second)
    assert gap.difference.method == BY_REQUEST
    assert (gap.difference.lo, gap.difference.hi) == pytest.approx((lo, hi), abs=6e-5)
    assert gap.p == (1.0 if ours == theirs else pytest.approx(2 / 2**10))


def test_thirds_that_are_equal_count_as_equal() -> None:
    """2/3 - 1/3 and 1/3 - 0 differ as floats only, which is no spread between requests."""
    gap = gap_of({"a": [1, 1, 0], "b": [1, 0, 0]}, {"a": [1, 0, 0], "b": [0, 0, 0]})
    assert gap.difference.method == BY_REQUEST


def test_only_requests_in_both_tiers_are_compared() -> None:
    """A request that was asked in one tier only says nothing of a gap; without any there is none."""
    gap = gap_of({"a": [1.0], "b": [0.0]}, {"b": [0.0], "c": [1.0]})
    assert (gap.difference.value, gap.units) == (0.0, 1)
    assert gap_of({"a": [1.0]}, {"b": [0.0]}).difference.value is None


@settings(max_examples=40, deadline=None)
@given(by_request, by_request)
def test_the_interval_holds_the_estimate_and_turns_with_it(
    first: dict[str, list[float]], second: dict[str, list[float]]
) -> None:
    """For any episodes: the estimate lies within the interval, in [-1, 1], and changes sign with the order."""
    gap, turned = gap_of(first, second), gap_of(second, first)
    found = gap.difference
    assert gap.units == len(first.keys() & second.keys())
    if found.value is None:
        assert (found.lo, found.hi, gap.p) == (-1.0, 1.0, 1.0)
        return
    assert -1 - 1e-9 <= found.lo <= found.value + 1e-9
    assert found.value - 1e-9 <= found.hi <= 1 + 1e-9
    assert turned.difference.value == pytest.approx(-found.value)
    assert found.method in (BOOTSTRAP, BY_REQUEST)
    assert 0 < gap.p <= 1
    assert gap_of(first, second).difference == found


def test_a_change_over_the_same_requests_is_the_difference_of_differences() -> None:
    """Two pairs of cells: each request's second difference minus its first, and only requests that all four share."""
    base = {"a": [0.0], "b": [0.0], "c": [1.0], "d": [0.0]}
    cells = [
        base,
        {"a": [0.0], "b": [1.0], "c": [1.0]},
        base,
        {"a": [1.0], "b": [1.0], "c": [1.0], "e": [1.0]},
    ]
    change = compare_requests(cells)
    assert change.units == 3
    assert change.difference.value == pytest.approx(1 / 3)
    assert change.p == 1.0  # one request of three differs
