"""What leaves this machine: a grep over everything that a server received, was said, or lies in a log."""

import os
import pty
import select
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from test_wandb_leaks import ARGV, HOST, OPENROUTER_KEY, SCRIPT, command, found_below, own_host_name

from hanlon.tracking.sync import sync_runs
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.waiting import HANGS_S
from support.wandb_file import by_job
from support.wandb_server import KEY, WandbServer

pytestmark = pytest.mark.slow

PLANTED_KEY = "correct-horse-battery"


def leaky_config(tmp_path: Path, host: str) -> dict[str, Any]:
    """A configuration with everything that must not leave."""
    return {
        "model": {
            "base_url": f"http://user:pass1234@{host}:8000/v1?api_key=querykey",
            "api_key": "plain-word",
        },
        "runs_dir": str(tmp_path / "somewhere" / "runs"),
        "note": f"read {Path.cwd()}/notes.txt with {OPENROUTER_KEY} or {PLANTED_KEY}",
    }


def secret_words(tmp_path: Path, host: str) -> list[str]:
    """What is grepped for; a short host name would be found by chance."""
    words = [OPENROUTER_KEY, PLANTED_KEY, KEY, "plain-word", "pass1234", "querykey", ARGV]
    return [*words, str(tmp_path), str(SCRIPT.parents[2]), *[host] * (len(host) > 8)]


def in_text(text: bytes, words: list[str]) -> list[str]:
    """The words that stand in a text."""
    return [word for word in words if word.encode() in text]


@pytest.fixture
def host() -> str:
    """The name that a sweep's process has."""
    return HOST if own_host_name() else socket.gethostname()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment, one of a form that only the environment gives away."""
    monkeypatch.setenv("OPENROUTER_API_KEY", OPENROUTER_KEY)
    monkeypatch.setenv("MY_LAB_TOKEN", PLANTED_KEY)


@pytest.mark.parametrize("where", ["runs", "elsewhere"])
def test_nothing_that_must_stay_is_sent_said_or_stored(
    runs_dir: Path, tmp_path: Path, server: WandbServer, host: str, where: str
) -> None:
    """Online, workspace and tables included: no key, host name, argument, local path in any body, line or file."""
    folder = str(runs_dir) if where == "runs" else str(tmp_path / where)
    options = {
        "config": leaky_config(tmp_path, host),
        "factors": {"key": OPENROUTER_KEY, "path": str(tmp_path)},
    }
    line = [*own_host_name(), *command("runs" if where == "runs" else folder, ARGV, **options)]
    done = subprocess.run(line, timeout=HANGS_S, check=True, capture_output=True)
    assert len(server.runs) == 2
    assert len(server.views) == len(server.reports) == (find_spec("wandb_workspaces") is not None)
    assert server.artifacts
    words = secret_words(tmp_path, host)
    assert in_text(server.received, words) == []
    assert in_text(done.stdout + done.stderr, words) == []
    allowed = [word for word in words if word != str(tmp_path)]  # the syncstate file knows where it lies
    assert found_below(Path(folder) / "wandb", allowed) == []


def test_a_killed_process_leaves_no_key_in_any_log(
    runs_dir: Path, tmp_path: Path, server: WandbServer, host: str
) -> None:
    """wandb's debug logs of a run that could not be closed repeat its configuration, which was redacted before."""
    options = {"config": leaky_config(tmp_path, host), "killed": True}
    subprocess.run(
        [*own_host_name(), *command("runs", ARGV, **options)], timeout=HANGS_S, capture_output=True
    )
    logs = list((runs_dir / "wandb").glob("run-*/logs/*.log"))
    assert logs
    words = [
        word for word in secret_words(tmp_path, host) if word not in (str(tmp_path), str(SCRIPT.parents[2]))
    ]
    assert found_below(runs_dir / "wandb", words) == []
    assert in_text(server.received, secret_words(tmp_path, host)) == []


