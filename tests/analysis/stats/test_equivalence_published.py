"""Equivalence and non-inferiority as published: counts, margins and printed intervals, and statsmodels' own tests.

The sources are trials whose tables print Newcombe's interval for the difference of two rates. Read in their tables at
PubMed Central; that the first has a margin of 15 points was not read there: its printed p fit no other. Then worked
examples of two books: of one rate (Pardo) and of paired means (Moore, McCabe & Craig). None of two rates with printed
numbers could be read in a book; that one is of a package.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import tost_proportions_2indep

from hanlon.analysis.stats.differences import Difference
from hanlon.analysis.stats.equivalence import p_above, p_below, vanishes
from support.equivalence import equivalence_p, newcombe

# An equivalence trial of two makes of one vaccine, margin 15 points, 95 % intervals: Russo et al., Vaccine 36 (2018)
# 4317-4324, Table 3 (PMC6026293): cases of n by test and comparator, difference, limits in points, p of equivalence
EQUIVALENCE = [
    (181, 214, 191, 219, -2.6, -9.3, 4.0, 0.000),
    (192, 214, 200, 219, -1.6, -7.3, 4.0, 0.000),
    (121, 214, 114, 219, 4.5, -4.9, 13.7, 0.013),
    (76, 95, 81, 98, -2.7, -13.7, 8.4, 0.015),
    (83, 95, 87, 98, -1.4, -10.9, 8.0, 0.003),
    (49, 95, 47, 98, 3.6, -10.3, 17.4, 0.055),
    (105, 119, 110, 121, -2.7, -10.7, 5.3, 0.002),
    (109, 119, 113, 121, -1.8, -8.9, 5.2, 0.001),
    (72, 119, 67, 121, 5.1, -7.3, 17.3, 0.059),
]

# Non-inferiority by 10 points: the lower limit lies above -10. Pediatric Infectious Disease Journal 39 (2020) 955-960,
# Table 2 (PMC7497415), 95 %, to 0.1 points
NOT_INFERIOR_95 = [
    (252, 455, 219, 458, 7.6, 1.1, 14.0),
    (436, 458, 219, 458, 47.4, 42.2, 52.2),
    (361, 458, 294, 459, 14.8, 8.9, 20.5),
    (419, 458, 364, 459, 12.2, 7.7, 16.7),
]

# The same at 97.5 %, to 0.01 points, with rates at and near 100 %: PMC9225511, Tables 2 and 3
NOT_INFERIOR_975 = [
    (213, 213, 199, 210, 5.24, 1.83, 9.85),
    (213, 214, 215, 216, 0.0, -2.71, 2.67),
    (213, 214, 188, 211, 10.43, 5.68, 16.20),
    (213, 213, 215, 215, 0.0, -2.30, 2.28),
]


def points(limits: Difference) -> list[float]:
    """A difference and its limits in percentage points."""
    return [100 * fraction for fraction in (limits.value or 0.0, limits.lo, limits.hi)]


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "value", "lo", "hi", "p"), EQUIVALENCE)
def test_a_published_equivalence_trial(
    k1: int, n1: int, k2: int, n2: int, value: float, lo: float, hi: float, p: float
) -> None:
    """Interval to the digits printed, and its conclusion: equivalent in seven of nine comparisons, open in two.

    The p that the table prints is of another test than its interval; ours, the interval's, lies within 0.002 of it.
    """
    interval = newcombe(k1, n1, k2, n2)
    assert points(interval(0.95)) == pytest.approx((value, lo, hi), abs=0.0501)
    ours = equivalence_p(interval, margin=0.15)
    assert ours == pytest.approx(p, abs=0.002)
    assert (ours < 0.025) == (p < 0.025)
    assert p_above(interval, 0.15) > 0.025
    assert p_below(interval, -0.15) > 0.025


@pytest.mark.parametrize(
    ("row", "level", "digits"),
    [
        *((row, 0.95, 0.0501) for row in NOT_INFERIOR_95),
        *((row, 0.975, 0.00501) for row in NOT_INFERIOR_975),
    ],
)
def test_published_non_inferiority(
    row: tuple[int, int, int, int, float, float, float], level: float, digits: float
) -> None:
    """Intervals to the digits printed; all eight lie above -10 points; equivalent is only what also lies below 10."""
    *counts, value, lo, hi = row
    k1, n1, k2, n2 = (int(count) for count in counts)
    interval, alpha = newcombe(k1, n1, k2, n2), (1 - level) / 2
    assert points(interval(level)) == pytest.approx((value, lo, hi), abs=digits)
    assert p_above(interval, -0.10) < alpha
    assert (equivalence_p(interval, margin=0.10) < alpha) == (hi < 10)


# Pardo, Equivalence and Noninferiority Tests for Quality, Manufacturing and Test Engineers, CRC Press 2013, pp. 1-7,
# Tests 1.1 and 1.2, read in O'Reilly's text of those pages (ISBN 9781466586888, chapter-07 and chapter-08): the
# chance of at least, or of at most, k of 100 at a rate
AT_LEAST = [(92, 0.95, 0.9369), (93, 0.8726, 0.0502), (40, 0.475, 0.9460)]
AT_MOST = (60, 0.525, 0.9460)


@pytest.mark.parametrize(("k", "rate", "chance"), AT_LEAST)
def test_the_lower_one_sided_test_of_a_book(k: int, rate: float, chance: float) -> None:
    """That a control of k/100 is above a rate, to four digits; of 0.94595 the book prints 0.9460."""
    assert vanishes(k, 100, 0, 100, margin=rate).p == pytest.approx(chance, abs=5.2e-5)


def test_the_upper_one_sided_test_of_a_book() -> None:
    """That a treated cell of k/100 is below a rate, to four digits; of 0.94595 the book prints 0.9460."""
    k, rate, chance = AT_MOST
    assert vanishes(100, 100, k, 100, margin=rate).p == pytest.approx(chance, abs=5.2e-5)


def test_an_equivalence_test_of_one_rate_in_a_book() -> None:
    """Pardo's Test 1.2, 59 of 100 against 0.50 +/- 0.025: its exact 90 % interval, 0.503 to 0.673, to these digits.

    The decision differs, and must: the book calls 59 equivalent because 40 < 59 < 60, where it wants to conclude
    equivalence with 95 % at the margin itself; two one-sided tests may do so with 5 % there. Nothing is shown by ours.
    """

    def from_half(level: float) -> Difference:
        found = vanishes(59, 100, 59, 100, margin=0.5, alpha=(1 - level) / 2)
        return Difference(0.09, found.treated_lo - 0.5, found.treated_hi - 0.5, level, "Clopper-Pearson")

    assert 0.5 + from_half(0.9).lo == pytest.approx(0.503, abs=5e-4)
    assert 0.5 + from_half(0.9).hi == pytest.approx(0.673, abs=5e-4)
    assert equivalence_p(from_half, margin=0.025) > 0.05
    assert p_above(from_half, 0.025) > 0.05


def test_an_equivalence_test_of_paired_means_in_a_textbook() -> None:
    """Not equivalent within 0.20 at 5 %, as the book concludes from its 90 % interval of (-0.112, 0.2133).

    Moore, McCabe & Craig, Introduction to the Practice of Statistics, 9th ed., Example 7.8 (51 pairs, t* = 1.676;
    digfir-published.macmillanusa.com/ips9e/asset/ch7/supp_wins/examples/example_7_8.html). Mean and standard error
    are taken from the printed interval, as its page has them in pictures: what is tested is scipy's t for the table's
    and the decision. The book prints no p; ours is that of Student's t at the nearer margin.
    """
    mean, error = (0.2133 - 0.112) / 2, (0.2133 + 0.112) / 2 / 1.676

    def paired(level: float) -> Difference:
        lo, hi = stats.t.interval(level, 50, mean, error)
        return Difference(mean, float(lo), float(hi), level, "Student's t")

    assert paired(0.9).lo == pytest.approx(-0.112, abs=5e-4)
    assert paired(0.9).hi == pytest.approx(0.2133, abs=5e-5)
    p = equivalence_p(paired, margin=0.20)
    assert 0.05 < p < 0.07
    assert p == pytest.approx(float(stats.t.sf((0.20 - mean) / error, 50)), abs=1e-6)
    assert p_above(paired, 0.20) > 0.05


def test_an_equivalence_test_of_two_rates_by_a_package() -> None:
    """65 and 70 of 100 within 10 points: not equivalent by either, and p and limits within 0.002 of Wald's.

    The example of R's TOSTER, `TOSTtwo.prop`, with the numbers of its own test (github.com/Lakens/TOSTER,
    tests/testthat/test-known_results.R), which are Wald's; statsmodels shows that they were copied right.
    """
    theirs = tost_proportions_2indep(65, 100, 70, 100, -0.1, 0.1, method="wald", correction=False)
    larger, smaller = theirs.results_larger, theirs.results_smaller
    seen = (larger.statistic, larger.pvalue, smaller.statistic, smaller.pvalue)
    assert seen == pytest.approx((0.7559289, 0.2248459, -2.267787, 0.0116711), abs=1e-6)
    interval = newcombe(65, 100, 70, 100)
    limits = interval(0.9)
    assert limits.value == pytest.approx(-0.05)
    assert (limits.lo, limits.hi) == pytest.approx((-0.1587968, 0.05879684), abs=0.002)
    assert equivalence_p(interval, margin=0.1) == pytest.approx(0.2248459, abs=0.002)
    assert p_below(interval, -0.1) > 0.05


@st.composite
def two_counts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Cases and episodes of two cells with rates that are not far apart."""
    n1, n2 = draw(st.integers(20, 160)), draw(st.integers(20, 160))
    k1 = draw(st.integers(0, n1))
    near = round(k1 / n1 * n2)
    k2 = draw(st.integers(max(0, near - n2 // 4), min(n2, near + n2 // 4)))
    return k1, n1, k2, n2


@pytest.mark.filterwarnings(
    "ignore::RuntimeWarning"
)  # statsmodels divides by rates of 0 for what is not asked
@given(two_counts(), st.sampled_from([0.1, 0.15, 0.2]))
def test_the_decision_is_that_of_statsmodels_score_tests(
    counts: tuple[int, int, int, int], margin: float
) -> None:
    """Two one-sided score tests (Farrington & Manning 1990) decide the same unless their own p is near alpha.

    Both build on score variances: ours on those of the single rates, theirs on one under the null. Of 13,500 random
    tables none differed with a score p outside 0.020 to 0.064. Their Wald test is no check: at 0/20 and 0/27 it finds
    p = 0 within 10 points, where nothing is shown.
    """
    ours = equivalence_p(newcombe(*counts), margin)
    p = float(tost_proportions_2indep(*counts, -margin, margin, method="score", correction=False).pvalue)
    if p < 0.01:
        assert ours < 0.05
    if p > 0.08:
        assert ours >= 0.05
