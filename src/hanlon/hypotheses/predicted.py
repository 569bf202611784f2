"""Which contrasts of stored cells a sweep predicted before its first call, by what stands in runs/sweeps/<id>.json."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hanlon.analysis.contrasts.contrasts import Predicted
from hanlon.analysis.contrasts.grid import grids
from hanlon.config.errors import ConfigError
from hanlon.hypotheses.binding import Bound, PlannedGrid
from hanlon.hypotheses.registration import Part, basis
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
        bound = list(_bound(part, cells))
        if not any(each.claims for each in bound):
            continue
        contrasts += predicted_contrasts(bound, part.written, part.preregistered)
        notes.append(f"sweep {sweep.id}: {'; '.join(part.notes)}")
        if part.written and any(len(claim.instance.cells) > 2 for each in bound for claim in each.claims):
            notes.append(f"what sweep {sweep.id} predicted of changes of differences is in `hanlon verdict`")
    return Predictions(contrasts, notes)


def predicted_contrasts(
    bound: Iterable[Bound], written: Collection[str], preregistered: Collection[str]
) -> list[Predicted]:
    """What hypotheses that were written down say of two cells, by each that speaks of them.

    Two measures of one cell, and differences of differences, are no contrasts.
    """
    return [
        Predicted(base[0], treated[0], base[1], each.hypothesis.name in preregistered)
        for each in bound
        if each.hypothesis.name in written
        for claim in each.claims
        if len({key for key, _ in claim.points}) == 2 == len(claim.points)
        for base, treated in [claim.points]
    ]


def _bound(part: Part, cells: Sequence[CellState]) -> Iterator[Bound]:
    """The hypotheses of a part as they are bound to its cells."""
    predicted = [cell for cell in cells if cell.record.key in part.predicted]
    for plan in part.plans:
        for grid in grids([cell for cell in predicted if cell.record.env == plan.env]):
            yield from PlannedGrid(grid, plan).bound.values()
