"""What a sweep would do: its cells, what the store holds of them, what is missing. Reads only."""

import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hanlon.config.cell import Cell
from hanlon.config.provenance import cell_record
from hanlon.config.schema import ModelConfig, RunOptions
from hanlon.engine.model_check import check_environments
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.pending import Inquiries, PlannedInquiry, of_shard, plan_inquiry
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_digests, scan
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import EpisodeDigest
from hanlon.store.shard import Shard
from hanlon.store.tally import Tally

if TYPE_CHECKING:  # a branch needs the engine, which imports openai
    from hanlon.fork.branches import Branch


@dataclass(frozen=True, slots=True)
class PlannedBranch:
    """A branch, how many children it is to have, and which children without a change are no control of it."""

    branch: "Branch"
    draws: int
    control_from: int = 0

    def merged(self, other: "PlannedBranch") -> "PlannedBranch":
        """The same branch, reached in another way as well."""
        points = tuple(dict.fromkeys([*self.branch.points, *other.branch.points]))
        return PlannedBranch(
            replace(self.branch, points=points),
            max(self.draws, other.draws),
            max(self.control_from, other.control_from),
        )


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell, its folder, what is stored there, and what this process has to sample and to ask.

    `shard` is this process's part of the episodes. With a `branch` it is the children of one stored episode instead,
    and `cell` the one that they are sampled in.
    """

    cell: Cell
    shard: Shard
    folder: Path
    stored: list[EpisodeDigest]
    tally: Tally
    missing: Sequence[int]
    inquiries: list[PlannedInquiry]
    branch: PlannedBranch | None = None

    def state(self, samples: int) -> CellState:
        """The cell as it is stored, or as it would be opened for this many samples."""
        return CellState(cell_record(self.cell, samples), self.tally, self.folder)


def plan_cells(
    cells: Sequence[Cell], options: RunOptions, shards: Sequence[Shard] | None = None
) -> list[PlannedCell]:
    """What is stored of each cell and what this process has to sample: its shard of it, or the cell's of `shards`."""
    runs_dir = Path(options.runs_dir)
    check_environments(cells)
    folders = {path.parent.name.rpartition("-")[2]: path.parent for path in runs_dir.glob("*/*/cell.json")}
    inquiries = Inquiries(options)
    return [
        plan_cell(
            cell,
            shard,
            folders.get(cell.key, runs_dir / cell.folder_name),
            options.samples,
            inquiries.of(cell),
        )
        for cell, shard in zip(cells, shards or [options.shard] * len(cells), strict=True)
    ]


def plan_cell(
    cell: Cell,
    shard: Shard,
    folder: Path,
    samples: int,
    inquiries: Sequence[Inquiry],
    branch: PlannedBranch | None = None,
) -> PlannedCell:
    """What is stored in one folder, and what this process has to sample and to ask."""
    digests, damaged = scan(folder, EpisodeDigest)
    for line in damaged:
        print(line, file=sys.stderr)
    tally = Tally()
    for episode in digests:
        tally.add(episode)
    missing = missing_indices(digests, shard, samples)
    stored = of_shard(digests, shard)
    planned = [plan_inquiry(inquiry, folder, stored) for inquiry in inquiries]
    return PlannedCell(cell, shard, folder, digests, tally, missing, planned, branch)


def missing_indices(stored: Sequence[EpisodeDigest], shard: Shard, samples: int) -> Sequence[int]:
    """The episodes of a shard that have no final outcome yet."""
    done = {episode.index for episode in stored if episode.outcome not in RETRIED_LATER}
    indices = shard.indices(samples)
    end = bisect_right(indices, max(done, default=-1))
    gaps = [index for index in indices[:end] if index not in done]
    return (
        [*gaps, *indices[end:]] if gaps else indices[end:]
    )  # a range takes no memory, however many are planned


def plan_again(plan: PlannedCell) -> list[PlannedInquiry]:
    """The inquiries about a cell, with what is answered and open now."""
    digests = of_shard(read_digests(plan.folder), plan.shard) if plan.inquiries else []
    return [plan_inquiry(planned.inquiry, plan.folder, digests) for planned in plan.inquiries]


def needs_calls(plan: PlannedCell) -> bool:
    """Whether a cell needs a call."""
    return bool(plan.missing) or any(i.open and i.inquiry.model is not None for i in plan.inquiries)


def without_calls(plan: PlannedCell) -> PlannedCell:
    """What is left to do of a cell when others have made all of its calls."""
    inquiries = [
        replace(planned, open={}) if planned.inquiry.model is not None else planned
        for planned in plan_again(plan)
    ]
    return replace(plan, missing=[], inquiries=inquiries)


def models_to_call(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    """The models that a sweep samples or asks, each once."""
    models = [*sampled_models(planned), *asked_models(planned)]
    return list({id(model): model for model in models}.values())


def sampled_models(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    """The model of each cell that has episodes missing."""
    return [plan.cell.config.model for plan in planned if plan.missing]


def asked_models(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    """The model of each inquiry that has something to ask, or will have."""
    inquiries = (i for plan in planned for i in plan.inquiries if plan.missing or i.open)
    return [i.inquiry.model for i in inquiries if i.inquiry.model is not None]
