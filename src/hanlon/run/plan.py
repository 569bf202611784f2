"""What a sweep would do: its cells, what the store holds of them, what is missing, what it would cost. Reads only."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hanlon.config.cell import Cell
from hanlon.config.provenance import cell_record
from hanlon.config.schema import CellConfig, ModelConfig
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.pending import Inquiries, PlannedInquiry, of_shard, plan_inquiry
from hanlon.run.cost import NOTHING, CostEstimate, Range, estimate_cell, estimate_inquiry
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_cell, read_digests, scan
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import EpisodeDigest
from hanlon.store.tally import Tally

SIMILAR_CELLS = 8
"""Stored cells of the same environment and model that are read for an estimate."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell, its place in the store, what is counted there, the indices this process has to sample, what it asks."""

    cell: Cell
    folder: Path
    stored: list[EpisodeDigest]
    tally: Tally
    missing: list[int]
    inquiries: list[PlannedInquiry]

    def state(self, samples: int) -> CellState:
        """The cell as it is stored, or as it would be opened for this many samples."""
        return CellState(cell_record(self.cell, samples), self.tally, self.folder)


def plan_cells(cells: Sequence[Cell], options: CellConfig) -> list[PlannedCell]:
    """What is stored of each cell and what this process has to sample."""
    runs_dir = Path(options.runs_dir)
    folders = {path.parent.name.rpartition("-")[2]: path.parent for path in runs_dir.glob("*/*/cell.json")}
    inquiries = Inquiries()
    return [
        _plan_cell(cell, folders.get(cell.key, runs_dir / cell.folder_name), options, inquiries.of(cell))
        for cell in cells
    ]


def _plan_cell(cell: Cell, folder: Path, options: CellConfig, inquiries: Sequence[Inquiry]) -> PlannedCell:
    digests, damaged = scan(folder, EpisodeDigest)
    for line in damaged:
        print(line, file=sys.stderr)
    tally = Tally()
    for episode in digests:
        tally.add(episode)
    done = {episode.index for episode in digests if episode.outcome not in RETRIED_LATER}
    shard = cell.config.shard_part()
    missing = [index for index in shard.indices(options.samples) if index not in done]
    own = of_shard(digests, shard)
    asked = [plan_inquiry(inquiry, folder, own) for inquiry in inquiries]
    return PlannedCell(cell, folder, digests, tally, missing, asked)


def print_plan(planned: Sequence[PlannedCell], options: CellConfig) -> None:
    """Say what the sweep would do and what it would cost. Nothing is called, started or written."""
    total = NOTHING
    similar: dict[tuple[str, str], list[EpisodeDigest]] = {}
    for plan in planned:
        model, env = plan.cell.config.model, plan.cell.environment.name
        if (env, model.id) not in similar:
            similar[env, model.id] = _similar(planned, env, model.id, Path(options.runs_dir))
        missing = len(plan.missing)
        cost = estimate_cell(missing, plan.stored, similar[env, model.id], plan.cell.environment, model)
        total = _sum(total, cost)
        print(f"{plan.cell.label} on {model.id} ({model.protocol}): {missing} to sample; {plan.folder}")
    asking = _print_inquiries(planned)
    missing = sum(len(plan.missing) for plan in planned)
    stored = sum(plan.tally.episodes for plan in planned)
    print(
        f"{len(planned)} cells x {options.samples} episodes: {missing} to sample; {stored} stored already and not "
        "paid again."
    )
    if missing:
        print(_bill(total, _sampled(planned)))
        print(f"Basis: {total.basis}.")
    if missing and asking is not NOTHING:
        print(f"Together: {_bill(_sum(total, asking), [*_sampled(planned), *_asked(planned)])}")
    print("No call was made.")


def _sum(total: CostEstimate, more: CostEstimate) -> CostEstimate:
    return more if total is NOTHING else total if more is NOTHING else total + more


def _sampled(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    return [plan.cell.config.model for plan in planned if plan.missing]


def _asked(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    asked = (inquiry for plan in planned for inquiry in plan.inquiries if plan.missing or inquiry.open)
    return [inquiry.inquiry.model for inquiry in asked if inquiry.inquiry.model is not None]


def _print_inquiries(planned: Sequence[PlannedCell]) -> CostEstimate:
    """Say what asking about the episodes would take, one line for each judge and set of questions."""
    total = NOTHING
    by_name: dict[str, list[tuple[PlannedCell, PlannedInquiry]]] = {}
    for plan in planned:
        for asked in plan.inquiries:
            if asked.inquiry.model is not None:
                by_name.setdefault(asked.inquiry.record.name, []).append((plan, asked))
    for name, own in by_name.items():
        cost, unasked = NOTHING, 0
        for plan, asked in own:
            more = len(plan.missing) + len(asked.open)
            similar = [episode for _, other in own for episode in other.answered]
            cost = _sum(
                cost, estimate_inquiry(more, asked.answered or similar, asked.inquiry, plan.cell.environment)
            )
            unasked += more
        models = [asked.inquiry.model for _, asked in own if asked.inquiry.model is not None]
        print(
            f"{name} ({', '.join(dict.fromkeys(m.id for m in models))}): {unasked} episodes to ask about.",
            end=" ",
        )
        print(f"{_bill(cost, models)} Basis: {cost.basis}." if unasked else "Nothing to ask.")
        total = _sum(total, cost)
    return total


def _similar(planned: Sequence[PlannedCell], env: str, model: str, runs_dir: Path) -> list[EpisodeDigest]:
    """Stored episodes of the same environment and model: of this sweep's cells, else of others in the store."""
    of_sweep = [
        plan.stored
        for plan in planned
        if (plan.cell.environment.name, plan.cell.config.model.id) == (env, model) and plan.stored
    ]
    if not of_sweep:
        folders = sorted(path.parent for path in runs_dir.glob(f"{env}/*/cell.json"))
        matching = (folder for folder in folders if read_cell(folder).model == model)
        of_sweep = [read_digests(folder) for folder, _ in zip(matching, range(SIMILAR_CELLS), strict=False)]
    return [episode for stored in of_sweep for episode in stored]


def _bill(total: CostEstimate, models: Sequence[ModelConfig]) -> str:
    tokens = f"{_between(total.input_tokens)} tokens in, {_between(total.output_tokens)} out"
    lacking = f"no price in the model file of {', '.join(sorted(total.unpriced))}"
    if total.cost_usd is None:
        dollars = f"dollars unknown: {lacking}"
    else:
        dollars = f"${total.cost_usd.low:,.2f} to ${total.cost_usd.high:,.2f}"
        listed = sorted({f"{m.price.source}, {m.price.as_of}" for m in models if m.price})
        dollars += f" (list prices: {'; '.join(listed)}; cached input costs less)" if listed else ""
        dollars += f" and what nobody knows: {lacking}" if total.unpriced else ""
    return f"About {_between(total.calls)} calls, {tokens}, {dollars}."


def _between(span: Range) -> str:
    low, high = (f"{value:,.0f}" for value in (span.low, span.high))
    return low if low == high else f"{low} to {high}"
