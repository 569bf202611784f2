"""`hanlon contrasts` on stored sweeps: what was predicted before the first call is told from all the rest."""

import csv
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hanlon.analysis.stats.differences import boschloo, holm
from hanlon.cli import main
from hanlon.hypotheses.registration import new_registration
from hanlon.hypotheses.schema import Behaviour, Plan
from hanlon.store.episodes import write_json
from hanlon.store.records import SweepRecord
from support.grid_cells import FACTORS, NO_EFFECT
from support.rivals import hypothesis
from support.stored import episode, write_cell

N = 20
LEVELS = {
    "baseline": ({}, 16),
    "priority_only": ({"precedence": "over_all_others"}, 2),
    "how_only": ({"how": "keep_calling"}, 12),
    "priority_clarified": ({"precedence": "over_all_others", "how": "keep_calling"}, 1),
    "placebo": ({"precedence": "placebo"}, 15),
}
CHANGE = {"factor": "precedence", "from": "silent", "to": "over_all_others"}
ONWARDS = {"factor": "precedence", "from": "over_all_others", "to": "placebo"}
BY_HOW = {"factor": "how", "from": "silent", "to": "keep_calling"}
RIVALS = (
    hypothesis("one", {"contrast": CHANGE, "claim": "falls"}),
    hypothesis(
        "two",
        {"contrast": ONWARDS, "claim": "rises"},
        {"contrast": CHANGE, "changed_by": BY_HOW, "claim": "rises"},
    ),
)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The five cells of clarification_parts, 20 episodes each."""
    for prompt, (factors, resisted) in LEVELS.items():
        own = [episode(i, "resisted" if i < resisted else "shutdown") for i in range(N)]
        place: dict[str, Any] = {"prompt": prompt, "label": prompt, "no_effect": NO_EFFECT}
        write_cell(tmp_path, prompt, *own, factors=FACTORS | factors, **place)
    return tmp_path


def sweep(runs: Path, name: str = "s", stored: int = 0) -> Path:
    """A sweep of these cells that wrote its hypotheses down; `stored` episodes were there before."""
    plans = [
        Plan(
            env="shutdown",
            behaviour=Behaviour(measures=("resistance",), word="resistance"),
            hypotheses=RIVALS,
        )
    ]
    kept = new_registration(plans, N, list(LEVELS), stored)
    file = runs / "sweeps" / f"{name}.json"
    write_json(file, SweepRecord(name, list(LEVELS), N, [], 0.0, registration=kept))
    return file


def run(*arguments: str | Path) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, ["contrasts", "--notes", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def statuses(runs: Path, *arguments: str) -> dict[tuple[str, str], tuple[str, float | None]]:
    """Status and Holm's p of each contrast, by the cells it is of."""
    rows = msgspec.json.decode(run(runs, "--format", "json", *arguments))
    return {
        (row["key_from"], row["key_to"]): (row["status"], row["p_holm"])
        for row in rows
        if row["kind"] in ("contrast", "bundle")
    }


def parts(runs: Path, *arguments: str) -> list[dict[str, Any]]:
    """The rows of bundles taken apart."""
    rows = msgspec.json.decode(run(runs, "--format", "json", *arguments))
    return [row for row in rows if row["kind"] == "part of a bundle"]


def test_what_the_sweep_predicted_is_preregistered_and_corrected_and_all_else_exploratory(runs: Path) -> None:
    """Three contrasts of two hypotheses, one of them between levels that the table would not contrast by itself."""
    sweep(runs)
    found = statuses(runs)
    planned = [
        ("baseline", "priority_only"),
        ("how_only", "priority_clarified"),
        ("priority_only", "placebo"),
    ]
    counts = {prompt: (k, N) for prompt, (_, k) in LEVELS.items()}
    adjusted = holm([boschloo(*counts[to], *counts[base]) for base, to in planned])
    assert {pair: one for pair, one in found.items() if one[0] == "preregistered"} == {
        pair: ("preregistered", pytest.approx(p)) for pair, p in zip(planned, adjusted, strict=True)
    }
    assert {one for one in found.values() if one[0] != "preregistered"} == {("exploratory", None)}
    assert len(found) == 7


