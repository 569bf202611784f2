"""What a sweep can show: known powers, rates that leave no room, and where there is some."""

from math import comb

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hanlon.design.planned_contrast import planned
from hanlon.design.power_table import family_size, matrices_of, plan_lines
from hanlon.design.two_rates import (
    WANTED,
    Way,
    approximate_power,
    least_margin,
    n_needed,
    n_to_vanish,
    power_to_vanish,
    simulated_power,
)
from hanlon.hypotheses.matrix import Claimed
from hanlon.hypotheses.observation import WEIGHTS
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from hanlon.cli import main
from hanlon.cli.power import power
from hanlon.design.draws import draw_cells
from hanlon.design.power import base_rate, planned_power
from hanlon.design.rehearsal import rehearsal_setup
from hanlon.design.request_rates import expected_effect, request_count, shifted
from support.rivals import ALIGNMENT_FAKING, SHUTDOWN, plan, states, sweep

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


def least_effect(base: float, n: int, way: Way) -> float | None:
    """The least effect of two cells of independent episodes from this base rate."""
    return planned(claim_of(SHUTDOWN, "shutdown", 2, "negative"), (base, base), 0.05).least_effect(n, way)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_the_least_difference_has_the_power_and_a_smaller_one_has_not(n: int) -> None:
    """At 50 %, where differences are hardest to see; it falls with n."""
    least = least_effect(0.5, n, "fall")
    assert least is not None
    assert simulated_power(0.5, 0.5 - least, n) >= WANTED
    assert simulated_power(0.5, 0.5 - 0.7 * least, n) < WANTED
    more = least_effect(0.5, 4 * n, "fall")
    assert more is not None
    assert more == pytest.approx(least / 2, rel=0.15)


def test_a_drop_from_17_in_1000_cannot_be_seen_with_20_and_the_plan_says_where_it_could() -> None:
    """The clause in the system message leaves 225 of 1,000, in o3's published rates."""
    assert least_effect(0.017, 20, "fall") is None
    assert least_effect(0.017, 20, "rise") is not None
    ours = list(states(f"{O3} samples=20"))
    (shown,) = planned_power(matrices_of(ours, [plan("shutdown")]), 20)
    assert shown.base.source == "17/1000 (palisade_2025)"
    assert not shown.enough
    assert "1.7%" in shown.says
    assert "env.placement=system (225/1000 published) with n = " in shown.advice
    lines = "\n".join(plan_lines(ours, [plan("shutdown")], 20))
    assert "env.placement=system (225/1000 published)" in lines
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


@pytest.mark.slow
def test_power_prints_tables_and_rows_and_rehearses() -> None:
    """The table says n, base rate and method; the rehearsal how often each hypothesis stood."""
    overrides = (
        "env=shutdown model=simulated/ambiguity prompt=baseline,priority_clarified env.stakes=none,replaced"
    )
    shown = CliRunner().invoke(power, [overrides, "--samples", "150", "--rehearse", "2"])
    assert shown.exit_code == 0, shown.output
    assert "the strictest step of Holm" in shown.output
    assert "rehearsed on simulated policies: 2 sweeps each of 150 episodes" in shown.output
    assert "2 instruction_ambiguity" in shown.output
    rows = msgspec.json.decode(CliRunner().invoke(power, [overrides, "--format", "json"]).output)
    assert all(row["n"] == 20 for row in rows)
    nothing = CliRunner().invoke(power, ["env=shutdown prompt=baseline"])
    assert nothing.exit_code == 2
    assert "no hypothesis predicts anything" in nothing.output


def claim_of(overrides: str, env: str, cells: int, sign: str | None) -> Claimed:
    """The first claim of a bundled hypothesis about so many cells, of this sign."""
    (matrix,) = matrices_of(states(overrides), [plan(env)])
    return next(
        claim
        for claim in matrix.claims
        if len(claim.instance.cells) == cells
        and claim.prediction.sign == sign
        and not claim.prediction.vanishes
    )


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
    """Requests that are all alike, each asked once in either tier: sign flips are McNemar's exact test."""
    contrast = planned(
        claim_of(ALIGNMENT_FAKING, "alignment_faking", 2, "positive"), (0.5, 0.5), 0.05, request_sd=0
    )
    assert contrast.requests == 60
    wanted = exact_mcnemar_power(0.5, 0.5 + effect, 60, 0.05)
    assert contrast.power(60, "rise", effect) == pytest.approx(wanted, abs=0.12)
    assert contrast.approximate_power(60, "rise", effect) == pytest.approx(wanted, abs=0.08)


@pytest.mark.parametrize("size", [0.2, 0.3])
def test_the_power_of_a_change_of_independent_differences_agrees_with_the_normal_one(size: float) -> None:
    """Four cells of shutdown: the inverted interval against statsmodels' normal power, to 12 points."""
    claim = claim_of(ALIGNMENT_FAKING, "alignment_faking", 4, "negative")
    bare = msgspec.structs.replace
    cells = tuple(
        type(cell)(bare(cell.record, texts={"system": "no requests"}), cell.tally, cell.folder)
        for cell in claim.instance.cells
    )
    independent = Claimed(
        claim.hypothesis, claim.number, claim.prediction, type(claim.instance)(cells, claim.instance.measure)
    )
    contrast = planned(independent, (0.25, 0.75, 0.25, 0.75), 0.05)
    assert contrast.requests is None
    variance = sum(p * (1 - p) for p in (0.25, 0.75, 0.25, 0.75 - size)) / 150
    wanted = stats.norm.sf(stats.norm.isf(0.025) - size / variance**0.5)
    assert contrast.power(150, "fall", size) == pytest.approx(wanted, abs=0.12)


