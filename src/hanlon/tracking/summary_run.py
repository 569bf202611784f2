"""The sweep's own run: its tables, the page of its report, its totals, and what is saved beside it online."""

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hanlon.figures import interactive
from hanlon.hypotheses.registration import cells_of
from hanlon.store.answers import FILE_STEMS
from hanlon.store.cells import CellState, load_cell
from hanlon.store.episodes import branch_folders, cell_folders
from hanlon.store.records import SweepRecord
from hanlon.tracking import lineage, tables, transcripts
from hanlon.tracking.cell_run import CellLog, legal_tags, run_id
from hanlon.tracking.overview import REPORT, Overview
from hanlon.tracking.saved import save_overview
from hanlon.tracking.session import WandbSession, one_line
from hanlon.tracking.state import Marker, Options, Turn, marker_path, read_state, write_state
from hanlon.tracking.tables import MOST_LINES, Table

if TYPE_CHECKING:
    from hanlon.report.gathered import Gathered

Say = Callable[[str], None]
LAYOUT = 2
"""Raised when what is logged of the same sweep changes, so that a finished one gets a new summary."""
NO_FIGURES = (
    "no figures in the report (altair and vl-convert are not installed: pip install 'hanlon[figures]')"
)


class SummaryLog:
    """What is logged of a sweep as a whole, from its cells as they were last counted.

    `busy` is set while the report is made or another process has its turn, which takes seconds that are not W&B's.
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
        """Open the run, log everything, end it, leave the marker; then save what can only be saved online."""
        with self._busy():
            gathered = self._gathered(session, say)
            contents = self._tables(session, gathered, say)
            page = self._page(session, gathered, say)
            answers = self._answers(gathered, session)
        run = self._open(session, gathered.states, answers)
        if page is not None:
            session.log_page(run, REPORT, page)
        for name, content in contents.items():
            session.log_table(run, name, content)
        for state in gathered.states:
            session.log_artifact(
                run, lineage.of_cell(state.record, state.tally, session.redaction), used=True
            )
        session.log_artifact(run, lineage.of_sweep(self._sweep, contents, page, session.redaction))
        session.summarise(run, {**self._totals(gathered.states, complete), "answer": " ".join(answers)})
        session.finish_run(run, complete)
        rows = sum(len(content.lines) for content in contents.values())
        marker = session.marker(run, rows, self._fingerprint(complete))
        write_state(self._marker_path, marker)
        if session.mode == "online" and self._options.workspace:
            entity, _, project = marker.project.rpartition("/")
            records = [state.record for state in gathered.states]
            has_page = page is not None
            overview = Overview(entity, project, self._sweep, records, answers, contents, has_page)
            save_overview(overview, self._wandb_dir, session.redaction, say)
        return marker

    def _counted(self) -> list[CellLog]:
        return [log for log in self._cells if log.tally.episodes]

    def _others(self) -> dict[str, Path]:
        """The folders of cells that earlier commands of this sweep's name sampled, by key."""
        earlier = {*cells_of(self._sweep)} - {log.cell.key for log in self._cells}
        folders = cell_folders(self._runs_dir) if earlier else []
        by_key = {folder.name.rpartition("-")[2]: folder for folder in folders}
        return {key: by_key[key] for key in sorted(earlier & by_key.keys())}

    def _fingerprint(self, complete: bool) -> str:
        cells = [(log.fingerprint(complete), _judged_bytes(log.folder)) for log in self._counted()]
        others = [(key, _bytes(folder, "episodes")) for key, folder in self._others().items()]
        shown = self._options.report, self._options.figures and interactive.available()
        registered = self._sweep.registration and self._sweep.registration.hash
        return tables.fingerprint(LAYOUT, self._sweep.id, complete, cells, others, shown, registered)

    def _gathered(self, session: WandbSession, say: Say) -> "Gathered":
        """All cells of the sweep and the verdict on them, as `hanlon report` has them."""
        from hanlon.analysis.requests import stored_values
        from hanlon.hypotheses.stored import StoredSweep
        from hanlon.report.gathered import Gathered, gather_sweep

        states = [log.state for log in self._counted()]
        states += [load_cell(folder)[0] for folder in self._others().values()]
        stored = StoredSweep(self._sweep, list(map(self._for_page, states)), [])
        try:
            return gather_sweep(stored, [self._runs_dir])
        except Exception as error:  # odd hypotheses shall not cost the rates
            why = one_line(error, session.redaction)
            say(f"W&B: no verdict ({why})")
            return Gathered(stored.cells, [], [self._runs_dir], stored_values(), stored, obstacle=why)

    def _for_page(self, state: CellState) -> CellState:
        """The cell, marked as one whose messages stay in the store where the options say so."""
        stays = not self._options.may_send(state.record)
        return CellState(msgspec.structs.replace(state.record, local_only=stays), state.tally, state.folder)

    def _answers(self, gathered: "Gathered", session: WandbSession) -> list[str]:
        """What happened, what explains it and what would settle it, of each model."""
        from hanlon.hypotheses.printed.answers import answers

        return [session.redaction.text(line) for judged in gathered.judged for line in answers(judged)]

    def _open(self, session: WandbSession, states: Sequence[CellState], answers: Sequence[str]) -> Any:
        simulated = _any_simulated(states)
        return session.open_run(
            run_id(self._sweep.id, "summary"),
            name=tables.run_name(self._sweep.group, " summary", simulated=simulated),
            group=tables.group_name(self._sweep),
            job_type="summary",
            tags=legal_tags("simulated" if simulated else "", "summary"),
            notes="\n\n".join(answers) or None,
            config={
                "sweep": self._sweep.id,
                "cells": [state.record.key for state in states],
                "simulated": simulated,
            },
        )

    def _tables(self, session: WandbSession, gathered: "Gathered", say: Say) -> dict[str, Table]:
        from hanlon.tracking.panels import panel_tables

        def failed(name: str, error: Exception) -> None:
            say(f"W&B: no {name} table ({one_line(error, session.redaction)})")

        contents = panel_tables(gathered, session.redaction, failed)
        for name, content in contents.items():
            if len(content.lines) > MOST_LINES:
                say(f"W&B: the {name} table holds {MOST_LINES} of {len(content.lines)} lines")
                contents[name] = Table(content.columns, content.lines[:MOST_LINES])
        open_cells = [state for state in gathered.states if not state.record.local_only]
        if open_cells:
            limit = self._options.transcripts_max_rows
            contents["transcripts"] = transcripts.sweep_table(open_cells, limit, session.redaction)
        return contents

    def _page(self, session: WandbSession, gathered: "Gathered", say: Say) -> str | None:
        if not self._options.report:
            return None
        if self._options.figures and not interactive.available():
            say(f"W&B: {NO_FIGURES}")

        def failed(name: str, error: Exception) -> None:
            say(f"W&B: no figure {name} ({one_line(error, session.redaction)})")

        from hanlon.report.page import report_page

        try:
            return report_page(gathered, everything=False, figures=self._options.figures, failed=failed)
        except Exception as error:  # the report shall not cost the run
            say(f"W&B: no report ({one_line(error, session.redaction)})")
            return None

    @contextlib.contextmanager
    def _busy(self) -> Generator[None]:
        self.busy.set()
        try:
            yield
        finally:
            self.busy.clear()

    def _totals(self, states: Sequence[CellState], complete: bool) -> dict[str, Any]:
        costs = [state.tally.cost_usd for state in states if state.tally.cost_usd is not None]
        totals = {
            "cells": len(states),
            "episodes": sum(state.tally.episodes for state in states),
            "calls": sum(state.tally.calls for state in states),
            "planned_samples": self._sweep.planned_samples,
            "simulated": _any_simulated(states),
            "complete": complete,
        }
        return {**totals, "cost_usd": round(sum(costs), 9)} if costs else totals


def _any_simulated(states: Sequence[CellState]) -> bool:
    return any(state.record.simulated for state in states)


def _judged_bytes(folder: Path) -> int:
    """The size of the judges' answers about a cell and of its children: it grows with every further one."""
    children = sum(_bytes(branch, "episodes") for branch in branch_folders(folder))
    return _bytes(folder, FILE_STEMS["judges"]) + children


def _bytes(folder: Path, stem: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(f"{stem}*.jsonl"))
