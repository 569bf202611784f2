"""Interrupted, resumed and repeated sweeps end with the same numbers, and log nothing twice."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_file import LoggedRun, by_job, logged_runs

Offline = Callable[..., WandbTracker]
EPISODES = [episode(i, resisted=i % 3 == 0) for i in range(6)]


def numbers(run: LoggedRun) -> dict[str, Any]:
    """A run's summary without wandb's own clock."""
    return {name: value for name, value in run.summary.items() if not name.startswith(("_", "transcripts"))}


def test_stored_episodes_are_replayed_one_row_each_in_order(runs_dir: Path, offline: Offline) -> None:
    """A cell that already has episodes starts its run with a row for each, then the live ones."""
    sweep = TrackedSweep(runs_dir)
    sweep.store("c0ffee", *EPISODES[:4])
    sweep.run(offline(), {"c0ffee": EPISODES[4:]})
    [run] = by_job(runs_dir, "cell")
    assert [row["episodes"] for row in run.rows][:4] == [1, 2, 3, 4]
    assert run.rows[-1]["episodes"] == 6
    assert [row["n"] for row in run.rows] == [row["episodes"] for row in run.rows]


def test_an_interrupted_and_resumed_cell_ends_as_an_uninterrupted_one(
    runs_dir: Path, offline: Offline, tmp_path: Path
) -> None:
    """Same run id, same last row, same summary, whether the cell ran in one go, in two, or out of order."""
    whole, resumed = TrackedSweep(tmp_path / "whole"), TrackedSweep(runs_dir)
    whole.run(offline(), {"c0ffee": EPISODES})
    resumed.run(offline(), {"c0ffee": EPISODES[4:1:-1]}, complete=False)
    resumed.run(offline(), {"c0ffee": [EPISODES[0], EPISODES[5], EPISODES[1]]})
    [first], [interrupted, second] = by_job(tmp_path / "whole", "cell"), by_job(runs_dir, "cell")
    assert first.run.run_id == interrupted.run.run_id == second.run.run_id
    assert interrupted.summary["complete"] is False
    assert numbers(first) == numbers(second)
    assert first.rows[-1] == second.rows[-1]


def test_a_finished_sweep_typed_again_opens_no_run(runs_dir: Path, offline: Offline, said: list[str]) -> None:
    """Neither a cell's nor the summary run is opened for what W&B already has, and no line is said."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(offline(), {"c0ffee": EPISODES})
    before = len(logged_runs(runs_dir))
    said.clear()
    sweep.run(offline(), {})
    assert len(logged_runs(runs_dir)) == before == 2
    assert said == []


def test_only_cells_with_new_episodes_are_logged_again(runs_dir: Path, offline: Offline) -> None:
    """Raising `samples` in one cell opens that cell's run and a new summary run that has every cell."""
    sweep = TrackedSweep(runs_dir, [cell_record("a1"), cell_record("b2", label="other")])
    sweep.run(offline(), {"a1": EPISODES[:2], "b2": EPISODES[:2]})
    sweep.run(offline(), {"b2": EPISODES[2:]})
    assert [run.config["key"] for run in by_job(runs_dir, "cell")] == ["a1", "b2", "b2"]
    rates = by_job(runs_dir, "summary")[-1].rates()
    assert [(line["label"], line["n"]) for line in rates if line["measure"] == "resistance"] == [
        ("baseline+placement=system", 2),
        ("other", 6),
    ]


def test_deleting_the_runs_folder_logs_everything_anew(runs_dir: Path, offline: Offline) -> None:
    """A marker whose offline run is gone does not count."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(offline(), {"c0ffee": EPISODES})
    shutil.rmtree(runs_dir / "wandb")
    sweep.run(offline(), {})
    assert by_job(runs_dir, "cell")[0].summary["n"] == 6


def test_the_marker_says_what_was_logged_where(runs_dir: Path, offline: Offline) -> None:
    """`wandb.<sweep id>.json` in the cell's folder names run, folder, mode and rows."""
    sweep = TrackedSweep(runs_dir)
    sweep.run(offline(), {"c0ffee": EPISODES})
    marker = json.loads((sweep.folder("c0ffee") / "wandb.sweep1.json").read_text())
    [run] = by_job(runs_dir, "cell")
    assert (marker["run"], marker["folder"], marker["mode"], marker["rows"]) == (
        run.run.run_id,
        run.folder.name,
        "offline",
        6,
    )


def test_an_episode_tried_again_replaces_its_api_error(runs_dir: Path, offline: Offline) -> None:
    """The record that a later run adds for an index counts instead of the first, not beside it."""
    sweep = TrackedSweep(runs_dir)
    sweep.store("c0ffee", episode(0, excluded="api_error"), episode(1))
    sweep.run(offline(), {"c0ffee": [episode(2), episode(0, resisted=True)]})
    [run] = by_job(runs_dir, "cell")
    assert (run.summary["k"], run.summary["n"], run.summary["episodes"]) == (1, 3, 3)
    assert run.summary["excluded"] == 0
    assert "excluded/api_error" not in run.rows[-1]


def test_two_sweeps_in_one_process_share_a_cell(runs_dir: Path, offline: Offline) -> None:
    """One tracker logs sweep after sweep; each has its own run of the cell they share."""
    first, second = TrackedSweep(runs_dir), TrackedSweep(runs_dir, sweep_id="sweep2")
    tracker = offline()
    first.run(tracker, {"c0ffee": EPISODES[:3]})
    second.run(tracker, {"c0ffee": EPISODES[3:]})
    runs = by_job(runs_dir, "cell")
    assert [(run.run.run_group, run.summary["n"]) for run in runs] == [("sweep1", 3), ("sweep2", 6)]
    assert runs[0].run.run_id != runs[1].run.run_id


def test_fast_episodes_are_coalesced_but_the_last_row_is_there(runs_dir: Path, offline: Offline) -> None:
    """A burst of live episodes costs a few rows, and the last row counts them all."""
    sweep = TrackedSweep(runs_dir)
    sweep.store("c0ffee", episode(0))
    tracker = offline(row_interval_s=60.0)
    sweep.run(tracker, {"c0ffee": [episode(i) for i in range(1, 301)]})
    [run] = by_job(runs_dir, "cell")
    assert run.rows[-1]["n"] == 301


def test_cells_beyond_the_live_limit_are_logged_whole_at_their_end(runs_dir: Path, offline: Offline) -> None:
    """With max_live_runs=1 the second cell opens no run until it is finished, and misses nothing."""
    sweep = TrackedSweep(runs_dir, [cell_record("a1"), cell_record("b2", label="other")])
    sweep.run(offline(max_live_runs=1), {"a1": EPISODES, "b2": EPISODES})
    assert [run.summary["n"] for run in by_job(runs_dir, "cell")] == [6, 6]


def test_a_long_history_is_thinned_in_a_replay(runs_dir: Path, offline: Offline) -> None:
    """A cell of 3,000 stored episodes is replayed in 1,000 rows that end with the last."""
    sweep = TrackedSweep(runs_dir)
    sweep.store("c0ffee", *[episode(i, messages=[]) for i in range(3000)])
    sweep.run(offline(transcripts=False), {})
    [run] = by_job(runs_dir, "cell")
    assert len(run.rows) == 1000
    assert run.rows[-1]["n"] == 3000
