"""Several processes that sample shards of one sweep into one store: one run a cell, one summary, nothing twice."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_wandb_command_line import episodes, online, same_numbers

from hanlon.tracking.state import Turn, marker_path
from hanlon.tracking.wandb import WandbTracker
from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.waiting import HANGS_S, wait_until
from support.wandb_file import by_job
from support.wandb_server import WandbServer

__all__ = ["online"]
Offline = Callable[..., WandbTracker]
WORDS = ["-m", "prompt=baseline,priority_clarified", "samples=12", "max_connections=2"]


def shard(command_line: CommandLine, chat_server: ChatServer, number: int) -> list[str]:
    """The command of one of two processes."""
    words = [*WORDS, *at(chat_server), f"shard={number}/2", "tracker=wandb"]
    return command_line.argv(*words, "tracker.row_interval_s=0")


def start(command_line: CommandLine, argv: list[str]) -> subprocess.Popen[str]:
    """Start one of the processes."""
    return subprocess.Popen(
        argv,
        cwd=command_line.folder,
        env=command_line.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def whole(server: WandbServer, command_line: CommandLine) -> None:
    """The server shows the whole sweep: two cells and a summary, their numbers the store's, no row twice."""
    assert len(server.by_job("cell")) == 2
    assert len(server.runs) == 3
    same_numbers(server, command_line)
    for run in server.by_job("cell"):
        counts = [row["episodes"] for row in run.rows]
        assert counts == sorted(set(counts)), "each row is of more episodes than the one before"
        assert (counts[-1], run.summary["complete"]) == (12, True)
    [summary] = server.by_job("summary")
    assert (summary.summary["episodes"], summary.summary["complete"]) == (24, True)
    assert len(summary.table("rates")) == 2 * len({line["measure"] for line in summary.table("rates")})


@pytest.mark.slow
@pytest.mark.parametrize("history", ["cut", "overwritten"])
def test_two_shards_at_once_end_as_one_sweep(
    online: CommandLine, server: WandbServer, chat_server: ChatServer, history: Any
) -> None:
    """Whoever ends last has logged what both have stored; typed again, neither sends anything."""
    server.history = history
    chat_server.delay_s = 0.05
    commands = [shard(online, chat_server, number) for number in (1, 2)]
    processes = [start(online, argv) for argv in commands]
    outputs = [process.communicate(timeout=HANGS_S)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert not [line for output in outputs for line in output.splitlines() if "stopped" in line], outputs
    whole(server, online)
    server.requests.clear()
    for argv in commands:
        assert online.finish(argv, HANGS_S).returncode == 0
    assert server.requests == []


@pytest.mark.slow
def test_one_after_the_other_and_one_killed_in_between(
    online: CommandLine, server: WandbServer, chat_server: ChatServer
) -> None:
    """The first says that the sweep is not complete; a killed second takes its turn with it, and starts again."""
    first = online.finish(shard(online, chat_server, 1), HANGS_S)
    assert first.returncode in (0, 3), first.stderr
    [summary] = server.by_job("summary")
    assert (summary.summary["episodes"], summary.summary["complete"]) == (12, False)
    chat_server.delay_s = 0.05
    process = start(online, shard(online, chat_server, 2))
    wait_until(lambda: episodes_of_shards(online.runs) >= 15)
    process.kill()
    process.communicate(timeout=HANGS_S)
    assert process.returncode == -signal.SIGKILL
    assert online.finish(shard(online, chat_server, 2), HANGS_S).returncode == 0
    assert episodes(online.runs) == 0, "all of them are in files of shards"
    whole(server, online)


def episodes_of_shards(runs: Path) -> int:
    """How many episodes are stored by shards."""
    return sum(len(file.read_bytes().splitlines()) for file in runs.glob("*/*/episodes.*.jsonl"))


def test_a_cell_that_another_process_logs_is_left_to_it(runs_dir: Path, offline: Offline) -> None:
    """While the other samples it, no second run is opened; while it counts for the last time, it is waited for."""
    sweep = TrackedSweep(runs_dir, [cell_record("a1"), cell_record("b2", label="other")])
    other = Turn(marker_path(sweep.folder("a1"), sweep.sweep.id))
    assert other.take()
    sweep.run(offline(), {"a1": [episode(0)], "b2": [episode(0)]})
    assert [run.config["key"] for run in by_job(runs_dir, "cell")] == ["b2"]
    [summary] = by_job(runs_dir, "summary")
    assert summary.summary["episodes"] == 2
    other.end()
    with closing(WhenAsked(other)):
        sweep.run(offline(), {"a1": [episode(1)]})
    assert [run.summary["n"] for run in by_job(runs_dir, "cell") if run.config["key"] == "a1"] == [2]


class WhenAsked:
    """Gives a turn half a second from now."""

    def __init__(self, turn: Turn) -> None:
        from threading import Timer

        self._timer = Timer(0.5, turn.give)
        self._timer.start()

    def close(self) -> None:
        """Wait until it was given."""
        self._timer.join()


def test_a_summary_that_another_process_writes_is_waited_for_and_then_given_up(
    runs_dir: Path, offline: Offline, said: list[str]
) -> None:
    """One line says so, nothing hangs, and the same command again logs it."""
    sweep = TrackedSweep(runs_dir)
    (runs_dir / "wandb").mkdir(parents=True)
    other = Turn(marker_path(runs_dir / "wandb", sweep.sweep.id))
    assert other.take()
    sweep.run(offline(finish_timeout_s=1.0), {"c0ffee": [episode(0)]})
    assert by_job(runs_dir, "summary") == []
    assert [line for line in said if "no summary" in line]
    other.give()
    sweep.run(offline(), {})
    assert len(by_job(runs_dir, "summary")) == 1
