"""Weights & Biases: one run a cell, one summary run a sweep, grouped by the sweep's id.

`WandbTracker` only leaves messages; `wandb_thread.py` owns every wandb call, `wandb_cell.py` says what a
cell's run holds, `wandb_summary.py` what the sweep's, `wandb_session.py` how wandb is set up, `tables.py`,
`panels.py`, `figures.py` and `transcripts.py` what is logged of which counts and episodes.
"""

import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hanlon.store.records import CallUsage, CellRecord, Episode, EpisodeDigest, SweepRecord
from hanlon.tracking.state import Mode, Options, agent_run
from hanlon.tracking.thread import Ended, Finished, Message, Stored, WandbThread


def print_to_stderr(line: str) -> None:
    """Say a line where no progress display is in the way."""
    print(line, file=sys.stderr, flush=True)


class WandbTracker:
    """Logs sweeps to W&B, one after the other. No method raises; only `finish` waits, for a bounded time.

    `say` shows one line to the user; it is called from the tracker's own thread.

    Raises:
        ValueError: an option is not legal; the message says what would be.
    """

    def __init__(
        self,
        mode: Mode = "auto",
        project: str = "hanlon",
        entity: str | None = None,
        transcripts: bool = True,
        transcripts_max_rows: int = 200,
        local_transcripts: bool = False,
        row_interval_s: float = 1.0,
        max_live_runs: int = 50,
        init_timeout_s: float = 10.0,
        finish_timeout_s: float = 30.0,
        workspace: bool = True,
        figures: bool = True,
        say: Callable[[str], None] = print_to_stderr,
    ) -> None:
        if mode not in ("auto", "online", "offline"):
            raise ValueError(
                f"tracker.mode={mode} is not a mode. Modes: auto, online, offline (or tracker=none)"
            )
        if not re.fullmatch(r"[^/\\#?%:]{1,128}", project):
            raise ValueError(
                f"tracker.project={project!r}: W&B wants 1 to 128 characters, none of / \\ # ? % :"
            )
        self._options = Options(
            mode=mode,
            project=project,
            entity=entity,
            transcripts=transcripts,
            transcripts_max_rows=transcripts_max_rows,
            local_transcripts=local_transcripts,
            row_interval_s=row_interval_s,
            max_live_runs=max_live_runs,
            init_timeout_s=init_timeout_s,
            finish_timeout_s=finish_timeout_s,
            workspace=workspace,
            figures=figures,
        )
        self._say = say
        self._thread: WandbThread | None = None

    def start(self, sweep: SweepRecord, cells: Sequence[tuple[CellRecord, Path]], runs_dir: Path) -> None:
        """A sweep begins. Nothing is imported or opened before something has to be logged."""
        if agent := agent_run():  # a marker of its own for each run of an agent: it may choose a cell again
            sweep = msgspec.structs.replace(sweep, id=agent)
        try:
            thread = WandbThread(sweep, cells, runs_dir, self._options, self._say_safely)
            thread.start()
        except Exception as error:
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
            with contextlib.suppress(
                KeyboardInterrupt
            ):  # an impatient Ctrl-C ends the waiting, not the report
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
