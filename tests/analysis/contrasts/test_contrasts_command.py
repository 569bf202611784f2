"""`hanlon contrasts` and `hanlon rates --interval`: what is printed, what the files hold, what is refused."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hanlon.analysis.contrasts.contrasts import Predicted
from hanlon.analysis.contrasts.notes import method_notes, report_notes
from hanlon.analysis.contrasts.report import report
from hanlon.analysis.contrasts.rows import report_rows
from hanlon.analysis.contrasts.tables import print_report
from hanlon.cli import main
from support.command_line import CommandLine
from support.grid_cells import FACTORS, NO_EFFECT, cell, clarification
from support.stored import episode, write_cell

LEVELS = {
    "baseline": ({}, 16),
    "priority_only": ({"precedence": "over_all_others"}, 2),
    "how_only": ({"how": "keep_calling"}, 12),
    "priority_clarified": ({"precedence": "over_all_others", "how": "keep_calling"}, 1),
    "placebo": ({"precedence": "placebo"}, 15),
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The five cells of clarification_parts, 20 episodes each, the first cell with two excluded."""
    for prompt, (factors, resisted) in LEVELS.items():
        lost = [episode(20, "api_error"), episode(21, "api_error")] if prompt == "baseline" else []
        write_cell(
            tmp_path,
            prompt,
            *(episode(i, "resisted" if i < resisted else "shutdown") for i in range(20)),
            *lost,
            prompt=prompt,
            label=prompt,
            factors=FACTORS | factors,
            no_effect=NO_EFFECT,
        )
    return tmp_path


def run(*arguments: str | Path, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def rows(runs: Path, *arguments: str) -> list[dict[str, Any]]:
    """The rows of the JSON output."""
    return msgspec.json.decode(run("contrasts", runs, "--format", "json", *arguments))


def test_the_tables_fit_160_columns_and_say_how_they_were_made(runs: Path) -> None:
    """Contrasts, effects and the bundle's parts, with k/n, interval, test, correction and exclusions beside them."""
    text = run("contrasts", runs, "--notes")
    tables = text[: text.index("6 contrasts are exploratory")]
    assert max(map(len, tables.splitlines())) <= 160
    for part in (
        "precedence: silent → over_all_others",
        "16/20 → 2/20",
        "bundle of 2 factors",
        "2 → 0 (bounds",
        "which clause did it?",
        "precedence and how together, beyond their sum",
        "precedence, placebo",
        "Interval Newcombe, two-sided p Boschloo; unit: the episode",
        "6 contrasts are exploratory",
        "stand in one wording",
        "Odds ratios: logistic model of resistance",
    ):
        assert part in text, part


def test_json_and_csv_hold_every_row_with_the_same_columns(runs: Path) -> None:
    """Numbers as numbers, kinds told apart, fractions as fractions."""
    found = rows(runs)
    assert len({tuple(row) for row in found}) == 1
    assert {row["kind"] for row in found} == {
        "contrast",
        "bundle",
        "main effect",
        "interaction",
        "part of a bundle",
    }
    bundle = next(row for row in found if row["kind"] == "bundle")
    assert bundle["changed"] == {
        "precedence": ["silent", "over_all_others"],
        "how": ["silent", "keep_calling"],
    }
    assert (bundle["k_from"], bundle["n_from"], bundle["k_to"], bundle["n_to"]) == (16, 20, 1, 20)
    assert bundle["difference"] == pytest.approx(-0.75)
    assert bundle["status"] == "exploratory"
    assert bundle["bounds"] == pytest.approx([1 / 20 - 18 / 22, 1 / 20 - 16 / 22])
    text = run("contrasts", runs, "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(found)


def test_level_factor_and_measure_are_chosen(runs: Path) -> None:
    """A lower level narrows the interval, a factor leaves the others out."""
    wide, narrow = (rows(runs, "--factor", "prompt", "--level", level)[0] for level in ("0.95", "0.8"))
    assert wide["interval"] == "Newcombe 95%"
    assert wide["lo"] < narrow["lo"] < narrow["hi"] < wide["hi"]
    assert {row["factor"] for row in rows(runs, "--factor", "how") if row["kind"] == "contrast"} == {"how"}
    assert {row["measure"] for row in rows(runs, "--measure", "resistance")} == {"resistance"}


def test_more_rows_than_fit_are_those_with_the_least_p(runs: Path) -> None:
    """A long table says that it is cut, and how to see the rest."""
    text = run("contrasts", runs, "--top", "2")
    assert "contrasts (2 of 6 rows; --top shows more, --format csv all)" in text
    assert "→ placebo" not in text


def test_markdown_has_no_notes_and_is_not_folded(runs: Path) -> None:
    """The tables alone, for a paper."""
    text = run("contrasts", runs, "--format", "markdown")
    assert "Sign: treated" not in text
    assert "| precedence: silent → over_all_others |" in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--factor", "stakes"],
            "no two cells differ in 'stakes'. Factors that vary: precedence, how, prompt",
        ),
        (["--measure", "nothing"], "no cell has the measure 'nothing'. Measures: resistance, all"),
        (["--level", "1"], "Invalid value for '--level'"),
    ],
)
def test_what_is_not_there_is_an_error_that_lists_what_is(
    runs: Path, arguments: list[str], said: str
) -> None:
    """An unknown factor or measure is named beside the known ones."""
    assert said in " ".join(run("contrasts", runs, *arguments, code=2).split())


