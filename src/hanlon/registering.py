"""Writes down what a sweep is to be judged by, before its first call: hypotheses, controls, cells and n, with a hash.

What was written down first stands: a later run of the same cells does not replace it, whatever conf/hypothesis says
by then. `stored` says how many episodes were there already, which nothing that is written afterwards predicts.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hanlon.analysis.hypotheses.files import plans_for
from hanlon.analysis.hypotheses.registered import hash_of
from hanlon.analysis.hypotheses.schema import Plan
from hanlon.config.schema import CellConfig
from hanlon.planning import PlannedCell
from hanlon.records import Registration, SweepRecord


def register(sweep: SweepRecord, planned: Sequence[PlannedCell], options: CellConfig) -> Registration:
    """What stands in the sweep's file: the registration of an earlier run of the same cells, or a new one.

    Raises:
        ConfigError: a hypothesis does not exist or its file is malformed.
    """
    plans = plans_for([plan.cell.environment.name for plan in planned], options.hypotheses)
    stored = sum(plan.tally.episodes for plan in planned)
    new = registration(plans, options.samples, sweep.cells, stored)
    old = _earlier(Path(options.runs_dir) / "sweeps" / f"{sweep.id}.json")
    if old is None or not stored or sorted(old.cells) != sorted(sweep.cells):
        return new
    if old.plans != new.plans:
        print(
            f"Note: sweep {sweep.id} keeps the hypotheses and n that were written down before its first call; those of "
            "conf/hypothesis differ by now, and what they predict is exploratory.",
            file=sys.stderr,
        )
    return old


def registration(plans: Sequence[Plan], samples: int, cells: Sequence[str], stored: int) -> Registration:
    """A registration as of now."""
    contents = [plan.content() for plan in plans]
    return Registration(
        contents, samples, list(cells), hash_of(contents, samples, cells), time.time(), stored
    )


def _earlier(sweep_file: Path) -> Registration | None:
    try:
        return msgspec.json.decode(sweep_file.read_bytes(), type=SweepRecord).registration
    except (OSError, msgspec.DecodeError):
        return None