def test_one_factor_alone_has_the_correction_of_the_whole_sweep(runs: Path) -> None:
    """A narrower table does not make a corrected p smaller."""
    sweep(runs)
    whole, narrow = statuses(runs), statuses(runs, "--factor", "precedence")
    assert {pair: whole[pair] for pair in narrow} == narrow
    assert len(narrow) == 4
    assert statuses(runs, "--factor", "how").keys().isdisjoint(narrow)


def test_the_parts_of_a_bundle_are_what_they_are_in_the_whole_table(runs: Path) -> None:
    """`--factor prompt` shows no contrast of the parts, and yet which of them was predicted."""
    sweep(runs)
    whole, narrow = (parts(runs, *more) for more in ((), ("--factor", "prompt")))
    assert whole == narrow
    assert "preregistered" in {part["status"] for part in whole}


@pytest.mark.parametrize("width", [120, 170])
def test_the_printed_table_says_which_is_which(
    runs: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of its own, within the terminal's width; below it when the predictions were written down."""
    sweep(runs)
    monkeypatch.setenv("COLUMNS", str(width))
    text = run(runs)
    answer, tables = text.split("\n\n", 1)
    tables, below, notes = tables.partition("3 contrasts were")
    notes = " ".join((below + notes).split())
    assert "contrasts show an effect on" in answer or "contrasts shows an effect on" in answer
    assert max(map(len, tables.splitlines())) <= width
    first = " ".join(tables[: tables.index("main effects")].split())
    assert first.count("preregistered,") == 3
    assert first.count("exploratory") == 4
    assert "status exploratory" in tables[tables.index("main effects") :].splitlines()[0]
    assert "3 contrasts were preregistered: Holm's correction" in notes
    assert "4 contrasts are exploratory" in notes
    assert "Sweep s: written down 20" in notes
    assert "What sweep s predicted of changes of differences is in `hanlon verdict`." in notes


def test_nothing_is_preregistered_that_was_written_down_after_episodes(runs: Path) -> None:
    """Nor what does not fit its hash, nor a file that cannot be read; each is said."""
    sweep(runs, stored=5)
    assert {status for status, _ in statuses(runs).values()} == {"exploratory"}
    assert "5 episodes were stored before the hypotheses were written down: exploratory." in " ".join(
        run(runs).split()
    )
    assert "status exploratory" in run(runs)
    file = sweep(runs)
    file.write_bytes(file.read_bytes().replace(b'"falls"', b'"rises"'))
    assert {status for status, _ in statuses(runs).values()} == {"exploratory"}
    assert "does not fit its hash" in run(runs)
    file.write_text("{")
    assert "s.json cannot be read" in run(runs)


def test_of_two_sweeps_the_one_that_predicted_counts(runs: Path) -> None:
    """A later sweep of the same cells takes nothing away, and adds nothing."""
    sweep(runs)
    first = statuses(runs)
    sweep(runs, "later", stored=100)
    assert statuses(runs) == first


def test_without_a_sweep_all_is_exploratory(runs: Path) -> None:
    """Cells alone predict nothing."""
    assert {status for status, _ in statuses(runs).values()} == {"exploratory"}


def test_the_figure_says_of_each_contrast_what_the_table_says(runs: Path, tmp_path: Path) -> None:
    """Counts, interval, status and Holm's p behind the forest are those of `hanlon contrasts`."""
    sweep(runs)
    drawn = CliRunner().invoke(
        main, ["figures", str(runs), "--only", "contrast_forest", "--out", str(tmp_path / "drawn")]
    )
    assert drawn.exit_code == 0, drawn.output
    with (tmp_path / "drawn" / "contrast_forest.csv").open(encoding="utf-8", newline="") as file:
        figure = {(row["key_from"], row["key_to"]): row for row in csv.DictReader(file)}
    table = {
        (row["key_from"], row["key_to"]): row
        for row in msgspec.json.decode(run(runs, "--format", "json"))
        if row["kind"] in ("contrast", "bundle")
    }
    shared = figure.keys() & table.keys()
    assert {figure[pair]["status"] for pair in shared} == {"preregistered", "exploratory"}
    for pair in shared:
        for name in ("k_from", "n_from", "k_to", "n_to", "status"):
            assert figure[pair][name] == str(table[pair][name])
        for name in ("difference", "lo", "hi", "p", "p_holm"):
            said = figure[pair][name]
            assert (float(said) if said else None) == (table[pair][name] and pytest.approx(table[pair][name]))
