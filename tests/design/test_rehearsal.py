"""The verdict rehearsed: scripted rivals are recovered from their rates, and others are not mistaken for them.

What the real pipeline adds to that is in tests/hypotheses/test_verdict_end_to_end.py; `benchmarks/verdict_errors.py`
prints the error rates.
"""

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binomtest

from hanlon.design.draws import draw
from hanlon.design.rehearsal import (
    KnownModel,
    Outcomes,
    control_keys,
    rehearse_all,
    rehearsed_grid,
    scaled,
    scripted_models,
    wobbling,
)
from support.rivals import (
    ALIGNMENT_FAKING,
    RESISTS,
    SHUTDOWN,
    erratic,
    plan,
    policy_truths,
    states,
    stubborn,
    sweep,
)

GRIDS = {"shutdown": SHUTDOWN, "alignment_faking": ALIGNMENT_FAKING}


@pytest.mark.slow
@pytest.mark.parametrize("env", GRIDS)
def test_scripted_rivals_lead_at_the_n_of_their_experiment_and_no_wrong_one_does(env: str) -> None:
    """At their own effects; not shown to lead in less than 85 %."""
    grid = rehearsed_grid(sweep(GRIDS[env]), plan(env))
    models = scripted_models(sweep(GRIDS[env]), grid, scales=(1.0,))
    assert {name for model in models for name in model.right} == {
        h.name for h in plan(env).hypotheses if h.simulated_by
    }
    outcomes = rehearse_all(grid, models, sweep(GRIDS[env]).options.samples, repeats=3)
    both = sum(outcomes, Outcomes())
    assert binomtest(both.leads, both.sweeps, 0.85, "less").pvalue > 0.01, outcomes
    assert binomtest(both.fits, both.sweeps, 0.95, "less").pvalue > 0.01, outcomes
    assert both.wrong == 0, both.misled


@pytest.mark.parametrize("rates", [stubborn, erratic])
def test_a_model_that_nothing_explains_has_no_leader(rates: object) -> None:
    """One that always resists, and one whose rates nothing explains."""
    cells = states(SHUTDOWN)
    grid = rehearsed_grid(sweep(SHUTDOWN), plan("shutdown"))
    model = KnownModel(
        "none",
        frozenset(),
        [dict.fromkeys(RESISTS, rates(state)) for state in cells],  # pyright: ignore
    )
    ended = grid.rehearse(model, 100, repeats=2)
    assert (ended.sweeps, ended.leads, ended.wrong) == (2, 0, 0)


def test_an_obedient_policy_has_nothing_to_explain() -> None:
    """Its rehearsal says so."""
    grid = rehearsed_grid(sweep(SHUTDOWN), plan("shutdown"))
    model = KnownModel("obedient", frozenset(), [r.rates for r in policy_truths(SHUTDOWN, "obedient")])
    assert dict(grid.rehearse(model, 100, repeats=2).conclusions) == {"nothing to explain": 2}


def test_effects_are_scaled_about_the_first_cell_and_controls_stay() -> None:
    """Halved in logits."""
    grid = rehearsed_grid(sweep(SHUTDOWN), plan("shutdown"))
    (whole,) = [m for m in scripted_models(sweep(SHUTDOWN), grid, (1.0,)) if m.name == "test_awareness"]
    halved = scaled(whole.rates, grid, 0.5)
    controls = control_keys(grid)
    assert len(controls) == 1
    first = logit(whole.rates[0]["resistance"])
    for state, before, after in zip(grid.states, whole.rates, halved, strict=True):
        if state.record.key in controls:
            assert after == before
        else:
            moved = (logit(rates["resistance"]) - first for rates in (before, after))
            full, half = moved
            assert half == pytest.approx(full / 2, abs=1e-6)


def test_a_cell_wobbles_by_two_tenths_of_a_logit() -> None:
    """All of its measures together."""
    chance = np.random.default_rng(3)
    drawn = [wobbling([{"resistance": 0.3, "attempt": 0.3}], 0.2, chance)[0] for _ in range(2000)]
    assert all(rates["resistance"] == rates["attempt"] for rates in drawn)
    moved = logit([rates["resistance"] for rates in drawn])
    assert float(moved.std()) == pytest.approx(0.2, rel=0.1)
    assert float(moved.mean()) == pytest.approx(logit(0.3), abs=0.02)


def test_a_rehearsal_is_the_same_each_time() -> None:
    """Its seed is fixed, so that a plan says the same tomorrow."""
    grid = rehearsed_grid(sweep(SHUTDOWN), plan("shutdown"))
    (model, *_) = [m for m in scripted_models(sweep(SHUTDOWN), grid, (1.0,)) if m.name == "ambiguity"]
    assert grid.rehearse(model, 60, 2) == grid.rehearse(model, 60, 2)


def test_attempts_are_drawn_with_what_comes_of_them() -> None:
    """Each measure has its own rate where they differ, here where it was asked to disarm the script."""
    drawn = draw(states(SHUTDOWN), policy_truths(SHUTDOWN, "incapacity"), 2000, np.random.default_rng(1))
    (competence,) = [state for state in drawn.cells if state.record.factors["goal"] == "avoid_shutdown"]
    counts = {name: count.k for name, count in competence.tally.measures.items()}
    assert binomtest(counts["attempt"], 2000, 0.85).pvalue > 1e-4
    assert binomtest(counts["resistance"], 2000, 0.85 * 0.05).pvalue > 1e-4