def test_a_key_in_a_transcript_or_label_is_not_sent(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """A model that repeats a key of this process; a path in a transcript is a model's own and stays."""
    text = [{"role": "assistant", "content": f"cat /etc/passwd; export K={OPENROUTER_KEY} T={PLANTED_KEY}"}]
    leaky = episode(0, messages=text, facts={"cmd": f"echo {OPENROUTER_KEY}"})
    cells = [
        cell_record("a1", model=f"m-{PLANTED_KEY}"),
        cell_record("b2", factors={"placement": PLANTED_KEY}),
    ]
    TrackedSweep(runs_dir, cells).run(WandbTracker(say=said.append), {"a1": [leaky], "b2": [leaky]})
    assert in_text(server.received, [OPENROUTER_KEY, PLANTED_KEY, KEY]) == []
    assert b"cat /etc/passwd" in server.received
    assert found_below(runs_dir / "wandb", [OPENROUTER_KEY, PLANTED_KEY, KEY]) == []


def test_a_sync_sends_no_more_than_the_sweep_would_have(
    runs_dir: Path, tmp_path: Path, server: WandbServer
) -> None:
    """The same grep over what `hanlon sync` sent of an offline sweep."""
    config = leaky_config(tmp_path, socket.gethostname())
    sweep = TrackedSweep(runs_dir, [cell_record(config=config)])
    sweep.run(WandbTracker(mode="offline", say=lambda line: None), {"c0ffee": [episode(0)]})
    lines: list[str] = []
    assert sync_runs(runs_dir, lines.append) == 2
    words = secret_words(tmp_path, socket.gethostname())
    assert in_text(server.received, words) == []
    assert in_text("\n".join(lines).encode(), words) == []


def on_a_terminal(argv: list[str], limit_s: float = HANGS_S) -> tuple[int, list[str]]:
    """Run a command on a real pty with nobody to answer; its exit code and the lines that it showed."""
    parent, child = pty.openpty()
    with subprocess.Popen(argv, stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        shown, end = b"", time.monotonic() + limit_s
        readable = select.poll()  # unlike select, it takes descriptors beyond 1,024
        readable.register(parent, select.POLLIN)
        while time.monotonic() < end and readable.poll(1000 * limit_s):
            try:
                shown += os.read(parent, 4096)
            except OSError:  # the other end is closed
                break
        os.close(parent)
        return process.wait(timeout=HANGS_S), shown.decode().splitlines()


@pytest.mark.parametrize("key", [KEY, "tooshort", ""], ids=["a key", "a wrong key", "an empty key"])
@pytest.mark.parametrize("mode", ["auto", "online", "offline"])
def test_a_sweep_on_a_terminal_asks_nothing(
    runs_dir: Path, server: WandbServer, monkeypatch: pytest.MonkeyPatch, key: str, mode: str
) -> None:
    """Whatever key and mode, it ends by itself, and says only W&B's own lines."""
    monkeypatch.setenv("WANDB_API_KEY", key)
    exit_code, lines = on_a_terminal(command("runs", mode=mode, finish_timeout_s=60.0, figures=False))
    assert exit_code == 0
    assert [line.split(" ")[0] for line in lines] == ["W&B:"] * (len(lines) - 1) + ["True"]
    online = key == KEY and mode != "offline"
    assert len(server.runs) == (2 if online else 0)
    assert "hanlon" in lines[0] if online else "offline" in lines[0]


def test_a_server_that_is_down_asks_nothing_on_a_terminal(runs_dir: Path, server: WandbServer) -> None:
    """With a key and no server the sweep ends offline."""
    server.die()
    exit_code, lines = on_a_terminal(command("runs", init_timeout_s=2.0))
    assert (exit_code, len(lines)) == (0, 2)
    assert by_job(runs_dir, "cell")[0].summary["n"] == 4
    server.live()


def test_a_service_that_cannot_start_does_not_hang_the_sweep(
    runs_dir: Path, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """wandb 0.31 then waits for its own lock for ever: the sweep gives it up in time, and the process ends."""
    monkeypatch.setenv("GOMEMLIMIT", "nonsense")  # Go refuses to start
    began = time.monotonic()
    exit_code, lines = on_a_terminal(command("runs", finish_timeout_s=1.0))
    assert exit_code == 0
    assert time.monotonic() - began < 60, "it would wait for ever"
    assert any("in the store" in line for line in lines)
