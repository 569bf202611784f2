"""Reads cells from the store for everything that is printed.

Nothing is cached: a tally is made from the episodes whenever it is asked for (docs/performance.md says how long
that takes), so that no table can be older than the store.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import CellState
from hanlon.engine.lines import DamagedLine
from hanlon.engine.store import cell_folders, read_cell, scan
from hanlon.records import EpisodeDigest
from hanlon.tally import Tally


def load_cell(folder: Path) -> tuple[CellState, list[DamagedLine]]:
    """One cell's record and tally, and the lines of its files that are no episodes."""
    digests, damaged = scan(folder, EpisodeDigest)
    tally = Tally()
    for episode in digests:
        tally.add(episode)
    return CellState(read_cell(folder), tally, folder), damaged


def load_cells(runs: Sequence[Path]) -> tuple[list[CellState], list[DamagedLine]]:
    """All cells below the given run folders."""
    loaded = [load_cell(folder) for folder in folders_below(runs)]
    return [state for state, _ in loaded], [line for _, damaged in loaded for line in damaged]


def folders_below(runs: Iterable[Path]) -> list[Path]:
    """The folders of all cells below the given ones, each once, however many of them lead to it."""
    return list({folder.resolve(): folder for root in runs for folder in cell_folders(root)}.values())


class _SweepOrder(msgspec.Struct):
    """The part of a `SweepRecord` that says where its cells stand."""

    cells: list[str]
    started_at: float = 0.0


def in_grid_order(cells: Iterable[CellState], runs: Iterable[Path]) -> list[CellState]:
    """The cells by model, environment and protocol, and within these as the grids of their sweeps have them.

    A cell of several sweeps stands where the earliest has it; one of none, or of a sweep whose file cannot be read,
    after the others, by when it was made.
    """
    places: dict[str, tuple[int, int]] = {}
    for number, sweep in enumerate(sorted(_sweeps(runs), key=lambda sweep: sweep.started_at)):
        for place, key in enumerate(sweep.cells):
            places.setdefault(key, (number, place))
    last = (sys.maxsize, 0)

    def order(cell: CellState) -> tuple[str, str, str, tuple[int, int], float]:
        record = cell.record
        where = places.get(record.key, last)
        return model_name(record), record.env, record.protocol, where, record.created_at

    return sorted(cells, key=order)


def _sweeps(runs: Iterable[Path]) -> Iterable[_SweepOrder]:
    for file in (file for root in runs for file in root.glob("sweeps/*.json")):
        try:
            yield msgspec.json.decode(file.read_bytes(), type=_SweepOrder)
        except (OSError, msgspec.DecodeError):
            continue
