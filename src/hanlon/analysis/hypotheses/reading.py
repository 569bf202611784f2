"""Reads one sweep for its verdict: its cells, what was written down before it, and the episodes by request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from hanlon.analysis.cells import folders_below, load_cell
from hanlon.analysis.gaps.episodes import ByRequest, RequestCell, request_cells
from hanlon.analysis.gaps.rows import values
from hanlon.analysis.hypotheses.observing import Values
from hanlon.analysis.hypotheses.registered import Basis
from hanlon.analysis.hypotheses.verdict import GridVerdict, judge
from hanlon.analysis.tables import CellState
from hanlon.config.errors import ConfigError, nearest
from hanlon.engine.lines import DamagedLine
from hanlon.records import SweepRecord


@dataclass(frozen=True, slots=True)
class StoredSweep:
    """A sweep with those of its cells that are stored."""

    record: SweepRecord
    cells: Sequence[CellState]
    damaged: Sequence[DamagedLine]


def load_sweep(runs: Sequence[Path], sweep_id: str | None = None) -> StoredSweep:
    """One sweep below the given run folders; without an id the only one.

    Raises:
        ConfigError: there is none of that id, or no id was given and there are several.
    """
    files = {file.stem: file for root in runs for file in sorted(root.glob("sweeps/*.json"))}
    if not files:
        raise ConfigError(
            f"no sweep in {', '.join(map(str, runs))}: a verdict reads one sweep, which stands in sweeps/<id>.json"
        )
    listed = ", ".join(files)
    if sweep_id is None and len(files) > 1:
        raise ConfigError(f"there are {len(files)} sweeps, a verdict reads one: --sweep ID. Sweeps: {listed}")
    chosen = sweep_id or next(iter(files))
    if chosen not in files:
        raise ConfigError(f"there is no sweep {chosen}.{nearest(chosen, files)} Sweeps: {listed}")
    record = msgspec.json.decode(files[chosen].read_bytes(), type=SweepRecord)
    folders = {folder.name.rpartition("-")[2]: folder for folder in folders_below(runs)}
    loaded = [load_cell(folders[key]) for key in record.cells if key in folders]
    return StoredSweep(record, [cell for cell, _ in loaded], [line for _, lines in loaded for line in lines])


def judge_by(cells: Sequence[CellState], found: Basis) -> list[GridVerdict]:
    """The verdicts on the cells of one sweep by each plan of `found`, one for each model and protocol."""
    values = stored_values(cells)
    verdicts: list[GridVerdict] = []
    for plan in found.plans:
        own = [cell for cell in cells if cell.record.env == plan.env]
        verdicts += judge(own, plan, planned=found.planned, values=values)
    return verdicts


def stored_values(cells: Sequence[CellState]) -> Values:
    """The values by request of cells whose environment has requests; each is read when it is first asked for."""
    by_key: Mapping[str, CellState] = {cell.record.key: cell for cell in cells}

    @cache
    def of(key: str, measure: str) -> ByRequest | None:
        found = episodes(key)
        return values(found[0], measure) if found else None

    @cache
    def episodes(key: str) -> list[RequestCell]:
        return list(request_cells([by_key[key]]))

    return lambda cell, measure: of(cell.record.key, measure)
