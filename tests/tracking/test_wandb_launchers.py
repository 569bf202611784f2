"""W&B under Hydra's launchers: the typed command logs every cell once, when its workers are done."""

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from test_wandb_command_line import online, same_numbers

from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.waiting import HANGS_S, wait_until
from support.wandb_file import by_job
from support.wandb_server import WandbServer

__all__ = ["online"]
pytestmark = pytest.mark.slow  # whole sweeps in several processes

LAUNCHERS = {
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit_local": ["hydra/launcher=submitit_local", "workers=2"],
}
GRID = ["-m", "prompt=baseline,placebo,priority_clarified", "env.wording=1,2", "env.stakes=none,replaced"]
CELLS = 12
each_launcher = pytest.mark.parametrize("launcher", LAUNCHERS.values(), ids=LAUNCHERS.keys())


def once(server: WandbServer, command_line: CommandLine, samples: int) -> None:
    """One run for each cell with the store's numbers, whole, and one summary of all."""
    assert len(server.by_job("cell")) == CELLS
    [summary] = server.by_job("summary")
    assert len(server.runs) == CELLS + 1
    same_numbers(server, command_line)
    assert {run.summary["episodes"] for run in server.by_job("cell")} == {samples}
    assert {run.summary["complete"] for run in server.runs.values()} == {True}
    assert summary.summary["episodes"] == CELLS * samples


@each_launcher
def test_the_parent_logs_each_cell_once_online(
    online: CommandLine, server: WandbServer, launcher: list[str]
) -> None:
    """Twelve cells of a scripted policy; no run is opened by a worker; typed again, nothing is sent."""
    command = [*GRID, "model=simulated/ambiguity", "samples=4", *launcher]
    run = online.run(*command, tracker="wandb")
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("W&B: online") == 1
    once(server, online, 4)
    opened = [call.get("name") for call in server.called("UpsertBucket")]
    assert set(opened) == set(server.runs), "each run's id is that of a cell or of the sweep"
    server.requests.clear()
    assert online.run(*command, tracker="wandb").returncode == 0
    assert server.requests == []


def test_the_parent_logs_each_cell_once_offline(command_line: CommandLine) -> None:
    """The same without a key, by joblib: one line, twelve folders of cells and one of the sweep."""
    run = command_line.run(
        *GRID, "model=simulated/ambiguity", "samples=4", *LAUNCHERS["joblib"], tracker="wandb"
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("W&B: offline") == 1
    cells = by_job(command_line.runs, "cell")
    assert len({one.config["key"] for one in cells}) == len(cells) == CELLS
    assert {one.summary["episodes"] for one in cells} == {4}
    [summary] = by_job(command_line.runs, "summary")
    assert summary.summary["episodes"] == 4 * CELLS
    assert {row["label"] for row in summary.rates()} == {one.config["label"] for one in cells}


def test_a_parent_that_is_killed_leaves_nothing_twice(
    online: CommandLine, server: WandbServer, chat_server: ChatServer
) -> None:
    """Killed among its workers' calls, and again while it logs; the same command then shows the whole sweep once."""
    chat_server.delay_s = 0.05
    argv = online.argv(*GRID, *at(chat_server), "samples=3", "max_connections=8", *LAUNCHERS["joblib"])
    argv.append("tracker=wandb")
    for reached in (lambda: chat_server.calls >= 40, lambda: len(server.by_job("cell")) >= 3):
        process = subprocess.Popen(
            argv,
            cwd=online.folder,
            env=online.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda reached=reached, process=process: reached() or process.poll() is not None)
        workers = below(process.pid)
        process.kill()
        assert process.wait(HANGS_S) == -signal.SIGKILL, "it had ended before it was killed"
        wait_until(lambda workers=workers: not any(map(holds_a_cell, workers)))
    done = online.finish(argv, HANGS_S)
    assert done.returncode == 0, done.stderr
    once(server, online, 3)


def below(pid: int) -> list[int]:
    """A process's children and all of theirs."""
    children = [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return [process for child in children for process in (child, *below(child))]


def holds_a_cell(pid: int) -> bool:
    """Whether a process has a file of episodes open; a worker that waits for more has none."""
    try:
        return any(".jsonl" in os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@each_launcher
def test_nobody_is_asked_for_anything_on_a_terminal(command_line: CommandLine, launcher: list[str]) -> None:
    """On a real pty without a key: the sweep ends by itself, offline, and shows no question."""
    words = ["prompt=baseline", "model=simulated/obedient", "samples=4", *launcher, "tracker=wandb"]
    code, text = on_a_terminal(command_line, command_line.argv(*words), HANGS_S)
    assert code == 0, text
    assert "W&B: offline (no API key found)" in " ".join(text.split())
    for question in ("Enter your choice", "API key and hit enter", "Use an existing", "[y/n]", "(y/n)"):
        assert question not in text
    assert len(by_job(command_line.runs, "cell")) == 1


def on_a_terminal(command_line: CommandLine, argv: list[str], limit_s: float) -> tuple[int, str]:
    """Run a command on a pty with nobody to answer; its exit code and all that it showed."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        argv,
        cwd=command_line.folder,
        env=command_line.environment,
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    shown, end = b"", time.monotonic() + limit_s
    poller = select.poll()
    poller.register(parent, select.POLLIN)
    while process.poll() is None and time.monotonic() < end:
        if poller.poll(100):
            try:
                shown += os.read(parent, 65_536)
            except OSError:
                break
    if process.poll() is None and time.monotonic() >= end:
        process.kill()
    code = process.wait(HANGS_S)
    os.close(parent)
    return code, shown.decode(errors="replace")
