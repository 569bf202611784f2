"""From the jobs of a sweep to its cells, and on to the plan or the run. Hydra's launcher and `run.py` call it."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence

from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig

from hanlon.config.command_line import ComposedSweep, compose_jobs
from hanlon.config.compose import hydra_loader
from hanlon.config.errors import ConfigError
from hanlon.config.explanations import explain_error
from hanlon.config.search_path import search_path
from hanlon.hypotheses.files import plans_for
from hanlon.run.exit_codes import FAILED, WRONG_CONFIGURATION
from hanlon.run.plan import plan_cells
from hanlon.run.print_plan import print_hypotheses, print_plan
from hanlon.run.workers import sharing


class SweepEnded(Exception):
    """The sweep ended with another exit code than 0. Everything has been printed."""

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
    sweep = compose_jobs(context.config_loader, master, jobs, arguments)
    _check_multirun(len(jobs), multirun=bool({"-m", "--multirun"} & set(arguments)))
    options = sweep.options
    if options.fork is not None:
        raise ConfigError(
            "fork= is about stored episodes, and this command samples new ones: hanlon fork RUNS fork=..."
        )
    envs = [cell.environment.name for cell in sweep.cells]
    judged_by = plans_for(envs, options.hypotheses) if options.plan else []
    for line in _remarks_on_cells(len(jobs), sweep):
        print(line, file=sys.stderr)
    sample_elsewhere = sharing(launcher, context, master, sweep)
    if options.looks > 1 and sample_elsewhere is not None:
        raise ConfigError(
            f"looks={options.looks}: a look judges all cells, and this launcher spreads their episodes over several "
            "processes. Take hydra/launcher=pool, or looks=1."
        )
    from hanlon.run.log import new_record
    from hanlon.run.looks import end_lines, sweep_looks

    planned = plan_cells(sweep.cells, options)
    overrides = [str(line) for line in master.hydra.overrides.task]
    record = new_record(planned, options, sweep, overrides)
    looks = sweep_looks(planned, options, record)
    planned = looks.within(planned)
    notes = (note for cell in sweep.cells for note in cell.environment.notes(options.samples))
    for note in dict.fromkeys(notes):
        print(f"Note: {note}.", file=sys.stderr)
    if options.plan:
        print_plan(planned, options)
        print_hypotheses(planned, judged_by, options.samples)
        for line in (*looks.lines(), *end_lines(looks, planned, looks.plans)):
            print(line)
        return [_completed(job) for job in jobs]
    from hanlon.run.conduct import conduct

    exit_code = conduct(planned, options, record, looks, sample_elsewhere)
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


def _remarks_on_cells(jobs: int, sweep: ComposedSweep) -> Iterator[str]:
    """How many configurations are the same cell, and which controls are added."""
    if sweep.swept < jobs:
        yield f"{jobs} configurations are {sweep.swept} different cells; equal ones run once."
    if controls := [cell.label for cell in sweep.cells[sweep.swept :]]:
        names = ", ".join(dict.fromkeys(controls))
        yield f"Note: {len(controls)} control cells are added ({names}); controls=none leaves them out."


def _completed(job: Sequence[str]) -> JobReturn:
    done = JobReturn(overrides=list(job), status=JobStatus.COMPLETED)
    done.return_value = None
    return done


def exit_code_for(error: Exception, arguments: Sequence[str]) -> int:
    """Print what is left to say about an exception and return the exit code that it means."""
    if isinstance(error, SweepEnded):
        return error.exit_code
    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return WRONG_CONFIGURATION
    if (problem := explain_error(error, hydra_loader(search_path()), arguments)) is not None:
        print(problem, file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, BrokenPipeError):  # `... | head` has read enough
        sys.stderr.close()
        return FAILED
    traceback.print_exception(error)
    return FAILED
