"""Reads cells from the store for everything that is printed.

Nothing is cached: a tally is made from the episodes whenever it is asked for (docs/performance.md says how long
that takes), so that no table can be older than the store.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

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
