"""The material that figures are drawn from: published numbers, and two small sweeps."""

from pathlib import Path

import pytest

from hanlon.figures.material import Material
from support.command_line import CommandLine


@pytest.fixture(scope="module")
def material() -> Material:
    """The published numbers, no runs."""
    return Material()


@pytest.fixture(scope="module")
def shutdown_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grid of simulated shutdown runs in two wordings, with one bundle and its parts."""
    line = CommandLine(tmp_path_factory.mktemp("shutdown"))
    prompts = "no_instruction,baseline,priority_only,how_only,priority_clarified,placebo,palisade_e"
    done = line.run(
        "-m", "env=shutdown", f"prompt={prompts}", "env.wording=1,2", "model=simulated/ambiguity", "samples=6"
    )
    assert done.returncode == 0, done.stderr
    return line.runs


@pytest.fixture(scope="module")
def tier_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated alignment-faking runs in both tiers, labelled by the simulated judge."""
    line = CommandLine(tmp_path_factory.mktemp("tiers"))
    done = line.run(
        "-m", "env=alignment_faking", "tier=free,paid", "prompt=arena,no_scratchpad", "judge=simulated",
        "model=simulated/alignment_faker", "samples=8", "controls=none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return line.runs
