"""Whatever is killed when, the same command again ends with one run a cell and the store's numbers."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_wandb_online import wandb_sync

from hanlon.tracking.cell_run import run_id
from hanlon.tracking.sync import sync_runs
from support.killed_sweep import KEYS, RESISTED, SAMPLES
from support.tracked_sweep import SWEEP_ID
from support.waiting import HANGS_S, wait_until
from support.wandb_server import WandbServer

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]
LAST = len(KEYS) * SAMPLES + len(KEYS) + 1
"""The steps of an undisturbed sweep: its episodes, and then its finished runs."""


def start(runs_dir: Path, mode: str) -> subprocess.Popen[str]:
    """Start the sweep in a process group of its own."""
    options = {
        "mode": mode,
        "row_interval_s": 0.0,
        "finish_timeout_s": 60.0,
        "workspace": False,
        "figures": False,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "support.killed_sweep", str(runs_dir), json.dumps(options)],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def child_of(pid: int) -> int | None:
    """wandb's service process, if it is there already."""
    pids = [int(pid) for f in Path(f"/proc/{pid}/task").glob("*/children") for pid in f.read_text().split()]
    return next((pid for pid in pids if b"wandb-core" in Path(f"/proc/{pid}/cmdline").read_bytes()), None)


def step(runs_dir: Path) -> int:
    """How many episodes are stored and runs finished."""
    return len(stored(runs_dir)) + len(list(runs_dir.glob("*/*/wandb.*.json")))


def wait_for_a_step(
    process: subprocess.Popen[str], runs_dir: Path, dice: random.Random, last: int = LAST
) -> None:
    """Wait until the sweep has come to a random later step, at most the last, or has ended."""
    begun = step(runs_dir)
    reached = dice.randint(begun, max(begun, last))
    wait_until(lambda: step(runs_dir) >= reached or process.poll() is not None)


def disturb(process: subprocess.Popen[str], runs_dir: Path, dice: random.Random) -> None:
    """Kill the process, its wandb service, or both, at a random step; then let what is left of it end."""
    wait_for_a_step(process, runs_dir, dice)
    victim = dice.choice(["process", "service", "group"])
    if process.poll() is None:
        core = child_of(process.pid)
        if victim == "process":
            process.kill()
        elif victim == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif core is not None:
            os.kill(core, signal.SIGKILL)
    process.communicate(timeout=HANGS_S)


def killed_and_resumed(runs_dir: Path, mode: str, seed: int) -> None:
    """Start the sweep, kill it at random steps, start it again, until an undisturbed start ends."""
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 3)):
        disturb(start(runs_dir, mode), runs_dir, dice)
    last = start(runs_dir, mode)
    out, err = last.communicate(timeout=HANGS_S)
    assert (last.returncode, out) == (0, "done\n"), err
    assert "stopped" not in err


def check(server: WandbServer) -> None:
    """The server holds one finished run for each cell and one for the sweep, with the numbers of the store."""
    assert set(server.runs) == {run_id(SWEEP_ID, key) for key in (*KEYS, "summary")}
    for key in KEYS:
        run = server.runs[run_id(SWEEP_ID, key)]
        assert run.exit_code == 0
        for values in (run.summary, run.rows[-1]):
            assert (values["n"], values["k"], values["episodes"]) == (SAMPLES, RESISTED[key], SAMPLES)
        assert run.summary["complete"] is True
        assert len(run.table("transcripts")) == SAMPLES
    summary = server.runs[run_id(SWEEP_ID, "summary")]
    assert (summary.summary["episodes"], summary.summary["complete"]) == (len(KEYS) * SAMPLES, True)
    rates = [line for line in summary.table("rates") if line["measure"] == "resistance"]
    assert {line["label"]: (line["k"], line["n"]) for line in rates} == {
        f"cell {key}": (RESISTED[key], SAMPLES) for key in KEYS
    }


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 9))])
def test_online(runs_dir: Path, server: WandbServer, seed: int) -> None:
    """Killed and resumed online; what an orphaned service still sends does no harm."""
    server.history = random.Random(seed).choice(["cut", "overwritten", "appended to"])
    killed_and_resumed(runs_dir, "online", seed)
    check(server)


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 6))])
def test_offline_then_wandb_sync(runs_dir: Path, server: WandbServer, seed: int) -> None:
    """Killed and resumed offline, then sent by W&B's own command."""
    server.history = random.Random(seed).choice(["cut", "overwritten", "appended to"])
    killed_and_resumed(runs_dir, "offline", seed)
    wandb_sync(runs_dir)
    check(server)


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 6))])
def test_offline_then_hanlon_sync(runs_dir: Path, server: WandbServer, seed: int) -> None:
    """Killed and resumed offline, then sent by `hanlon sync`; after it neither command has anything to send."""
    killed_and_resumed(runs_dir, "offline", seed)
    lines: list[str] = []
    assert sync_runs(runs_dir, lines.append) == 4
    check(server)
    server.requests.clear()
    assert sync_runs(runs_dir, lines.append) == 0
    wandb_sync(runs_dir)
    assert server.requests == []


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 6))])
def test_a_killed_sync_typed_again_sends_the_rest(runs_dir: Path, server: WandbServer, seed: int) -> None:
    """`hanlon sync` killed at a random request: the next one ends with the store's numbers, one run each."""
    start(runs_dir, "offline").communicate(timeout=HANGS_S)
    dice = random.Random(seed)
    server.history = dice.choice(["cut", "overwritten", "appended to"])
    command = [sys.executable, "-c", "from hanlon.cli.sync import sync; sync()", str(runs_dir)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    requests = dice.randint(1, 40)
    wait_until(lambda: len(server.requests) >= requests or process.poll() is not None)
    process.kill()
    process.wait(HANGS_S)
    subprocess.run(command, check=True, timeout=HANGS_S, capture_output=True)
    check(server)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_outages_of_the_server_at_random_steps(runs_dir: Path, server: WandbServer, seed: int) -> None:
    """A server that goes and comes while a sweep runs; afterwards the same command makes everything right."""
    dice = random.Random(seed)
    server.history = dice.choice(["cut", "overwritten", "appended to"])
    process = start(runs_dir, "online")
    while process.poll() is None and dice.random() < 0.9:
        wait_for_a_step(process, runs_dir, dice)
        server.die()
        wait_for_a_step(process, runs_dir, dice, last=len(KEYS) * SAMPLES)
        server.live()
    out, _ = process.communicate(timeout=HANGS_S)
    assert (process.returncode, out) == (0, "done\n")
    last = start(runs_dir, "online")
    out, err = last.communicate(timeout=HANGS_S)
    assert (last.returncode, out) == (0, "done\n"), err
    check(server)


def test_a_sweep_that_was_killed_and_not_resumed_is_sent_as_far_as_the_store_goes(
    runs_dir: Path, server: WandbServer
) -> None:
    """`hanlon sync` alone sends what is stored of a killed sweep, and calls it incomplete."""
    process = start(runs_dir, "offline")
    wait_until(lambda: len(stored(runs_dir)) >= 5)
    process.kill()
    process.communicate(timeout=HANGS_S)
    there = len(stored(runs_dir))
    sent = sync_runs(runs_dir, lambda line: None)
    assert sent == len(server.runs)
    assert sum(run.summary["episodes"] for run in server.by_job("cell")) == there
    assert not any(run.summary["complete"] for run in server.runs.values())
    assert sync_runs(runs_dir, lambda line: None) == 0


def stored(runs_dir: Path) -> list[str]:
    """Every stored episode."""
    return [line for file in runs_dir.glob("*/*/episodes.jsonl") for line in file.read_text().splitlines()]
