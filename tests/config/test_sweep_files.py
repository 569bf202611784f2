"""The sweeps for wandb agents (sweeps/*.yaml): every command that they can make is one cell that composes."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.command_line import ROOT, CommandLine

FILES = sorted((ROOT / "sweeps").glob("*.yaml"))
MACROS = ["${env}", "${interpreter}", "${program}"]


def read(file: Path) -> dict[str, Any]:
    """A sweep's file."""
    return yaml.safe_load(file.read_text())


def test_there_is_a_sweep_of_each_method_for_each_case_study() -> None:
    """A grid, a random search and a Bayesian one, twice."""
    made = {(file.stem.rpartition("_")[0], read(file)["method"]) for file in FILES}
    assert made == {(s, m) for s in ("shutdown", "alignment_faking") for m in ("grid", "random", "bayes")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_agent_hands_over_what_hydra_reads(file: Path) -> None:
    """One cell a command, no parameter that replaces a node of the configuration, scalars that survive as text."""
    sweep = read(file)
    assert sweep["command"][:3] == MACROS
    assert sweep["command"][-1] == "${args_no_hyphens}"
    assert not {"-m", "--multirun"} & set(sweep["command"])
    assert not {"env", "model"} & set(sweep["parameters"])
    for parameter in sweep["parameters"].values():
        for value in parameter["values"]:
            assert isinstance(value, int | str), "None and lists do not survive an agent's command line"
            assert re.fullmatch(r"[\w/.]+", str(value))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_combination_of_values_composes(command_line: CommandLine, file: Path) -> None:
    """The whole product in one plan; no two combinations of a grid are the same cell."""
    sweep = read(file)
    swept = {name: list(map(str, parameter["values"])) for name, parameter in sweep["parameters"].items()}
    words = [f"{name}={','.join(values)}" for name, values in swept.items()]
    run = command_line.run("-m", *sweep["command"][3:-1], *words, "controls=none", "plan=true")
    assert run.returncode == 0, run.stderr
    found = re.search(r"^(\d+) cells x", run.stdout, re.MULTILINE)
    assert found, run.stdout
    if sweep["method"] == "grid":
        assert int(found[1]) == math.prod(map(len, swept.values()))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_command_for_the_best_cell_samples_it_anew(command_line: CommandLine, file: Path) -> None:
    """What the header says gives a cell of its own: none of the episodes that chose it are in its n."""
    sweep = read(file)
    if sweep["method"] == "grid":
        return
    assert "seed=1 samples=200" in file.read_text()
    best = [f"{name}={parameter['values'][0]}" for name, parameter in sweep["parameters"].items()]
    plans = [
        command_line.run(*sweep["command"][3:-1], *best, *more, "plan=true").stdout.splitlines()[0]
        for more in ([], ["seed=1"])
    ]
    assert plans[0].rpartition("-")[2] != plans[1].rpartition("-")[2]


def test_several_cells_in_a_command_of_an_agent_are_refused(command_line: CommandLine) -> None:
    """Under an agent -m is refused before anything is made, and the message says what to leave out."""
    command_line.environment["WANDB_SWEEP_ID"] = "s1"
    run = command_line.run("-m", "prompt=baseline,placebo", "model=simulated/obedient")
    assert run.returncode == 2
    assert "Leave -m out of the sweep's command" in run.stderr
    assert not command_line.runs.exists()
