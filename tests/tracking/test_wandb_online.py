"""Online, against a server on loopback: what arrives, and that a server that dies costs a line and no time."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.waiting import wait_until
from support.wandb_file import by_job
from support.wandb_server import WandbServer

pytestmark = pytest.mark.slow

EPISODES = [episode(i, resisted=i % 3 == 0) for i in range(6)]


def numbers(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without wandb's own clock and the places of tables."""
    return {name: value for name, value in summary.items() if name[0] != "_" and name != "transcripts"}


def wandb_sync(runs_dir: Path) -> subprocess.CompletedProcess[str]:
    """W&B's own command over every offline run."""
    folders = sorted(map(str, (runs_dir / "wandb").glob("offline-run-*")))
    return subprocess.run(
        [sys.executable, "-m", "wandb", "sync", *folders],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_sweep_arrives_whole(runs_dir: Path, server: WandbServer, said: list[str]) -> None:
    """Config, rows, summary, tables, exit code and artifacts of each run; the sweep's was made of the cells'."""
    cells = [cell_record("a1"), cell_record("b2", label="other")]
    sweep = TrackedSweep(runs_dir, cells)
    sweep.run(
        WandbTracker(say=said.append, workspace=False, figures=False), {"a1": EPISODES, "b2": EPISODES[:2]}
    )
    assert [line.split(",")[0] for line in said] == ["W&B: online"]
    first, second = server.by_job("cell")
    assert [run.config["key"] for run in (first, second)] == ["a1", "b2"]
    assert (first.project, first.about["groupName"], first.exit_code) == ("hanlon", "sweep1", 0)
    assert (first.summary["n"], first.summary["k"], second.summary["n"]) == (6, 2, 2)
    assert first.rows[-1]["n"] == 6
    assert len(first.table("transcripts")) == 6
    [summary] = server.by_job("summary")
    assert {line["label"] for line in summary.table("rates")} == {"baseline+placement=system", "other"}
    assert [artifact["state"] for artifact in server.artifacts.values()] == ["COMMITTED"] * len(
        server.artifacts
    )
    made = {each["name"]: (each["runName"], each["used_by"]) for each in server.artifacts.values()}
    assert made["cell-a1"] == (first.id, [summary.id])
    assert made["cell-b2"] == (second.id, [summary.id])
    assert made["sweep-sweep1"] == (summary.id, [])


def test_an_online_sweep_typed_again_sends_nothing(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """Not one request is made where the server has everything."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(WandbTracker(say=said.append, workspace=False, figures=False), {"c0ffee": EPISODES})
    server.requests.clear()
    sweep.run(WandbTracker(say=said.append, workspace=False, figures=False), {})
    assert server.requests == []


def test_a_server_that_dies_in_the_middle_costs_one_line_and_no_time(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """`finish` keeps its limit, and the next start ends as if nothing had been."""
    sweep = TrackedSweep(runs_dir)
    options = {
        "row_interval_s": 0.0,
        "finish_timeout_s": 2.0,
        "workspace": False,
        "figures": False,
        "say": said.append,
    }
    tracker = WandbTracker(**options)
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", EPISODES[0])
    wait_until(lambda: server.by_job("cell"))
    server.die()
    began = time.monotonic()
    sweep.store_live(tracker, "c0ffee", *EPISODES[1:])
    tracker.cell_finished("c0ffee")
    tracker.finish(True)
    assert time.monotonic() - began < 30, "it would wait for ever"
    assert len(said) == 2
    assert "in the store" in said[1]
    server.live()
    sweep.run(WandbTracker(**options | {"finish_timeout_s": 60.0}), {})
    [run] = server.by_job("cell")
    assert (run.summary["n"], run.rows[-1]["n"], run.exit_code) == (6, 6, 0)


def test_a_server_that_is_back_in_time_gets_everything(
    runs_dir: Path, server: WandbServer, said: list[str]
) -> None:
    """A short outage in the middle is not even noticed."""
    sweep, tracker = (
        TrackedSweep(runs_dir),
        WandbTracker(row_interval_s=0.0, workspace=False, figures=False, say=said.append),
    )
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", EPISODES[0])
    wait_until(lambda: server.by_job("cell"))
    server.die()
    sweep.store_live(tracker, "c0ffee", *EPISODES[1:])
    time.sleep(0.5)  # the length of the outage
    server.live()
    tracker.cell_finished("c0ffee")
    tracker.finish(True)
    assert len(said) == 1
    assert server.by_job("cell")[0].summary["n"] == 6


@pytest.mark.parametrize("history", ["cut", "overwritten", "appended to"])
def test_an_interrupted_online_sweep_ends_as_one_run_with_the_stores_numbers(
    runs_dir: Path, server: WandbServer, said: list[str], tmp_path: Path, history: Any
) -> None:
    """Whatever the server makes of an earlier history, run, summary and last row are those of an unbroken sweep."""
    server.history = history
    whole, resumed = TrackedSweep(tmp_path / "whole", sweep_id="whole"), TrackedSweep(runs_dir)
    whole.run(WandbTracker(say=said.append, workspace=False, figures=False), {"c0ffee": EPISODES})
    resumed.run(
        WandbTracker(say=said.append, workspace=False, figures=False),
        {"c0ffee": EPISODES[4:1:-1]},
        complete=False,
    )
    assert server.by_job("cell")[1].summary["complete"] is False
    resumed.run(
        WandbTracker(say=said.append, workspace=False, figures=False),
        {"c0ffee": [EPISODES[i] for i in (0, 5, 1)]},
    )
    first, second = server.by_job("cell")
    assert numbers(first.summary) == numbers(second.summary)
    assert first.rows[-1] == second.rows[-1]
    assert len(server.by_job("summary")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("history", ["cut", "overwritten", "appended to"])
def test_an_interrupted_offline_sweep_synced_by_wandb_arrives_once(
    runs_dir: Path, server: WandbServer, said: list[str], history: Any
) -> None:
    """`wandb sync` over all folders makes one run of each id, with the numbers of the last; again, it sends nothing."""
    server.history = history
    sweep = TrackedSweep(runs_dir)
    sweep.run(WandbTracker(mode="offline", say=said.append), {"c0ffee": EPISODES[:3]}, complete=False)
    sweep.run(WandbTracker(mode="offline", say=said.append), {"c0ffee": EPISODES[3:]})
    assert len(by_job(runs_dir, "cell")) == 2
    wandb_sync(runs_dir)
    [run], [summary] = server.by_job("cell"), server.by_job("summary")
    assert [row["episodes"] for row in run.rows] == [1, 2, 3, 4, 5, 6]
    assert (run.summary["n"], run.summary["k"], run.summary["complete"]) == (6, 2, True)
    assert len(run.table("transcripts")) == 6
    assert summary.summary["episodes"] == 6
    assert summary.table("rates")[0]["n"] == 6
    server.requests.clear()
    wandb_sync(runs_dir)
    assert server.requests == []


STATUSES = [401, 403, 404, 429, 500, 503, 0]
"""As servers refuse; 0: no answer at all."""


@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_refuses_from_the_start_means_offline(
    runs_dir: Path, server: WandbServer, said: list[str], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """A revoked key, a proxy, an outage: offline in `init_timeout_s`, one line with the reason, nothing lost."""
    server.refuse_with = status
    began = time.monotonic()
    tracker = WandbTracker(figures=False, init_timeout_s=2.0, say=said.append)
    TrackedSweep(runs_dir).run(tracker, {"c0ffee": EPISODES})
    assert time.monotonic() - began < 60, "W&B's own limit is 90 s"
    assert [line.split(" (")[0] for line in said] == ["W&B: offline"]
    assert by_job(runs_dir, "cell")[0].summary["n"] == 6
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("status", STATUSES)
def test_a_server_that_refuses_in_the_middle_costs_one_line_and_no_time(
    runs_dir: Path, server: WandbServer, said: list[str], status: int
) -> None:
    """`finish` keeps its limit; the next start, when the server is well, ends with everything there."""
    sweep = TrackedSweep(runs_dir)
    options = {
        "row_interval_s": 0.0,
        "finish_timeout_s": 2.0,
        "workspace": False,
        "figures": False,
        "say": said.append,
    }
    tracker = WandbTracker(**options)
    sweep.start(tracker)
    sweep.store_live(tracker, "c0ffee", EPISODES[0])
    wait_until(lambda: server.by_job("cell"))
    server.refuse_with = status
    sweep.store_live(tracker, "c0ffee", *EPISODES[1:])
    tracker.cell_finished("c0ffee")
    began = time.monotonic()
    tracker.finish(True)
    assert time.monotonic() - began < 30, "it would wait for ever"
    server.refuse_with = None
    sweep.run(WandbTracker(**options | {"finish_timeout_s": 60.0}), {})
    [run], [summary] = server.by_job("cell"), server.by_job("summary")
    assert (run.summary["n"], summary.summary["episodes"]) == (6, 6)
    assert len(run.table("transcripts")) == 6
