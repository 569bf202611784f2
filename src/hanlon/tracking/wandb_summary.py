"""The sweep's own run: its tables, its totals, and the saved view of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hanlon.engine.answers import FILE_STEMS
from hanlon.records import SweepRecord
from hanlon.tracking import tables, transcripts, workspace
from hanlon.tracking.marker import Marker, marker_path, read_marker, write_json
from hanlon.tracking.options import Options
from hanlon.tracking.panels import MOST_LINES, PANELS, Table
from hanlon.tracking.wandb_cell import LONGEST_NAME, CellLog, legal_tags, run_id
from hanlon.tracking.wandb_session import WandbSession, one_line


class SummaryLog:
    """What is logged of a sweep as a whole, from its cells as they were last counted."""

    def __init__(
        self, sweep: SweepRecord, cells: Sequence[CellLog], runs_dir: Path, options: Options
    ) -> None:
        self._sweep = sweep
        self._cells = cells
        self._runs_dir = runs_dir
        self._wandb_dir = runs_dir / "wandb"
        self._options = options
        self._marker_path = marker_path(self._wandb_dir, sweep.id)

    def is_logged(self, complete: bool) -> bool:
        """Whether there is nothing to log, or an earlier run shows the same."""
        marker = read_marker(self._marker_path)
        if not self._counted():
            return True
        state = self._fingerprint(complete)
        return marker is not None and marker.covers(state, self._options.mode, self._wandb_dir)

    def log(self, session: WandbSession, complete: bool, say: Callable[[str], None]) -> Marker:
        """Open the run, log everything, end it, leave the marker; then save the workspace where there can be one."""
        counted = self._counted()
        contents = self._tables(session, counted, say)
        run = self._open(session, counted)
        for name, content in contents.items():
            session.log_table(run, name, content)
        run.summary.update(self._totals(counted, complete))
        session.finish_run(run, complete)
        rows = sum(len(content.lines) for content in contents.values())
        marker = session.marker(run, rows, self._fingerprint(complete))
        write_json(self._marker_path, marker)
        if session.mode == "online" and self._options.workspace and workspace.available():
            self._save_workspace(marker.project, list(contents), session, say)
        return marker

    def _counted(self) -> list[CellLog]:
        return [log for log in self._cells if log.tally.episodes]

    def _fingerprint(self, complete: bool) -> str:
        cells = [(log.fingerprint(complete), _judged_bytes(log.folder)) for log in self._counted()]
        return tables.fingerprint(self._sweep.id, complete, cells)

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
        self, session: WandbSession, counted: Sequence[CellLog], say: Callable[[str], None]
    ) -> dict[str, Table]:
        states, contents = [log.state for log in counted], dict[str, Table]()
        for name, panel in PANELS.items():
            try:
                content = panel(states, session.redaction)
            except Exception as error:  # odd data in one panel shall not cost the others
                say(f"W&B: no {name} table ({one_line(error, session.redaction)})")
                continue
            if content is not None:
                contents[name] = content.cut()
                if len(content.lines) > MOST_LINES:
                    say(f"W&B: the {name} table holds {MOST_LINES} of {len(content.lines)} lines")
        shown = [(log.cell, log.folder) for log in counted if log.transcripts_may_leave]
        if shown:
            limit = self._options.transcripts_max_rows
            lines = transcripts.sweep_rows(shown, self._runs_dir, limit, session.redaction)
            contents["transcripts"] = Table(transcripts.SWEEP_COLUMNS, lines)
        return contents

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

    def _save_workspace(
        self, project: str, shown: Sequence[str], session: WandbSession, say: Callable[[str], None]
    ) -> None:
        entity, _, name = project.rpartition("/")
        cells = [log.cell for log in self._counted()]
        try:
            view = workspace.build(entity, name, self._sweep.id, cells, shown)
            say(f"W&B: workspace {workspace.save(view, self._wandb_dir, self._sweep.id).url}")
        except Exception as error:
            say(f"W&B: no workspace ({one_line(error, session.redaction)}). The runs are all there.")


def _any_simulated(cells: Sequence[CellLog]) -> bool:
    return any(log.cell.simulated for log in cells)


def _judged_bytes(folder: Path) -> int:
    """The size of what judges said of a cell: it changes with every further answer."""
    return sum(file.stat().st_size for file in folder.glob(f"{FILE_STEMS['judges']}.*.jsonl"))
