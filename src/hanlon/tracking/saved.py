"""What W&B keeps of a sweep beside its runs: a saved view of the project and a W&B Report.

Both need `hanlon[workspaces]` and a server, so an offline run has none. A note beside the runs says what was saved, so
that the next save changes it and adds none.
"""

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hanlon.store.redaction import Redaction
from hanlon.tracking import wandb_report, workspace
from hanlon.tracking.overview import Overview
from hanlon.tracking.session import one_line
from hanlon.tracking.state import read_state, state_path, write_state

MISSING = (
    "no saved view and no W&B Report (wandb-workspaces is not installed: pip install 'hanlon[workspaces]')"
)


class SavedView(msgspec.Struct):
    """A view or a report on the server: where it is, and its name and id there."""

    entity: str
    project: str
    name: str
    id: str
    url: str = ""


def save_overview(
    overview: Overview, wandb_dir: Path, redaction: Redaction, say: Callable[[str], None]
) -> None:
    """Save both, and say where they are. Each may fail alone, which costs a line; the runs are there already."""
    if importlib.util.find_spec("wandb_workspaces") is None:
        say(f"W&B: {MISSING}")
        return
    for kind, save in (("workspace", _save_workspace), ("report", _save_report)):
        path = state_path(wandb_dir, kind, overview.sweep.id)
        noted = read_state(path, SavedView)
        here = noted is not None and (noted.entity, noted.project) == (overview.entity, overview.project)
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # W&B prints a line of its own
                view = save(overview, noted if here else None)
        except Exception as error:  # the package raises many kinds
            say(f"W&B: no {kind} ({one_line(error, redaction)}). The runs are all there.")
            continue
        write_state(path, view)
        say(f"W&B: {kind} {view.url}")


def _save_workspace(overview: Overview, noted: SavedView | None) -> SavedView:
    """Create the sweep's view, or change the one that was saved before; a view that is gone is made anew."""
    view = workspace.build(overview)
    if noted is not None:
        view._internal_name, view._internal_id = noted.name, noted.id
    _save(view, "_internal_id")
    return SavedView(view.entity, view.project, view._internal_name, view._internal_id, view.url)


def _save_report(overview: Overview, noted: SavedView | None) -> SavedView:
    """The same of its report."""
    report = wandb_report.build(overview)
    report.id = noted.id if noted is not None else ""
    _save(report, "id")
    return SavedView(report.entity, report.project, "", report.id, report.url)


def _save(view: Any, id_name: str) -> None:
    try:
        view.save()
    except Exception:  # the package has no kind of its own for a view that is gone
        if not getattr(view, id_name):
            raise
        setattr(view, id_name, "")
        view.save()
