"""Conducts a planned sweep: opens the store, samples what is missing, logs it, prints the table."""

import asyncio
import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console

from hanlon.analysis.cells import load_cell
from hanlon.analysis.gaps.report import gap_report
from hanlon.analysis.tables import CellState, notes, rates_cells, rates_rows, render
from hanlon.asking import PlannedInquiry, plan_inquiry, unanswered
from hanlon.cell import construct
from hanlon.config.errors import ConfigError
from hanlon.config.schema import CellConfig, ModelConfig
from hanlon.digest import digest
from hanlon.engine.answers import AnswerWriter, inquiry_path
from hanlon.engine.inquiring import InquiryWork, answer_by_rule
from hanlon.engine.keys import check_model
from hanlon.engine.lines import CellBusy
from hanlon.engine.store import CellWriter, read_cell, read_digests, write_json
from hanlon.estimates import FEWEST, estimate_cell
from hanlon.planning import PlannedCell
from hanlon.progress import Progress
from hanlon.provenance import cell_record
from hanlon.records import CellRecord, SweepRecord
from hanlon.registering import register
from hanlon.tracking.base import Tracker

if TYPE_CHECKING:
    from hanlon.engine.budget import Budget

COMPLETE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 3, 130


def conduct(
    planned: Sequence[PlannedCell], options: CellConfig, experiment: str | None, overrides: list[str]
) -> int:
    """Sample what is missing, print the table, return the exit code.

    Raises:
        ConfigError: a missing key, a folder that cannot be written, a cell that another process writes.
    """
    for model in _models_to_call(planned):
        check_model(model, options.budget_usd)
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
    sweep.registration = register(sweep, planned, options)
    console = Console(stderr=True, highlight=False)
    tracker: Tracker = construct(
        "tracker", options.tracker, say=partial(console.print, markup=False, soft_wrap=True)
    )
    with ExitStack() as stack:
        opened = _open_store(planned, options, stack)
        cells = [(cell.record, cell.plan.folder) for cell in opened]
        counted = [(cell.record, cell.plan.tally) for cell in opened]
        progress = Progress(console, counted, options.samples, sum(len(plan.missing) for plan in planned))
        sweep_file = runs_dir / "sweeps" / f"{sweep.id}.json"
        write_json(sweep_file, sweep)
        tracker.start(sweep, cells, runs_dir)
        exit_code = FAILED
        try:
            exit_code = _sample(opened, options, progress, tracker, sweep)
            states = [load_cell(plan.folder)[0] for plan in planned]
            if exit_code != INTERRUPTED:
                _answer_by_rule(opened)
            asked = [_asked_now(plan) for plan in planned]
            sweep.finished_at = time.time()
            sweep.cost_usd = sum(state.tally.cost_usd or 0.0 for state in states)
            sweep.cost_usd += sum(plan.cost_usd for plans in asked for plan in plans)
            write_json(sweep_file, sweep)
        finally:
            tracker.finish(exit_code == COMPLETE)
    _print_table(states, sweep)
    return _print_end(states, planned, asked, options, exit_code, console)


def _models_to_call(planned: Sequence[PlannedCell]) -> list[ModelConfig]:
    """The models that this sweep samples or asks, each once."""
    sampled = [plan.cell.config.model for plan in planned if plan.missing]
    asked = [
        asked.inquiry.model
        for plan in planned
        for asked in plan.inquiries
        if asked.inquiry.model is not None and (plan.missing or asked.open)
    ]
    return list({id(model): model for model in (*sampled, *asked)}.values())


@dataclass
class _Opened:
    """A planned cell with its files open for writing."""

    plan: PlannedCell
    record: CellRecord
    writer: CellWriter | None
    inquiries: list[InquiryWork]


def _open_store(planned: Sequence[PlannedCell], options: CellConfig, stack: ExitStack) -> list[_Opened]:
    """The cells with the writers of what is missing; on any refusal nothing new is left behind."""
    _raise_open_files_limit()
    new = [plan.folder for plan in planned if not plan.folder.exists()]
    try:
        return [_open_cell(plan, options, stack) for plan in planned]
    except (CellBusy, OSError) as error:
        stack.close()
        _remove_new(new, Path(options.runs_dir))
        what = str(error) if isinstance(error, CellBusy) else f"{error.filename}: {error.strerror}"
        raise ConfigError(f"runs_dir={options.runs_dir}: {what}") from None


