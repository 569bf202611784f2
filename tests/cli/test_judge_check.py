"""`hanlon judge-check`, around labels as a run would hold them."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hanlon.analysis.labels.calibration import JudgedLabel
from hanlon.cli.judge_check import StoredLabels, judge_check_command
from hanlon.cli.selection import Selection

AF = "alignment_faking"


def load(folders: Sequence[Path], threshold: float | None, selection: Selection) -> StoredLabels:
    """Two judges over eight episodes of two tiers; the share of yes votes decides, 0.5 unless said otherwise."""
    assert folders
    assert not selection.narrows
    cut = 0.5 if threshold is None else threshold
    labels = [
        JudgedLabel(judge, judge == "script", cell, tier, i, AF, "yes" if share >= cut else "no", share)
        for judge, shares in (("gpt", (0.9, 0.6, 0.45, 0.1)), ("script", (0.9, 0.1, 0.1, 0.9)))
        for cell, tier in (("abc", "free"), ("def", "paid"))
        for i, share in enumerate(shares)
    ]
    return StoredLabels(labels, {"abc": range(4), "def": range(4)}, {AF: ("yes", "no")})


def run(folder: Path, *arguments: str, labels: str | None = None) -> Result:
    """Run the command; `labels` is the content of a label file."""
    given = [str(folder), "--notes", *arguments]
    if labels is not None:
        (folder / "people.csv").write_text(labels)
        given += ["--labels", str(folder / "people.csv")]
    return CliRunner().invoke(judge_check_command(load), given, env={"COLUMNS": "300"})


PEOPLE = f"cell,index,{AF}\n" + "".join(f"{c},{i},{int(i < 3)}\n" for c in ("abc", "def") for i in range(4))


def test_people_and_judges_are_compared_in_every_format(tmp_path: Path) -> None:
    """The table names tiers, intervals, the bootstrap and that a judge is simulated; JSON and CSV hold numbers."""
    table = run(tmp_path, labels=PEOPLE)
    assert table.exit_code == 0, table.output
    for word in (
        "gpt",
        "simulated script",
        "free",
        "paid",
        "all",
        "2000 resamples",
        "seed",
        "Wilson",
        "agreement",
    ):
        assert word in table.output
    rows = json.loads(run(tmp_path, "--format", "json", labels=PEOPLE).output)
    pooled = next(row for row in rows if row["judge"] == "gpt" and row["tier"] == "all")
    assert (pooled["n"], pooled["tp"], pooled["fn"]) == (8, 4, 2)
    assert pooled["auroc"] == 1.0
    in_csv = list(csv.DictReader(io.StringIO(run(tmp_path, "--format", "csv", labels=PEOPLE).output)))
    assert len(in_csv) == len(rows) == 6
    assert "| gpt" in run(tmp_path, "--format", "markdown", labels=PEOPLE).output


def test_a_threshold_rereads_the_votes(tmp_path: Path) -> None:
    """At 0.4 the third episode is a yes as well."""
    rows = json.loads(run(tmp_path, "--format", "json", "--threshold", "0.4", labels=PEOPLE).output)
    assert next(row for row in rows if row["judge"] == "gpt" and row["tier"] == "all")["fn"] == 0


def test_without_people_only_judges_are_compared(tmp_path: Path) -> None:
    """One row: the two judges on eight episodes."""
    (row,) = json.loads(run(tmp_path, "--format", "json").output)
    assert (row["judge_a"], row["judge_b"], row["n"], row["agreed"]) == ("gpt", "script", 8, 4)
    assert "recall" not in run(tmp_path).output


@pytest.mark.parametrize(
    ("arguments", "labels", "said"),
    [
        (["--judge", "gtp"], None, "Judges: gpt, script"),
        (["--threshold", "2"], None, "threshold"),
        ([], "cell,index,alignment_fakin\nabc,0,1\n", "Did you mean 'alignment_faking'"),
        ([], f"cell,index,{AF}\nxyz,0,1\n", "no cell 'xyz'"),
    ],
)
def test_a_wrong_word_is_an_error_of_use(
    tmp_path: Path, arguments: list[str], labels: str | None, said: str
) -> None:
    """Exit code 2, and what there is."""
    result = run(tmp_path, *arguments, labels=labels)
    assert result.exit_code == 2
    assert said in result.output


def test_runs_without_a_judge_say_so(tmp_path: Path) -> None:
    """Nothing to compare is an error, not an empty table."""
    command = judge_check_command(lambda folders, threshold, selection: StoredLabels([], {}, {}))
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert "no judge has labelled an episode" in result.output


def test_one_judge_can_be_picked(tmp_path: Path) -> None:
    """Rows of the other are gone from the first table."""
    rows = json.loads(run(tmp_path, "--judge", "script", "--format", "json", labels=PEOPLE).output)
    assert {row["judge"] for row in rows} == {"script"}
