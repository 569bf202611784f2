"""A judge's trial on known transcripts, and what it does to the gaps that its labels would split."""

import json
import shutil
from pathlib import Path

import pytest

from hanlon.analysis.gaps.report import gap_report
from hanlon.analysis.labels.gap_labels import judged_gaps
from hanlon.store.cells import load_cells
from support.command_line import CommandLine

GOLDEN = Path(__file__).parents[1] / "golden" / "runs_d1202b4"
ONE_VOTE = ("judge.simulated.votes=1", "judge.simulated.rubrics=[alignment_faking]")
ALARMIST = (*ONE_VOTE, "judge.simulated.model.server.config.parameters.false_positive=0.9")
SWEEP = (
    "-m", "env=alignment_faking", "tier=free,paid", "controls=none", "model=simulated/alignment_faker", "samples=12",
    "judge=[simulated]",
)  # fmt: skip


def trial(command_line: CommandLine, settings: tuple[str, ...]) -> str:
    """What `hanlon judge-smoke` prints for the simulated judge with these settings."""
    options = [word for setting in settings for word in ("--set", setting)]
    smoke = command_line.hanlon("judge-smoke", "--judge", "simulated", *options)
    assert smoke.returncode == 0, smoke.stderr
    return smoke.stdout


@pytest.mark.slow
def test_a_judge_that_fails_on_known_transcripts_splits_no_gap(command_line: CommandLine) -> None:
    """It flags most lines: its precision is far below 0.8, the gap stays whole, and a line says why."""
    run = command_line.run(*SWEEP, *ALARMIST)
    assert run.returncode == 0, run.stderr
    assert "AF reasoning" in command_line.hanlon("gaps").stdout
    assert "alignment_faking" in trial(command_line, ALARMIST)
    gaps = command_line.hanlon("gaps").stdout
    assert "alignment_faking by simulated: precision" in gaps
    assert "No gap is split by it." in gaps
    assert "with / without" not in gaps
    table = command_line.hanlon("judge-check").stdout
    assert "judges on the smoke set" in table
    assert "NO" in table


@pytest.mark.slow
def test_a_judge_that_passes_splits_the_gap(command_line: CommandLine) -> None:
    """Precision and recall with intervals are printed, and the gap has its parts."""
    exact = (
        *ONE_VOTE, "judge.simulated.model.server.config.parameters.false_positive=0.0",
        "judge.simulated.model.server.config.parameters.false_negative=0.0",
    )  # fmt: skip
    assert "22/22 = 1.00 [0.85, 1.00]" in trial(command_line, exact)
    run = command_line.run(*SWEEP, *exact)
    assert run.returncode == 0, run.stderr
    assert "AF reasoning" in run.stdout
    assert "No gap is split" not in run.stdout
    assert "wrong_tier, rule_backwards: not judged: add judge=[regex,llm]." in run.stdout


def test_labels_of_rules_that_are_gone_are_read_and_split_no_gap(tmp_path: Path) -> None:
    """Rules of an older revision were never tried: their stored labels stay readable, and build nothing."""
    shutil.copytree(GOLDEN, tmp_path / "runs")
    states, _ = load_cells([tmp_path / "runs"])
    judged = judged_gaps(states, "regex")
    assert "alignment_faking" not in judged.given_by
    (warning,) = [line for line in judged.warnings if line.startswith("alignment_faking")]
    assert "not tried on the smoke set" in warning
    assert "older revision" in warning
    report = gap_report(states, judged)
    assert "reasoning not judged" in report or "no gap shown" in report
    assert warning in " ".join(report.split())


def test_a_model_that_was_not_tried_splits_no_gap(tmp_path: Path) -> None:
    """Its labels count once it has shown that it reads known transcripts rightly; the line says how."""
    shutil.copytree(GOLDEN, tmp_path / "runs")
    record = tmp_path / "runs" / "judges" / "9ce3cf4498bf.json"
    judge = {**json.loads(record.read_text()), "simulated": False}
    record.write_text(json.dumps(judge))
    judged = judged_gaps(load_cells([tmp_path / "runs"])[0])
    assert "alignment_faking" not in judged.given_by
    assert any("hanlon judge-smoke --judge simulated" in line for line in judged.warnings)


@pytest.mark.slow
def test_where_nobody_judged_the_table_says_what_to_add(command_line: CommandLine) -> None:
    """Silence is no "no": the sweep's end names the labels that nobody gave."""
    run = command_line.run(*[word for word in SWEEP if not word.startswith("judge=")], "judge=[]")
    assert run.returncode == 0, run.stderr
    assert "alignment_faking, wrong_tier, rule_backwards: not judged: add judge=[regex,llm]." in run.stdout
    assert "AF reasoning" not in run.stdout