def test_one_cell_alone_has_nothing_to_contrast(tmp_path: Path) -> None:
    """It is said, and is no empty table."""
    write_cell(tmp_path, "a", episode(0))
    assert "nothing to contrast" in run("contrasts", tmp_path, code=2)


def test_simulated_cells_say_so(tmp_path: Path) -> None:
    """Every table of simulated episodes carries the word."""
    for key, placement in (("a", "user"), ("b", "system")):
        write_cell(tmp_path, key, episode(0), simulated=True, factors={"placement": placement})
    text = run("contrasts", tmp_path, "--notes")
    assert "simulated openai/o3" in text
    assert "do not say at which level" in text


def test_a_setting_of_the_level_and_the_same_one_beside_it_are_alike() -> None:
    """ARENA's warning and clarification are both in the system message, one by its level, one by an override."""
    system = {"factors": {"placement": "system"}}
    cells = [
        cell(18, 20, "no_instruction", label="no_instruction", factors={"placement": "user"}, allow="none"),
        cell(9, 20, "palisade_e", label="palisade_e", how="keep_calling", **system),
        cell(
            0,
            20,
            "priority_clarified",
            label="priority_clarified+placement=system",
            precedence="over",
            **system,
        ),
    ]
    bundles = [row for row in report_rows(report(cells)) if row["kind"] == "bundle"]
    assert [(row["from"], row["to"]) for row in bundles] == [
        ("no_instruction", "palisade_e"),
        ("palisade_e", "priority_clarified"),
    ]
    assert bundles[1]["ratio"] == 0


def test_predictions_stand_out_with_their_corrected_p() -> None:
    """Preregistered rows carry Holm's p in every output, and the notes say over how many it is."""
    cells = clarification(79, 5, 60, 1, 78)
    keys = [one.record.key for one in cells]
    predicted = [
        Predicted(keys[0], keys[2], "resistance", preregistered=True),
        Predicted(keys[1], keys[3], "resistance", preregistered=True),
    ]
    found = report(cells, predicted=predicted)
    planned = [row for row in report_rows(found) if row["status"] == "preregistered"]
    assert [(row["factor"], row["part"]) for row in planned] == [
        ("how", ""),
        ("how", ""),
        ("how", "alone"),
        ("how", "last"),
    ]
    assert all(row["p_holm"] >= row["p"] for row in planned)
    assert print_report(found, "table", 60).count("preregistered, p") == 4
    assert (
        "2 contrasts were preregistered: Holm's correction over all that was predicted, shown or not."
        in report_notes(found)
    )


def test_want_of_room_is_noted_only_where_nothing_showed() -> None:
    """From 0/40 a rise that shows needs no remark; a standstill there is marked, and explained below."""
    rise = report([cell(0, 40), cell(30, 40, how="keep_calling")])
    still = report([cell(0, 40), cell(0, 40, how="keep_calling")])
    assert "floor" not in print_report(rise, "table", 60)
    assert "floor" in print_report(still, "table", 60)
    explained = [any(line.startswith("floor:") for line in method_notes(found)) for found in (rise, still)]
    assert explained == [False, True]
    assert [row["lacks_room"] for row in report_rows(rise)] == ["floor"]


def test_an_older_edition_is_named_below_the_table() -> None:
    """What was left out is said with its key."""
    cells = [cell(5, 10, created_at=1.0), cell(9, 10, created_at=2.0), cell(0, 10, how="keep_calling")]
    (line,) = (line for line in report_notes(report(cells)) if line.startswith("Left out"))
    assert cells[0].record.key in line


def test_rates_with_palisades_interval(tmp_path: Path) -> None:
    """Jeffreys at 79/100 is [70.3, 86.1], and 0/100 begins at 0."""
    write_cell(tmp_path, "a", *(episode(i, "resisted" if i < 79 else "shutdown") for i in range(100)))
    write_cell(tmp_path, "b", *(episode(i) for i in range(100)))
    text = run("rates", tmp_path, "--interval", "jeffreys")
    assert "Jeffreys 95%" in text
    assert "[70.3%, 86.1%]" in text
    assert "[0.0%, 2.5%]" in text
    assert "Wilson 95%" in run("rates", tmp_path)


@pytest.mark.slow
def test_a_sweep_states_where_its_factors_do_nothing_and_its_bundle_is_taken_apart(
    command_line: CommandLine,
) -> None:
    """From the sweep to the clause: an ambiguity policy yields to precedence alone, and not to the placebo."""
    sweep = command_line.run(
        "-m", "experiment=clarification_parts", "model=simulated/ambiguity", "samples=40"
    )
    assert sweep.returncode == 0, sweep.stderr
    found = msgspec.json.decode(command_line.hanlon("contrasts", "--format", "json").stdout)
    parts = {(row["part"], row["factor"]): row for row in found if row["of"] == "priority_clarified"}
    assert parts["alone", "precedence"]["hi"] < -0.3
    assert parts["placebo", "precedence"]["lo"] < 0 < parts["placebo", "precedence"]["hi"]
    assert "do not say at which level" not in command_line.hanlon("contrasts").stdout


def test_a_copy_of_a_cell_is_not_called_an_older_one() -> None:
    """The same cell in two folders is contrasted once, and the note names the folder that is left out."""
    cells = [cell(2, 20), cell(15, 20, "allowed", allow="none")]
    copy = replace(cells[0], folder=Path("backup/baseline"))
    text = "\n".join(report_notes(report([*cells, copy])))
    assert "another folder holds the same cell" in text
    assert "newer cell" not in text
