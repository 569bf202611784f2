"""What a process leaves under runs/wandb: readable rows after a kill, and nothing that must stay here."""

import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.waiting import HANGS_S
from support.wandb_file import by_job

SCRIPT = Path(__file__).parents[1] / "support" / "tracked_sweep.py"
ARGV = "unique-argv-word-4711"
HOST = "planted-host-name"
WANDB_KEY = "a1b2c3d4e5" * 4
OPENROUTER_KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"


def command(runs_dir: Path | str, *words: str, **options: Any) -> list[str]:
    """The command line of a sweep in a process of its own."""
    return [sys.executable, str(SCRIPT), str(runs_dir), msgspec.json.encode(options).decode(), *words]


def run_sweep(runs_dir: Path | str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(runs_dir, *words, **options), capture_output=True, text=True, timeout=HANGS_S, check=True
    )


def own_host_name() -> list[str]:
    """A prefix that runs a command on a machine named HOST, where Linux allows it."""
    prefix = ["unshare", "-r", "--uts", "sh", "-c", f'hostname {HOST} && exec "$@"', "sh"]
    allowed = (
        shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    )
    return prefix if allowed else []


def found_below(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Every (file, word) where a word stands in a file's bytes or in its name."""
    files = [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
    assert files
    return [
        (str(path.relative_to(folder)), word)
        for path in files
        for word in words
        if (path.is_file() and word.encode() in path.read_bytes()) or word in path.name
    ]


@pytest.mark.parametrize("outside", [False, True], ids=["below the current folder", "elsewhere"])
def test_no_key_host_argv_or_path_is_written(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: bool
) -> None:
    """A grep over all files for keys, the host's name, argv, local paths finds nothing."""
    monkeypatch.setenv("WANDB_API_KEY", WANDB_KEY)
    monkeypatch.setenv("OPENROUTER_API_KEY", OPENROUTER_KEY)
    prefix = own_host_name()
    host = HOST if prefix else socket.gethostname()
    config = {
        "model": {"base_url": f"http://user:pass1234@{host}:8000/v1", "api_key": "plain-word"},
        "runs_dir": str(tmp_path / "somewhere" / "runs"),
        "note": f"read {Path.cwd()}/notes.txt with {OPENROUTER_KEY}",
    }
    where = tmp_path / "elsewhere" if outside else runs_dir
    options = {"mode": "offline", "config": config, "factors": {"key": OPENROUTER_KEY}}
    line = command(where if outside else "runs", ARGV, **options)
    subprocess.run([*prefix, *line], timeout=HANGS_S, check=True)
    words = [WANDB_KEY, OPENROUTER_KEY, "plain-word", "pass1234", ARGV, str(tmp_path)]
    words += [str(SCRIPT.parents[2])] + [host] * (len(host) > 8)  # a short name is found by chance
    assert found_below(where / "wandb", words) == []
    assert by_job(where, "cell")[0].config["cell"]["model"]["base_url"] == "http://localhost:8000/v1"


@pytest.mark.slow
def test_everything_of_wandb_lies_below_the_runs_folder(runs_dir: Path, tmp_path: Path) -> None:
    """Neither the home folder nor the current folder gets a file."""
    run_sweep("runs", mode="offline")
    assert list((tmp_path / "home").rglob("*")) == []
    assert [path.name for path in Path.cwd().iterdir()] == ["runs"]
    assert all(
        path.name.startswith("offline-run-") for path in (runs_dir / "wandb").iterdir() if path.is_dir()
    )


@pytest.mark.slow
def test_without_a_key_on_a_terminal_nothing_is_asked(runs_dir: Path) -> None:
    """On a real pty with no key a sweep with mode=auto ends by itself, offline, with one line of W&B."""
    parent, child = pty.openpty()
    with subprocess.Popen(command("runs"), stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        shown, end = b"", time.monotonic() + HANGS_S
        readable = select.poll()  # unlike select, it takes descriptors beyond 1,024
        readable.register(parent, select.POLLIN)
        while time.monotonic() < end and readable.poll(1000 * HANGS_S):
            try:
                shown += os.read(parent, 4096)
            except OSError:  # the other end is closed
                break
        os.close(parent)
        assert process.wait(timeout=HANGS_S) == 0
    lines = shown.decode().splitlines()
    assert len(lines) == 2, "the offline line and the script's own"
    assert lines[0].startswith("W&B: offline (no API key found)")
    assert by_job(runs_dir, "cell")[0].summary["n"] == 4


def test_tracker_none_never_imports_wandb(runs_dir: Path) -> None:
    """A whole sweep with tracker=none ends without the package in sys.modules, and leaves no folder."""
    assert run_sweep("runs", none=True).stdout == "False\n"
    assert not (runs_dir / "wandb").exists()


@pytest.mark.slow
def test_a_finished_sweep_typed_again_does_not_import_wandb(runs_dir: Path) -> None:
    """Where every cell is logged and unchanged, the process ends without the package in sys.modules."""
    assert run_sweep("runs", mode="offline").stdout == "True\n"
    assert run_sweep("runs", mode="offline", episodes=0).stdout == "False\n"


def test_a_kill_in_the_middle_leaves_readable_rows(runs_dir: Path) -> None:
    """After a kill -9 of the process, out of its own control, the run's file holds config and rows."""
    done = subprocess.run(command("runs", mode="offline", killed=True), capture_output=True, timeout=HANGS_S)
    assert done.returncode == -signal.SIGKILL
    [run] = by_job(runs_dir, "cell")
    assert run.config["key"] == "c0ffee"
    assert run.rows[-1]["n"] == 4
