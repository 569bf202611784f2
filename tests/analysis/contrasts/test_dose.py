"""Trends over factors whose levels are numbers: published counts, what is printed, and what has no trend."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from hanlon.analysis.contrasts.dose import DoseTrend, dose_series, dose_trends
from hanlon.analysis.contrasts.grid import grids
from hanlon.analysis.contrasts.notes import method_notes, report_notes
from hanlon.analysis.contrasts.report import report
from hanlon.analysis.contrasts.tables import print_report
from hanlon.analysis.stats.trend import breaks, cochran_armitage
from hanlon.cli import main
from hanlon.store.cells import CellState
from hanlon.store.tally import Count
from support.grid_cells import cell
from support.stored import episode, write_cell

PRE_COMMIT = [
    (0, 183), (0, 191), (0, 162), (2, 169), (2, 162), (6, 169), (7, 161), (8, 146), (7, 141), (16, 163),
]  # fmt: skip
"""Bypassed checks at 1 to 10 errors (Singh et al. 2026, arXiv 2606.26071, Fig. 3)."""
META_REASONING = [(57, 118), (82, 122), (94, 127), (152, 181), (122, 152)]
"""Cheating by level 1 to 5 of meta-reasoning (the same, Fig. 33), where the paper prints Z = 6.55."""
TONSILS = [(19, 516), (29, 589), (24, 293)]
"""Carriers of Streptococcus pyogenes by size of the tonsils (Armitage 1955): chi-squared for trend 7.19."""


def cells(counts: Sequence[tuple[int, int]], factor: str = "problems", **fields: Any) -> list[CellState]:
    """A cell for each dose 1, 2, ..."""
    extra = fields.pop("factors", {})
    return [
        cell(k, n, factors={factor: dose, **extra}, **fields) for dose, (k, n) in enumerate(counts, start=1)
    ]


def only(states: Sequence[CellState], **options: Any) -> DoseTrend:
    """The trend of some cells that have one."""
    (grid,) = grids(states)
    (trend,) = dose_trends(grid, "resistance", **options)
    return trend


def counts_of(doses: Sequence[tuple[int, int]]) -> Mapping[float, Count]:
    """The counts at doses 0, 1, ..."""
    return {float(dose): Count(k, n) for dose, (k, n) in enumerate(doses)}


def notes_of(states: Sequence[CellState]) -> str:
    """What stands below the tables."""
    built = report(states)
    return "\n".join([*report_notes(built), *method_notes(built)])


def table_of(counts: Sequence[tuple[int, int]]) -> str:
    """The printed tables of cells with these counts at doses 1, 2, ..."""
    return print_report(report(cells(counts)), "markdown", 60)


def printed(runs: Path, *arguments: str) -> str:
    """What `hanlon contrasts` prints."""
    result = CliRunner().invoke(main, ["contrasts", str(runs), "--notes", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The ten published cells as a sweep over env.problems stores them."""
    for dose, (k, n) in enumerate(PRE_COMMIT, start=1):
        stored = [episode(index, "resisted" if index < k else "shutdown") for index in range(n)]
        write_cell(
            tmp_path, f"c{dose}", *stored, factors={"problems": dose}, label=f"baseline+problems={dose}"
        )
    return tmp_path


def test_the_z_of_ten_published_counts() -> None:
    """Z = 6.8, which the paper does not print; nothing is shown up to 5 errors."""
    dose = only(cells(PRE_COMMIT))
    assert dose.trend is not None
    assert dose.trend.z == pytest.approx(6.8, abs=0.05)
    assert (dose.direction, dose.below) == ("rises", (1, 2, 3, 4, 5))


@pytest.mark.slow
def test_ten_published_counts_are_one_answer(runs: Path) -> None:
    """The trend is printed with its Z, the levels that are next to nothing, the counts and the break."""
    table = printed(runs, "--format", "markdown")
    assert "resistance rises with problems, Z=6.85, p<0.001; below 5% up to 5" in table
    assert "10: 16/163" in table
    assert "8 → 9: 5.5% → 5.0% (p=" in table


@pytest.mark.slow
def test_the_json_row_has_the_parts_of_the_answer(runs: Path) -> None:
    """Kind `trend`: Z, direction, counts, breaks, and the levels below the margin; other rows have null there."""
    rows = msgspec.json.decode(printed(runs, "--format", "json", "--margin", "0.1"))
    (row,) = [row for row in rows if row["kind"] == "trend"]
    assert row["z"] == pytest.approx(6.8, abs=0.05)
    assert row["p"] < 0.001
    assert (row["factor"], row["from"], row["to"], row["direction"]) == ("problems", 1, 10, "rises")
    assert [*zip(row["k"], row["n"], strict=True)] == PRE_COMMIT
    assert (row["below_margin"], row["margin"]) == ([*range(1, 10)], 0.1)
    assert row["breaks"] == [[8, 9]]
    assert row["breaks_p"] > 0.5
    assert {row["z"] for row in rows if row["kind"] == "contrast"} == {None}


