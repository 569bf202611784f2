"""Differences of rates: published worked numbers, exact error rates, and what holds at every count."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hanlon.analysis.stats.comparison import Comparison, compare_episodes
from hanlon.analysis.stats.differences import (
    Term,
    boschloo,
    difference,
    fisher,
    holm,
    inverted_p,
    linear_combination,
)
from hanlon.store.tally import Count

# Newcombe, Statistics in Medicine 17 (1998) 873-890, Table II, method 10
NEWCOMBE = [
    (56, 70, 48, 80, 0.2000, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.6000, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.5714, 0.0582, 0.8062),
    (5, 56, 0, 29, 0.0893, -0.0381, 0.1926),
    (0, 10, 0, 20, 0.0000, -0.1611, 0.2775),
    (0, 10, 0, 10, 0.0000, -0.2775, 0.2775),
    (10, 10, 0, 20, 1.0000, 0.6791, 1.0000),
    (10, 10, 0, 10, 1.0000, 0.6075, 1.0000),
]

# p printed by the papers, two-sided Fisher: ICMI working paper 12 (2026); Koorndijk, arXiv 2506.21584; the BlueDot
# extension of open-source-alignment-faking
FISHER = [
    (32, 199, 0, 201, 5.1e-11),
    (32, 199, 0, 200, 5.5e-11),
    (15, 98, 4, 96, 0.014),
    (16, 99, 8, 86, 0.19),
    (3, 49, 9, 50, 0.121),
    (3, 4, 1, 4, 0.486),  # Fisher's tea, Agresti, Categorical Data Analysis, 3.5.2
]

counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "value", "lo", "hi"), NEWCOMBE)
def test_newcombes_worked_numbers(
    k1: int, n1: int, k2: int, n2: int, value: float, lo: float, hi: float
) -> None:
    """The eight examples of the paper, to the digits printed."""
    found = difference(k1, n1, k2, n2)
    assert (found.value, found.lo, found.hi) == pytest.approx((value, lo, hi), abs=5.1e-5)


def test_a_large_trial_reads_as_in_agresti() -> None:
    """Aspirin and heart attacks, 189/11034 and 104/11037: 0.0077, 0.005 to 0.011 (Categorical Data Analysis, 3.1)."""
    found = difference(189, 11034, 104, 11037)
    assert found.value == pytest.approx(0.0077, abs=5e-5)
    assert (found.lo, found.hi) == pytest.approx((0.005, 0.011), abs=5e-4)


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "p"), FISHER)
def test_published_p_values(k1: int, n1: int, k2: int, n2: int, p: float) -> None:
    """Each p that a paper prints beside its counts, to the digits printed."""
    assert fisher(k1, n1, k2, n2) == pytest.approx(p, rel=0.03)


@given(counts, counts)
def test_the_difference_is_antisymmetric_and_within_one(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Exchanging the cells, or cases and others, turns the sign and nothing else; no limit leaves [-1, 1]."""
    found, turned = difference(*a, *b), difference(*b, *a)
    (k1, n1), (k2, n2) = a, b
    others = difference(n1 - k1, n1, n2 - k2, n2)
    assert -1 <= found.lo <= found.hi <= 1
    for other in (turned, others):
        assert (found.lo, found.hi) == pytest.approx((-other.hi, -other.lo), abs=1e-12)
    if found.value is None:
        assert 0 in (n1, n2)
        assert (found.lo, found.hi) == (-1, 1)
    else:
        assert found.lo <= found.value <= found.hi


