"""Conducts a planned sweep: opens the store, samples what is missing, logs it, prints the table."""

import asyncio
import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console

from hanlon.analysis.cells import load_cell
from hanlon.analysis.tables import CellState, notes, rates_cells, rates_rows, render
from hanlon.cell import construct
from hanlon.config.errors import ConfigError
from hanlon.config.schema import CellConfig
from hanlon.digest import digest
from hanlon.engine.keys import check_model
from hanlon.engine.store import CellBusy, CellWriter, read_cell, write_json
from hanlon.estimates import FEWEST, estimate_cell
from hanlon.planning import PlannedCell
from hanlon.progress import Progress
from hanlon.provenance import cell_record
from hanlon.records import CellRecord, SweepRecord
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
    for model in {id(m): m for m in (plan.cell.config.model for plan in planned if plan.missing)}.values():
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
    console = Console(stderr=True, highlight=False)
    tracker: Tracker = construct(
        "tracker", options.tracker, say=partial(console.print, markup=False, soft_wrap=True)
    )
    with ExitStack() as stack:
        writers = _open_store(planned, options, stack)
        records = [read_cell(plan.folder) for plan in planned]
        cells = [(record, plan.folder) for record, plan in zip(records, planned, strict=True)]
        counted = [(record, plan.tally) for record, plan in zip(records, planned, strict=True)]
        progress = Progress(console, counted, options.samples, sum(len(plan.missing) for plan in planned))
        sweep_file = runs_dir / "sweeps" / f"{sweep.id}.json"
        write_json(sweep_file, sweep)
        tracker.start(sweep, cells, runs_dir)
        exit_code = FAILED
        try:
            exit_code = _sample(planned, writers, records, options, progress, tracker, sweep)
            states = [load_cell(plan.folder)[0] for plan in planned]
            sweep.finished_at = time.time()
            sweep.cost_usd = sum(state.tally.cost_usd or 0.0 for state in states)
            write_json(sweep_file, sweep)
        finally:
            tracker.finish(exit_code == COMPLETE)
    _print_table(states, sweep)
    return _print_end(states, planned, options, exit_code, console)


def _open_store(
    planned: Sequence[PlannedCell], options: CellConfig, stack: ExitStack
) -> list[CellWriter | None]:
    """The writers of the cells that have something missing; on any refusal nothing new is left behind."""
    _raise_open_files_limit()
    new = [plan.folder for plan in planned if not plan.folder.exists()]
    writers: list[CellWriter | None] = []
    try:
        for plan in planned:
            plan.folder.mkdir(parents=True, exist_ok=True)
            writer = CellWriter(plan.folder, options.shard_part()) if plan.missing else None
            writers.append(writer)
            if writer is not None:
                stack.callback(writer.close)
            if not (plan.folder / "cell.json").exists():
                write_json(plan.folder / "cell.json", cell_record(plan.cell, options.samples))
    except (CellBusy, OSError) as error:
        stack.close()
        _remove_new(new, Path(options.runs_dir))
        what = str(error) if isinstance(error, CellBusy) else f"{error.filename}: {error.strerror}"
        raise ConfigError(f"runs_dir={options.runs_dir}: {what}") from None
    return writers


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
    planned: Sequence[PlannedCell],
    writers: Sequence[CellWriter | None],
    records: Sequence[CellRecord],
    options: CellConfig,
    progress: Progress,
    tracker: Tracker,
    record: SweepRecord,
) -> int:
    for plan in planned:
        if not plan.missing:
            tracker.cell_finished(plan.cell.key)
    if not any(plan.missing for plan in planned):
        return COMPLETE
    from hanlon.engine.budget import Budget
    from hanlon.engine.sweep import CellWork, Sweep

    works = [
        CellWork(plan.cell, writer, plan.missing, record.planned_samples)
        for plan, writer, record in zip(planned, writers, records, strict=True)
        if writer is not None
    ]
    for note in dict.fromkeys(note for record in records for note in record.notes):
        progress.notice(f"Note: {note}.")
    spent_usd = sum(plan.tally.cost_usd or 0.0 for plan in planned)
    spent_tokens = sum(plan.tally.input_tokens + plan.tally.output_tokens for plan in planned)
    budget = Budget(options.budget_usd, options.max_tokens_total, spent_usd, spent_tokens)
    if options.budget_usd is not None or options.max_tokens_total is not None:
        _expect(budget, [plan for plan in planned if plan.missing])
    sweep = Sweep(works, options, budget, [progress, tracker], progress.notice)
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


def _print_end(
    states: Sequence[CellState],
    planned: Sequence[PlannedCell],
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
    if not left:
        return exit_code
    console.print(
        f"Incomplete: {left} of {len(planned) * len(wanted)} episodes are "
        "missing. Everything finished is stored; the same command goes on from there.",
        markup=False,
        soft_wrap=True,
    )
    return exit_code or INCOMPLETE


def _missing(state: CellState, wanted: range) -> int:
    from hanlon.engine.outcomes import RETRIED_LATER
    from hanlon.engine.store import read_digests

    done = {e.index for e in read_digests(state.folder) if e.outcome not in RETRIED_LATER}
    return len(wanted) - sum(index in wanted for index in done)