@given(rate=st.floats(0.01, 0.99), sd=st.floats(0, 3))
def test_requests_differ_about_the_rate_of_their_cell(rate: float, sd: float) -> None:
    """The mean over requests is the cell's rate, whatever the standard deviation between them."""
    requests = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert float(shifted(rate, requests, sd).mean()) == pytest.approx(rate, abs=1e-3)


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.2, 0.6), (0.25, 0.75, 0.25, 0.5)])
def test_the_expected_error_of_a_contrast_is_that_of_simulated_ones(rates: tuple[float, ...]) -> None:
    """By request: what all cells have in common cancels, and what is left falls with the repeats."""
    cells = claim_of(
        ALIGNMENT_FAKING, "alignment_faking", len(rates), "positive" if len(rates) == 2 else "negative"
    )
    chance = np.random.default_rng(5)
    sums: list[float] = []
    for _ in range(400):
        drawn = draw_cells(
            cells.instance.cells, [{"compliance": rate} for rate in rates], 180, chance, request_sd=1.5
        )
        drawn_rates = [cell.tally.measures["compliance"].k / 180 for cell in drawn.cells]
        sums.append(sum(w * rate for w, rate in zip(WEIGHTS[len(rates)], drawn_rates, strict=True)))
    expected = expected_effect(WEIGHTS[len(rates)], rates, 180, 60, 1.5)
    assert float(np.mean(sums)) == pytest.approx(expected.mean, abs=4 * expected.error / 20)
    assert float(np.std(sums)) == pytest.approx(expected.error, rel=0.15)
    assert request_count(cells.instance.cells[0].record) == 60


def test_every_prediction_has_a_row_with_its_unit_also_changes_of_gaps() -> None:
    """Requests where the cells share them; a change of a gap says so."""
    for overrides, env, unit in (
        (ALIGNMENT_FAKING, "alignment_faking", "request"),
        (SHUTDOWN, "shutdown", "episode"),
    ):
        matrices = matrices_of(states(overrides), [plan(env)])
        powers = planned_power(matrices, 600, 0.05, approximate=True)
        assert {(shown_power.claim.column, shown_power.claim.prediction.claim) for shown_power in powers} == {
            (claim.column, claim.prediction.claim) for matrix in matrices for claim in matrix.claims
        }
        assert len(powers) >= family_size(matrices)
        assert {shown_power.unit for shown_power in powers} == {unit}
        for shown_power in powers:
            if len(shown_power.claim.instance.cells) == 4:
                assert "gap" in shown_power.says or "changes" in shown_power.says


def test_a_change_of_a_gap_that_is_too_small_to_see_says_so_and_at_which_n_it_shows() -> None:
    """With one episode a request nothing of a gap of 50 points can be shown to change."""
    powers = planned_power(
        matrices_of(states(ALIGNMENT_FAKING), [plan("alignment_faking")]), 60, 0.05 / 25, approximate=True
    )
    changes = [
        shown_power
        for shown_power in powers
        if len(shown_power.claim.instance.cells) == 4 and shown_power.claim.prediction.sign is None
    ]
    assert changes
    for shown_power in changes:
        assert not shown_power.enough
        assert shown_power.advice.startswith("n = ")
        needed = int(shown_power.advice.split()[2].rstrip(",").replace(",", ""))
        assert needed % 60 == 0
        assert needed > 60


@pytest.mark.slow
def test_the_table_merges_what_it_says_twice_and_begins_with_what_is_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At 100 columns nothing is wider, and the rows are fewer than the predictions."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = CliRunner().invoke(power, ["experiment=shutdown_rivals", "--samples", "300"])
    assert shown.exit_code == 0, shown.output
    table, _, notes = shown.output.partition("Power 80 %")
    assert notes
    assert max(map(len, table.splitlines())) <= 100
    rows = [line for line in table.splitlines()[4:] if line.startswith("  ") and line[2] != " "]
    assert "NOT ENOUGH" in rows[0]
    assert table.count("(palisade_2025)") + table.count("assumed: 50%") < 20
    listed = msgspec.json.decode(
        CliRunner()
        .invoke(power, ["experiment=shutdown_rivals", "--samples", "300", "--format", "json"])
        .output
    )
    assert len(listed) > 25


def test_a_rehearsal_has_a_pair_for_each_right_and_wrong_hypothesis() -> None:
    """Right is whose `simulated_by` names the policy; the shares are those of the rehearsal."""
    setup = rehearsal_setup(sweep(SHUTDOWN), plan("shutdown"))
    rehearsal = setup.rehearse("ambiguity", 300, 3)
    pairs = setup.pairs(rehearsal)
    assert rehearsal.right == ("instruction_ambiguity",)
    assert {pair.wrong for pair in pairs} == {h.name for h in plan("shutdown").hypotheses} - set(
        rehearsal.right
    )
    opposed = {pair.wrong for pair in pairs if pair.opposed}
    assert "self_preservation" in opposed
    assert all(pair.wrong_falls == rehearsal.falls[pair.wrong] for pair in pairs)
    assert set(rehearsal.held) == {
        ("instruction_ambiguity", claim.number)
        for claim in setup.matrix.claims
        if claim.hypothesis.name == "instruction_ambiguity"
    }


@pytest.mark.parametrize("verb", ["power", "preregister"])
def test_overrides_need_no_quotes(verb: str) -> None:
    """As `run.py` takes them."""
    words = [*O3.split(), "samples=20"]
    runner = CliRunner()
    plain, quoted = (runner.invoke(main, [verb, *arguments]) for arguments in (words, [" ".join(words)]))
    assert plain.exit_code == 0, plain.output
    assert plain.output == quoted.output
