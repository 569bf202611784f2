"""Conducts a planned sweep: opens the store, samples what is missing, logs it, prints the table."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console

from hanlon.analysis.gaps.report import gap_report
from hanlon.analysis.labels.gap_labels import judged_gaps
from hanlon.analysis.rates_table import notes, rates_columns, rates_rows
from hanlon.analysis.tables import render_table
from hanlon.config.cell import construct
from hanlon.config.errors import ConfigError
from hanlon.config.schema import CellConfig, ModelConfig
from hanlon.engine.model_check import check_model
from hanlon.hypotheses.registration import register, rewrite, sweep_plans
from hanlon.inquiries.answering import InquiryWork, answer_rules
from hanlon.inquiries.judges.smoke import transcripts as smoke
from hanlon.inquiries.judges.smoke.trials import try_rules
from hanlon.inquiries.pending import PlannedInquiry, of_shard, plan_inquiry, unanswered, write_records
from hanlon.run.cost import FEWEST, estimate_cell
from hanlon.run.open import OpenedCell, notes_of, open_store, prepare_store
from hanlon.run.plan import PlannedCell
from hanlon.run.progress import Progress
from hanlon.store.cells import CellState, load_cell
from hanlon.store.digest import digest
from hanlon.store.episodes import read_digests
from hanlon.store.records import SweepRecord
from hanlon.store.shard import Shard
from hanlon.tracking.base import NoTracker, Tracker

if TYPE_CHECKING:
    from hanlon.engine.budget import Budget
    from hanlon.engine.work import CellWork, Observer

COMPLETE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 3, 130


class SampleElsewhere(Protocol):
    """Lets other processes sample a sweep's missing episodes and ask about them."""

    def __call__(
        self,
        planned: Sequence[PlannedCell],
        options: CellConfig,
        sweep: SweepRecord,
        say: Callable[[str], None],
    ) -> int:
        """Sample and ask; the exit code. Fills in the sweep's `limits`, says what there is to be said."""
        ...


def check_sandboxes(planned: Sequence[PlannedCell]) -> None:
    """Boot a machine of each sandbox that is to be used, before anything is paid for.

    Raises:
        ConfigError: it cannot be done here; the message says what to do about it.
    """
    sandboxes = {plan.cell.sandbox.kind: plan.cell.sandbox for plan in planned if plan.missing}
    for sandbox in sandboxes.values():
        try:
            sandbox.check()
        except ValueError as error:
            raise ConfigError(str(error)) from None


def conduct(
    planned: Sequence[PlannedCell],
    options: CellConfig,
    experiment: str | None,
    overrides: list[str],
    share: SampleElsewhere | None = None,
) -> int:
    """Sample what is missing, here or by `share`, print the table, return the exit code.

    Raises:
        ConfigError: a missing key, a folder that cannot be written, a cell that another process writes.
    """
    for model in models_to_call(planned):
        check_model(model, options.budget_usd)
    check_sandboxes(planned)
    runs_dir = Path(options.runs_dir)
    keys = [plan.cell.key for plan in planned]
    sweep = SweepRecord(
        id=experiment or digest(sorted(keys))[:12],
        cells=keys,
        planned_samples=options.samples,
        overrides=overrides,
        started_at=time.time(),
        experiment=experiment,
    )
    before = [plan.state(options.samples) for plan in planned]
    plans = sweep_plans(before, options.hypotheses)
    console = Console(stderr=True, highlight=False)
    say = partial(console.print, markup=False, soft_wrap=True)
    tracker: Tracker = construct("tracker", options.tracker, say=say)
    shared = COMPLETE
    if share is not None and any(_is_open(plan) for plan in planned):
        prepare_store(planned, options, say)
        _write_before_calls(planned, options, lambda: register(sweep, before, plans, options.runs_dir))
        shared = share(planned, options, sweep, say)
        planned = [_without_calls(plan) for plan in planned]
    with ExitStack() as stack:
        opened = open_store(planned, options, stack)
        if sweep.registration is None:
            _write_before_calls(planned, options, lambda: register(sweep, before, plans, options.runs_dir))
        cells = [(cell.record, cell.plan.folder) for cell in opened]
        counted = [(cell.record, cell.plan.tally) for cell in opened]
        progress = Progress(console, counted, options.samples, sum(len(plan.missing) for plan in planned))
        tracker.start(sweep, cells, runs_dir)
        exit_code = FAILED
        try:
            exit_code, limits = _sample(opened, options, progress, tracker)
            exit_code, sweep.limits = exit_code or shared, limits or sweep.limits
            states = [load_cell(plan.folder)[0] for plan in planned]
            if exit_code != INTERRUPTED:
                _label_by_rules(opened, options, say)
            asked = [_asked_now(plan, options.shard_part()) for plan in planned]
            sweep.finished_at = time.time()
            sweep.cost_usd = sum(state.tally.cost_usd or 0.0 for state in states)
            sweep.cost_usd += sum(plan.cost_usd for plans in asked for plan in plans)
            with suppress(OSError):  # the disk is full, and that was said: the episodes are what counts
                rewrite(sweep, options.runs_dir)
        finally:
            tracker.finish(exit_code == COMPLETE)
    _print_table(states, sweep)
    return _print_end(states, planned, asked, options, exit_code, console)


