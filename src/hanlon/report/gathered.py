"""What a page is made of: one sweep with its verdicts, or cells that no sweep's record names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hanlon.analysis.labels.calibration import HumanLabel
from hanlon.analysis.labels.human import human_labels
from hanlon.analysis.requests import Values, stored_values
from hanlon.figures.material import Material
from hanlon.hypotheses.predicted import predictions
from hanlon.hypotheses.printed.answers import Judged
from hanlon.hypotheses.printed.notes import no_verdict_text
from hanlon.hypotheses.printed.rows import verdict_rows
from hanlon.hypotheses.registration import Part
from hanlon.hypotheses.stored import StoredSweep, judge_sweep, load_sweep
from hanlon.report.answers import read_people, roots_of
from hanlon.store.cells import CellState, in_grid_order, load_cells
from hanlon.store.lines import DamagedLine


@dataclass(frozen=True)
class Gathered:
    """Cells in the order of their grid, and the verdicts on them. `obstacle` says why there is none."""

    states: Sequence[CellState]
    damaged: Sequence[DamagedLine]
    runs: Sequence[Path]
    values: Values
    stored: StoredSweep | None = None
    parts: Sequence[Part] = ()
    judged: Sequence[Judged] = ()
    obstacle: str = ""

    @cached_property
    def material(self) -> Material:
        """What the figures are made of, and the judges' labels."""
        predicted = predictions(self.runs, self.states).contrasts
        return Material(self.states, self.human, verdict_rows(self.judged), predicted)

    @cached_property
    def human(self) -> Sequence[HumanLabel]:
        """People's labels of these episodes."""
        return people_of(self.states)


def gather(runs: Sequence[Path], sweep_id: str | None, *, use_current: bool = False) -> Gathered:
    """Read one sweep and judge it by what it wrote down; without any sweep's record, all cells.

    Args:
        runs: the run folders.
        sweep_id: which sweep; None for the only one.
        use_current: judge by conf/hypothesis as it is, not by what the sweep wrote down.

    Raises:
        ConfigError: there are several sweeps and none is chosen, or one cannot be read.
    """
    if sweep_id is None and not any(_sweep_files(runs)):
        states, damaged = load_cells(runs)
        return Gathered(
            in_grid_order(states, runs),
            damaged,
            runs,
            stored_values(),
            obstacle="no record of a sweep is stored.",
        )
    return gather_sweep(load_sweep(runs, sweep_id), runs, use_current=use_current)


def gather_sweep(stored: StoredSweep, runs: Sequence[Path], *, use_current: bool = False) -> Gathered:
    """Judge one sweep.

    Raises:
        ConfigError: hypotheses, in conf/hypothesis or in the sweep's record, cannot be read.
    """
    values = stored_values()
    states = in_grid_order(stored.cells, runs)
    verdicts, parts = judge_sweep(stored, use_current=use_current, values=values) if states else ([], [])
    judged = [Judged(verdict, values) for verdict in verdicts]
    if not any(verdict.says_something for verdict in verdicts):
        return Gathered(
            states, stored.damaged, runs, values, stored, parts, obstacle=no_verdict_text(stored, parts)
        )
    return Gathered(states, stored.damaged, runs, values, stored, parts, judged)


def people_of(states: Sequence[CellState]) -> Sequence[HumanLabel]:
    """What people labelled of some cells' episodes in `hanlon view`."""
    keys = {state.record.key for state in states}
    remarks = [remark for root in roots_of(states) for remark in read_people(root)["labels"]]
    return human_labels(remark for remark in remarks if remark.cell in keys)


def _sweep_files(runs: Sequence[Path]) -> Iterator[Path]:
    for root in runs:
        yield from root.glob("sweeps/*.json")
