"""Conducts a planned sweep: opens the store, samples what is missing, labels, logs and prints it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console

from hanlon.config.cell import construct
from hanlon.config.schema import RunOptions
from hanlon.engine.model_check import check_model
from hanlon.run.exit_codes import COMPLETE, FAILED, INTERRUPTED
from hanlon.run.label import label_by_rules
from hanlon.run.log import SweepLog
from hanlon.run.look_by_look import LookByLook
from hanlon.run.looks import SweepLooks, end_lines
from hanlon.run.open import check_sandboxes, open_store, prepare_store
from hanlon.run.plan import PlannedCell, models_to_call, needs_calls, plan_again, without_calls
from hanlon.run.print import print_end, print_table
from hanlon.run.progress import Progress
from hanlon.run.sample import sample
from hanlon.store.cells import load_cell
from hanlon.store.records import SweepRecord
from hanlon.tracking.base import Tracker


class SampleElsewhere(Protocol):
    """Lets other processes sample a sweep's missing episodes and ask about them."""

    def __call__(
        self,
        planned: Sequence[PlannedCell],
        options: RunOptions,
        record: SweepRecord,
        say: Callable[[str], None],
    ) -> int:
        """Sample and ask; the exit code. Fills in the record's `limits`, and says what went wrong."""
        ...


def conduct(
    planned: Sequence[PlannedCell],
    options: RunOptions,
    record: SweepRecord,
    looks: SweepLooks,
    sample_elsewhere: SampleElsewhere | None = None,
) -> int:
    """Sample what is missing, here or elsewhere, from look to look; label, log and print it. The exit code.

    Raises:
        ConfigError: a missing key, a folder that cannot be written, a cell that another process writes.
    """
    for model in models_to_call(planned):
        check_model(model, options.budget_usd)
    check_sandboxes(planned)
    console = Console(stderr=True, highlight=False)
    say = partial(console.print, markup=False, soft_wrap=True)
    log = SweepLog(record, planned, options)
    tracker: Tracker = construct("tracker", options.tracker, say=say)
    shared, stopped_before = COMPLETE, [plan for plan in looks.plans if plan.stopped_n is not None]
    if sample_elsewhere is not None and any(map(needs_calls, planned)):
        prepare_store(planned, options, say)
        log.begin()
        shared = sample_elsewhere(planned, options, record, say)
        planned = [without_calls(plan) for plan in planned]
    with ExitStack() as stack:
        opened = open_store(planned, options, stack)
        log.begin()
        counted = [(cell.record, cell.plan.tally) for cell in opened]
        progress = Progress(console, counted, options.samples, sum(len(plan.missing) for plan in planned))
        tracker.start(record, [(cell.record, cell.plan.folder) for cell in opened], Path(options.runs_dir))
        exit_code = FAILED
        try:
            if looks.plans:
                by_look = LookByLook(opened, options, progress, tracker, looks, log)
                exit_code, limits = by_look.sample()
            else:
                exit_code, limits = sample(opened, options, progress, tracker)
            exit_code, record.limits = exit_code or shared, limits or record.limits
            if exit_code != INTERRUPTED:
                label_by_rules(opened, options, say)
            states = [load_cell(plan.folder)[0] for plan in planned]
            inquiries = [inquiry for plan in planned for inquiry in plan_again(plan)]
            log.finish(states, inquiries)
        finally:
            tracker.finish(exit_code == COMPLETE)
    print_table(states, record)
    for line in end_lines(looks, planned, stopped_before):
        print(line)
    goals = [looks.samples_of(plan.cell.key) for plan in planned]
    return print_end(states, goals, inquiries, options, exit_code, say)
