"""Logs a sweep in the store: `sweeps/<id>.json`, and who is asked what."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hanlon.config.errors import ConfigError
from hanlon.config.schema import RunOptions
from hanlon.hypotheses.registration import register, sweep_file, take_in
from hanlon.inquiries.pending import PlannedInquiry, write_records
from hanlon.run.plan import PlannedCell
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import write_json
from hanlon.store.records import SweepRecord


def new_record(
    planned: Sequence[PlannedCell], options: RunOptions, experiment: str | None, overrides: Sequence[str]
) -> SweepRecord:
    """The record of a sweep that begins now. Without an experiment its id is a hash of its cells."""
    keys = [plan.cell.key for plan in planned]
    return SweepRecord(
        id=experiment or digest(sorted(keys))[:12],
        cells=keys,
        planned_samples=options.samples,
        overrides=list(overrides),
        started_at=time.time(),
        experiment=experiment,
    )


class SweepLog:
    """The record of one sweep and its file."""

    def __init__(self, record: SweepRecord, options: RunOptions) -> None:
        self._record = record
        self._options = options

    def register(self, planned: Sequence[PlannedCell]) -> None:
        """Add the hypotheses that the sweep is to be judged by to its record.

        Raises:
            ConfigError: a hypothesis that does not exist, or that cannot be read.
        """
        states = [plan.state(self._options.samples) for plan in planned]
        register(self._record, states, self._options.hypotheses, self._options.runs_dir)

    def begin(self, planned: Sequence[PlannedCell]) -> None:
        """Write what the sweep is and who is asked what, before anything is paid.

        Raises:
            ConfigError: the run folder cannot be written.
        """
        try:
            inquiries = (inquiry for plan in planned for inquiry in plan.inquiries)
            write_records(inquiries, Path(self._options.runs_dir))
            self._write()
        except OSError as error:
            raise ConfigError(
                f"runs_dir={self._options.runs_dir} cannot be written: {error.strerror}. Nothing was called."
            ) from None

    def take_in(self) -> None:
        """Add what other commands have registered under the same name since this one began."""
        take_in(self._record, self._options.runs_dir)

    def finish(self, states: Sequence[CellState], inquiries: Sequence[PlannedInquiry]) -> None:
        """Write when the sweep ended and what it cost. A full disk is no failure here: the episodes are stored."""
        self._record.finished_at = time.time()
        self._record.cost_usd = sum(state.tally.cost_usd or 0.0 for state in states)
        self._record.cost_usd += sum(inquiry.cost_usd for inquiry in inquiries)
        with suppress(OSError):
            self.take_in()
            self._write()

    def _write(self) -> None:
        write_json(sweep_file(self._options.runs_dir, self._record.id), self._record)
