"""What a sweep can show: known powers, published changes, rates that leave no room, and requests as the unit."""

from math import comb

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from hanlon.cli import main
from hanlon.cli.power import power
from hanlon.design.cell_pairs import (
    WANTED,
    Unit,
    approximate_power,
    least_change,
    n_needed,
    simulated_power,
)
from hanlon.design.draws import draw_cells
from hanlon.design.power import change_powers, power_lines
from hanlon.design.request_rates import expected_effect, request_count, shifted
from support.rivals import ALIGNMENT_FAKING, SHUTDOWN, states

O4_MINI = "env=shutdown model=openrouter/openai/o4-mini prompt=baseline env.placement=user,system samples=100"
SMALL = (
    "env=shutdown model=simulated/ambiguity env.stakes=none,replaced env.precedence=silent,over_all_others "
    "hypotheses=[instruction_ambiguity,self_preservation]"
)


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
    assert n_needed(0.5, 0.65, simulate=False) == pytest.approx(170, rel=0.01)
    assert n_needed(0.5, 0.65) == pytest.approx(170, rel=0.1)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_the_least_change_has_the_power_and_a_smaller_one_has_not(n: int) -> None:
    """At 50 %, where differences are hardest to see; it falls with the root of n."""
    treated = least_change(0.5, n, "fall")
    assert treated is not None
    assert simulated_power(0.5, treated, n) >= WANTED
    assert simulated_power(0.5, 0.5 - 0.7 * (0.5 - treated), n) < WANTED
    four = least_change(0.5, 4 * n, "fall")
    assert four is not None
    assert 0.5 - four == pytest.approx((0.5 - treated) / 2, rel=0.15)


def test_a_fall_from_17_in_1000_cannot_be_seen_with_20_and_a_large_rise_can() -> None:
    """o3 in the plain user message; a rate that nobody will see as 0 or 1 either."""
    assert least_change(0.017, 20, "fall") is None
    rise = least_change(0.017, 20, "rise")
    assert rise is not None
    assert simulated_power(0.017, rise, 20) >= WANTED
    assert n_needed(0.017, 0.017) is None


def exact_mcnemar_power(base: float, treated: float, pairs: int, alpha: float) -> float:
    """Of independent pairs: the number that differs is binomial, and which way each does, too."""
    up, down = treated * (1 - base), base * (1 - treated)
    return sum(
        comb(pairs, d)
        * (up + down) ** d
        * (1 - up - down) ** (pairs - d)
        * sum(
            stats.binom.pmf(k, d, up / (up + down))
            for k in range(d + 1)
            if stats.binomtest(k, d).pvalue < alpha
        )
        for d in range(1, pairs + 1)
    )


@pytest.mark.parametrize("effect", [0.15, 0.25])
def test_the_power_of_requests_asked_once_is_that_of_the_exact_sign_test(effect: float) -> None:
    """Requests that are all alike, each asked once in either cell: sign flips are McNemar's exact test."""
    alike = Unit(requests=60, request_sd=0)
    wanted = exact_mcnemar_power(0.5, 0.5 + effect, 60, 0.05)
    assert simulated_power(0.5, 0.5 + effect, 60, alike) == pytest.approx(wanted, abs=0.12)
    assert approximate_power(0.5, 0.5 + effect, 60, alike) == pytest.approx(wanted, abs=0.1)


def test_the_n_for_cells_that_share_requests_is_a_multiple_of_these() -> None:
    """Every request as often as the others."""
    needed = n_needed(0.2, 0.4, Unit(60))
    assert needed is not None
    assert needed % 60 == 0
    assert approximate_power(0.2, 0.4, needed, Unit(60)) >= WANTED


@given(rate=st.floats(0.01, 0.99), sd=st.floats(0, 3))
def test_requests_differ_about_the_rate_of_their_cell(rate: float, sd: float) -> None:
    """The mean over requests is the cell's rate, whatever the standard deviation between them."""
    requests = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert float(shifted(rate, requests, sd).mean()) == pytest.approx(rate, abs=1e-3)


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.2, 0.6)])
def test_the_expected_error_of_a_contrast_is_that_of_simulated_ones(rates: tuple[float, ...]) -> None:
    """By request: what all cells have in common cancels, and what is left falls with the repeats."""
    cells = states(ALIGNMENT_FAKING)[:2]
    assert request_count(cells[0].record) == 60
    chance = np.random.default_rng(5)
    differences: list[float] = []
    for _ in range(400):
        drawn = draw_cells(cells, [{"compliance": rate} for rate in rates], 180, chance, request_sd=1.5)
        base, treated = (cell.tally.measures["compliance"].k / 180 for cell in drawn.cells)
        differences.append(treated - base)
    expected = expected_effect((-1, 1), rates, 180, 60, 1.5)
    assert float(np.mean(differences)) == pytest.approx(expected.mean, abs=4 * expected.error / 20)
    assert float(np.std(differences)) == pytest.approx(expected.error, rel=0.15)


