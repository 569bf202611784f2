"""Shares a sweep among the processes of a stock Hydra launcher: joblib on many cores, submitit on a cluster.

Every job is a worker with an equal share of every cell's episodes, of the connections and of the budget, so that
cells stay interleaved and a small grid uses all cores. The parent composes, plans, labels, tracks and reports as
for `pool`; a worker only samples and asks, and its records go to files of its own (`episodes.2of4.jsonl`).
"""

import contextlib
import io
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig

from hanlon.config.cell import build_cell
from hanlon.config.command_line import ComposedSweep, read_options
from hanlon.config.compose import ComposedCell
from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.run.exit_codes import FAILED, INTERRUPTED, WORST_FIRST
from hanlon.run.plan import PlannedCell, models_to_call, plan_cells
from hanlon.store.records import SweepRecord
from hanlon.store.shard import Shard

WATCH_S = 0.5


@dataclass
class WorkerEnd:
    """How a worker ended: its exit code, why, and what each lane's limiter had come to."""

    exit_code: int
    reasons: list[str] = field(default_factory=list[str])
    limits: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


@dataclass(frozen=True)
class Worker:
    """The task function of a launcher's job, which runs in another process. The job's number is the worker's."""

    composed: tuple[ComposedCell, ...]
    arguments: tuple[str, ...]
    workers: int

    def __call__(self, config: DictConfig) -> WorkerEnd:
        """Sample this worker's share. Whatever goes wrong comes back as text: a launcher would garble it."""
        try:
            return self._sample(HydraConfig.get().job.num + 1)
        except ConfigError as error:
            return WorkerEnd(FAILED, [str(error)])
        except Exception:  # a launcher would garble it
            return WorkerEnd(FAILED, [traceback.format_exc()])

    def _sample(self, number: int) -> WorkerEnd:
        from hanlon.run.progress import WorkerProgress
        from hanlon.run.sample import sample_share

        cells = {cell.key: cell for cell in (build_cell(c, self.arguments) for c in self.composed)}
        options = read_options(self.composed, self.arguments).model_copy(update={"workers": self.workers})
        shards = [self._part(options.shard, number + position) for position in range(len(cells))]
        with contextlib.redirect_stderr(io.StringIO()):  # the parent has said which lines are damaged
            planned = [_with_calls(plan) for plan in plan_cells(list(cells.values()), options, shards)]
        progress = WorkerProgress(f"worker {number} of {self.workers}", planned, options.samples)
        with _ending_with(os.getppid()):
            exit_code, limits = sample_share(planned, options, progress)
        return WorkerEnd(exit_code, progress.reasons, limits)

    def _part(self, shard: Shard, number: int) -> Shard:
        """A worker's part of a cell's episodes. `number` turns with the cells, so that few samples spread too."""
        return shard.part((number - 1) % self.workers + 1, self.workers)


def _with_calls(plan: PlannedCell) -> PlannedCell:
    """Without the judges that need no model: the parent lets them answer about the whole sweep at once."""
    return replace(plan, inquiries=[i for i in plan.inquiries if i.inquiry.model is not None])


@contextlib.contextmanager
def _ending_with(parent: int) -> Generator[None]:
    """Interrupt this process when its parent is gone, so that the next command finds the cells unlocked.

    It exits at once after its work: a joblib worker would wait minutes for more and hold the terminal's pipes.
    """
    done, orphaned = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_S):
            if os.getppid() != parent:
                orphaned.set()
                os.kill(os.getpid(), signal.SIGINT)
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
        if orphaned.is_set():
            os._exit(INTERRUPTED)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Generator[None]:
    """Let SIGTERM do what Ctrl-C does: the workers end and the table is still printed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True)
class Sharing:
    """A `hanlon.run.conduct.SampleElsewhere` by way of a Hydra launcher."""

    launcher: Launcher
    context: HydraContext
    master: DictConfig
    composed: Sequence[ComposedCell]
    workers: int

    def __call__(
        self,
        planned: Sequence[PlannedCell],
        options: RunOptions,
        record: SweepRecord,
        say: Callable[[str], None],
    ) -> int:
        """Start the workers and wait for them. The worst of their exit codes."""
        count = self._count(planned, options, say)
        task = Worker(tuple(self.composed), tuple(record.overrides), count)
        self.launcher.setup(hydra_context=self.context, task_function=task, config=self.master)
        jobs = [list(self.composed[0].overrides)] * count
        try:
            with _terminated_like_interrupted():
                returns = self.launcher.launch(jobs, initial_job_idx=0)
            ends: list[WorkerEnd] = [job.return_value for job in returns]
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:  # every launcher has its own for a job that was killed
            lines = (
                str(error).strip().splitlines()
            )  # of submitit: which job, its state, then the end of its log
            reason = " ".join([*lines[:2], *lines[2:][-1:]])
            say(f"A worker has ended before its time: {type(error).__name__}: {reason}")
            return FAILED
        for reason in dict.fromkeys(reason for end in ends for reason in end.reasons):
            say(reason)
        record.limits = {
            f"{lane}, worker {number} of {count}": state
            for number, end in enumerate(ends, 1)
            for lane, state in end.limits.items()
        }
        return next(code for code in WORST_FIRST if any(end.exit_code == code for end in ends))

    def _count(self, planned: Sequence[PlannedCell], options: RunOptions, say: Callable[[str], None]) -> int:
        """No more workers than episodes, nor than connections to share."""
        from hanlon.engine.lane import connections

        shared = min(connections(model, options) for model in models_to_call(planned))
        if shared < self.workers:
            say(f"Note: {shared} workers instead of {self.workers}, since max_connections allows {shared}.")
        open_now = sum(len(p.missing) + sum(len(a.open) for a in p.inquiries) for p in planned)
        return min(self.workers, shared, open_now)


def sharing(
    launcher: Launcher | None,
    context: HydraContext,
    master: DictConfig,
    sweep: ComposedSweep,
) -> Sharing | None:
    """How a launcher's jobs share a sweep. None for the pool, which is one process.

    Raises:
        ConfigError: `workers` is missing where the launcher has no number of its own, or given to the pool.
    """
    workers = sweep.options.workers
    if launcher is None:
        if workers is not None:
            raise ConfigError(
                f"workers={workers}: hydra/launcher=pool is one process. Several share a sweep with "
                "hydra/launcher=joblib, submitit_local or submitit_slurm."
            )
        return None
    workers = workers or _jobs_at_once(master)
    if workers is None:
        raise ConfigError(
            f"hydra/launcher={master.hydra.runtime.choices['hydra/launcher']} has no number of jobs of its own: "
            "add workers=<number>, the jobs that share the sweep."
        )
    return Sharing(launcher, context, master, sweep.composed, workers)


def _jobs_at_once(master: DictConfig) -> int | None:
    """joblib's own number; -1 is all cores, -2 all but one."""
    jobs = master.hydra.launcher.get("n_jobs")
    if jobs is None or jobs > 0:
        return jobs
    return max(1, (os.cpu_count() or 1) + 1 + jobs)