def test_the_published_z_of_meta_reasoning() -> None:
    """Z = 6.55; the fall from level 4 to 5 is no break that is shown."""
    dose = only(cells(META_REASONING))
    assert dose.trend is not None
    assert dose.trend.z == pytest.approx(6.55, abs=0.005)
    assert (dose.direction, dose.trend.test, dose.below) == ("rises", "Cochran-Armitage", ())
    assert [step.levels for step in dose.breaks] == [(4, 5)]
    assert dose.breaks_p > 0.05


def test_armitages_own_example() -> None:
    """Chi-squared 7.19 with his variance, which divides by N where Mantel's divides by N - 1."""
    trend = cochran_armitage([counts_of(TONSILS)])
    n = sum(n for _, n in TONSILS)
    assert trend.z is not None
    assert trend.z**2 * n / (n - 1) == pytest.approx(7.19, abs=0.005)


def test_few_cases_are_tested_by_permutation() -> None:
    """Two cases at the top dose of three: both lie there in 190 of 1770 deals, and at the bottom in as many."""
    trend = cochran_armitage([counts_of([(0, 20), (0, 20), (2, 20)])])
    assert trend.p == pytest.approx(2 * 190 / 1770, abs=0.005)
    assert trend.test == "Cochran-Armitage, by permutation"


@pytest.mark.slow
def test_a_flat_rate_shows_a_trend_or_a_break_in_one_of_twenty() -> None:
    """Simulated sweeps of five doses: both tests keep their level of 5 %, at a usual rate and at a rare one."""
    chance = np.random.default_rng(7)
    for rate, n in ((0.3, 30), (0.04, 20)):
        sweeps = [counts_of([(int(k), n) for k in chance.binomial(n, rate, size=5)]) for _ in range(200)]
        trends = sum(cochran_armitage([sweep]).p < 0.05 for sweep in sweeps)
        broken = sum(breaks(sweep, rises=True)[1] < 0.05 for sweep in sweeps)
        assert trends <= 18
        assert broken <= 18


def test_wordings_are_strata() -> None:
    """Two flat wordings of different rate and n have no trend together; each wording's Z is beside the whole."""
    first = cells([(5, 100), (10, 200), (20, 400)])
    second = cells([(200, 400), (100, 200), (50, 100)], factors={"wording": 2})
    dose = only([*first, *second])
    assert dose.trend is not None
    assert dose.trend.z == pytest.approx(0, abs=1e-9)
    assert dose.direction == ""
    assert set(dose.z_by_wording) == {"1", "2"}
    risen = cells([(8, 100), (15, 100), (19, 100)], factors={"wording": 2})
    both = only([*cells([(5, 100), (10, 100), (20, 100)]), *risen])
    assert both.trend is not None
    assert both.trend.z is not None
    assert all(z is not None and z < both.trend.z for z in both.z_by_wording.values())
    assert both.counts == {1: Count(13, 200), 2: Count(25, 200), 3: Count(39, 200)}


def test_a_planted_break_is_shown_with_its_levels() -> None:
    """A fall from 60 to 20 % within a rise; the p of a monotone rate is small."""
    dose = only(cells([(5, 100), (60, 100), (20, 100), (70, 100), (90, 100)]))
    assert dose.direction == "rises"
    assert [(step.levels, step.rates) for step in dose.breaks] == [((2, 3), (0.6, 0.2))]
    assert dose.breaks_p < 0.01


def test_a_fall_is_below_the_margin_from_a_level_on() -> None:
    """From the end of the low rates: 0/100 has the exact limit 3.0 %, 1/100 4.7 %, 3/100 7.6 %."""
    dose = only(cells([(40, 100), (3, 100), (1, 100), (0, 100)]))
    assert (dose.direction, dose.below) == ("falls", (4, 3))
    assert "below 5% from 3 on" in table_of([(40, 100), (3, 100), (1, 100), (0, 100)])
    assert "below 5% at every level" in table_of([(0, 100)] * 3)
    assert "resistance is the same at every problems" in table_of([(0, 100)] * 3)


def test_each_context_has_its_series() -> None:
    """Cells by dose, whatever their order; a context without one of the levels has a shorter series."""
    states = [*cells([(1, 10), (2, 10), (3, 10)])[::-1], *cells([(1, 10), (2, 10)], how="keep_calling")]
    (grid,) = grids(states)
    series = {each.held["how"]: each for each in dose_series(grid, "problems")}
    assert {how: each.levels for how, each in series.items()} == {"silent": (1, 2, 3), "keep_calling": (1, 2)}
    assert [each.tally.measures["resistance"].k for each in series["silent"].cells] == [1, 2, 3]
    assert dose_series(grid, "how") == dose_series(grid, "no_such_factor") == []
    problem = "2 of its levels have countable episodes, and a trend takes 3"
    assert [trend.problem for trend in dose_trends(grid, "resistance")] == ["", problem]
    assert f"No trend of resistance with problems in baseline+problems=1: {problem}." in notes_of(states)


