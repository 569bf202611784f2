"""Sweeps that the processes of joblib and submitit share: the same records, numbers and exit codes as the pool's."""

import signal
import time
from pathlib import Path

import msgspec
import pytest

from chat_server import ChatServer, at
from command_line import CommandLine
from fault_server import check_each_index_is_there_once
from hanlon.engine.store import cell_folders, read_episodes
from hanlon.records import SweepRecord

LAUNCHERS = {
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit_local": ["hydra/launcher=submitit_local", "workers=2"],
}
GRID = ["-m", "prompt=baseline,placebo,priority_clarified", "env.wording=1,2", "env.stakes=none,replaced"]
CELLS = 12


def each_launcher(test: object) -> object:
    """Runs a test with every launcher that needs no cluster."""
    return pytest.mark.parametrize("launcher", LAUNCHERS.values(), ids=LAUNCHERS.keys())(test)


def sweep_of(command_line: CommandLine) -> SweepRecord:
    """The one sweep of the folder."""
    (file,) = (command_line.runs / "sweeps").glob("*.json")
    return msgspec.json.decode(file.read_bytes(), type=SweepRecord)


def stored(command_line: CommandLine) -> set[int]:
    """The seeds of all stored episodes."""
    return {e.seed for folder in cell_folders(command_line.runs) for e in read_episodes(folder)}


@pytest.mark.slow
@each_launcher
def test_another_launcher_gives_the_pool_s_cells_rates_and_records(
    tmp_path: Path, launcher: list[str]
) -> None:
    """Twelve cells and the same again with a control group's tier: byte-identical rates, one sweep record."""
    rates: list[str] = []
    sweeps: list[SweepRecord] = []
    for name, words in (("pool", []), ("other", launcher)):
        folder = tmp_path / name
        folder.mkdir()
        command_line = CommandLine(folder)
        run = command_line.run(*GRID, "model=simulated/ambiguity", "samples=5", *words)
        assert run.returncode == 0, run.stderr
        assert "sweep " in run.stdout
        rates.append(command_line.hanlon("rates", "--format", "json").stdout)
        sweeps.append(sweep_of(command_line))
        check_each_index_is_there_once(command_line, 5, complete=True)
    assert rates[0] == rates[1]
    assert len(sweeps[0].cells) == CELLS
    assert (sweeps[0].id, sweeps[0].cells) == (sweeps[1].id, sweeps[1].cells)
    assert sweeps[1].finished_at is not None


@pytest.mark.slow
@each_launcher
def test_a_kill_in_the_middle_loses_nothing_and_the_same_command_goes_on(
    command_line: CommandLine, chat_server: ChatServer, launcher: list[str]
) -> None:
    """Kill -9 of the whole command; what was finished is neither lost nor called again."""
    chat_server.delay_s = 0.05
    command = [*GRID, "samples=6", "max_connections=8", *at(chat_server), *launcher]
    process = command_line.start(*command)
    while chat_server.calls < 100 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait(30) == -signal.SIGKILL, "it had ended before it was killed"
    _wait_for_silence(chat_server)
    finished, before = stored(command_line), chat_server.calls_by_seed()
    assert finished
    again = command_line.run(*command)
    assert again.returncode == 0, again.stderr
    check_each_index_is_there_once(command_line, 6, complete=True)
    after = chat_server.calls_by_seed()
    assert all(after[seed] == before[seed] for seed in finished)
    assert len(stored(command_line)) == CELLS * 6
    calls = chat_server.calls
    assert command_line.run(*command).returncode == 0
    assert chat_server.calls == calls, "a finished sweep makes no call"


def _wait_for_silence(chat_server: ChatServer) -> None:
    """Until whatever the killed command has started makes no more calls."""
    calls, since, began = chat_server.calls, time.monotonic(), time.monotonic()
    while time.monotonic() - since < 3 and time.monotonic() - began < 60:
        time.sleep(0.1)
        if chat_server.calls != calls:
            calls, since = chat_server.calls, time.monotonic()
