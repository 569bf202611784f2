"""`hanlon sync`: what is not on the server yet is sent from the store, and said."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_wandb_failures import core_pid
from test_wandb_online import wandb_sync

from hanlon.cli.sync import sync
from hanlon.store.episodes import CellWriter
from hanlon.store.shard import Shard
from hanlon.tracking.base import NoTracker
from hanlon.tracking.state import Marker, marker_path, read_state
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_server import WandbServer

pytestmark = pytest.mark.slow

Offline = Callable[..., WandbTracker]
EPISODES = [episode(i, resisted=i % 3 == 0) for i in range(6)]
CELLS = [cell_record("a1", label="first"), cell_record("b2", label="second")]


def run_sync(*runs: Path | str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(sync, [str(path) for path in runs])


def test_an_offline_sweep_is_sent_once_and_every_run_is_named(
    runs_dir: Path, server: WandbServer, offline: Offline
) -> None:
    """One line a run with its project, id and number of episodes; the second time nothing is sent."""
    TrackedSweep(runs_dir, CELLS).run(offline(), {"a1": EPISODES, "b2": EPISODES[:4]})
    done = run_sync()
    assert done.exit_code == 0, done.output
    first, second = server.by_job("cell")
    [summary] = server.by_job("summary")
    lines = [line for line in done.output.splitlines() if "sent" in line]
    assert lines == [
        f"sweep sweep1: sent first to team/hanlon, run {first.id}, 6 episodes",
        f"sweep sweep1: sent second to team/hanlon, run {second.id}, 4 episodes",
        f"sweep sweep1: sent summary to team/hanlon, run {summary.id}, "
        f"{sum(len(summary.table(name)) for name in ('rates', 'transcripts'))} lines of tables",
    ]
    assert (first.summary["n"], second.summary["n"], summary.summary["episodes"]) == (6, 4, 10)
    server.requests.clear()
    again = run_sync("runs")
    assert server.requests == []
    assert again.output.splitlines() == [
        "sweep sweep1: 2 cells are there already",
        "Nothing was sent: W&B has all that is not left out above.",
    ]


def test_only_cells_with_new_episodes_are_sent_again(
    runs_dir: Path, server: WandbServer, offline: Offline
) -> None:
    """After more episodes offline, the cell that got them and the summary are sent, to the same runs."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.run(offline(), {"a1": EPISODES, "b2": EPISODES[:4]})
    run_sync()
    sweep.run(offline(), {"b2": EPISODES[4:]})
    done = run_sync()
    assert [line.split(" ")[3] for line in done.output.splitlines() if "sent" in line] == [
        "second",
        "summary",
    ]
    assert len(server.runs) == 3
    assert server.by_job("cell")[1].summary["n"] == 6


def test_cells_of_an_earlier_command_of_the_same_experiment_are_sent_too(
    runs_dir: Path, server: WandbServer, offline: Offline
) -> None:
    """An experiment typed with one model and then another: both cells' runs, and the last command's summary."""
    TrackedSweep(runs_dir, CELLS[:1]).run(offline(), {"a1": EPISODES})
    TrackedSweep(runs_dir, CELLS[1:]).run(offline(), {"b2": EPISODES[:4]})
    run_sync()
    runs = {run.config["label"]: run.summary for run in server.by_job("cell")}
    assert {label: (summary["n"], summary["complete"]) for label, summary in runs.items()} == {
        "first": (6, True),
        "second": (4, True),
    }
    assert [line["label"] for line in server.by_job("summary")[0].table("rates")] == ["second", "second"]
    assert run_sync().output.splitlines()[-1] == "Nothing was sent: W&B has all that is not left out above."


def test_a_sweep_is_sent_as_it_was_logged(runs_dir: Path, server: WandbServer, offline: Offline) -> None:
    """To its own project, and without the transcripts that its own command kept out."""
    tracker = offline(project="elsewhere", entity="lab", transcripts=False)
    TrackedSweep(runs_dir).run(tracker, {"c0ffee": EPISODES})
    assert "sent baseline+placement=system to lab/elsewhere" in run_sync().output
    assert {run.project for run in server.runs.values()} == {"elsewhere"}
    assert b"Problem 0" not in server.received


def test_a_sweep_without_wandb_stays_where_it_is(runs_dir: Path, server: WandbServer) -> None:
    """What was run with `tracker=none` is left out, and that is said."""
    TrackedSweep(runs_dir).run(NoTracker(), {"c0ffee": EPISODES})
    done = run_sync()
    assert server.requests == []
    assert done.output.startswith("sweep sweep1: left out, it ran without W&B")


def test_a_finished_sweep_of_before_is_not_sent_when_the_folder_was_synced_by_wandb(
    runs_dir: Path, server: WandbServer, offline: Offline
) -> None:
    """Runs that `wandb sync` has sent count as there."""
    TrackedSweep(runs_dir).run(offline(), {"c0ffee": [episode(i) for i in range(4)]})
    wandb_sync(runs_dir)
    server.requests.clear()
    assert run_sync().output.splitlines()[-1] == "Nothing was sent: W&B has all that is not left out above."
    assert server.requests == []


