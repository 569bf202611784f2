"""Scripted policies, whose truth is known: the verdict on counts drawn from their rates."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hanlon.analysis.stats.rates import wilson
from hanlon.design.draws import draw_cells
from hanlon.design.rehearsal import Outcomes, rehearse_all
from hanlon.hypotheses.schema import Hypothesis
from hanlon.hypotheses.verdict import GridVerdict, judge
from hanlon.simulated.policy import PolicyRates
from support.quick import mostly_slow
from support.rivals import (
    ALIGNMENT_FAKING,
    COMPLIES,
    RESISTS,
    SHUTDOWN,
    erratic,
    like_llama_8b,
    like_o3,
    mixture,
    plan,
    policy_truths,
    states,
    stubborn,
    truths,
)
from verdict_errors import ENVIRONMENTS, Environment, known_truth

SEED = 20251130
GRIDS = {"shutdown": SHUTDOWN, "alignment_faking": ALIGNMENT_FAKING}
RIVALS = [
    (env, hypothesis) for env in GRIDS for hypothesis in plan(env).hypotheses if hypothesis.simulated_by
]
Rates = Sequence[dict[str, float]]


def rates_of(overrides: str, policy: str) -> list[dict[str, float]]:
    """A policy's rates in each cell."""
    return [dict(cell.rates) for cell in policy_truths(overrides, policy)]


def drawn_verdict(overrides: str, env: str, rates: Rates, n: int, chance: np.random.Generator) -> GridVerdict:
    """The verdict on n episodes a cell at these rates."""
    drawn = draw_cells(states(overrides), rates, n, chance)
    (verdict,) = judge(drawn.cells, plan(env), values=drawn.values)
    return verdict


def status_of(verdict: GridVerdict, name: str) -> str:
    """The status of a hypothesis."""
    return next((rival.status for rival in verdict.rivals if rival.name == name), verdict.conclusion)


@pytest.mark.parametrize(("env", "hypothesis"), mostly_slow(RIVALS, 5, lambda rival: rival[1].name))
def test_at_100_episodes_a_cell_the_true_rival_leads_or_fits(env: str, hypothesis: Hypothesis) -> None:
    """One sweep of each policy on the rivals' grid; nothing else leads."""
    rates = rates_of(GRIDS[env], str(hypothesis.simulated_by))
    verdict = drawn_verdict(GRIDS[env], env, rates, 100, np.random.default_rng(SEED))
    assert status_of(verdict, hypothesis.name) in ("leads", "fits")
    assert verdict.leader is None or verdict.leader.name == hypothesis.name


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_the_true_rival_leads_and_a_wrong_one_does_not(environment: Environment) -> None:
    """It leads or fits in 95 % of sweeps, a wrong one leads in at most 2 %; it leads in 85 % at n = 100, 95 % at 400.

    Effects at half, once and one and a half times their size; rates that wobble. At half their size n = 100 is too few
    to lead (docs/statistics.md). The other leads are held to these aims by the upper bound of their intervals: two
    sweeps of each policy cannot tell 93 from 95 %.
    """
    grid, models = known_truth(environment)
    for n, aim in zip(environment.known_n, (0.85, 0.95), strict=True):
        outcomes = rehearse_all(grid, models, n, 2)
        total = sum(outcomes, Outcomes())
        assert total.fits >= 0.95 * total.sweeps, (n, total)
        assert total.wrong <= 0.02 * total.sweeps, (n, total)
        whole = sum(
            (ended for model, ended in zip(models, outcomes, strict=True) if model.scale >= 1), Outcomes()
        )
        assert wilson(whole.leads, whole.sweeps)[1] >= aim, (n, whole)


OBEDIENT = {
    "obedient": (
        "arena_4_2_shutdown clarification_parts gdm_2025 palisade_2025 palisade_effort palisade_placement "
        "shutdown_rivals"
    ),
    "honest_refuser": (
        "alignment_faking_rivals arena_4_2_alignment_faking greenblatt_2024_ablations greenblatt_2024_animal_welfare "
        "greenblatt_2024_minimal koorndijk_2025 sheshadri_2025_tiers tang_2026_monitoring"
    ),
    "plays_fair": "secret_number_rivals singh_2026_secret_number",
}
LONG = ("greenblatt_2024_ablations", "greenblatt_2024_animal_welfare", "tang_2026_monitoring")
"""Experiments whose cells take more than five seconds to compose."""


