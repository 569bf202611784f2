"""Planned looks: bounds against published ones, and the alpha that a stored sweep is tested at."""

import numpy as np
import pytest
from scipy.stats import norm

from hanlon.analysis.stats.looks import alpha_of, nominal_alphas
from hanlon.store.records import Look, LookPlan, SweepRecord

# z of Lan & DeMets' spending of the O'Brien-Fleming type, two-sided 0.05. K=3: what gsDesign (R; sfLDOF, alpha=0.025 a
# side) prints in a vignette of FastSurvival. K=2, 4, 5: a table of three decimals that names gsDesign as its source;
# not run here, since there is no R.
PUBLISHED = {
    2: (2.963, 1.969),
    3: (3.710303, 2.511427, 1.993048),
    4: (4.333, 2.963, 2.359, 2.014),
    5: (4.877, 3.357, 2.680, 2.290, 2.031),
}
# SeqBounds (Julia), README: bounds([0.25, 0.5], 0.05), one-sided
SEQBOUNDS = (3.74955, 2.53993)


@pytest.mark.parametrize("looks", PUBLISHED)
def test_the_bounds_are_the_published_ones(looks: int) -> None:
    """To the decimals printed."""
    bounds = [norm.isf(alpha / 2) for alpha in nominal_alphas(looks)]
    assert bounds == pytest.approx(PUBLISHED[looks], abs=2e-6 if looks == 3 else 5.1e-4)


def test_another_alpha_has_the_bounds_of_another_program() -> None:
    """One-sided 0.05 is 0.1 on both sides: at so early looks, no path crosses both bounds."""
    bounds = [norm.isf(alpha / 2) for alpha in nominal_alphas(4, 0.1)]
    assert bounds[:2] == pytest.approx(SEQBOUNDS, abs=2e-5)


@pytest.mark.parametrize("looks", [3, 5])
def test_a_true_null_hypothesis_is_rejected_at_any_look_as_often_as_alpha_says(looks: int) -> None:
    """400,000 simulated paths of independent steps, within three standard errors."""
    steps = np.random.default_rng(8).standard_normal((400_000, looks))
    z = np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, looks + 1))
    rejected = np.any(2 * norm.sf(np.abs(z)) < np.array(nominal_alphas(looks)), axis=1).mean()
    assert rejected == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / 400_000) ** 0.5)


def test_a_single_look_spends_all_of_it_and_many_looks_spend_it_late() -> None:
    """The last of 20 is still tested at more than half of alpha, and no look at more than the next."""
    assert nominal_alphas(1) == pytest.approx((0.05,))
    assert list(nominal_alphas(20)) == sorted(nominal_alphas(20))
    assert nominal_alphas(20)[0] < 1e-20
    assert nominal_alphas(20)[-1] > 0.025


@pytest.mark.parametrize(("looks", "alpha"), [(0, 0.05), (21, 0.05), (3, 0.0), (3, 1.0)])
def test_what_is_no_number_of_looks_or_no_alpha_is_refused(looks: int, alpha: float) -> None:
    """The message says what they may be."""
    with pytest.raises(ValueError, match="looks are 1 to 20 and alpha lies between 0 and 1"):
        nominal_alphas(looks, alpha)


def sweep(*plans: LookPlan) -> SweepRecord:
    """A sweep with these looks."""
    return SweepRecord("s", ["a", "b", "c"], 120, [], 0.0, looks=list(plans))


def test_a_stored_sweep_is_tested_at_the_alpha_of_the_look_that_it_has_reached() -> None:
    """Between two looks that of the earlier, beyond the last that of the last; each model has its own looks."""
    first = LookPlan(["a"], [Look(40, 0.01), Look(80, 0.02), Look(120, 0.04)])
    second = LookPlan(["b"], [Look(60, 0.03), Look(120, 0.045)])
    looked = sweep(first, second)
    assert [alpha_of(looked, n) for n in (0, 39, 40, 79, 80, 119, 120, 500)] == [
        *(0.01, 0.01, 0.01, 0.01, 0.02, 0.02, 0.04, 0.04)
    ]
    assert alpha_of(looked, 60, ["b"]) == 0.03
    assert alpha_of(looked, 60, ["c"]) == 0.05
    assert alpha_of(sweep(), 60) == 0.05


def test_a_model_that_stopped_has_no_more_episodes_to_come() -> None:
    """Until a later command goes on with it."""
    looks = [Look(40, 0.01), Look(120, 0.04)]
    stopped = sweep(LookPlan(["a"], looks, 1, 1, "x stands alone"), LookPlan(["b"], looks, 1))
    assert [stopped.samples_of(key) for key in "abc"] == [40, 120, 120]
    stopped.looks[0].resumed = True
    assert stopped.samples_of("a") == 120
