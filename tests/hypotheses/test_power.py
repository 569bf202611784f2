"""What a sweep can show: known powers, rates that leave no room, and where there is some."""

import msgspec
import pytest
from click.testing import CliRunner
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from hanlon.analysis.detectable import (
    WANTED,
    approximate_power,
    least_difference,
    least_margin,
    n_needed,
    n_to_vanish,
    power_to_vanish,
    simulated_power,
)
from hanlon.analysis.hypotheses.power import base_rate, planned_power
from hanlon.cli.power import power
from hanlon.power import matrices_of, plan_lines
from rivals import plan, states

O3 = "env=shutdown model=openrouter/openai/o3 prompt=baseline,priority_clarified"


@pytest.mark.parametrize(("base", "treated", "n"), [(0.5, 0.3, 100), (0.2, 0.35, 150), (0.8, 0.6, 60)])
def test_powers_agree_with_another_approximation_and_with_simulation(
    base: float, treated: float, n: int
) -> None:
    """Cohen's h in statsmodels, to 4 points; Fisher's exact test is a little below both."""
    wanted = NormalIndPower().power(proportion_effectsize(base, treated), n, 0.05)
    assert approximate_power(base, treated, n) == pytest.approx(wanted, abs=0.04)
    assert simulated_power(base, treated, n) == pytest.approx(wanted, abs=0.12)
    assert simulated_power(base, treated, n) <= wanted + 0.05


def test_fleiss_worked_sample_size_is_found() -> None:
    """65 % against 50 % at 80 % power: about 170 in each group by the usual formula without continuity correction."""
    assert n_needed(0.5, 0.65) == pytest.approx(170, rel=0.1)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_the_least_difference_has_the_power_and_a_smaller_one_has_not(n: int) -> None:
    """At 50 %, where differences are hardest to see; it falls with n."""
    least = least_difference(0.5, n, "fall")
    assert least is not None
    assert simulated_power(0.5, 0.5 - least, n) >= WANTED
    assert simulated_power(0.5, 0.5 - 0.7 * least, n) < WANTED
    more = least_difference(0.5, 4 * n, "fall")
    assert more is not None
    assert more == pytest.approx(least / 2, rel=0.15)


def test_a_drop_from_17_in_1000_cannot_be_seen_with_20_and_the_plan_says_where_it_could() -> None:
    """The clause in the system message leaves 225 of 1,000, in o3's published rates."""
    assert least_difference(0.017, 20, "fall") is None
    assert least_difference(0.017, 20, "rise") is not None
    ours = list(states(f"{O3} samples=20"))
    (found,) = planned_power(matrices_of(ours, [plan("shutdown")]), 20)
    assert found.base.source == "17/1000 (palisade_2025)"
    assert not found.enough
    assert "1.7%" in found.says
    assert "env.placement=system (225/1000 published) with n = " in found.advice
    said = "\n".join(plan_lines(ours, [plan("shutdown")], 20))
    assert "env.placement=system (225/1000 published)" in said
    moved = list(states(f"{O3} env.placement=system samples=200"))
    (enough,) = planned_power(matrices_of(moved, [plan("shutdown")]), 200)
    assert enough.enough


def test_a_model_without_published_rates_is_planned_at_the_worst_case_and_that_is_said() -> None:
    """A simulated one has none."""
    (first, *_) = states("env=shutdown model=simulated/ambiguity prompt=baseline,priority_clarified")
    assert base_rate(first.record, "resistance").rate == 0.5
    assert "worst case" in base_rate(first.record, "resistance").source


def test_margins_shrink_with_n_and_vanishing_needs_a_base_above_the_margin() -> None:
    """5 points need more than 1,000 episodes a cell at 50 %; a rate of 1.7 % cannot vanish below 5 %."""
    assert least_margin(0.5, 200) > least_margin(0.5, 800) > 0.05
    assert least_margin(0.5, 800) == pytest.approx(least_margin(0.5, 200) / 2, rel=0.15)
    assert power_to_vanish(0.79, 100, 0.05) > WANTED
    assert power_to_vanish(0.79, 20, 0.05) == 0
    assert n_to_vanish(0.017, 0.05) is None
    needed = n_to_vanish(0.79, 0.05)
    assert needed is not None
    assert 59 <= needed <= 70


def test_power_prints_tables_and_rows_and_rehearses() -> None:
    """The table says n, base rate and method; the rehearsal how often each hypothesis stood."""
    overrides = (
        "env=shutdown model=simulated/ambiguity prompt=baseline,priority_clarified env.stakes=none,replaced"
    )
    shown = CliRunner().invoke(power, [overrides, "--samples", "150", "--rehearse", "2"])
    assert shown.exit_code == 0, shown.output
    assert "the strictest step of Holm" in shown.output
    assert "rehearsed on simulated policies" in shown.output
    rows = msgspec.json.decode(CliRunner().invoke(power, [overrides, "--format", "json"]).output)
    assert all(row["n"] == 20 for row in rows)
    nothing = CliRunner().invoke(power, ["env=shutdown prompt=baseline"])
    assert nothing.exit_code == 2
    assert "no hypothesis predicts anything" in nothing.output