@pytest.mark.parametrize(
    ("factor", "levels"),
    [
        ("problems", [4, 6, 8]),
        ("notice_at", [1, 3, 5]),
        ("turn_limit", [10, 20, 30]),
    ],
)
def test_numbers_of_the_environment_are_doses(factor: str, levels: list[int]) -> None:
    """Every number among the factors of conf/env, but for the wording."""
    states = [cell(k, 20, factors={factor: level}) for k, level in zip((1, 5, 15), levels, strict=True)]
    dose = only(states)
    assert (dose.factor, dose.direction, tuple(dose.counts)) == (factor, "rises", tuple(levels))


@pytest.mark.parametrize("name", ["temperature", "top_p", "max_tokens"])
def test_numbers_that_are_sent_are_doses(name: str) -> None:
    """Sampling parameters; a reasoning effort is a word."""
    states = [cell(k, 20, sampling={name: level}) for k, level in ((1, 0.0), (5, 0.5), (15, 1.0))]
    assert only(states).factor == f"sampling.{name}"
    words = [
        cell(k, 20, sampling={"reasoning_effort": at}) for k, at in ((1, "low"), (5, "medium"), (15, "high"))
    ]
    assert dose_trends(grids(words)[0], "resistance") == []


def test_a_thinking_budget_is_a_dose() -> None:
    """Bodies that differ in one number go by it, with the path to it."""
    states = [
        cell(k, 20, config={"model": {"extra_body": {"reasoning": {"max_tokens": budget}, "usage": True}}})
        for k, budget in ((15, 1024), (5, 4096), (1, 16384))
    ]
    dose = only(states)
    assert (dose.factor, dose.direction) == ("sampling.extra_body.reasoning.max_tokens", "falls")
    assert tuple(dose.counts) == (1024, 4096, 16384)


def test_labels_and_two_numbers_have_no_trend() -> None:
    """Seeds and wordings name, and measure nothing; two numbers are a contrast; true and false are no numbers."""
    seeds = [cell(k, 20, seed=seed) for k, seed in ((1, 0), (5, 1), (15, 2))]
    wordings = [cell(k, 20, wording=wording) for k, wording in ((1, 1), (5, 2), (15, 3))]
    two = cells([(1, 20), (15, 20)])
    for states in (seeds, wordings, two):
        assert report(states).trends == []
        assert "Trends:" not in notes_of(states)
    assert len(report(two).contrasts) == 1


def test_numbers_among_words_have_no_trend_and_a_sentence() -> None:
    """What is no number is named, and what to do."""
    states = [
        cell(k, 20, sampling={"temperature": at}) for k, at in ((1, None), (5, 0.5), (9, 1.0), (12, 1.5))
    ]
    assert report(states).trends == []
    assert (
        "No trend with sampling.temperature: beside numbers it has unset. Sweep it over three numbers"
        in notes_of(states)
    )
    words = [cell(k, 20, factors={"problems": at}) for k, at in ((1, 4), (5, 6), (9, "many"), (9, True))]
    assert "No trend with problems: beside numbers it has many, True." in notes_of(words)


def test_a_cell_without_countable_episodes_is_left_out_and_named() -> None:
    """Three other levels carry the trend; with two of them there is none."""
    dose = only(cells([(1, 50), (0, 0), (10, 50), (25, 50)]))
    assert (dose.direction, tuple(dose.counts)) == ("rises", (1, 3, 4))
    assert "no countable episode at 2" in table_of([(1, 50), (0, 0), (10, 50), (25, 50)])
    assert "2 of its levels have countable episodes" in notes_of(cells([(1, 50), (0, 0), (10, 50)]))
    assert only(cells([(0, 0)] * 3)).problem.startswith("0 of its levels")


def test_cells_that_share_their_requests_have_the_request_as_unit(tmp_path: Path) -> None:
    """Each request's slope counts once, however often it was repeated."""
    for number, temperature in enumerate((0.0, 0.5, 1.0)):
        stored = [
            episode(
                index, measures={"compliance": index % 8 < 3 * number}, facts={"request": f"r{index % 8}"}
            )
            for index in range(40)
        ]
        write_cell(
            tmp_path, f"t{number}", *stored, measures={"compliance": "it complied"}, texts={"requests": "r"},
            config={"model": {"sampling": {"temperature": temperature}}},
        )  # fmt: skip
    rows = msgspec.json.decode(printed(tmp_path, "--format", "json"))
    (row,) = [row for row in rows if row["kind"] == "trend"]
    assert (row["unit"], row["test"], row["direction"]) == ("request", "sign flips", "rises")
    assert row["z"] == pytest.approx(6**0.5)
    assert row["p"] == pytest.approx(2 / 2**6)
    assert "sign flips of each request's slope" in printed(tmp_path)
