"""Reads one sweep and judges it by what was written down before its first call."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from hanlon.analysis.contrasts.grid import subject
from hanlon.analysis.requests import Values, stored_values
from hanlon.analysis.stats.looks import alpha_of
from hanlon.config.errors import ConfigError
from hanlon.hypotheses.files import plans_for
from hanlon.hypotheses.registration import Part, basis, cells_of, registrations
from hanlon.hypotheses.verdict import GridVerdict, judge
from hanlon.store.cells import CellState, folders_below, load_cell
from hanlon.store.lines import DamagedLine
from hanlon.store.problems import nearest
from hanlon.store.records import SweepRecord

NEAR = 3
"""Folders with sweeps that are named where the chosen ones have none."""


@dataclass(frozen=True, slots=True)
class StoredSweep:
    """A sweep with those of its cells that are stored."""

    record: SweepRecord
    cells: Sequence[CellState]
    damaged: Sequence[DamagedLine]

    @property
    def missing(self) -> list[str]:
        """The keys of its cells that are not in the run folders."""
        stored = {cell.record.key for cell in self.cells}
        return [key for key in cells_of(self.record) if key not in stored]


def load_sweep(runs: Sequence[Path], sweep_id: str | None = None) -> StoredSweep:
    """One sweep below the run folders; without an id the only one.

    Raises:
        ConfigError: there is none of that id, no id was given and there are several, several folders have it, or its
            record is not readable.
    """
    chosen = _sweep_file(runs, sweep_id)
    try:
        record = msgspec.json.decode(chosen.read_bytes(), type=SweepRecord)
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{chosen}: not the record of a sweep: {error}. Restore a copy; or run the same sweep again, which "
            "writes it anew and pays nothing for what is stored, but registers nothing before it"
        ) from None
    folders = {folder.name.rpartition("-")[2]: folder for folder in folders_below(runs)}
    loaded = [load_cell(folders[key]) for key in cells_of(record) if key in folders]
    return StoredSweep(record, [cell for cell, _ in loaded], [line for _, lines in loaded for line in lines])


def _sweep_file(runs: Sequence[Path], sweep_id: str | None) -> Path:
    """The record of the chosen sweep."""
    files = [file for root in dict.fromkeys(runs) for file in sorted(root.glob("sweeps/*.json"))]
    if not files:
        raise ConfigError(_nothing(runs))
    by_id: dict[str, list[Path]] = {}
    for file in files:
        by_id.setdefault(file.stem, []).append(file)
    listed = ", ".join(by_id)
    if sweep_id is None and len(by_id) > 1:
        raise ConfigError(
            f"there are {len(by_id)} sweeps, a verdict reads one: --sweep ID. Sweeps: {listed}. "
            "`hanlon rates` reads all cells"
        )
    chosen = sweep_id or next(iter(by_id))
    if chosen not in by_id:
        raise ConfigError(f"there is no sweep {chosen}.{nearest(chosen, by_id)} Sweeps: {listed}")
    if len(by_id[chosen]) > 1:
        roots = ", ".join(str(file.parent.parent) for file in by_id[chosen])
        raise ConfigError(
            f"sweep {chosen} stands in several run folders, a verdict reads one of them: {roots}"
        )
    return by_id[chosen][0]


def _nothing(runs: Sequence[Path]) -> str:
    """That there is no sweep in these folders, and which folder beside them has one."""
    near = [
        folder
        for root in runs
        for folder in (root.parent, *sorted(root.glob("*")))
        if any(folder.glob("sweeps/*.json"))
    ]
    hint = f" Perhaps {', '.join(map(str, near[:NEAR]))}?" if near else ""
    return (
        f"no sweep in {', '.join(map(str, runs))}: a verdict reads one sweep, which `python run.py -m ...` writes as "
        f"sweeps/<id>.json into its run folder (runs_dir, by default runs).{hint}"
    )


def judge_sweep(
    stored: StoredSweep, *, use_current: bool = False, values: Values | None = None
) -> tuple[list[GridVerdict], list[Part]]:
    """The verdicts on one stored sweep, for each model and protocol, and what they were judged by.

    What was written down is judged whatever the files say now, and where they cannot be read a note says why.

    Args:
        stored: the sweep.
        use_current: judge by conf/hypothesis as it is, not by what the sweep wrote down.
        values: the values by request; by default those of the stored episodes.

    Raises:
        ConfigError: hypotheses that it is to be judged by, of the files or of the sweep's record, cannot be read.
    """
    environments = dict.fromkeys(cell.record.env for cell in stored.cells)
    try:
        parts = basis(stored.record, plans_for(list(environments), None), use_current=use_current)
    except ConfigError as error:
        if use_current or not registrations(stored.record):
            raise
        note = f"whether conf/hypothesis has changed since cannot be said: {error}"
        parts = [replace(part, notes=[*part.notes, note]) for part in basis(stored.record)]
    return judge_by(stored.record, stored.cells, parts, values or stored_values()), parts


def judge_by(
    sweep: SweepRecord, cells: Sequence[CellState], parts: Sequence[Part], values: Values
) -> list[GridVerdict]:
    """The verdicts on the cells of one sweep: for each part, one for each model and protocol.

    Where looks were planned, each model is tested at the alpha of the last one that its episodes have reached.
    """
    return [
        replace(
            verdict,
            preregistered=part.preregistered,
            written=part.written,
            overrides=part.overrides,
            alpha=alpha,
        )
        for part in parts
        for plan in part.plans
        for group in _by_model([cell for cell in cells if cell.record.env == plan.env])
        for alpha in [_alpha(sweep, group)]
        for verdict in judge(group, plan, values=values, alpha=alpha, predicted=part.predicted)
    ]


def _by_model(cells: Sequence[CellState]) -> list[list[CellState]]:
    groups: dict[tuple[Any, ...], list[CellState]] = {}
    for cell in cells:
        groups.setdefault(subject(cell.record), []).append(cell)
    return list(groups.values())


def _alpha(sweep: SweepRecord, cells: Sequence[CellState]) -> float:
    keys = [cell.record.key for cell in cells]
    return alpha_of(sweep, min(cell.tally.episodes for cell in cells), keys)
