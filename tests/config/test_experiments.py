"""The experiments of conf/: what their headers promise, and that one simulated model runs them for nothing."""

import json
import re
from pathlib import Path

import pytest

from hanlon.analysis.published.published import published_rows
from support.command_line import ROOT, CommandLine
from support.quick import mostly_slow

FILES = sorted((ROOT / "conf" / "experiment").glob("*.yaml"))
STUDIES = {
    "palisade_2025": "palisade_2025",
    "palisade_placement": "palisade_2025",
    "palisade_effort": "palisade_2025",
    "gdm_2025": "gdm_2025",
    "arena_4_2_shutdown": "arena_4_2_shutdown",
    "arena_4_2_alignment_faking": "arena_4_2_alignment_faking",
    "greenblatt_2024_minimal": "greenblatt_2024_minimal",
    "greenblatt_2024_ablations": "greenblatt_2024",
    "greenblatt_2024_animal_welfare": "greenblatt_2024",
    "sheshadri_2025_tiers": "sheshadri_2025",
    "tang_2026_monitoring": "tang_2026",
    "koorndijk_2025": "koorndijk_2025",
}
"""Experiments that replicate a study, by its name in the published rates."""
REPLICATIONS = [file for file in FILES if file.stem in STUDIES]


def header(file: Path) -> str:
    """The comment lines before the configuration, as one text."""
    lines = file.read_text().split("\nsamples:")[0].splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines)


def promised(file: Path) -> tuple[int, int]:
    """Cells and episodes of each, as the header has them."""
    found = re.search(r"(\d+) cells x (\d+) episodes", header(file))
    assert found, f"{file.name} does not say how many cells it has"
    return int(found[1]), int(found[2])


def planned(command_line: CommandLine, *overrides: str) -> tuple[int, int]:
    """Cells and episodes of each, as the plan has them; without a key."""
    run = command_line.run("-m", *overrides, "plan=true", "hypotheses=[]")
    assert run.returncode == 0, run.stderr
    found = re.search(r"^(\d+) cells x (\d+) episodes", run.stdout, re.MULTILINE)
    assert found, run.stdout
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("file", mostly_slow(FILES, 2, lambda file: file.stem))
def test_an_experiment_has_the_cells_that_its_header_says(command_line: CommandLine, file: Path) -> None:
    """It composes without a key, and its first line is the command that runs it."""
    assert f"python run.py -m experiment={file.stem} " in header(file)
    assert planned(command_line, f"experiment={file.stem}") == promised(file)


def test_every_study_that_the_issue_names_has_its_experiment() -> None:
    """None is missing, each names a study of the published rates, and no experiment hides from this list."""
    assert {file.stem for file in REPLICATIONS} == set(STUDIES)
    assert set(STUDIES.values()) <= {row["study"] for row in published_rows()}


@pytest.mark.parametrize("file", REPLICATIONS, ids=lambda file: file.stem)
def test_a_replication_says_what_it_is_and_what_differs(file: Path) -> None:
    """Conceptual, of which source, what differs, what had to be inferred, and how to try it for nothing."""
    said = header(file)
    for words in ("Conceptual replication of ", "Differs: ", "Inferred: ", "For nothing: model=simulated/"):
        assert words in said, words


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_model_on_the_command_line_replaces_all_of_the_grid(
    command_line: CommandLine, file: Path
) -> None:
    """No cell of another model is left, whatever the grids of the file name."""
    policy = re.search(r"For nothing: model=(\S+)", header(file))
    model = policy[1] if policy else "simulated/ambiguity"
    run = command_line.run("-m", f"experiment={file.stem}", f"model={model}", "plan=true")
    assert run.returncode == 0, run.stderr
    models = set(re.findall(r"^\S+(?: \S+)?? on (\S+) \(", run.stdout, re.MULTILINE))
    assert models == {model}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "cells"),
    [
        ("palisade_effort", 3),
        ("gdm_2025", 5),
        ("sheshadri_2025_tiers", 6),
        ("tang_2026_monitoring", 10),
    ],
)
def test_an_experiment_runs_to_its_end_on_the_policy_that_it_names(
    command_line: CommandLine, experiment: str, cells: int
) -> None:
    """Two episodes of every cell, for nothing; the sweep is filed under the experiment's name."""
    named = re.search(
        r"For nothing: model=(\S+)", header(ROOT / "conf" / "experiment" / f"{experiment}.yaml")
    )
    assert named
    run = command_line.run("-m", f"experiment={experiment}", f"model={named[1]}", "samples=2")
    assert run.returncode == 0, run.stderr
    sweep = json.loads((command_line.runs / "sweeps" / f"{experiment}.json").read_text())
    assert len(sweep["cells"]) == cells
    rows = json.loads(command_line.hanlon("rates", "--format", "json", str(command_line.runs)).stdout)
    assert [(row["episodes"], row["simulated"]) for row in rows] == [(2, True)] * cells


@pytest.mark.slow
def test_the_placement_grid_is_four_of_palisades_conditions(command_line: CommandLine) -> None:
    """Factors by hand and levels by name are the same cells, so that nothing is paid twice."""

    def folders(*overrides: str) -> set[str]:
        run = command_line.run("-m", *overrides, "model=openrouter/openai/o3", "plan=true")
        return {line.rpartition("-")[2] for line in run.stdout.splitlines() if "to sample; runs" in line}

    placed = folders("experiment=palisade_placement")
    assert len(placed) == 4
    assert placed < folders("experiment=palisade_2025")