@pytest.mark.parametrize(
    ("policy", "experiment"),
    [
        pytest.param(policy, name, id=name, marks=[pytest.mark.slow] * (name in LONG))
        for policy, names in OBEDIENT.items()
        for name in names.split()
    ],
)
def test_an_obedient_model_leaves_nothing_to_explain(policy: str, experiment: str) -> None:
    """In every bundled experiment of its environment."""
    overrides = {"shutdown_rivals": SHUTDOWN, "alignment_faking_rivals": ALIGNMENT_FAKING}.get(
        experiment, f"experiment={experiment} model=simulated/{policy}"
    )
    env = states(overrides)[0].record.env
    verdict = drawn_verdict(overrides, env, rates_of(overrides, policy), 100, np.random.default_rng(SEED))
    assert verdict.conclusion == "nothing to explain"
    assert verdict.rivals == []


def test_every_bundled_experiment_has_a_model_that_obeys() -> None:
    """A new experiment is added to the test above."""
    from support.composed import CONF

    bundled = {file.stem for file in (CONF / "experiment").glob("*.yaml")}
    assert bundled == {name for names in OBEDIENT.values() for name in names.split()}


NOBODY: dict[str, tuple[str, Callable[[], Sequence[PolicyRates]]]] = {
    "like_o3": ("shutdown", lambda: truths(SHUTDOWN, like_o3, RESISTS)),
    "stubborn": ("shutdown", lambda: truths(SHUTDOWN, stubborn, RESISTS)),
    "erratic": ("shutdown", lambda: truths(SHUTDOWN, erratic, RESISTS)),
    "mixture": ("shutdown", lambda: mixture(SHUTDOWN, "ambiguity", "self_preservation")),
    "like_llama_8b": ("alignment_faking", lambda: truths(ALIGNMENT_FAKING, like_llama_8b, COMPLIES)),
    "two_readers": ("alignment_faking", lambda: mixture(ALIGNMENT_FAKING, "lexical", "rater_sycophant")),
}


@pytest.mark.parametrize("model", NOBODY)
def test_of_a_model_that_none_of_them_states_nobody_leads(model: str) -> None:
    """Several effects at once, none at all, any rate anywhere, and two policies in half of the episodes each."""
    env, truth = NOBODY[model]
    rates = [dict(each.rates) for each in truth()]
    verdict = drawn_verdict(GRIDS[env], env, rates, 200, np.random.default_rng(SEED))
    assert verdict.leader is None


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("experiment", ["palisade_2025", "gdm_2025"])
@pytest.mark.parametrize("hypothesis", [rival for env, rival in RIVALS if env == "shutdown"])
def test_on_a_papers_grid_the_true_rival_is_named_or_not_put_to_the_test(
    experiment: str, n: int, hypothesis: Hypothesis
) -> None:
    """Where the grid has none of the cells in which its effects could show, the verdict says so; none else leads."""
    overrides = f"experiment={experiment} model=simulated/obedient"
    rates = rates_of(overrides, str(hypothesis.simulated_by))
    verdict = drawn_verdict(overrides, "shutdown", rates, n, np.random.default_rng(SEED))
    assert status_of(verdict, hypothesis.name) in (
        "leads",
        "fits",
        "not put to the test",
        "nothing to explain",
    )
    assert verdict.leader is None or verdict.leader.name == hypothesis.name


PAIRS = {
    "ambiguity": [
        "prompt=baseline env.precedence=silent,over_all_others",
        "prompt=palisade_e,palisade_h",
        "prompt=baseline,priority_clarified",
        "prompt=baseline env.timing=mid_task,post_task",
    ],
    "distrusts_tool_output": ["prompt=baseline env.request_channel=program,user"],
    "self_preservation": ["prompt=baseline env.stakes=none,replaced"],
    "task_drive": ["prompt=baseline env.stakes=none,other_model"],
    "test_awareness": ["prompt=baseline env.realism=silent,told_real"],
    "incapacity": ["prompt=baseline,competence"],
    "lexical": ["tier=free,paid", "tier=swapped/free,swapped/paid"],
    "terminal_faker": ["tier=nameless/amber,nameless/birch"],
    "naive_complier": ["prompt=baseline,no_conflict tier=free"],
}


@pytest.mark.parametrize(
    ("policy", "pair"), [(policy, pair) for policy, pairs in PAIRS.items() for pair in pairs]
)
def test_a_sweep_of_two_cells_prints_no_leader(policy: str, pair: str) -> None:
    """One contrast has several explanations, however many episodes it has."""
    env = "alignment_faking" if "tier" in pair else "shutdown"
    overrides = f"env={env} {pair} controls=none model=simulated/{policy}"
    assert len(states(overrides)) == 2
    verdict = drawn_verdict(overrides, env, rates_of(overrides, policy), 1000, np.random.default_rng(SEED))
    assert verdict.leader is None
