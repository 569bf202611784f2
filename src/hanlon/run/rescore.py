"""Asks judges about stored episodes without sampling any: `hanlon rescore --judge ...`."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from rich.console import Console

from hanlon.config.command_line import compose_sweep
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
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

Asking = tuple[CellState, PlannedInquiry]
"""A stored cell with an inquiry about it."""


def rescore(states: Sequence[CellState], judges: Sequence[str], overrides: Sequence[str]) -> int:
    """Ask these judges about the cells' episodes, where they have not answered yet. The exit code of a sweep.

    Raises:
        ConfigError: an unknown judge or key, a missing API key, or another process writes the labels.
    """
    options = compose_sweep([f"judge=[{','.join(judges)}]", *overrides]).options
    inquiries = Inquiries(options).judges
    exit_code = ask_open(_plan(states, inquiries), options)
    left = unanswered(plan for _, plan in _plan(states, inquiries))
    say_left(left)
    return exit_code or (INCOMPLETE if left else COMPLETE)


def ask_open(
    planned: Sequence[Asking], options: RunOptions, spent: Sequence[PlannedInquiry] | None = None
) -> int:
    """Ask what is open in these inquiries about stored episodes. The exit code.

    Args:
        planned: each cell with an inquiry about it.
        options: budget, limits and connections.
        spent: the inquiries whose answers count against the budget; None: the planned ones.

    Raises:
        ConfigError: a missing API key, or another process writes the answers.
    """
    models = [plan.inquiry.model for _, plan in planned if plan.open and plan.inquiry.model is not None]
    for model in {id(model): model for model in models}.values():
        check_model(model, options.budget_usd)
    raise_open_files_limit()
    with ExitStack() as stack:
        try:
            works = [open_inquiry(plan, state.record, Shard(), stack) for state, plan in planned if plan.open]
            for runs_dir in {state.folder.parent.parent for state, _ in planned}:
                write_records((plan for _, plan in planned), runs_dir)
            answer_rules(works, Shard())
        except CellBusy as error:
            raise ConfigError(str(error)) from None
        except OSError as error:
            raise ConfigError(f"{error.filename}: {error.strerror}") from None
        works = [work for work in works if work.inquiry.model is not None]
        exit_code = COMPLETE
        if works:
            progress = Progress(Console(stderr=True, highlight=False), [], 0, 0)
            budget = budget_of(options, [plan for _, plan in planned] if spent is None else spent)
            exit_code, _ = sample_and_ask([], works, options, budget, [], progress)
    return exit_code


def say_left(left: Mapping[str, int]) -> None:
    """Say who has not answered about how many episodes."""
    for name, count in left.items():
        print(
            f"Incomplete: {name} has not answered about {count} episodes; the same command goes on from there.",
            file=sys.stderr,
        )


def _plan(states: Sequence[CellState], inquiries: Sequence[Inquiry]) -> list[Asking]:
    return [(s, plan_inquiry(i, s.folder, read_digests(s.folder))) for s in states for i in inquiries]