def test_without_a_key_nothing_is_asked_and_the_way_out_is_said(
    runs_dir: Path, offline: Offline, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No prompt, no request, exit code 1."""
    TrackedSweep(runs_dir).run(offline(), {"c0ffee": EPISODES})
    monkeypatch.delenv("WANDB_API_KEY")
    done = run_sync()
    assert done.exit_code == 1
    assert done.output == "Error: W&B: no API key found. Nothing was sent; to log in: wandb login.\n"
    assert server.requests == []


def test_a_server_that_dies_half_way_leaves_the_rest_for_the_next_time(
    runs_dir: Path, offline: Offline, server: WandbServer
) -> None:
    """The runs that were sent stay sent; the command ends in time with exit code 1; again, it sends the rest."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.run(offline(finish_timeout_s=10.0), {"a1": EPISODES, "b2": EPISODES})
    requests = server.requests.__len__

    def die_after_the_first_run(number: int) -> None:
        if sum(run.complete for run in server.runs.values()) == 1 and requests() > 5:
            raise ConnectionError

    server.before_stream = die_after_the_first_run
    done = run_sync()
    assert done.exit_code == 1
    assert "stopped (" in done.output
    assert "after 1 runs" in done.output
    server.before_stream = lambda number: None
    done = run_sync()
    assert done.exit_code == 0
    assert [line.split(" ")[3] for line in done.output.splitlines() if "sent" in line] == [
        "second",
        "summary",
    ]
    assert [run.summary["n"] for run in server.by_job("cell")] == [6, 6]


def test_a_server_that_is_down_ends_the_command_in_time(
    runs_dir: Path, offline: Offline, server: WandbServer
) -> None:
    """After `init_timeout_s` of the sweep's own options, with exit code 1; the offline runs stay."""
    TrackedSweep(runs_dir).run(offline(init_timeout_s=2.0), {"c0ffee": EPISODES})
    server.die()
    began = time.monotonic()
    done = run_sync()
    server.live()
    assert time.monotonic() - began < 60, "W&B's own limit is 90 s"
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert "Nothing was sent" in done.output
    assert run_sync().exit_code == 0
    assert server.by_job("cell")[0].summary["n"] == 6


@pytest.mark.parametrize("stopped", ["the server", "wandb's process"])
def test_what_hangs_ends_with_the_time_limit_and_is_not_sent(
    runs_dir: Path, offline: Offline, server: WandbServer, stopped: str
) -> None:
    """The message names the cell and says what to do; it does not count as sent, and again, it is sent whole."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.run(offline(finish_timeout_s=300.0), {"a1": EPISODES, "b2": EPISODES})
    pids: list[int] = []

    def hang_after_the_first_run(number: int) -> None:
        if sum(run.complete for run in server.runs.values()) == 1 and not pids:
            pids.append(core_pid())
            if stopped == "the server":
                server.refuse_with = 0
            else:
                os.kill(pids[0], signal.SIGSTOP)

    server.before_stream = hang_after_the_first_run
    began = time.monotonic()
    done = run_sync("--timeout", "6", "runs")
    server.refuse_with = None
    assert time.monotonic() - began < 120, "the sweep's own limit is 300 s"
    assert done.exit_code == 1
    last = done.output.splitlines()[-1]
    assert last.startswith(
        "Error: W&B: sweep sweep1: second was not sent within 6 s and is given up, after 1 runs."
    )
    assert "--timeout" in last
    assert marker_path(sweep.folder("a1"), "sweep1").exists()
    marker = read_state(marker_path(sweep.folder("b2"), "sweep1"), Marker)
    assert marker is not None
    assert marker.mode == "offline", "as it was before"
    assert (
        not Path(f"/proc/{pids[0]}").exists() or b"wandb" not in Path(f"/proc/{pids[0]}/cmdline").read_bytes()
    )
    again = run_sync("runs")
    assert again.exit_code == 0, again.output
    assert [line.split(" ")[3] for line in again.output.splitlines() if "sent" in line] == [
        "second",
        "summary",
    ]
    assert [run.summary["n"] for run in server.by_job("cell")] == [6, 6]


def test_a_sweep_that_is_still_sampled_is_left_to_its_process(
    runs_dir: Path, offline: Offline, server: WandbServer
) -> None:
    """Nothing is sent while a writer holds one of its cells."""
    sweep = TrackedSweep(runs_dir, CELLS)
    sweep.run(offline(), {"a1": EPISODES, "b2": EPISODES})
    with closing(CellWriter(sweep.folder("b2"), Shard())):
        done = run_sync()
    assert done.output.startswith("sweep sweep1: left out, a process is sampling it")
    assert server.requests == []


def test_a_folder_without_sweeps_is_refused(tmp_path: Path) -> None:
    """The message says what a run folder holds."""
    done = run_sync(tmp_path)
    assert done.exit_code == 2
    assert "sweeps/<id>.json" in done.output
