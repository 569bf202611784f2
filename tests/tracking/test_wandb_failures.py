"""W&B failing in any way costs one line and nothing else; the end of a sweep never hangs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hanlon.tracking.state import Marker, marker_path, read_state
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.waiting import wait_until
from support.wandb_file import by_job
from support.wandb_server import ENTITY, WandbServer

Offline = Callable[..., WandbTracker]
KEY = "0123456789" * 4


def core_pid() -> int:
    """The service process that this process has started."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return next(pid for pid in pids if b"wandb-core" in Path(f"/proc/{pid}/cmdline").read_bytes())


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_core_killed_in_the_middle_costs_one_warning(
    runs_dir: Path, offline: Offline, said: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """After a kill -9 of wandb's process the sweep goes on, one line is said, and nothing else is printed."""
    sweep, tracker = TrackedSweep(runs_dir), offline(row_interval_s=0.0)
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", episode(0))
    wait_until(lambda: by_job(runs_dir, "cell"))
    os.kill(core_pid(), signal.SIGKILL)
    sweep.store_live(tracker, "c0ffee", *[episode(i) for i in range(1, 50)])
    tracker.cell_finished("c0ffee")
    tracker.finish(True)
    assert len(said) == 2, "the offline line and one warning"
    assert "stopped" in said[1]
    assert str(runs_dir.parent) not in said[1]
    assert capfd.readouterr().err == ""
    assert not (sweep.folder("c0ffee") / "wandb.sweep1.json").exists()


def test_the_same_command_after_a_dead_core_logs_what_is_missing(
    runs_dir: Path, offline: Offline, said: list[str]
) -> None:
    """A later sweep in the same process works, and replays the cell whole."""
    sweep, tracker = TrackedSweep(runs_dir), offline(row_interval_s=0.0)
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", episode(0))
    wait_until(lambda: by_job(runs_dir, "cell"))
    os.kill(core_pid(), signal.SIGKILL)
    sweep.store_live(tracker, "c0ffee", episode(1))
    tracker.finish(False)
    sweep.run(tracker, {"c0ffee": [episode(2)]})
    assert by_job(runs_dir, "cell")[-1].summary["n"] == 3


def test_a_core_that_hangs_is_given_up_in_time(runs_dir: Path, offline: Offline, said: list[str]) -> None:
    """A stopped wandb process makes `finish` wait its limit, say one line, and return."""
    sweep, tracker = TrackedSweep(runs_dir), offline(row_interval_s=0.0, finish_timeout_s=1.0)
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", episode(0))
    wait_until(lambda: by_job(runs_dir, "cell"))
    os.kill(core_pid(), signal.SIGSTOP)
    tracker.cell_finished("c0ffee")
    began = time.monotonic()
    tracker.finish(True)
    assert time.monotonic() - began < 30, "it would wait for ever"
    wait_until(lambda: "hanlon-wandb" not in [thread.name for thread in threading.enumerate()])
    assert len(said) == 2


def test_a_folder_that_cannot_be_written_costs_one_warning(
    runs_dir: Path, offline: Offline, said: list[str]
) -> None:
    """Where runs/wandb cannot be made, no exception reaches the sweep."""
    sweep = TrackedSweep(runs_dir)
    sweep.folder("c0ffee")
    (runs_dir / "wandb").write_text("a file is in the way")
    sweep.run(offline(), {"c0ffee": [episode(0)]})
    assert len(said) == 1
    assert "stopped" in said[0]


def test_a_server_that_never_answers_means_offline(
    runs_dir: Path,
    said: list[str],
    silent_server: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With a key and no answer, `auto` goes offline in init_timeout_s with one line, losing nothing."""
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", silent_server)
    tracker = WandbTracker(figures=False, init_timeout_s=1.0, say=said.append)
    TrackedSweep(runs_dir).run(tracker, {"c0ffee": [episode(0), episode(1)]})
    [run] = by_job(runs_dir, "cell")
    assert run.summary["n"] == 2
    folders = [path.name for path in (runs_dir / "wandb").iterdir() if path.is_dir()]
    assert all(name.startswith("offline-run-") for name in folders)
    assert len(said) == 1
    assert "offline" in said[0]
    assert "sync" in said[0]
    assert KEY not in said[0]
    assert capfd.readouterr().err == ""


def test_a_key_of_the_wrong_form_is_explained(
    runs_dir: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short WANDB_API_KEY leads to offline and a line that names the variable, not the key."""
    monkeypatch.setenv("WANDB_API_KEY", "tooshort-key")
    TrackedSweep(runs_dir).run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    assert len(said) == 1
    assert "WANDB_API_KEY" in said[0]
    assert "tooshort-key" not in said[0]
    assert by_job(runs_dir, "cell")[0].summary["n"] == 1


def test_without_a_key_one_line_says_offline_and_how_to_sync(runs_dir: Path, said: list[str]) -> None:
    """The line is the only thing said in a whole sweep, and its glob matches the runs."""
    TrackedSweep(runs_dir).run(WandbTracker(say=said.append), {"c0ffee": [episode(0)]})
    [line] = said
    assert "no API key" in line
    assert list(Path.cwd().glob(line.split("wandb sync ")[1]))


@pytest.mark.parametrize("by", ["variable", "command"])
@pytest.mark.parametrize(("mode", "runs"), [("disabled", 0), ("offline", 1)])
def test_wandb_switched_off_by_its_own_means_stays_off(
    runs_dir: Path,
    server: WandbServer,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    mode: str,
    runs: int,
) -> None:
    """WANDB_MODE and `wandb offline` or `wandb disabled`, with a key: no request goes out, and one line says why."""
    if by == "variable":
        monkeypatch.setenv("WANDB_MODE", mode)
    else:
        subprocess.run([sys.executable, "-m", "wandb", mode], check=True, capture_output=True, timeout=60)
    server.requests.clear()
    TrackedSweep(runs_dir).run(WandbTracker(figures=False, say=said.append), {"c0ffee": [episode(0)]})
    assert server.requests == []
    assert len(by_job(runs_dir, "cell")) == runs
    [line] = said
    assert f"WANDB_MODE={mode}" in line if by == "variable" else f"`wandb {mode}`" in line


@pytest.mark.parametrize(("project", "expected"), [(None, "confusion"), ("scheming", "scheming")])
def test_runs_go_to_the_project_of_the_environment_unless_one_is_named(
    runs_dir: Path, server: WandbServer, monkeypatch: pytest.MonkeyPatch, project: str | None, expected: str
) -> None:
    """`tracker.project` stands before WANDB_PROJECT."""
    monkeypatch.setenv("WANDB_PROJECT", "confusion")
    sweep = TrackedSweep(runs_dir)
    sweep.run(WandbTracker(project=project, figures=False, say=lambda line: None), {"c0ffee": [episode(0)]})
    marker = read_state(marker_path(sweep.folder("c0ffee"), "sweep1"), Marker)
    assert marker is not None
    assert marker.project == f"{ENTITY}/{expected}"
    assert {run.project for run in server.runs.values()} == {expected}


def test_nothing_raises_out_of_order(runs_dir: Path, offline: Offline, said: list[str]) -> None:
    """Calls before `start`, for unknown cells, twice, or after the end are ignored."""
    tracker = offline()
    tracker.stored("c0ffee", episode(0))
    tracker.cell_finished("c0ffee")
    tracker.finish(True)
    TrackedSweep(runs_dir).run(tracker, {"unknown": [episode(0)]})
    tracker.finish(True)
    assert said == []


def test_a_say_that_fails_harms_nothing(runs_dir: Path) -> None:
    """An exception in the engine's own `say` neither stops the thread nor reaches the sweep."""
    tracker = WandbTracker(mode="offline", say=lambda line: 1 / 0)
    TrackedSweep(runs_dir).run(tracker, {"c0ffee": [episode(0)]})
    assert by_job(runs_dir, "cell")[0].summary["n"] == 1


@pytest.mark.parametrize("options", [{"mode": "onlin"}, {"project": "a/b"}])
def test_an_illegal_option_is_refused_at_once(options: dict[str, str]) -> None:
    """A wrong mode or project name is an error that says what would be legal, before anything is started."""
    with pytest.raises(ValueError, match=r"Modes: auto, online, offline|none of"):
        WandbTracker(**options)


def test_a_process_whose_core_died_ends_without_a_further_word(runs_dir: Path) -> None:
    """No traceback comes from wandb's exit hooks after it failed."""
    script = Path(__file__).parents[1] / "support" / "tracked_sweep.py"
    (runs_dir / "shutdown" / "cell-c0ffee").mkdir(parents=True)
    (runs_dir / "wandb").write_text("a file is in the way")
    done = subprocess.run(
        [sys.executable, script, runs_dir, "{}"], capture_output=True, text=True, timeout=30, check=True
    )
    assert len(done.stderr.splitlines()) == 1


def test_cells_without_episodes_open_no_run(runs_dir: Path, offline: Offline) -> None:
    """A cell that got no episode before the sweep ended is left for the next start."""
    sweep = TrackedSweep(runs_dir, [cell_record("a1"), cell_record("b2")])
    sweep.run(offline(), {"a1": [episode(0)]})
    assert [run.config["key"] for run in by_job(runs_dir, "cell")] == ["a1"]
