"""The one thread that owns W&B: it takes messages from a queue, so that a sweep never waits or fails for it.

The first thing that goes wrong costs one line; after it the thread is dark and drops everything. wandb is
imported only when something has to be logged: a finished sweep that is typed again never gets there.
"""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hanlon.store.records import CellRecord, EpisodeDigest, SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.tracking.cell_run import CellLog
from hanlon.tracking.session import TrackingOff, WandbSession, agent_run, kill_core, one_line
from hanlon.tracking.state import Options, state_path, write_state
from hanlon.tracking.summary_run import SummaryLog

MOST_WAITING = 20_000
"""Stored episodes that may wait while wandb is slow. Further ones are dropped: the end recounts the store."""

LARGEST_BATCH = 1000
AGAIN_S = 2.0
"""Until it is looked again whether another process still logs a cell."""
BUSY_S = 60.0
"""What drawing figures (a second or two on an idle machine) and another process's turn may take beyond W&B's time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An episode is in the store."""

    key: str
    digest: EpisodeDigest


@dataclass(frozen=True, slots=True)
class Finished:
    """A cell gets no further episode."""

    key: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The sweep is over."""

    complete: bool


Message = Stored | Finished | Ended


class WandbThread(threading.Thread):
    """W&B for one sweep."""

    def __init__(
        self,
        sweep: SweepRecord,
        cells: Sequence[tuple[CellRecord, Path]],
        runs_dir: Path,
        options: Options,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(name="hanlon-wandb", daemon=True)
        self._sweep = sweep
        self._wandb_dir = runs_dir / "wandb"
        self._say = say
        self._redaction = Redaction([runs_dir])
        self._session = WandbSession(options, runs_dir, self._redaction, say)
        self._options = options
        self._cells = {cell.key: CellLog(cell, folder, sweep, options) for cell, folder in cells}
        self._summary = SummaryLog(sweep, list(self._cells.values()), runs_dir, options)
        self._open: dict[str, CellLog] = {}
        self._finished: set[str] = set()
        self._elsewhere: dict[str, float] = {}
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._dark = threading.Event()

    def post(self, message: Message) -> None:
        """Leave a message for the thread; returns at once."""
        if self._dark.is_set() or (isinstance(message, Stored) and self._messages.qsize() >= MOST_WAITING):
            return
        self._messages.put(message)

    def wait(self) -> None:
        """Wait until all is logged, but no longer than the options allow; then say so and leave."""
        limit_s = self._options.finish_timeout_s + 0.25 * len(self._cells)
        self.join(limit_s)
        if self._summary.busy.is_set():
            self.join(BUSY_S + limit_s)
        if self.is_alive() and not self._dark.is_set():
            self._dark.set()
            self._say(
                f"W&B: not done {limit_s:.0f} s after the end of the sweep, given up. Nothing is lost: the"
                " episodes are in the store, and the same command again logs what is missing."
            )
            kill_core()

    def run(self) -> None:
        """Log until the sweep ends or something goes wrong."""
        try:
            write_state(state_path(self._wandb_dir, "options", self._sweep.id), self._options)
            while not self._dark.is_set():
                if self._handle_batch():
                    return
        except TrackingOff as off:
            self._dark.set()
            self._say(f"W&B: {off}")
            self._session.abandon()
        except BaseException as error:  # wandb also raises SystemExit
            if not self._dark.is_set():
                self._dark.set()
                self._say(
                    f"W&B: stopped ({one_line(error, self._redaction)}). The sweep goes on and its episodes"
                    " are in the store; the same command again logs what is missing."
                )
            self._session.abandon()
        finally:
            for log in self._cells.values():
                log.turn.give()

    def _handle_batch(self) -> bool:
        """Handle what is waiting; True once the sweep has ended."""
        for message in self._take():
            if self._dark.is_set():
                return True
            if isinstance(message, Stored):
                self._count(message)
            elif isinstance(message, Finished):
                self._finish_cell(message.key)
            else:
                self._end(message.complete)
                return True
        now = time.monotonic()
        for log in self._open.values():
            if log.row_due_at <= now:
                log.log_row()
        return False

    def _take(self) -> list[Message]:
        due_at = min((log.row_due_at for log in self._open.values()), default=math.inf)
        timeout_s = None if due_at == math.inf else max(0.0, due_at - time.monotonic())
        messages: list[Message] = []
        with contextlib.suppress(queue.Empty):
            messages.append(self._messages.get(timeout=timeout_s))
            while len(messages) < LARGEST_BATCH:
                messages.append(self._messages.get_nowait())
        return messages

    def _count(self, message: Stored) -> None:
        log = self._cells.get(message.key)
        if log is None:
            return
        if log.run is None:
            if len(self._open) >= self._options.max_live_runs or not self._is_free(log):
                return  # logged whole when it is done
            log.open(self._session)
            self._open[message.key] = log
        log.add(message.digest, time.monotonic())

    def _finish_cell(self, key: str) -> None:
        log = self._cells.get(key)
        if log is None:
            return
        self._finished.add(key)
        if log.run is None:
            if not log.turn.take_over(self._options.finish_timeout_s):
                log.recount()
                return  # another shard's process logs it
            whole = bool(log.recount()) and (not log.shared or log.is_whole(self._sweep.planned_samples))
            if not log.tally.episodes or log.is_logged(self._wandb_dir, complete=whole):
                log.turn.give()
                return
            log.open(self._session)
        self._open.pop(key, None)
        log.close(self._session, complete=True, planned=self._sweep.planned_samples)

    def _is_free(self, log: CellLog) -> bool:
        """Whether the cell's run is this process's to write; where it is another's, not asked again for a while."""
        now = time.monotonic()
        if now < self._elsewhere.get(log.cell.key, 0.0):
            return False
        self._elsewhere[log.cell.key] = now + AGAIN_S
        return log.turn.take()

    def _end(self, complete: bool) -> None:
        for log in self._open.values():
            log.close(self._session, complete=False)
        for key, log in self._cells.items():
            if key not in self._finished:
                log.recount()
        if agent_run() is None:
            self._summary.log_in_turn(self._session, complete, self._say)
        self._session.close()
