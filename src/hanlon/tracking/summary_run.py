"""The sweep's own run: its tables, its totals, and the saved view of it."""

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from hanlon.figures import interactive
from hanlon.store.answers import FILE_STEMS
from hanlon.store.records import SweepRecord
from hanlon.tracking import page, tables, transcripts, workspace
from hanlon.tracking.cell_run import LONGEST_NAME, CellLog, legal_tags, run_id
from hanlon.tracking.panels import SweepSummary
from hanlon.tracking.session import WandbSession, one_line
from hanlon.tracking.state import Marker, Options, Turn, marker_path, read_state, write_state
from hanlon.tracking.tables import MOST_LINES, Table

Say = Callable[[str], None]
LAYOUT = 1
"""Raised when what is logged of the same sweep changes, so that a finished one gets a new summary."""


class SummaryLog:
    """What is logged of a sweep as a whole, from its cells as they were last counted.

    `busy` is set while figures are drawn or another process has its turn, which takes seconds that are not W&B's.
    """

    def __init__(
        self, sweep: SweepRecord, cells: Sequence[CellLog], runs_dir: Path, options: Options
    ) -> None:
        self._sweep = sweep
        self._cells = cells
        self._runs_dir = runs_dir
        self._wandb_dir = runs_dir / "wandb"
        self._options = options
        self._marker_path = marker_path(self._wandb_dir, sweep.id)
        self._turn = Turn(self._marker_path)
        self.busy = threading.Event()

    def is_logged(self, complete: bool) -> bool:
        """Whether there is nothing to log, or an earlier run shows the same."""
        marker = read_state(self._marker_path, Marker)
        if not self._counted():
            return True
        state = self._fingerprint(complete)
        return marker is not None and marker.covers(state, self._options.mode, self._wandb_dir)

    def log_in_turn(self, session: WandbSession, complete: bool, say: Say) -> Marker | None:
        """Wait for any other process that logs the summary, then log what the store holds, unless a run shows that.

        Every process of a shared sweep does so at its end. The last one shows everything.
        """
        with self._busy():
            taken = self._turn.wait(self._options.finish_timeout_s)
        if not taken:
            say("W&B: no summary, another process writes it. The same command again logs what is missing.")
            return None
        try:
            for log in (log for log in self._cells if log.shared):
                log.recount()
                complete = complete and log.is_whole(self._sweep.planned_samples)
            return None if self.is_logged(complete) else self.log(session, complete, say)
        finally:
            self._turn.give()

    def log(self, session: WandbSession, complete: bool, say: Say) -> Marker:
        """Open the run, log everything, end it, leave the marker; then save the workspace where there can be one."""
        counted = self._counted()
        sweep = SweepSummary(self._sweep, [log.state for log in counted])
        contents = self._tables(session, sweep, counted, say)
        html = self._page(session, sweep, say)
        run = self._open(session, counted)
        if html is not None:
            session.log_page(run, workspace.FIGURE, html)
        for name, content in contents.items():
            session.log_table(run, name, content)
        run.summary.update(self._totals(counted, complete))
        session.finish_run(run, complete)
        rows = sum(len(content.lines) for content in contents.values())
        marker = session.marker(run, rows, self._fingerprint(complete))
        write_state(self._marker_path, marker)
        if session.mode == "online" and self._options.workspace and workspace.available():
            media = [] if html is None else [workspace.FIGURE]
            self._save_workspace(marker.project, [*media, *contents], session, say)
        return marker

    def _counted(self) -> list[CellLog]:
        return [log for log in self._cells if log.tally.episodes]

    def _fingerprint(self, complete: bool) -> str:
        cells = [(log.fingerprint(complete), _judged_bytes(log.folder)) for log in self._counted()]
        drawn = self._options.figures and interactive.available()
        registered = self._sweep.registration and self._sweep.registration.hash
        return tables.fingerprint(LAYOUT, self._sweep.id, complete, cells, drawn, registered)

    def _open(self, session: WandbSession, counted: Sequence[CellLog]) -> Any:
        simulated = _any_simulated(counted)
        return session.open_run(
            run_id(self._sweep.id, "summary"),
            name=f"{self._sweep.id[:LONGEST_NAME]} summary{' (simulated)' if simulated else ''}",
            group=self._sweep.id[:LONGEST_NAME],
            job_type="summary",
            tags=legal_tags("simulated" if simulated else "", "summary"),
            config={
                "sweep": self._sweep.id,
                "cells": [log.cell.key for log in counted],
                "simulated": simulated,
            },
        )

    def _tables(
        self, session: WandbSession, sweep: SweepSummary, counted: Sequence[CellLog], say: Say
    ) -> dict[str, Table]:
        def failed(name: str, error: Exception) -> None:
            say(f"W&B: no {name} table ({one_line(error, session.redaction)})")

        contents = sweep.tables(session.redaction, failed)
        for name, content in contents.items():
            if len(content.lines) > MOST_LINES:
                say(f"W&B: the {name} table holds {MOST_LINES} of {len(content.lines)} lines")
                contents[name] = Table(content.columns, content.lines[:MOST_LINES])
        open_cells = [(log.cell, log.folder) for log in counted if log.transcripts_may_leave]
        if open_cells:
            limit = self._options.transcripts_max_rows
            lines = transcripts.sweep_rows(open_cells, self._runs_dir, limit, session.redaction)
            contents["transcripts"] = Table(transcripts.SWEEP_COLUMNS, lines)
        return contents

    def _page(self, session: WandbSession, sweep: SweepSummary, say: Say) -> str | None:
        if not self._options.figures:
            return None
        if not interactive.available():
            say(f"W&B: {page.MISSING}")
            return None
        with self._busy():
            try:
                return page.page(sweep, session.redaction, lambda line: say(f"W&B: {line}"))
            except Exception as error:  # figures shall not cost the run
                say(f"W&B: no figures ({one_line(error, session.redaction)})")
                return None

    @contextlib.contextmanager
    def _busy(self) -> Generator[None]:
        self.busy.set()
        try:
            yield
        finally:
            self.busy.clear()

    def _totals(self, counted: Sequence[CellLog], complete: bool) -> dict[str, Any]:
        costs = [log.tally.cost_usd for log in counted if log.tally.cost_usd is not None]
        totals = {
            "cells": len(counted),
            "episodes": sum(log.tally.episodes for log in counted),
            "calls": sum(log.tally.calls for log in counted),
            "planned_samples": self._sweep.planned_samples,
            "simulated": _any_simulated(counted),
            "complete": complete,
        }
        return {**totals, "cost_usd": round(sum(costs), 9)} if costs else totals

    def _save_workspace(self, project: str, contents: Sequence[str], session: WandbSession, say: Say) -> None:
        entity, _, name = project.rpartition("/")
        cells = [log.cell for log in self._counted()]
        try:
            view = workspace.build(entity, name, self._sweep.id, cells, contents)
            say(f"W&B: workspace {workspace.save(view, self._wandb_dir, self._sweep.id).url}")
        except Exception as error:  # nor shall the workspace, whose package raises many kinds
            say(f"W&B: no workspace ({one_line(error, session.redaction)}). The runs are all there.")


def _any_simulated(cells: Sequence[CellLog]) -> bool:
    return any(log.cell.simulated for log in cells)


def _judged_bytes(folder: Path) -> int:
    """The size of the judges' answers about a cell: it grows with every further answer."""
    return sum(file.stat().st_size for file in folder.glob(f"{FILE_STEMS['judges']}.*.jsonl"))
