"""Asks judges about stored episodes without sampling any: `hanlon rescore --judge ...`."""

from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console

from hanlon.config.command_line import compose_sweep
from hanlon.config.errors import ConfigError
from hanlon.engine.model_check import check_model
from hanlon.inquiries.answering import answer_rules, open_inquiry
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.pending import Inquiries, PlannedInquiry, plan_inquiry, unanswered, write_records
from hanlon.run.exit_codes import COMPLETE, INCOMPLETE
from hanlon.run.open import raise_open_files_limit
from hanlon.run.progress import Progress
from hanlon.run.sample import budget_of, sample_and_ask
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_digests
from hanlon.store.lines import CellBusy
from hanlon.store.shard import Shard


def rescore(states: Sequence[CellState], judges: Sequence[str], overrides: Sequence[str]) -> int:
    """Ask these judges about the cells' episodes, where they have not answered yet. The exit code of a sweep.

    Raises:
        ConfigError: an unknown judge or key, a missing API key, or another process writes the labels.
    """
    options = compose_sweep([f"judge=[{','.join(judges)}]", *overrides]).options
    inquiries = Inquiries(options).judges
    planned = _plan(states, inquiries)
    for inquiry in inquiries:
        if inquiry.model is not None and any(plan.open for _, plan in planned if plan.inquiry is inquiry):
            check_model(inquiry.model, options.budget_usd)
    console = Console(stderr=True, highlight=False)
    raise_open_files_limit()
    with ExitStack() as stack:
        try:
            works = [open_inquiry(plan, state.record, Shard(), stack) for state, plan in planned if plan.open]
            for runs_dir in {state.folder.parent.parent for state in states}:
                write_records((plan for _, plan in planned), runs_dir)
            answer_rules(works, Shard())
        except CellBusy as error:
            raise ConfigError(str(error)) from None
        except OSError as error:
            raise ConfigError(f"{error.filename}: {error.strerror}") from None
        works = [work for work in works if work.inquiry.model is not None]
        exit_code = COMPLETE
        if works:
            progress = Progress(console, [], 0, 0)
            budget = budget_of(options, [plan for _, plan in planned])
            exit_code, _ = sample_and_ask([], works, options, budget, [], progress)
    left = unanswered(plan for _, plan in _plan(states, inquiries))
    for name, count in left.items():
        console.print(
            f"Incomplete: {name} has not answered about {count} episodes; the same command goes on from there."
        )
    return exit_code or (INCOMPLETE if left else COMPLETE)


def _plan(
    states: Sequence[CellState], inquiries: Sequence[Inquiry]
) -> list[tuple[CellState, PlannedInquiry]]:
    return [(s, plan_inquiry(i, s.folder, read_digests(s.folder))) for s in states for i in inquiries]
