"""The looks at a sweep: which were written down before its first call, and what each of them ends with."""

import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hanlon.analysis.requests import stored_values
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.design.looks import looks_text, planned_looks, sizes_text
from hanlon.hypotheses.files import plans_for
from hanlon.hypotheses.registration import cells_of, sweep_file
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.verdict import judge
from hanlon.run.cost import NOTHING, estimate_cell
from hanlon.run.plan import PlannedCell
from hanlon.store.cells import CellState, model_name
from hanlon.store.episodes import read_digests, read_json
from hanlon.store.records import LookPlan, SweepRecord

LEAST_USD = 0.005
"""Savings below half a cent are not printed as dollars."""


def settled(states: Sequence[CellState], plans: Sequence[Plan], alpha: float) -> str | None:
    """Why no further episode is needed: a hypothesis leads, or there is nothing to explain. None where neither is so.

    Args:
        states: the cells of one model, as they are stored.
        plans: what they are judged by.
        alpha: the nominal one of this look.
    """
    reasons: list[str] = []
    for plan in plans:
        cells = [state for state in states if state.record.env == plan.env]
        for verdict in judge(cells, plan, values=stored_values(), alpha=alpha):
            if not verdict.settled:
                return None
            reasons.append(f"{verdict.leader.name} leads" if verdict.leader else "there is nothing to explain")
    return ", ".join(dict.fromkeys(reasons)) or None


@dataclass(frozen=True)
class SweepLooks:
    """The looks of one command: those `plans` of the sweep's record by which it samples to `samples` episodes a cell.

    Without plans it goes there at once.
    """

    plans: Sequence[LookPlan]
    samples: int

    def samples_of(self, key: str) -> int:
        """The n that a cell is to have: that of the look at which its model has stopped, else `samples`."""
        stopped = (plan.stopped_n for plan in self.plans if key in plan.cells)
        return next((n for n in stopped if n is not None), self.samples)

    def within(self, planned: Sequence[PlannedCell]) -> list[PlannedCell]:
        """Without the episodes of models that an earlier command has stopped."""
        return [
            replace(plan, missing=plan.missing[: bisect_left(plan.missing, self.samples_of(plan.cell.key))])
            for plan in planned
        ]

    def lines(self) -> Iterator[str]:
        """When this command looks, for a plan."""
        for looks in {looks_text(plan.looks) for plan in self.plans if not plan.settled}:
            yield f"Looks: {looks}. A model whose verdict is settled at a look stops there and costs less."


def sweep_looks(planned: Sequence[PlannedCell], options: RunOptions, record: SweepRecord) -> SweepLooks:
    """The looks of a command: what an earlier one of the same sweep wrote down, else new ones. The record takes them.

    Raises:
        ConfigError: they cannot be planned, or differ from those that the sweep wrote down.
    """
    stored = read_json(sweep_file(options.runs_dir, record.id), SweepRecord)
    sampled = {plan.cell.key for plan in planned if plan.tally.episodes}
    written = [plan for plan in (stored.looks if stored else ()) if sampled & set(plan.cells)]
    new = _new_looks(planned, options)
    _check_written(new, written, sampled & {*cells_of(stored)} if stored else set(), options, record.id)
    looked_at = {key for plan in written for key in plan.cells}
    fresh = [plan for plan in new if not looked_at & set(plan.cells)]
    record.looks = [*written, *fresh]
    active = [plan for plan in written if options.looks > 1 and options.samples <= plan.looks[-1].n]
    missing = {plan.cell.key for plan in planned if plan.missing}
    for plan in written:
        if plan not in active and missing & set(plan.cells):
            _go_on(plan, record.id)
    return SweepLooks([*active, *fresh], options.samples)


def _new_looks(planned: Sequence[PlannedCell], options: RunOptions) -> list[LookPlan]:
    if options.looks == 1:
        return []
    records = [plan.state(options.samples).record for plan in planned]
    return planned_looks(records, plans_for([record.env for record in records], options.hypotheses), options)


def _check_written(
    new: Sequence[LookPlan], old: Sequence[LookPlan], sampled: set[str], options: RunOptions, sweep_id: str
) -> None:
    """Refuse looks other than those that were written down, if any were, before the episodes that are stored."""
    for plan in new:
        written = next((other for other in old if set(other.cells) & set(plan.cells)), None)
        if written is None and sampled & set(plan.cells):
            raise ConfigError(
                f"looks={options.looks}: sweep {sweep_id} has episodes and wrote down no looks before them. Looks are "
                "planned before the first call. Type this command with looks=1."
            )
        if written is None or options.samples > written.looks[-1].n:
            continue
        if (set(written.cells), written.looks) != (set(plan.cells), plan.looks):
            raise ConfigError(
                f"looks={options.looks}: sweep {sweep_id} wrote down before its first call that it looks at "
                f"{len(written.cells)} cells at n = {sizes_text(written.looks)}; this command has {len(plan.cells)} "
                f"cells and looks at n = {sizes_text(plan.looks)}. Type the first command again, or looks=1."
            )


def _go_on(plan: LookPlan, sweep_id: str) -> None:
    """Note that this command goes on without the looks that were planned."""
    number, looks = plan.settled, plan.looks
    note = f"Note: sweep {sweep_id} planned looks at n = {sizes_text(looks)}; this command makes none."
    if number:
        plan.resumed = True
        note = (
            f"Note: sweep {sweep_id} was settled at look {number} of {len(looks)} (n = {looks[number - 1].n}). What is "
            "added now is marked as added after a look; the intervals that it touches are not adjusted for it."
        )
    print(note, file=sys.stderr)


def end_lines(looks: SweepLooks, planned: Sequence[PlannedCell], before: Sequence[LookPlan]) -> Iterator[str]:
    """Which models have stopped at a look, and why. `before` had stopped already when this command began."""
    for plan in looks.plans:
        if plan.stopped_n is None:
            continue
        cells = [cell for cell in planned if cell.cell.key in plan.cells]
        where = (
            f"at look {plan.settled} of {len(plan.looks)} (n = {plan.stopped_n} of {plan.looks[-1].n} a cell)"
        )
        model = f"{model_name(cells[0].state(0).record)}: " if len(looks.plans) > 1 else ""
        if plan in before:
            yield (
                f"{model}Settled {where}: {plan.because}. Nothing is sampled. looks=1 or a higher samples goes on; "
                "what it adds is marked as added after a look."
            )
        else:
            yield f"{model}Stopped {where}: {plan.because}. Saved {_saved(cells, plan)}."


def _saved(cells: Sequence[PlannedCell], plan: LookPlan) -> str:
    """The episodes that are not sampled, and what they would have cost where prices are known."""
    left = plan.looks[-1].n - plan.looks[plan.settled - 1].n
    total = NOTHING
    for cell in cells:
        total += estimate_cell(
            left, read_digests(cell.folder), [], cell.cell.environment, cell.cell.config.model
        )
    episodes = f"{left * len(cells):,} episodes"
    if total.cost_usd is None or total.unpriced:
        return episodes
    dollars = (total.cost_usd.low + total.cost_usd.high) / 2
    return f"{episodes}, about ${dollars:,.2f}" if dollars >= LEAST_USD else episodes
