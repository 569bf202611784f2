"""`hydra/launcher=submitit_slurm` against the programs of a SLURM of one machine; a real cluster was never at hand."""

from pathlib import Path

import pytest
from test_launchers import GRID, sweep_of

from support.command_line import CommandLine
from support.fault_server import check_each_index_is_there_once
from support.slurm_cluster import SlurmCluster
from support.waiting import wait_until

pytestmark = pytest.mark.slow  # whole sweeps in several processes
SLURM = [
    "hydra/launcher=submitit_slurm",
    "workers=2",
    "hydra.launcher.timeout_min=30",
    "hydra.launcher.partition=cpu",
]


@pytest.fixture
def cluster(tmp_path: Path, command_line: CommandLine) -> SlurmCluster:
    """A cluster that the command line finds."""
    cluster = SlurmCluster(tmp_path / "slurm", command_line.environment["PATH"])
    command_line.environment.update(cluster.environment)
    return cluster


def test_a_sweep_that_slurm_runs_has_the_pool_s_rates_and_records(
    command_line: CommandLine, cluster: SlurmCluster, tmp_path: Path
) -> None:
    """One array of two tasks, with what was asked for; twelve cells, byte-identical rates, nothing submitted twice."""
    (tmp_path / "pool").mkdir()
    pool = CommandLine(tmp_path / "pool")
    words = [*GRID, "model=simulated/ambiguity", "samples=5"]
    assert pool.run(*words).returncode == 0
    run = command_line.run(*words, *SLURM, timeout_s=200)
    assert run.returncode == 0, run.stderr
    check_each_index_is_there_once(command_line, 5, complete=True)
    rates = [one.hanlon("rates", "--format", "json").stdout for one in (pool, command_line)]
    assert rates[0] == rates[1]
    assert sweep_of(command_line).cells == sweep_of(pool).cells
    [script] = cluster.submitted
    for flag in ("--array=0-1%", "--time=30", "--partition=cpu"):
        assert f"#SBATCH {flag}" in script
    wait_until(lambda: sorted(cluster.ends) == ["1000_0", "1000_1"])  # the results are there a little earlier
    again = command_line.run(*words, *SLURM)
    assert again.returncode == 0, again.stderr
    assert len(cluster.submitted) == 1, "a finished sweep submits nothing"


def test_a_task_that_dies_is_said_and_the_same_command_goes_on(
    command_line: CommandLine, cluster: SlurmCluster
) -> None:
    """A job that fails to start its program: exit code 1 and a line, no traceback; then the whole sweep."""
    words = ["prompt=baseline", "model=simulated/ambiguity", "samples=10"]
    broken = command_line.run(*words, *SLURM, "hydra.launcher.setup=['exit 7']", timeout_s=200)
    assert broken.returncode == 1, broken.stderr
    assert "A worker has ended before its time" in broken.stderr
    assert "Traceback" not in broken.stderr
    assert set(cluster.ends.values()) == {7}
    assert command_line.run(*words, *SLURM, timeout_s=200).returncode == 0
    check_each_index_is_there_once(command_line, 10, complete=True)
