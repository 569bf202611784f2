"""One cell's W&B run: replayed from the store when it opens, then a row at a time, closed from the store.

The store is the truth: whatever was coalesced, dropped or replaced on the way, the last row and the summary
are counted from the episodes on disk, so that an interrupted and resumed cell ends with the same numbers.
"""

import hashlib
import math
from pathlib import Path
from typing import Any

from hanlon.analysis.inert import inert
from hanlon.store.cells import CellState
from hanlon.store.episodes import read_digests
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import CellRecord, EpisodeDigest, SweepRecord
from hanlon.store.shard import Shard
from hanlon.store.tally import Tally
from hanlon.tracking import lineage, tables, transcripts
from hanlon.tracking.session import WandbSession
from hanlon.tracking.state import Marker, Options, Turn, marker_path, read_state, write_state

LONGEST_TAG = 64
MOST_REPLAYED_ROWS = 1000
"""A longer history is thinned evenly when it is replayed; its last row is always there."""


def run_id(sweep_id: str, key: str) -> str:
    """The id of a cell's run. Two sweeps may share a cell, and each has its own run of it."""
    return hashlib.sha256(f"{sweep_id}\0{key}".encode()).hexdigest()[:16]


def legal_tags(*tags: str) -> list[str]:
    """Tags that W&B accepts: 1 to 64 characters, each once."""
    return list(dict.fromkeys(inert(tag)[:LONGEST_TAG] for tag in tags if tag))


class CellLog:
    """A cell of the sweep, and its run while that is open."""

    def __init__(self, cell: CellRecord, folder: Path, sweep: SweepRecord, options: Options) -> None:
        self.cell = cell
        self.run: Any = None
        self.tally = Tally()
        self.row_due_at = math.inf
        self.folder = folder
        self._sweep = sweep
        self._options = options
        self._outcomes: dict[int, str] = {}
        self._logged: dict[str, Any] = {}
        self._marker_path = marker_path(folder, sweep.id)
        self.turn = Turn(self._marker_path)

    @property
    def state(self) -> CellState:
        """The cell as it was last counted."""
        return CellState(self.cell, self.tally, self.folder)

    @property
    def shared(self) -> bool:
        """Whether several processes sample the cell, each a shard of it: no one of them knows when it is whole."""
        return any(Shard.of_file(file.name) for file in self.folder.glob("episodes.*.jsonl"))

    def is_whole(self, planned: int) -> bool:
        """Whether the store holds so many episodes that need no further attempt (as of the last `recount`)."""
        return sum(outcome not in RETRIED_LATER for outcome in self._outcomes.values()) >= planned

    def fingerprint(self, complete: bool) -> str:
        """Changes with everything that this cell's run would show differently."""
        tally, measures = self.tally, {name: (c.k, c.n) for name, c in self.tally.measures.items()}
        shown = [*self._options.decisive(), self._options.may_send(self.cell)]
        return tables.fingerprint(
            self.cell.key, tables.counts(tally), measures, tally.after_look, shown, complete
        )

    def recount(self) -> list[EpisodeDigest]:
        """Count what is in the store."""
        digests = read_digests(self.folder)
        self.tally = Tally()
        self._outcomes = {}
        for digest in digests:
            self._count(digest)
        return digests

    def is_logged(self, wandb_dir: Path, complete: bool) -> bool:
        """Whether a run of an earlier start already shows all that was counted (see `recount`)."""
        marker = read_state(self._marker_path, Marker)
        return marker is not None and marker.covers(self.fingerprint(complete), self._options.mode, wandb_dir)

    def open(self, session: WandbSession) -> None:
        """Open the run and replay the stored episodes, one row each, in the order of the store.

        The `turn` is the caller's to take before; `close` gives it.
        """
        cell, redaction = self.cell, session.redaction
        tags = legal_tags(
            "simulated" if cell.simulated else "",
            cell.env,
            cell.prompt,
            redaction.text(cell.model),
            cell.protocol,
        )
        self.run = session.open_run(
            run_id(self._sweep.id, cell.key),
            name=tables.run_name(redaction.text(cell.label), "", simulated=cell.simulated),
            group=tables.group_name(self._sweep),
            job_type="cell",
            tags=tags,
            config={**tables.config_of(cell, redaction), "sweep": self._sweep.id},
        )
        self.run.define_metric("n")
        self.run.define_metric("*", step_metric="n")
        self._replay()

    def add(self, digest: EpisodeDigest, now: float) -> None:
        """Count a stored episode; its row comes with the next `log_row`."""
        earlier = self._outcomes.get(digest.index)
        if earlier is None:
            self._count(digest)
        elif earlier == digest.outcome:
            return  # the replay has seen it already
        else:
            self.recount()  # it replaces one that was tried again
        if self.row_due_at == math.inf:
            self.row_due_at = now + self._options.row_interval_s

    def log_row(self) -> None:
        """Log the counts as they are, unless the last row already shows them."""
        self.row_due_at = math.inf
        row = tables.row(self.cell, self.tally)
        if row != self._logged:
            self.run.log(row)
            self._logged = row

    def close(self, session: WandbSession, complete: bool, planned: int = 0) -> Marker:
        """Log the last row, the summary and the transcripts, end the run, and leave the marker.

        `planned` is the n that a shared cell must have to be complete.
        """
        self.turn.end()
        digests = self.recount()
        complete = complete and (not self.shared or self.is_whole(planned))
        self.log_row()
        if self._options.may_send(self.cell):
            limit = self._options.transcripts_max_rows
            shown = transcripts.cell_table(self.folder, limit, session.redaction)
            session.log_table(self.run, "transcripts", shown)
        session.log_artifact(self.run, lineage.of_cell(self.cell, self.tally, session.redaction))
        session.summarise(self.run, tables.summary(self.cell, self.tally, complete))
        run, self.run = self.run, None
        session.finish_run(run, complete)
        marker = session.marker(run, len(digests), self.fingerprint(complete))
        write_state(self._marker_path, marker)
        self.turn.give()
        return marker

    def _count(self, digest: EpisodeDigest) -> None:
        self._outcomes[digest.index] = digest.outcome
        self.tally.add(digest)

    def _replay(self) -> None:
        digests = self.recount()
        tally, stride = Tally(), math.ceil(len(digests) / MOST_REPLAYED_ROWS)
        for number, digest in enumerate(digests, 1):
            tally.add(digest)
            if number % stride == 0 or number == len(digests):
                self._logged = tables.row(self.cell, tally)
                self.run.log(self._logged)
