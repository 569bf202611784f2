"""Which contrasts of stored cells a sweep predicted before its first call, by what stands in runs/sweeps/<id>.json."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hanlon.analysis.contrasts.contrasts import Predicted
from hanlon.analysis.contrasts.grid import grids
from hanlon.config.errors import ConfigError
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.registration import Part, basis
from hanlon.hypotheses.selection import Instance
from hanlon.store.cells import CellState
from hanlon.store.records import SweepRecord


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was predicted, by each hypothesis that speaks of it, and the notes on the sweeps that did so."""

    contrasts: Sequence[Predicted]
    notes: Sequence[str]


def predictions(runs: Sequence[Path], cells: Sequence[CellState]) -> Predictions:
    """What the sweeps below the run folders predicted of these cells, each sweep by the grid of its own cells.

    What was written down after episodes, or does not fit its hash, predicts nothing, and of added cells nothing is
    predicted; the notes say so. So do they where its file, or the hypotheses in it, cannot be read.
    """
    contrasts: list[Predicted] = []
    notes: list[str] = []
    for file in (file for root in runs for file in sorted(root.glob("sweeps/*.json"))):
        try:
            predicted = predictions_of(msgspec.json.decode(file.read_bytes(), type=SweepRecord), cells)
        except (msgspec.DecodeError, ConfigError) as error:
            notes.append(f"{file} cannot be read, so that nothing counts as its prediction: {error}")
            continue
        contrasts += predicted.contrasts
        notes += predicted.notes
    return Predictions(contrasts, notes)


def predictions_of(sweep: SweepRecord, cells: Sequence[CellState]) -> Predictions:
    """What one sweep predicted of these cells.

    Raises:
        ConfigError: the hypotheses that it wrote down cannot be read.
    """
    contrasts: list[Predicted] = []
    notes: list[str] = []
    for part in basis(sweep):
        instances = list(_instances(part, cells))
        if not instances:
            continue
        contrasts += [
            Predicted(
                pair.cells[0].record.key,
                pair.cells[1].record.key,
                pair.measure,
                name in part.preregistered,
            )
            for name, pair in instances
            if part.written and _is_pair(pair)
        ]
        notes.append(f"sweep {sweep.id}: {'; '.join(part.notes)}")
        if any(len(instance.cells) > 2 for _, instance in instances) and part.written:
            notes.append(f"what sweep {sweep.id} predicted of changes of differences is in `hanlon verdict`")
    return Predictions(contrasts, notes)


def _instances(part: Part, cells: Sequence[CellState]) -> Iterator[tuple[str, Instance]]:
    """What is predicted, each with the name of its hypothesis."""
    predicted = [cell for cell in cells if cell.record.key in part.predicted]
    for plan in part.plans:
        for grid in grids([cell for cell in predicted if cell.record.env == plan.env]):
            for name, hypothesis in PlannedGrid(grid, plan).bound.items():
                yield from ((name, claim.instance) for claim in hypothesis.claims)


def _is_pair(instance: Instance) -> bool:
    """Whether it contrasts two cells: not two measures of one cell, nor two differences."""
    return len({cell.record.key for cell in instance.cells}) == 2 == len(instance.cells)
