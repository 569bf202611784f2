"""Kill -9, a stopped process and a wrong clock: finished episodes are neither lost nor repeated."""

import random
import signal
import sys
import time
from pathlib import Path

import pytest

from hanlon.store.episodes import cell_folders, read_episodes
from support.chat_server import ChatServer, at
from support.command_line import ROOT, CommandLine
from support.fault_server import check_each_index_is_there_once

CELLS = 16


def _stored(command_line: CommandLine) -> set[int]:
    return {e.seed for folder in cell_folders(command_line.runs) for e in read_episodes(folder)}


def _kill_again_and_again(
    command_line: CommandLine, chat_server: ChatServer, command: list[str], kills: int
) -> None:
    """After each kill: what was finished is there and was not called again; what is repeated was in flight."""
    random.seed(4)
    chat_server.delay_s = 0.01
    finished: set[int] = set()
    repeated = 0
    for _ in range(kills):
        before = chat_server.calls_by_seed()
        process = command_line.start(*command)
        aim = chat_server.calls + random.randrange(1, 60)
        while chat_server.calls < aim and process.poll() is None:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        assert process.wait(30) == -signal.SIGKILL, "it had ended before it was killed"
        time.sleep(0.05)
        now, calls = _stored(command_line), chat_server.calls_by_seed()
        assert finished <= now
        assert all(calls[seed] == before[seed] for seed in finished)
        repeated += sum(before.get(seed, 0) for seed in calls if calls[seed] > before.get(seed, 0))
        finished = now
    in_flight = {seed: calls for seed, calls in chat_server.calls_by_seed().items() if seed not in finished}
    assert command_line.run(*command, timeout_s=300).returncode == 0
    episodes = len(_stored(command_line))
    assert chat_server.calls - 4 * episodes <= repeated + sum(in_flight.values())


@pytest.mark.slow
def test_five_kills_at_random_moments(command_line: CommandLine, chat_server: ChatServer) -> None:
    """Four cells, killed five times: everything is there once."""
    command = [
        "-m",
        "prompt=baseline,placebo,priority_clarified,priority_only",
        "samples=25",
        *at(chat_server),
    ]
    _kill_again_and_again(command_line, chat_server, command, 5)
    check_each_index_is_there_once(command_line, 25, complete=True)


@pytest.mark.slow
def test_fifty_kills_with_sixteen_cells_in_flight(command_line: CommandLine, chat_server: ChatServer) -> None:
    """Sixteen cells, killed fifty times: everything is there once."""
    prompts = "prompt=baseline,placebo,priority_clarified,priority_only"
    stakes = "env.stakes=none,replaced"
    command = ["-m", prompts, stakes, "env.wording=1,2", "samples=50", *at(chat_server)]
    _kill_again_and_again(command_line, chat_server, command, 50)
    assert len(cell_folders(command_line.runs)) == CELLS
    check_each_index_is_there_once(command_line, 50, complete=True)


@pytest.mark.slow
def test_a_stopped_process_goes_on(command_line: CommandLine, chat_server: ChatServer) -> None:
    """A laptop that sleeps for longer than a call may take: the sweep goes on where it was."""
    chat_server.delay_s = 0.3
    command = ["prompt=baseline", "samples=24", "model.call_timeout_s=2", *at(chat_server)]
    process = command_line.start(*command)
    while chat_server.calls < 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    check_each_index_is_there_once(command_line, 24, complete=True)


CLOCK = """
import runpy, sys, time
real, began = time.time, time.time()
time.time = lambda: began - 60 * (real() - began)  # a minute back for every second
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_a_clock_that_goes_backwards_changes_nothing(
    command_line: CommandLine, chat_server: ChatServer, tmp_path: Path
) -> None:
    """Order and counts come from what happened, not from the time of day."""
    launcher = tmp_path / "launcher.py"
    launcher.write_text(CLOCK)
    chat_server.delay_s = 0.05
    words = ["-m", "prompt=baseline,placebo", "samples=20", *at(chat_server), "tracker=none"]
    run = command_line.finish([sys.executable, str(launcher), str(ROOT / "run.py"), *words], 60)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    check_each_index_is_there_once(command_line, 20, complete=True)
    assert set(chat_server.calls_by_seed().values()) == {4}
    for folder in cell_folders(command_line.runs):
        episodes = sorted(read_episodes(folder), key=lambda e: e.start_order)
        assert [e.index for e in episodes] == list(range(20))
        assert episodes[-1].started_at < episodes[0].started_at
    assert command_line.run(*words[:-1]).returncode == 0
    assert set(chat_server.calls_by_seed().values()) == {4}
