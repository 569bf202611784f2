"""Sweeps that the processes of joblib and submitit share: the same records, numbers and exit codes as the pool's."""

import os
import re
import signal
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hanlon.store.episodes import cell_folders, read_episodes
from hanlon.store.records import Answer, SweepRecord
from support.chat_server import ChatServer, at
from support.command_line import CommandLine
from support.fault_server import check_each_index_is_there_once

pytestmark = pytest.mark.slow  # whole sweeps in several processes, most of their time spent waiting

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
    if "hydra/launcher=joblib" in launcher:
        assert len(finished) < CELLS * 6, "its workers have ended with it; submitit's outlive the command"
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


def test_workers_share_budget_and_connections_and_exit_as_the_pool_does(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A budget in tokens is kept by all workers together; an incomplete sweep is 3, and its reason is said once."""
    chat_server.delay_s = 0.05
    command = [
        "prompt=baseline",
        "samples=40",
        "max_tokens_total=6600",
        "max_connections=3",
        *at(chat_server),
    ]
    run = command_line.run(*command, *LAUNCHERS["joblib"])
    assert run.returncode == 3, run.stderr
    assert run.stderr.count("max_tokens_total=6600 is reached") == 1
    assert "of 3,300 spent by one of 2 workers" in run.stderr
    assert "Incomplete" in run.stderr
    spent = chat_server.calls * 110
    assert 0.6 * 6600 < spent <= 6600
    assert chat_server.most_at_once <= 2, "3 // 2 connections for each of two workers"
    again = command_line.run(*command)
    assert again.returncode == 3
    assert chat_server.calls * 110 <= 6600


def test_controls_and_few_samples_are_shared_too(command_line: CommandLine) -> None:
    """A sweep over tiers gets its controls, and one sample a cell still gives every worker something to do."""
    command = ["-m", "env=alignment_faking", "tier=free,paid", "samples=1", "model=simulated/alignment_faker"]
    run = command_line.run(*command, *LAUNCHERS["joblib"])
    assert run.returncode == 0, run.stderr
    assert "control cells are added" in run.stderr
    assert len(cell_folders(command_line.runs)) == len(sweep_of(command_line).cells) > 2
    assert {"worker 1 of 2", "worker 2 of 2"} <= set(
        re.findall(r"^(worker \d of \d): \d", run.stderr, re.MULTILINE)
    )
    check_each_index_is_there_once(command_line, 1, complete=True)


def test_a_worker_that_is_killed_is_said_and_the_rest_is_kept(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """One process of joblib dies: exit code 1, a line instead of a traceback, the table of what is there."""
    chat_server.delay_s = 0.1
    command = ["prompt=baseline", "samples=60", "max_connections=4", *at(chat_server), *LAUNCHERS["joblib"]]
    process = command_line.start(*command)
    while chat_server.calls < 30:
        time.sleep(0.01)
    os.kill(_workers(process.pid)[-1], signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "A worker has ended before its time" in output
    assert "Traceback" not in output
    assert "Incomplete" in output
    assert command_line.run(*command).returncode == 0
    check_each_index_is_there_once(command_line, 60, complete=True)


def _workers(parent: int) -> list[int]:
    """The loky workers that a command has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["workers=2"], "workers=2: hydra/launcher=pool is one process"),
        (["hydra/launcher=submitit_local"], "add workers=<number>"),
        (["hydra/launcher=submitit_slurm"], "add workers=<number>"),
        (["hydra/launcher=joblib", "workers=0"], "workers=0"),
        (["hydra/launcher=joblib", "prompt=baselin"], "baseline"),
        (["hydra/sweeper=basic", "hydra/launcher=joblib"], "leave hydra/sweeper=grid"),
    ],
)
def test_what_cannot_be_shared_is_refused_before_anything_starts(
    command_line: CommandLine, words: list[str], said: str
) -> None:
    """Exit code 2, one line that says what would be right, no cell on disk."""
    run = command_line.run("model=simulated/obedient", *words)
    assert run.returncode == 2, run.stderr
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert not cell_folders(command_line.runs)


def test_a_plan_is_the_same_with_every_launcher(command_line: CommandLine) -> None:
    """plan=true starts no worker."""
    plans = [
        command_line.run(*GRID, "model=simulated/obedient", "plan=true", *words).stdout
        for words in ([], LAUNCHERS["joblib"], ["hydra/launcher=submitit_slurm", "workers=9"])
    ]
    assert plans[0] == plans[1] == plans[2]
    assert not command_line.runs.exists()


def test_judges_and_questions_are_asked_once_by_all_workers_together(command_line: CommandLine) -> None:
    """Sampled by the pool, then judged and questioned by workers, and the rest sampled: each answer is there once."""
    command = ["-m", "prompt=baseline,placebo", "model=simulated/ambiguity"]
    assert command_line.run(*command, "samples=4").returncode == 0
    asked = [*command, "samples=8", "judge=[regex,simulated]", "followups=[self_report]"]
    run = command_line.run(*asked, *LAUNCHERS["joblib"])
    assert run.returncode == 0, run.stderr
    answers: Counter[tuple[str, str, int, str, int]] = Counter()
    for file in [
        *command_line.runs.glob("*/*/labels.*.jsonl"),
        *command_line.runs.glob("*/*/followups.*.jsonl"),
    ]:
        for line in file.read_bytes().splitlines():
            answer = msgspec.json.decode(line, type=Answer)
            kind = ".".join(file.name.split(".")[:2])
            answers[file.parent.name, kind, answer.index, answer.question, answer.number] += 1
    assert set(answers.values()) == {1}
    assert {index for _, kind, index, _, _ in answers if kind.startswith("labels")} == set(range(8))
    assert {index for _, kind, index, _, _ in answers if kind.startswith("followups")} == set(range(8))
    assert command_line.run(*asked).returncode == 0


def test_a_shard_is_shared_among_workers(command_line: CommandLine) -> None:
    """Two commands of one shard each, both with workers, make the whole sweep."""
    command = ["prompt=baseline", "model=simulated/obedient", "samples=10", *LAUNCHERS["joblib"]]
    assert command_line.run(*command, "shard=1/2").returncode == 0
    check_each_index_is_there_once(command_line, 10, complete=False)
    assert command_line.run(*command, "shard=2/2").returncode == 0
    check_each_index_is_there_once(command_line, 10, complete=True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_workers_end_with_their_command(
    command_line: CommandLine, chat_server: ChatServer, number: signal.Signals, code: int
) -> None:
    """Terminated, it prints the table of what is there; killed, its workers still let go of the terminal at once."""
    chat_server.delay_s = 0.1
    command = ["prompt=baseline", "samples=400", "max_connections=8", *at(chat_server), *LAUNCHERS["joblib"]]
    process = command_line.start(*command)
    while chat_server.calls < 30:
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)  # until the last worker has closed it
    assert process.returncode == code, output
    assert "Traceback" not in output
    if number == signal.SIGTERM:
        assert "Incomplete" in output
    calls = chat_server.calls
    time.sleep(1)
    assert chat_server.calls == calls < 1600