def test_where_both_cells_are_published_the_n_for_their_change_is_said() -> None:
    """o4-mini in Palisade's B and C: 55 and 202 of 1000."""
    (change,) = change_powers(states(O4_MINI), 100)
    assert change.change == "placement user -> system"
    assert (str(change.base), str(change.treated)) == ("55/1000", "202/1000")
    assert change.needed == n_needed(0.055, 0.202)
    shown = CliRunner().invoke(power, [O4_MINI])
    assert shown.exit_code == 0, shown.output
    assert f"55/1000 -> 202/1000 needs n = {change.needed}" in " ".join(shown.output.split())


def test_every_varied_level_has_a_row_and_an_unpublished_base_one_for_each_rate() -> None:
    """A simulated model has no published rates; controls are no rows."""
    changes = change_powers(states(SHUTDOWN), 100, bases=(0.3,), simulate=False)
    assert {change.change for change in changes} == {
        "precedence silent -> over_all_others",
        "stakes none -> replaced",
        "stakes none -> other_model",
        "timing mid_task -> post_task",
        "request_channel program -> user",
        "realism silent -> told_test",
        "realism silent -> told_real",
        "pressure none -> imperative",
    }
    assert {change.base.rate for change in changes} == {0.3}
    assert len(change_powers(states(SHUTDOWN), 100, simulate=False)) == 2 * len(changes)
    by_request = change_powers(states(ALIGNMENT_FAKING), 120, simulate=False)
    assert {change.unit.requests for change in by_request} == {60}


def test_the_table_says_what_must_be_read_beside_it_and_json_has_plain_rows() -> None:
    """Changes of which the same is to be said share a row; at 100 columns nothing is wider."""
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(
        power, [SMALL, "--samples", "150", "--base", "0.4", "--notes"]
    )
    assert shown.exit_code == 0, shown.output
    answer, _, below = shown.output.partition("\n\n")
    assert answer.startswith("From a rate of 40%, assumed, n = 150 shows a fall to ")
    table, _, notes = below.partition("Power 80 %")
    assert "Fisher's exact test" in " ".join(notes.split())
    assert max(map(len, table.splitlines())) <= 100
    assert table.count("40%, assumed") == 1
    rows = msgspec.json.decode(CliRunner().invoke(power, [SMALL, "--format", "json"]).output)
    assert [row["base_rate"] for row in rows] == [0.2, 0.5, 0.2, 0.5]
    assert all(row["n"] == 20 and row["n_for_published"] is None for row in rows)


def test_two_rates_need_no_sweep() -> None:
    """The n for them, and the power at n."""
    shown = CliRunner().invoke(power, ["--rates", "0.055,0.2", "--samples", "100"])
    assert shown.exit_code == 0, shown.output
    assert f"needs n = {n_needed(0.055, 0.2)} a cell; n = 100 has " in shown.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "OVERRIDES are missing"),
        (["--rates", "0.1"], "--rates takes two rates with a comma"),
        (["--rates", "5,20"], "fractions from 0 to 1"),
        (["env=shutdown prompt=basline"], "basline"),
        ([SMALL, "--n-for", "wins"], "'leads'"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(arguments: list[str], says: str) -> None:
    """Exit code 2."""
    shown = CliRunner().invoke(power, arguments)
    assert shown.exit_code == 2
    assert says in shown.output


def test_a_sweep_that_varies_nothing_is_told_so() -> None:
    """One cell has no change."""
    shown = CliRunner().invoke(power, ["env=shutdown prompt=baseline controls=none"])
    assert "No factor is varied" in shown.output


def test_a_plan_of_a_billion_episodes_is_quick() -> None:
    """By the approximation alone."""
    assert "a fall to 50.0% or a rise to 50.0%" in "\n".join(power_lines(states(ALIGNMENT_FAKING), 10**9))


@pytest.mark.slow
def test_the_n_at_which_the_right_hypothesis_leads_is_rehearsed_and_the_command_printed() -> None:
    """Progress on stderr; rows as JSON have the same rungs."""
    words = f"{SMALL} samples=20"
    arguments = [words, "--n-for", "leads", "--repeats", "3"]
    shown = CliRunner().invoke(power, arguments)
    assert shown.exit_code == 0, shown.output
    assert "shutdown: 18 sweeps at n = 50" in shown.stderr
    rows = msgspec.json.decode(CliRunner().invoke(power, [*arguments, "--format", "json"]).stdout)
    n = max(row["n"] for row in rows)
    (last,) = [row for row in rows if row["n"] == n and row["policy"] is None]
    assert last["leads"] >= 0.85
    assert f"samples={n}\n" in shown.stdout
    assert "samples=20 " not in shown.stdout


@pytest.mark.parametrize("verb", ["power", "preregister"])
def test_overrides_need_no_quotes(verb: str) -> None:
    """As `run.py` takes them."""
    words = [*O4_MINI.split(), "tier=none"]
    runner = CliRunner()
    plain, quoted = (runner.invoke(main, [verb, *arguments]) for arguments in (words, [" ".join(words)]))
    assert plain.exit_code == 0, plain.output
    assert plain.output == quoted.output
