"""Weights & Biases: one run a cell, one summary run a sweep, grouped by the sweep's id.

`WandbTracker` only leaves messages. `thread.py` makes every call of wandb, `session.py` sets wandb up, `cell_run.py`
and `summary_run.py` fill the runs from counts (`tables.py`), tables (`panels.py`), transcripts and the report.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hanlon.store.records import CallUsage, CellRecord, Episode, EpisodeDigest, SweepRecord
from hanlon.tracking.session import agent_run
from hanlon.tracking.state import Options
from hanlon.tracking.thread import Ended, Finished, Message, Stored, WandbThread

DEFAULT_PROJECT = "hanlon"


def print_to_stderr(line: str) -> None:
    """Print a line where no progress display is in the way."""
    print(line, file=sys.stderr, flush=True)


class WandbTracker:
    """Logs sweeps to W&B, one after the other. No method raises; only `finish` waits, for a bounded time.

    Args:
        say: shows a line to the user; it is called from the tracker's own thread.
        options: see `Options`. Without a `project`, runs go to that of WANDB_PROJECT, or to `hanlon`.

    Raises:
        ValueError: an option is not legal; the message says what would be.
    """

    def __init__(self, say: Callable[[str], None] = print_to_stderr, **options: Any) -> None:
        project = options.pop("project", None) or os.environ.get("WANDB_PROJECT") or DEFAULT_PROJECT
        self._options = Options(project=project, **options)
        self._say = say
        self._thread: WandbThread | None = None

    def start(self, sweep: SweepRecord, cells: Sequence[tuple[CellRecord, Path]], runs_dir: Path) -> None:
        """A sweep begins. Nothing is imported or opened before something has to be logged."""
        if agent := agent_run():  # a marker of its own for each run of an agent: it may choose a cell again
            sweep = msgspec.structs.replace(sweep, id=agent)
        try:
            thread = WandbThread(sweep, cells, runs_dir, self._options, self._say_safely)
            thread.start()
        except Exception as error:  # tracking never costs a sweep
            self._say_safely(
                f"W&B: could not start ({type(error).__name__}: {error}). The sweep goes on without it."
            )
        else:
            self._thread = thread

    def stored(self, key: str, episode: Episode) -> None:
        """An episode of the cell `key` is in the store."""
        if self._thread is not None:
            self._post(Stored(key, digest_of(episode)))

    def cell_finished(self, key: str) -> None:
        """No further episode of this cell will come in this sweep."""
        self._post(Finished(key))

    def finish(self, complete: bool) -> None:
        """The sweep has ended; wait for W&B, but not longer than `finish_timeout_s` and 0.25 s a cell."""
        self._post(Ended(complete))
        thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(KeyboardInterrupt):  # it ends the waiting, not the report
                thread.wait()

    def _post(self, message: Message) -> None:
        if self._thread is not None:
            self._thread.post(message)

    def _say_safely(self, line: str) -> None:
        with contextlib.suppress(Exception):
            self._say(line)


def digest_of(episode: Episode) -> EpisodeDigest:
    """What the tracker counts of an episode, without its messages."""
    usage = [
        CallUsage(call.input_tokens, call.output_tokens, call.cost_usd, call.returned_model, call.provider)
        for call in episode.calls
    ]
    return EpisodeDigest(
        index=episode.index,
        outcome=episode.outcome,
        measures=episode.measures,
        excluded=episode.excluded,
        calls=usage,
        transcript_hash=episode.transcript_hash,
        after_look=episode.after_look,
    )