@given(counts, counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_two_terms_make_newcombes_interval(a: tuple[int, int], b: tuple[int, int], level: float) -> None:
    """The sum of rates with weights 1 and -1 is the difference."""
    whole, sum_of = difference(*a, *b, level), linear_combination([Term(1, *a), Term(-1, *b)], level)
    assert (whole.lo, whole.hi) == pytest.approx((sum_of.lo, sum_of.hi), abs=1e-9)


@given(counts, counts)
def test_the_inverted_p_agrees_with_the_interval(a: tuple[int, int], b: tuple[int, int]) -> None:
    """p is below 5 % exactly where the 95 % interval leaves 0 out."""
    p = inverted_p(lambda level: difference(*a, *b, level))
    assert (p < 0.05) == difference(*a, *b).excludes_zero


@given(counts, counts)
def test_exact_tests_are_symmetric_probabilities(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Fisher's p lies in [0, 1] and does not depend on the order; without episodes it is 1."""
    p = fisher(*a, *b)
    assert 0 <= p <= 1
    assert p == pytest.approx(fisher(*b, *a))
    assert p == 1 or 0 not in (a[1], b[1])


def test_boschloo_is_the_exact_unconditional_p_of_fishers_one_sided_p() -> None:
    """By enumeration: the greatest probability, over the common rate, of tables as extreme as 6/7 against 1/6."""
    k1, n1, k2, n2 = 6, 7, 1, 6

    def one_sided(x: int, y: int) -> float:
        return float(stats.hypergeom.sf(x - 1, n1 + n2, x + y, n1))

    extreme = [
        (x, y)
        for x, y in product(range(n1 + 1), range(n2 + 1))
        if one_sided(x, y) <= one_sided(k1, k2) * (1 + 1e-9)
    ]
    rates = np.linspace(0, 1, 2001)
    worst = max(sum(stats.binom.pmf(x, n1, rates) * stats.binom.pmf(y, n2, rates) for x, y in extreme))
    assert boschloo(k1, n1, k2, n2) == pytest.approx(min(1, 2 * worst), rel=1e-3)


def compared(treated: tuple[int, int], base: tuple[int, int], *, quick: bool = False) -> Comparison:
    """A treated cell against a base."""
    return compare_episodes((Count(*base), Count(*treated)), quick=quick)


def test_the_exact_test_is_named_and_large_cells_take_fishers() -> None:
    """A thousand episodes a cell take a millisecond and not twenty seconds; no case at all is p = 1."""
    assert compared((5, 20), (0, 20)).test == "Boschloo"
    assert compared((5, 20), (0, 20)).p == boschloo(5, 20, 0, 20)
    for few in (compared((5, 20), (0, 20), quick=True), compared((50, 1000), (20, 1000))):
        assert few.test == "Fisher"
    assert compared((50, 1000), (20, 1000)).p == fisher(50, 1000, 20, 1000)
    for treated, base in (((0, 20), (0, 20)), ((20, 20), (20, 20)), ((0, 0), (3, 5))):
        assert compared(treated, base).p == 1.0


def test_a_comparison_is_treated_minus_base_at_its_level() -> None:
    """The difference is Newcombe's, of a change MOVER's with weights 1, -1, -1, 1."""
    pair = compare_episodes((Count(2, 20), Count(9, 20)), level=0.9)
    assert pair.difference == difference(9, 20, 2, 20, 0.9)
    change = compare_episodes((Count(2, 20), Count(9, 20), Count(1, 20), Count(18, 20)))
    assert change.difference.value == pytest.approx(17 / 20 - 7 / 20)
    assert change.p == inverted_p(change.interval)


def test_holms_adjusted_p() -> None:
    """0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02, in their own order; nothing becomes nothing."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@pytest.mark.parametrize(
    "rates", [(0.0, 0.05), (0.02, 0.02), (0.1, 0.5), (0.5, 0.5), (0.8, 0.98), (0.01, 0.99)]
)
@pytest.mark.parametrize("n", [20, 50])
def test_the_interval_covers_the_truth(rates: tuple[float, float], n: int) -> None:
    """By enumeration of every outcome: at least 92 % of 95 at these rates; the least is at 1 % against 99 %."""
    p1, p2 = rates
    chances = np.outer(stats.binom.pmf(range(n + 1), n, p1), stats.binom.pmf(range(n + 1), n, p2))
    covered = sum(
        chances[k1, k2]
        for k1, k2 in product(range(n + 1), repeat=2)
        if chances[k1, k2] > 1e-6 and (found := difference(k1, n, k2, n)).lo <= p1 - p2 <= found.hi
    )
    assert covered >= 0.92


@pytest.mark.parametrize(
    "rates", [(0.02, 0.1, 0.05, 0.9), (0.5, 0.5, 0.5, 0.5), (0.9, 0.05, 0.05, 0.0), (1.0, 1.0, 0.0, 1.0)]
)
def test_an_interaction_covers_the_truth(rates: tuple[float, float, float, float]) -> None:
    """In 400 simulated 2 x 2 factorials of 40 a cell at least 92 % of the intervals hold the true interaction."""
    weights = (1, -1, -1, 1)
    truth = sum(w * p for w, p in zip(weights, rates, strict=True))
    draws = np.random.default_rng(0).binomial(40, rates, size=(400, 4))
    covered = 0
    for row in draws:
        found = linear_combination([Term(w, int(k), 40) for w, k in zip(weights, row, strict=True)])
        covered += found.lo - 1e-12 <= truth <= found.hi + 1e-12
    assert covered >= 0.92 * 400


def test_a_sum_with_an_empty_cell_is_unknown() -> None:
    """A term without episodes leaves the whole range open."""
    found = linear_combination([Term(1, 1, 2), Term(-1, 0, 0), Term(-1, 1, 2), Term(1, 1, 2)])
    assert (found.value, found.lo, found.hi) == (None, -2, 2)
    assert inverted_p(lambda level: linear_combination([Term(1, 0, 0)], level)) == 1.0
