"""Samples the missing episodes of opened cells and asks about them, within the budget."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import fmean
from typing import TYPE_CHECKING, Any

from hanlon.config.schema import RunOptions
from hanlon.inquiries.answering import InquiryWork
from hanlon.inquiries.pending import PlannedInquiry
from hanlon.run.cost import FEWEST, estimate_cell
from hanlon.run.exit_codes import COMPLETE, FAILED, INCOMPLETE, INTERRUPTED
from hanlon.run.open import OpenedCell, notes_of, open_store
from hanlon.run.plan import PlannedCell
from hanlon.run.progress import Progress
from hanlon.tracking.base import NoTracker, Tracker

if TYPE_CHECKING:  # the engine imports openai, which a sweep without calls does not need
    from hanlon.engine.budget import Budget
    from hanlon.engine.sweep import Sweep
    from hanlon.engine.work import CellWork, Observer, SweepEnd

Limits = dict[str, dict[str, Any]]
"""What the limiter of each lane had come to at the end, by the lane's name."""


def sample(
    opened: Sequence[OpenedCell], options: RunOptions, progress: Progress, tracker: Tracker
) -> tuple[int, Limits]:
    """Sample what is missing of these cells and ask about it. The exit code, and the limits."""
    for cell in opened:
        if cell.writer is None:
            tracker.cell_finished(cell.record.key)
    if any(map(_has_calls, opened)):
        for note in notes_of(opened):
            progress.notice(note)
    return sample_missing(opened, options, progress, [progress, tracker])


def _has_calls(cell: OpenedCell) -> bool:
    return cell.writer is not None or any(work.inquiry.model is not None for work in cell.inquiries)


def sample_missing(
    opened: Sequence[OpenedCell], options: RunOptions, progress: Progress, observers: "Sequence[Observer]"
) -> tuple[int, Limits]:
    """As `sample`, with other observers, and without the notes on the models."""
    if not any(map(_has_calls, opened)):
        return COMPLETE, {}
    from hanlon.engine.work import CellWork

    inquiries = [work for cell in opened for work in cell.inquiries if work.inquiry.model is not None]
    works = [
        CellWork(
            cell.plan.cell,
            cell.writer,
            cell.plan.missing,
            cell.record.planned_samples,
            answered_before=bool(cell.plan.tally.answered_by),
            start=cell.plan.branch.branch if cell.plan.branch else None,
        )
        for cell in opened
        if cell.writer is not None
    ]
    budget = _budget([cell.plan for cell in opened], options)
    return sample_and_ask(works, inquiries, options, budget, observers, progress)


def sample_share(
    planned: Sequence[PlannedCell], options: RunOptions, progress: Progress
) -> tuple[int, Limits]:
    """Sample one worker's share of a sweep. The exit code, and the limits.

    Raises:
        ConfigError: a cell that another process writes.
    """
    with ExitStack() as stack:
        return sample(open_store(planned, options, stack), options, progress, NoTracker())


def sample_and_ask(
    works: "Sequence[CellWork]",
    inquiries: Sequence[InquiryWork],
    options: RunOptions,
    budget: "Budget",
    observers: "Sequence[Observer]",
    progress: Progress,
) -> tuple[int, Limits]:
    """Run the engine over what is missing. The exit code, and the limits."""
    from hanlon.engine.sweep import Sweep

    sweep = Sweep(works, inquiries, options, budget, observers, progress.answered, progress.notice)
    progress.lanes = sweep.lanes
    with progress:
        end = asyncio.run(_run_and_show(sweep, progress))
    for reason in [*end.stopped, *([end.store_failure] if end.store_failure else [])]:
        progress.notice(reason)
    if end.interrupted:
        return INTERRUPTED, end.limits
    if end.failed:
        return FAILED, end.limits
    return INCOMPLETE if end.stopped or end.store_failure else COMPLETE, end.limits


async def _run_and_show(sweep: "Sweep", progress: Progress) -> "SweepEnd":
    """Run a sweep, and redraw its progress also while no call ends."""
    clock = asyncio.create_task(progress.keep_drawn())
    try:
        return await sweep.run()
    finally:
        clock.cancel()


def _budget(planned: Sequence[PlannedCell], options: RunOptions) -> "Budget":
    """The sweep's budget, less what is stored of it."""
    spent_usd = sum(plan.tally.cost_usd or 0.0 for plan in planned)
    spent_tokens = sum(plan.tally.input_tokens + plan.tally.output_tokens for plan in planned)
    calls = sum(plan.tally.calls for plan in planned)
    inquiries = [inquiry for plan in planned for inquiry in plan.inquiries]
    budget = budget_of(options, inquiries, spent_usd, spent_tokens, calls)
    missing = [plan for plan in planned if plan.missing]
    if missing and (options.budget_usd is not None or options.max_tokens_total is not None):
        _expect(budget, missing)
    return budget


def budget_of(
    options: RunOptions,
    inquiries: Sequence[PlannedInquiry],
    spent_usd: float = 0.0,
    spent_tokens: int = 0,
    calls: int = 0,
) -> "Budget":
    """The budget of a command, less what was spent on episodes and on the answers to `inquiries`."""
    from hanlon.engine.budget import Budget

    spent_usd += sum(plan.cost_usd for plan in inquiries)
    spent_tokens += sum(plan.tokens for plan in inquiries)
    calls += sum(plan.calls for plan in inquiries)
    workers = options.workers or 1
    return Budget(options.budget_usd, options.max_tokens_total, spent_usd, spent_tokens, calls, workers)


def _expect(budget: "Budget", planned: Sequence[PlannedCell]) -> None:
    """Tell the budget what a mean episode costs, so that the first ones do not start as if they were free."""
    costs = [
        estimate_cell(1, plan.stored, [], plan.cell.environment, plan.cell.config.model) for plan in planned
    ]
    usd = [(cost.cost_usd.low + cost.cost_usd.high) / 2 for cost in costs if cost.cost_usd is not None]
    tokens = [sum(r.low + r.high for r in (cost.input_tokens, cost.output_tokens)) / 2 for cost in costs]
    is_measured = all(len(plan.stored) >= FEWEST for plan in planned)
    budget.expect(fmean(usd) if usd else None, fmean(tokens), is_measured)
