"""A sweep of three cells that goes on where the store ends, to be killed at any moment and started again.

`killed_sweep.py <runs_dir> <json options of the tracker>` prints `done` at its end.
"""

import json
import sys
import time
from pathlib import Path

from hanlon.store.episodes import read_digests
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode

KEYS = ("a1", "b2", "c3")
SAMPLES = 8
RESISTED = {"a1": 0, "b2": 3, "c3": 8}


def main(runs_dir: str, options: str) -> None:
    """Sample what is missing, an episode of each cell in turn."""
    cells = [cell_record(key, label=f"cell {key}", planned_samples=SAMPLES) for key in KEYS]
    sweep, tracker = TrackedSweep(Path(runs_dir), cells), WandbTracker(**json.loads(options))
    sweep.sweep.planned_samples = SAMPLES
    sweep.start(tracker)
    done = {key: {digest.index for digest in read_digests(sweep.folder(key))} for key in KEYS}
    for index in range(SAMPLES):
        for key in KEYS:
            if index not in done[key]:
                time.sleep(0.03)
                sweep.store_live(tracker, key, episode(index, resisted=index < RESISTED[key]))
    for key in KEYS:
        tracker.cell_finished(key)
    tracker.finish(True)
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