def _open_cell(plan: PlannedCell, options: CellConfig, stack: ExitStack) -> _Opened:
    folder, shard = plan.folder, options.shard_part()
    folder.mkdir(parents=True, exist_ok=True)
    writer = stack.enter_context(closing(CellWriter(folder, shard))) if plan.missing else None
    if not (folder / "cell.json").exists():
        write_json(folder / "cell.json", cell_record(plan.cell, options.samples))
    record = read_cell(folder)
    works: list[InquiryWork] = []
    for asked in plan.inquiries:
        if plan.missing or asked.open:
            inquiry = asked.inquiry
            write_json(inquiry_path(Path(options.runs_dir), inquiry.kind, inquiry.record.key), inquiry.record)
            answers = AnswerWriter(folder, inquiry.kind, inquiry.record.key, shard)
            works.append(
                InquiryWork(inquiry, record, folder, stack.enter_context(closing(answers)), asked.open)
            )
    return _Opened(plan, record, writer, works)


def _remove_new(folders: Sequence[Path], runs_dir: Path) -> None:
    for folder in folders:
        for name in (".lock", "episodes.jsonl", "cell.json"):
            with suppress(OSError):
                (folder / name).unlink()
        for empty in (folder, folder.parent, runs_dir):
            with suppress(OSError):
                empty.rmdir()


def _raise_open_files_limit() -> None:
    """A sweep holds two files open for each cell; the usual soft limit of 1,024 ends at 500 cells."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS reports a hard limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))


def _sample(
    opened: Sequence[_Opened],
    options: CellConfig,
    progress: Progress,
    tracker: Tracker,
    record: SweepRecord,
) -> int:
    for cell in opened:
        if cell.writer is None:
            tracker.cell_finished(cell.record.key)
    inquiries = [work for cell in opened for work in cell.inquiries if work.inquiry.model is not None]
    if not inquiries and all(cell.writer is None for cell in opened):
        return COMPLETE
    from hanlon.engine.sweep import CellWork, Sweep

    works = [
        CellWork(cell.plan.cell, cell.writer, cell.plan.missing, cell.record.planned_samples)
        for cell in opened
        if cell.writer is not None
    ]
    for note in dict.fromkeys(note for cell in opened for note in cell.record.notes):
        progress.notice(f"Note: {note}.")
    budget = _budget([cell.plan for cell in opened], options)
    sweep = Sweep(works, inquiries, options, budget, [progress, tracker], progress.answered, progress.notice)
    progress.limits = sweep.limits
    with progress:
        end = asyncio.run(sweep.run())
    record.limits = end.limits
    for reason in [*end.stopped, *([end.store_failure] if end.store_failure else [])]:
        progress.notice(reason)
    if end.interrupted:
        return INTERRUPTED
    if end.failed:
        return FAILED
    return INCOMPLETE if end.stopped or end.store_failure else COMPLETE


def _answer_by_rule(opened: Sequence[_Opened]) -> None:
    """Let the judges that need no model read what was sampled."""
    for cell in opened:
        for work in cell.inquiries:
            if work.inquiry.model is None:
                asked = plan_inquiry(work.inquiry, work.folder, read_digests(work.folder))
                answer_by_rule(replace(work, open=asked.open))


def _asked_now(plan: PlannedCell) -> list[PlannedInquiry]:
    """What is asked and answered now about a cell."""
    digests = read_digests(plan.folder) if plan.inquiries else []
    return [plan_inquiry(asked.inquiry, plan.folder, digests) for asked in plan.inquiries]


def _budget(planned: Sequence[PlannedCell], options: CellConfig) -> "Budget":
    """The sweep's budget, less what is stored of it."""
    from hanlon.engine.budget import Budget

    asked = [inquiry for plan in planned for inquiry in plan.inquiries]
    spent_usd = sum(plan.tally.cost_usd or 0.0 for plan in planned) + sum(plan.cost_usd for plan in asked)
    spent_tokens = sum(plan.tally.input_tokens + plan.tally.output_tokens for plan in planned)
    spent_tokens += sum(plan.tokens for plan in asked)
    budget = Budget(options.budget_usd, options.max_tokens_total, spent_usd, spent_tokens)
    missing = [plan for plan in planned if plan.missing]
    if missing and (options.budget_usd is not None or options.max_tokens_total is not None):
        _expect(budget, missing)
    return budget


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
    print(render(rows, [rates_cells(row) for row in rows], "table", title=f"sweep {sweep.id}"))
    for line in notes(rows):
        print(line)
    if gaps := gap_report(states):
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
    from hanlon.engine.outcomes import RETRIED_LATER

    done = {e.index for e in read_digests(state.folder) if e.outcome not in RETRIED_LATER}
    return len(wanted) - sum(index in wanted for index in done)