def _write_before_calls(
    planned: Sequence[PlannedCell], options: CellConfig, write_sweep: Callable[[], None]
) -> None:
    """Say what the sweep is and who is asked what, before anything is paid."""
    try:
        write_records((asked for plan in planned for asked in plan.inquiries), Path(options.runs_dir))
        write_sweep()
    except OSError as error:
        raise ConfigError(
            f"runs_dir={options.runs_dir} cannot be written: {error.strerror}. Nothing was called."
        ) from None


def _label_by_rules(opened: Sequence[OpenedCell], options: CellConfig, say: Callable[[str], None]) -> None:
    """Let the judges that need no model read what is stored; a full disk costs their labels and nothing else."""
    try:
        answer_rules((work for cell in opened for work in cell.inquiries), options.shard_part())
        tried = (cell for cell in opened if cell.record.env in smoke.ENVIRONMENTS)
        try_rules(Path(options.runs_dir), (work.inquiry for cell in tried for work in cell.inquiries))
    except OSError as error:
        say(f"Labels cannot be written: {error.strerror}. Make room, then type the same command again.")


def models_to_call(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    """The models that this sweep samples or asks, each once."""
    sampled = [plan.cell.config.model for plan in planned if plan.missing]
    asked = [
        asked.inquiry.model
        for plan in planned
        for asked in plan.inquiries
        if asked.inquiry.model is not None and (plan.missing or asked.open)
    ]
    return list({id(model): model for model in (*sampled, *asked)}.values())


def _is_open(plan: PlannedCell) -> bool:
    """Whether a cell needs a call."""
    return bool(plan.missing) or any(a.open and a.inquiry.model is not None for a in plan.inquiries)


def _without_calls(plan: PlannedCell) -> PlannedCell:
    """What is left to do of a cell, once others have made all calls about it that there will be."""
    asked = [
        replace(a, open={}) if a.inquiry.model is not None else a
        for a in _asked_now(plan, plan.cell.config.shard_part())
    ]
    return replace(plan, missing=[], inquiries=asked)


def sample_share(
    planned: Sequence[PlannedCell], options: CellConfig, progress: Progress
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Sample one worker's share of a sweep; the exit code, and what each lane's limiter had come to.

    Raises:
        ConfigError: a cell that another process writes.
    """
    with ExitStack() as stack:
        return _sample(open_store(planned, options, stack), options, progress, NoTracker())


def _sample(
    opened: Sequence[OpenedCell],
    options: CellConfig,
    progress: Progress,
    tracker: Tracker,
) -> tuple[int, dict[str, dict[str, Any]]]:
    for cell in opened:
        if cell.writer is None:
            tracker.cell_finished(cell.record.key)
    inquiries = [work for cell in opened for work in cell.inquiries if work.inquiry.model is not None]
    if not inquiries and all(cell.writer is None for cell in opened):
        return COMPLETE, {}
    from hanlon.engine.work import CellWork

    works = [
        CellWork(
            cell.plan.cell,
            cell.writer,
            cell.plan.missing,
            cell.record.planned_samples,
            answered_before=bool(cell.plan.tally.answered_by),
        )
        for cell in opened
        if cell.writer is not None
    ]
    for note in notes_of(opened):
        progress.notice(note)
    budget = _budget([cell.plan for cell in opened], options)
    return sample_and_ask(works, inquiries, options, budget, [progress, tracker], progress)


def sample_and_ask(
    works: "Sequence[CellWork]",
    inquiries: Sequence[InquiryWork],
    options: CellConfig,
    budget: "Budget",
    observers: "Sequence[Observer]",
    progress: Progress,
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the engine over what is missing; the exit code, and what each lane's limiter had come to."""
    from hanlon.engine.sweep import Sweep

    sweep = Sweep(works, inquiries, options, budget, observers, progress.answered, progress.notice)
    progress.limits = sweep.limits
    with progress:
        end = asyncio.run(sweep.run())
    for reason in [*end.stopped, *([end.store_failure] if end.store_failure else [])]:
        progress.notice(reason)
    if end.interrupted:
        return INTERRUPTED, end.limits
    if end.failed:
        return FAILED, end.limits
    return INCOMPLETE if end.stopped or end.store_failure else COMPLETE, end.limits


def _asked_now(plan: PlannedCell, shard: Shard) -> list[PlannedInquiry]:
    """What is asked and answered now about a cell."""
    digests = of_shard(read_digests(plan.folder), shard) if plan.inquiries else []
    return [plan_inquiry(asked.inquiry, plan.folder, digests) for asked in plan.inquiries]


def _budget(planned: Sequence[PlannedCell], options: CellConfig) -> "Budget":
    """The sweep's budget, less what is stored of it."""
    asked = [inquiry for plan in planned for inquiry in plan.inquiries]
    spent_usd = sum(plan.tally.cost_usd or 0.0 for plan in planned)
    spent_tokens = sum(plan.tally.input_tokens + plan.tally.output_tokens for plan in planned)
    budget = budget_of(options, spent_usd, spent_tokens, sum(plan.tally.calls for plan in planned), asked)
    missing = [plan for plan in planned if plan.missing]
    if missing and (options.budget_usd is not None or options.max_tokens_total is not None):
        _expect(budget, missing)
    return budget


def budget_of(
    options: CellConfig, spent_usd: float, spent_tokens: int, calls: int, asked: Sequence[PlannedInquiry]
) -> "Budget":
    """The budget that a configuration sets, less what was spent on the calls of episodes and on answers about them."""
    from hanlon.engine.budget import Budget

    spent_usd += sum(plan.cost_usd for plan in asked)
    spent_tokens += sum(plan.tokens for plan in asked)
    calls += sum(plan.calls for plan in asked)
    workers = options.workers or 1
    return Budget(options.budget_usd, options.max_tokens_total, spent_usd, spent_tokens, calls, workers)


def _expect(budget: "Budget", planned: Sequence[PlannedCell]) -> None:
    """Tell the budget what a mean episode costs, so that the first ones do not start as if they were free."""
    costs = [
        estimate_cell(1, plan.stored, [], plan.cell.environment, plan.cell.config.model) for plan in planned
    ]
    usd = [(cost.cost_usd.low + cost.cost_usd.high) / 2 for cost in costs if cost.cost_usd is not None]
    tokens = [sum(r.low + r.high for r in (cost.input_tokens, cost.output_tokens)) / 2 for cost in costs]
    seen = all(len(plan.stored) >= FEWEST for plan in planned)
    budget.expect(fmean(usd) if usd else None, fmean(tokens), seen)


def _print_table(states: Sequence[CellState], sweep: SweepRecord) -> None:
    rows = rates_rows(states)
    print(render_table(rates_columns(), rows, "table", title=f"sweep {sweep.id}"))
    for line in notes(rows):
        print(line)
    if gaps := gap_report(states, judged_gaps(states)):
        print(f"\n{gaps}")


def _print_end(
    states: Sequence[CellState],
    planned: Sequence[PlannedCell],
    asked: Sequence[Sequence[PlannedInquiry]],
    options: CellConfig,
    exit_code: int,
    console: Console,
) -> int:
    folders = sorted({str(plan.folder.parent) for plan in planned})
    console.print(
        f"Transcripts: {', '.join(folders)}. Again: hanlon rates {options.runs_dir}",
        markup=False,
        soft_wrap=True,
    )
    wanted = options.shard_part().indices(options.samples)
    left = sum(_missing(state, wanted) for state in states)
    incomplete = [f"{left} of {len(planned) * len(wanted)} episodes are missing"] if left else []
    for name, count in unanswered(plan for plans in asked for plan in plans).items():
        incomplete.append(f"{name} has not answered about {count} episodes")
    if not incomplete:
        return exit_code
    console.print(
        f"Incomplete: {'; '.join(incomplete)}. Everything finished is stored; the same command goes on from there.",
        markup=False,
        soft_wrap=True,
    )
    return exit_code or INCOMPLETE


def _missing(state: CellState, wanted: range) -> int:
    from hanlon.store.outcomes import RETRIED_LATER

    done = {e.index for e in read_digests(state.folder) if e.outcome not in RETRIED_LATER}
    return len(wanted) - sum(index in wanted for index in done)
