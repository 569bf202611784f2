"""Grids from the command line and from an experiment file, seen in the plan that they make."""

import re

import pytest

from support.command_line import CommandLine


def planned(command_line: CommandLine, *overrides: str) -> list[str]:
    """The labels of the cells that a sweep would run."""
    run = command_line.run("-m", "model=simulated/obedient", *overrides, "plan=true")
    assert run.returncode == 0, run.stderr
    return re.findall(r"^(\S+) on simulated/obedient", run.stdout, re.MULTILINE)


@pytest.mark.slow
def test_an_experiment_brings_its_grid_and_its_samples(command_line: CommandLine) -> None:
    """`experiment=x` needs no plus; its grid is swept with its own n."""
    run = command_line.run("-m", "experiment=clarification_parts", "model=simulated/obedient", "plan=true")
    assert run.returncode == 0, run.stderr
    assert "5 cells x 100 episodes" in run.stdout


@pytest.mark.slow
def test_a_key_of_the_command_line_replaces_the_same_key_of_the_grid(command_line: CommandLine) -> None:
    """A named key shrinks the experiment's grid, a new one multiplies it."""
    assert planned(command_line, "experiment=clarification_parts", "prompt=how_only") == ["how_only"]
    assert len(planned(command_line, "experiment=clarification_parts", "env.wording=1,2,3")) == 15


def test_several_grids_are_joined_and_equal_cells_run_once(command_line: CommandLine) -> None:
    """Grids that are no full product; what two of them share is one cell."""
    grids = "hydra.sweeper.grids=[{prompt:'baseline,placebo'},{prompt:baseline,env.wording:'1,2'}]"
    assert planned(command_line, grids) == ["baseline", "placebo", "baseline+wording=2"]


@pytest.mark.slow
def test_excluded_combinations_are_left_out(command_line: CommandLine) -> None:
    """A rule takes every cell that matches all its keys, the defaults included."""
    rule = "hydra.sweeper.exclude=[{prompt:placebo,env.wording:2}]"
    labels = planned(command_line, "prompt=baseline,placebo", "env.wording=1,2", rule)
    assert labels == ["baseline", "baseline+wording=2", "placebo"]
    everything = command_line.run(
        "-m", "prompt=baseline", "hydra.sweeper.exclude=[{prompt:baseline}]", "plan=true"
    )
    assert everything.returncode == 2
    assert "leaves none of the 1 cells" in everything.stderr
