"""What a sweep would do: which cells it has, what the store holds of them, what is missing. Reads only."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hanlon.cell import Cell
from hanlon.config.schema import CellConfig
from hanlon.engine.outcomes import RETRIED_LATER
from hanlon.engine.store import scan
from hanlon.records import EpisodeDigest
from hanlon.tally import Tally


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell, its place in the store, what is counted there, and the indices this process has to sample."""

    cell: Cell
    folder: Path
    tally: Tally
    missing: list[int]


def plan_cells(cells: Sequence[Cell], options: CellConfig) -> list[PlannedCell]:
    """What is stored of each cell and what this process has to sample."""
    runs_dir = Path(options.runs_dir)
    folders = {path.parent.name.rpartition("-")[2]: path.parent for path in runs_dir.glob("*/*/cell.json")}
    return [_plan_cell(cell, folders.get(cell.key, runs_dir / cell.folder_name), options) for cell in cells]


def _plan_cell(cell: Cell, folder: Path, options: CellConfig) -> PlannedCell:
    digests, damaged = scan(folder, EpisodeDigest)
    for line in damaged:
        print(line, file=sys.stderr)
    tally = Tally()
    for episode in digests:
        tally.add(episode)
    done = {episode.index for episode in digests if episode.outcome not in RETRIED_LATER}
    missing = [index for index in options.shard_part().indices(options.samples) if index not in done]
    return PlannedCell(cell, folder, tally, missing)


def print_plan(planned: Sequence[PlannedCell], options: CellConfig) -> None:
    """Say what the sweep would do. Nothing is called, started or written."""
    for plan in planned:
        model = plan.cell.config.model
        print(
            f"{plan.cell.label} on {model.id} ({model.protocol}): {len(plan.missing)} to sample, {plan.folder}"
        )
    missing = sum(len(plan.missing) for plan in planned)
    stored = sum(plan.tally.episodes for plan in planned)
    print(
        f"{len(planned)} cells x {options.samples} episodes: {missing} to sample; {stored} stored already and not "
        "paid again. No call was made."
    )
