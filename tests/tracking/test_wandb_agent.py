"""A whole `wandb sweep` and `wandb agent` through a file of sweeps/, against a server on loopback."""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hanlon.store.episodes import cell_folders, read_cell
from support.command_line import ROOT, CommandLine
from support.wandb_server import ENTITY, KEY, WandbServer

PARAMETERS = {"prompt": ["baseline", "placebo"], "env.placement": ["user", "system"]}


class SweepServer(WandbServer):
    """Also hands out the combinations of a grid, one command at a heartbeat, and then asks the agent to end."""

    def __init__(self) -> None:
        super().__init__()
        self.sweep: dict[str, Any] = {}
        self._commands: Iterator[dict[str, Any]] = iter(())

    def _on_UpsertSweep(self, variables: dict[str, Any]) -> dict[str, Any]:
        self.sweep = yaml.safe_load(variables["config"]) if variables.get("config") else self.sweep
        self._commands = self._each_command()
        project = {"id": "p", "name": "hanlon", "entity": {"id": "e", "name": ENTITY}}
        return {"upsertSweep": {"sweep": {"name": "s1", "project": project}, "configValidationWarnings": []}}

    def _on_SweepWithRuns(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {
            "project": {
                "sweep": {
                    "id": "s1",
                    "name": "s1",
                    "config": yaml.safe_dump(self.sweep),
                    "runs": {"edges": []},
                }
            }
        }

    def _on_CreateAgent(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"createAgent": {"agent": {"id": "a1"}}}

    def _on_Heartbeat(self, variables: dict[str, Any]) -> dict[str, Any]:
        busy = json.loads(variables["runState"])
        commands = [] if busy else [next(self._commands, {"type": "exit"})]
        return {"agentHeartbeat": {"agent": {"id": "a1"}, "commands": json.dumps(commands)}}

    def _each_command(self) -> Iterator[dict[str, Any]]:
        names = list(PARAMETERS)
        chosen = [
            *itertools.product(*PARAMETERS.values()),
            ("baseline", "user"),
        ]  # a search may choose a cell again
        for number, values in enumerate(chosen):
            arguments = {name: {"value": value} for name, value in zip(names, values, strict=True)}
            yield {
                "type": "run",
                "run_id": f"agent{number}",
                "program": self.sweep["program"],
                "args": arguments,
            }


@pytest.mark.slow
def test_an_agent_runs_each_cell_into_the_run_that_was_made_for_it(tmp_path: Path) -> None:
    """Five commands, four cells: five runs with the cell's rate, nothing sampled twice, pool's and joblib's bytes."""
    folders = [tmp_path / name for name in ("agent", "pool", "joblib")]
    for folder in folders:
        folder.mkdir()
    sweep = yaml.safe_load((ROOT / "sweeps" / "shutdown_grid.yaml").read_text())
    sweep["program"] = str(ROOT / "run.py")
    sweep["parameters"] = {name: {"values": values} for name, values in PARAMETERS.items()}
    fixed = ["env=shutdown", "model=simulated/ambiguity", "samples=4"]
    sweep["command"] = ["${env}", "${interpreter}", "${program}", *fixed, "${args_no_hyphens}"]
    (folders[0] / "sweep.yaml").write_text(yaml.safe_dump(sweep))
    server = SweepServer()
    try:
        agent = CommandLine(folders[0])
        agent.environment.update(WANDB_BASE_URL=server.url, WANDB_API_KEY=KEY, WANDB_SILENT="true")
        agent.environment["PATH"] = f"{Path(sys.executable).parent}:{agent.environment['PATH']}"
        made = agent.finish([sys.executable, "-m", "wandb", "sweep", "sweep.yaml"], 60)
        assert made.returncode == 0, made.stderr
        done = agent.finish([sys.executable, "-m", "wandb", "agent", f"{ENTITY}/hanlon/s1"], 300)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        server.close()
    assert sorted(server.runs) == [f"agent{number}" for number in range(5)]
    pool, joblib = CommandLine(folders[1]), CommandLine(folders[2])
    grid = [f"{name}={','.join(values)}" for name, values in PARAMETERS.items()]
    assert pool.run("-m", *fixed, *grid).returncode == 0
    workers = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    assert joblib.run("-m", *fixed, *grid, *workers).returncode == 0
    rates = [one.hanlon("rates", "--format", "json").stdout for one in (agent, pool, joblib)]
    assert rates[1] == rates[2]
    assert _by_cell(rates[0]) == _by_cell(rates[1])
    keys = {read_cell(folder).key for folder in cell_folders(agent.runs)}
    assert {run.config["key"] for run in server.runs.values()} == keys
    for run in server.runs.values():
        assert run.summary["n"] == 4
        assert "rate" in run.summary
        assert isinstance(run.config["cell"]["env"], dict)


def _by_cell(rates: str) -> list[str]:
    """The rows of `hanlon rates`, in an order that does not depend on when a cell was made."""
    return sorted(msgspec.json.encode(row).decode() for row in msgspec.json.decode(rates))
