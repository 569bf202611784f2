"""The published counts of one paper, imported as a table: its rates and intervals, its trend, what its edits remove."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hanlon.cli import main

HERE = Path(__file__).parent
COUNTS = HERE / "model_forensics_counts.csv"


def run(*words: object) -> str:
    """What a verb prints."""
    result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    return result.stdout


def imported(tmp_path: Path, name: str) -> Path:
    """A run folder with the cells of one map."""
    run("import", "--from", "table", COUNTS, "--map", HERE / f"{name}.yaml", "--runs", tmp_path)
    return tmp_path


def test_the_trend_over_the_number_of_errors(tmp_path: Path) -> None:
    """Cochran-Armitage over the ten levels of figure 3: Z = 6.8, as reckoned from the published counts."""
    runs = imported(tmp_path, "dose")
    printed = run("contrasts", runs)
    assert "workaround_rate rises with errors, Z=6.84, p<0.001" in printed
    assert "10: 0/183, 28: 0/191, 51: 0/162, 77: 2/169, 108: 2/162, 124: 6/169" in printed


def test_the_share_that_each_subtractive_edit_removes(tmp_path: Path) -> None:
    """60.5 % falls to 23.4 without the sentence, 45.9 with padding, 7.8 in the changelog, 12.1 and 4.2 in stacks."""
    runs = imported(tmp_path, "subtractive")
    rates = {row["cell"]: row for row in json.loads(run("rates", runs, "--format", "json"))}
    printed = {"baseline": 60.5, "removed": 23.4, "padded": 45.9, "changelog": 7.8, "removed_padded": 12.1}
    assert {name: round(100 * rates[name]["rate"], 1) for name in printed} == printed
    rows = json.loads(
        run("contrasts", runs, "--factor", "sentence", "--factor", "section", "--format", "json")
    )
    removed = {
        (row["factor"], row["cell_from"]): round(100 * (1 - row["ratio"]))
        for row in rows
        if row["kind"] == "contrast"
    }
    assert removed["sentence", "baseline"] == round(100 * (1 - 227 / 972 / (581 / 960))) == 61
    assert removed["section", "baseline"] == round(100 * (1 - 36 / 460 / (581 / 960))) == 87
    stacked = run("compare", "baseline", "all_three", runs)
    assert "581/960 → 17/402" in stacked
    assert "removes 93 %" in stacked


def test_where_paper_and_data_disagree_the_data_are_followed(tmp_path: Path) -> None:
    """The rates are those of the data, and a note has the paper's counts."""
    runs = imported(tmp_path, "disagreements")
    printed = run("rates", runs, "--measure", "all")
    assert "670/873" in printed
    assert "baseline: cheating_rate: main.tex sec C.5 has 672 of 875; followed is reproduce/" in printed
    assert "done: verbalized_disapproval_rate: main.tex tab:precommit-awareness has 1 of 50" in printed
    assert "finished: verbalized" not in printed  # there they agree


@pytest.mark.slow
def test_every_count_has_its_published_interval(tmp_path: Path) -> None:
    """Of all 1,048 rows: those with k and n, each once, have the same counts and, to four digits, interval."""
    runs = imported(tmp_path, "everything")
    with COUNTS.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["events"] and row["n"]]
    rows.sort(key=lambda row: row["source_url"].startswith("reproduce/"))  # what is followed comes last
    published = {(row["case"], row["model"], row["condition"], row["metric"]): row for row in rows}
    stored = csv.DictReader(run("rates", runs, "--measure", "all", "--format", "csv").splitlines())
    compared = 0
    for rate in stored:
        row = published[rate["env"], rate["model"], rate["cell"], rate["measure"]]
        assert (rate["k"], rate["n"]) == (row["events"], row["n"])
        for ours, theirs in (("lo", "ci_low"), ("hi", "ci_high")):
            assert not row[theirs] or float(rate[ours]) == pytest.approx(float(row[theirs]), abs=6e-5)
        compared += 1
    assert compared == len(published) == 909
