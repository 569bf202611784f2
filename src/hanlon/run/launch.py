"""From the jobs of a sweep to its cells, and on to the plan or the run. What Hydra's launcher calls."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from hanlon.config.cell import Cell
from hanlon.config.command_line import cells_of
from hanlon.config.compose import CellComposer
from hanlon.config.errors import ConfigError, explain
from hanlon.config.schema import CellConfig
from hanlon.run.plan import PlannedCell, plan_cells, print_plan
from hanlon.run.workers import sharing


class SweepEnded(Exception):
    """The sweep ended with another exit code than 0; all there is to say has been said."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def launch(
    context: HydraContext,
    master: DictConfig,
    jobs: Sequence[Sequence[str]],
    launcher: Launcher | None = None,
) -> list[JobReturn]:
    """Run all jobs of a sweep in this process, or share them among those that a launcher starts.

    Raises:
        ConfigError: anything wrong with the configuration, before any call.
        SweepEnded: some cell failed or is incomplete, or the sweep was interrupted.
    """
    setup_globals()
    arguments = sys.argv[1:]
    _check_multirun(len(jobs), multirun=bool({"-m", "--multirun"} & set(arguments)))
    composer = CellComposer(context.config_loader, master)
    composed = [composer.compose(job) for job in jobs]
    cells, swept, controls = cells_of(composer, composed, arguments)
    composed += controls
    for line in _remarks_on_cells(len(jobs), swept, list(cells.values())):
        print(line, file=sys.stderr)
    options = next(iter(cells.values())).config
    share = sharing(launcher, context, master, composed, options)
    planned = plan_cells(list(cells.values()), options)
    notes = (note for cell in cells.values() for note in cell.environment.notes(options.samples))
    for note in dict.fromkeys(notes):
        print(f"Note: {note}.", file=sys.stderr)
    if options.plan:
        print_plan(planned, options)
        print_hypotheses(planned, options)
    else:
        from hanlon.run.conduct import conduct

        overrides = [str(line) for line in master.hydra.overrides.task]
        experiment = composed[0].choices.get("experiment")
        exit_code = conduct(planned, options, experiment, overrides, share)
        if exit_code:
            raise SweepEnded(exit_code)
    return [_completed(job) for job in jobs]


def _check_multirun(jobs: int, *, multirun: bool) -> None:
    """Refuse a sweep without -m, and -m where `wandb agent` wants one cell."""
    if jobs > 1 and not multirun:
        raise ConfigError(f"this is a sweep of {jobs} cells: add -m to run them all")
    if multirun and os.environ.get("WANDB_SWEEP_ID"):
        raise ConfigError(
            "WANDB_SWEEP_ID is set: a command of wandb agent is one cell, since -m would log several cells into "
            "one run. Leave -m out of the sweep's command, or unset WANDB_SWEEP_ID."
        )


def _remarks_on_cells(jobs: int, swept: int, cells: Sequence[Cell]) -> Iterator[str]:
    """That equal configurations run once, and which controls stand behind the swept cells."""
    if swept < jobs:
        yield f"{jobs} configurations are {swept} different cells; equal ones run once."
    if added := [cell.label for cell in cells[swept:]]:
        names = ", ".join(dict.fromkeys(added))
        yield f"Note: {len(added)} control cells are added ({names}); controls=none leaves them out."


def print_hypotheses(planned: Sequence[PlannedCell], options: CellConfig) -> None:
    """Say what the hypotheses predict of the planned grid, which of them it parts, and what it can show."""
    from hanlon.design.power_table import matrices_of, plan_lines
    from hanlon.hypotheses.files import plans_for
    from hanlon.hypotheses.printed.matrix import matrix_lines

    plans = plans_for([plan.cell.environment.name for plan in planned], options.hypotheses)
    states = [plan.state(options.samples) for plan in planned]
    for line in (*matrix_lines(matrices_of(states, plans)), *plan_lines(states, plans, options.samples)):
        print(line)


def _completed(job: Sequence[str]) -> JobReturn:
    done = JobReturn(overrides=list(job), status=JobStatus.COMPLETED)
    done.return_value = None
    return done


FAILED, WRONG_CONFIGURATION = 1, 2


def exit_code_for(error: Exception, conf_dir: Path, arguments: Sequence[str]) -> int:
    """Print what is left to say about an exception and return the exit code that it means."""
    if isinstance(error, SweepEnded):
        return error.exit_code
    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        print(explain(error, conf_dir, arguments), file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, BrokenPipeError):  # `... | head` has read enough
        sys.stderr.close()
        return FAILED
    traceback.print_exception(error)
    return FAILED
