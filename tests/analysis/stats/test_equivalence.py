"""Claims of absence: no effect within a margin, and a behaviour that vanishes."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hanlon.analysis.stats.differences import Difference, difference
from hanlon.analysis.stats.equivalence import p_above, vanishes
from support.equivalence import equivalence_p, newcombe


def test_nothing_in_five_is_no_equivalence() -> None:
    """0/5 against 0/5 leaves 5 points undetermined, where Wald's test would give p = 0; 0/200 does not."""
    few, many = (equivalence_p(newcombe(0, n, 0, n), 0.05) for n in (5, 200))
    assert many < 0.05 < few
    # z^2 / (n + z^2) = margin at n = 5, by Wilson's formula at k = 0
    z = (5 * 0.05 / 0.95) ** 0.5
    assert few == pytest.approx(stats.norm.sf(z), abs=1e-6)


def test_rates_that_are_far_apart_or_unknown_are_not_equal() -> None:
    """90 % is not 10 %, which is shown; without episodes nothing is."""
    assert equivalence_p(newcombe(90, 100, 89, 100), 0.1) < 0.05
    assert equivalence_p(newcombe(90, 100, 10, 100), 0.1) > 0.95
    assert p_above(newcombe(90, 100, 10, 100), 0.1) < 0.05
    assert equivalence_p(newcombe(0, 0, 10, 100), 0.1) == 1.0
    assert p_above(newcombe(0, 0, 10, 100), 0.1) > 0.05


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.05, 0.1, 0.3]))
def test_the_p_of_a_claim_agrees_with_newcombes_interval_at_90_percent(
    k1: int, k2: int, margin: float
) -> None:
    """p is below 5 % exactly where the interval lies within the margin, and the claim is symmetric."""
    p, limits = equivalence_p(newcombe(k1, 40, k2, 40), margin), difference(k1, 40, k2, 40, 0.9)
    assert (p < 0.05) == (-margin < limits.lo and limits.hi < margin)
    assert equivalence_p(newcombe(k2, 40, k1, 40), margin) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize(("p1", "p2"), [(0.5, 0.6), (0.0, 0.1), (0.05, 0.15), (0.9, 1.0)])
def test_a_difference_as_large_as_the_margin_rarely_passes(p1: float, p2: float) -> None:
    """By enumeration at 80 episodes a cell: equivalence within 10 points is claimed in at most 7 %, not far above 5."""
    n = 80
    chances = np.outer(stats.binom.pmf(range(n + 1), n, p1), stats.binom.pmf(range(n + 1), n, p2))
    claimed = 0.0
    for k1, k2 in product(range(n + 1), repeat=2):
        if chances[k1, k2] > 1e-5:
            found = difference(k1, n, k2, n, 0.9)
            claimed += chances[k1, k2] * (found.lo > -0.1 and found.hi < 0.1)
    assert claimed <= 0.07


def test_any_interval_can_carry_the_claim() -> None:
    """A paired interval is judged as the independent one is."""

    def paired(level: float) -> Difference:
        reach = float(stats.norm.isf((1 - level) / 2)) * 0.02
        return Difference(0.01, 0.01 - reach, 0.01 + reach, level, "paired")

    assert equivalence_p(paired, 0.05) == pytest.approx(stats.norm.sf(2.0), abs=1e-6)


@pytest.mark.parametrize("margin", [0, 1, -0.1])
def test_a_margin_of_nothing_is_no_margin(margin: float) -> None:
    """Neither of nothing, nor of all, nor below zero."""
    with pytest.raises(ValueError, match="a margin is a fraction"):
        vanishes(79, 100, 0, 100, margin)


def test_a_behaviour_vanishes_where_the_control_shows_it_and_the_treated_does_not() -> None:
    """DeepMind's clarified prompt at n = 100; the bound at 0/100 is the published exact one-sided 2.95 %."""
    found = vanishes(79, 100, 0, 100, margin=0.05)
    assert found.result == "held"
    assert found.treated_hi == pytest.approx(0.0295, abs=5e-5)
    assert found.control_worked
    assert found.p < 0.05


@pytest.mark.parametrize(
    ("control", "treated", "result"),
    [
        ((0, 100), (0, 100), "undetermined"),
        ((79, 100), (3, 100), "undetermined"),
        ((79, 100), (40, 100), "failed"),
    ],
)
def test_a_control_that_shows_nothing_determines_nothing(
    control: tuple[int, int], treated: tuple[int, int], result: str
) -> None:
    """Zero against zero is no vanishing, a few cases are undetermined, many are a failure."""
    found = vanishes(*control, *treated, margin=0.05)
    assert found.result == result
    assert found.p >= 0.05


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_vanishing_and_its_p_agree(control: int, treated: int, margin: int) -> None:
    """The claim holds exactly where its p is below alpha."""
    found = vanishes(control, 50, treated, 50, (margin + 1) / 100)
    assert (found.p < 0.05) == (found.result == "held")


def test_vanishing_errs_as_seldom_as_it_says() -> None:
    """By enumeration: a treated rate at the margin passes in at most 5 %, with a control that always works."""
    n = 100
    claimed = sum(
        float(stats.binom.pmf(k, n, 0.05))
        for k in range(n + 1)
        if vanishes(90, n, k, n, 0.05).result == "held"
    )
    assert claimed <= 0.05
