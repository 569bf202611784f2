"""A saved view of the project for each sweep: its cells side by side, its tables, its figure.

Needs `hanlon[workspaces]`. W&B keeps views on its server, so an offline run has none. A note beside the runs says which
view was saved, so that the next save changes that view and adds none.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hanlon.store.records import CellRecord
from hanlon.tracking.state import read_state, state_path, write_state

FIGURE = "figure"
"""The key under which the summary run's page of figures is logged."""
MOST_COLUMNS = 10
"""Of the parallel coordinates; more cannot be read."""
MOST_RUNS = 100
"""That a line or bar plot shows at once; W&B's own default is 10."""


class SavedView(msgspec.Struct):
    """A view on the server: where it is, and its name and id there."""

    entity: str
    project: str
    name: str
    id: str
    url: str = ""


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("wandb_workspaces") is not None


def save(workspace: Any, wandb_dir: Path, sweep_id: str) -> SavedView:
    """Create the sweep's view, or change the one that was saved before; a view that is gone is made anew."""
    path = state_path(wandb_dir, "workspace", sweep_id)
    earlier = read_state(path, SavedView)
    if earlier is not None and (earlier.entity, earlier.project) == (workspace.entity, workspace.project):
        workspace._internal_name, workspace._internal_id = earlier.name, earlier.id
    try:
        _save(workspace)
    except Exception:  # the package has no kind of its own for a view that is gone
        if not workspace._internal_id:
            raise
        workspace._internal_id = ""
        _save(workspace)
    view = SavedView(
        workspace.entity, workspace.project, workspace._internal_name, workspace._internal_id, workspace.url
    )
    write_state(path, view)
    return view


def build(entity: str, project: str, sweep_id: str, cells: Sequence[CellRecord], shown: Sequence[str]) -> Any:
    """The workspace of a sweep as an object of `wandb_workspaces`, not yet saved.

    Args:
        entity: whose project it is.
        project: the project's name.
        sweep_id: the group of the sweep's runs.
        cells: what the sweep is over; a factor with several levels is a coordinate.
        shown: what the summary run holds, in order: `FIGURE` and the names of tables.
    """
    ws: Any = importlib.import_module("wandb_workspaces.workspaces")
    wr: Any = importlib.import_module("wandb_workspaces.reports.v2")
    simulated = " (simulated)" if any(cell.simulated for cell in cells) else ""
    panels = [_shown(wr, name) for name in shown]
    workspace = ws.Workspace(
        entity=entity,
        project=project,
        name=re.sub(r"[^\w ().,+-]", "_", sweep_id)[:100]
        + simulated,  # W&B refuses some characters as emojis
        sections=[
            ws.Section(name="Rates", panels=_rate_panels(wr, cells), is_open=True),
            ws.Section(name="Figures and tables", panels=panels, is_open=True),
            ws.Section(name="Cells", panels=[wr.RunComparer(diff_only="split")], is_open=True),
        ],
        settings=ws.WorkspaceSettings(max_runs=MOST_RUNS),
        runset_settings=ws.RunsetSettings(filters=f"Metric('group') == {sweep_id[:128]!r}"),
    )
    workspace._internal_name = _name(entity, project, sweep_id)
    return workspace


def _shown(wr: Any, name: str) -> Any:
    if name == FIGURE:
        return wr.MediaBrowser(title="Figures", media_keys=[FIGURE], num_columns=1)
    return wr.WeavePanelSummaryTable(table_name=name)


def _rate_panels(wr: Any, cells: Sequence[CellRecord]) -> list[Any]:
    columns = [wr.Config("names.model"), wr.Config("names.prompt"), *map(wr.Config, varied(cells))]
    coordinates = [
        wr.ParallelCoordinatesPlotColumn(metric=column, display_name=column.name.partition(".")[2])
        for column in columns[:MOST_COLUMNS]
    ]
    rate = wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric("rate"), display_name="rate")
    return [
        wr.BarPlot(
            title="Rate by model and prompt, mean over cells (intervals: the rates table)",
            metrics=["rate"],
            groupby="names.model_prompt",
            groupby_aggfunc="mean",
            range_x=(0, 1),
            max_bars_to_show=MOST_RUNS,
        ),
        wr.BarPlot(title="Rate of each cell", metrics=["rate"], range_x=(0, 1), max_bars_to_show=MOST_RUNS),
        wr.ParallelCoordinatesPlot(title="Rate over factors", columns=[*coordinates, rate]),
    ]


def varied(cells: Sequence[CellRecord]) -> list[str]:
    """The configuration keys of the factors that have several levels in these cells, in the cells' order."""
    names = dict.fromkeys(name for cell in cells for name in cell.factors)
    levels = {name: {repr(cell.factors.get(name)) for cell in cells} for name in names}
    return [f"factors.{name}" for name in names if len(levels[name]) > 1]


def _name(entity: str, project: str, sweep_id: str) -> str:
    """The view's name on the server, in the form that W&B gives names: the same wherever the sweep is run."""
    return f"nw-{hashlib.sha256(f'{entity}/{project}/{sweep_id}'.encode()).hexdigest()[:11]}-v"


def _save(workspace: Any) -> None:
    """Save without the line that W&B prints of it."""
    with contextlib.redirect_stderr(io.StringIO()):
        workspace.save()
