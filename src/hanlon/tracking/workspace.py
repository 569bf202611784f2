"""A saved view of the project for each sweep: its cells side by side, its tables, its report."""

import hashlib
import importlib
import re
from typing import Any

from hanlon.tracking.overview import MOST_RUNS, Overview


def build(overview: Overview) -> Any:
    """The workspace of a sweep as an object of `wandb_workspaces`, not yet saved."""
    ws: Any = importlib.import_module("wandb_workspaces.workspaces")
    wr: Any = importlib.import_module("wandb_workspaces.reports.v2")
    workspace = ws.Workspace(
        entity=overview.entity,
        project=overview.project,
        name=re.sub(r"[^\w ().,+-]", "_", overview.title),  # W&B refuses some characters as emojis
        sections=[
            ws.Section(name="Rates", panels=overview.rate_panels(), is_open=True),
            ws.Section(name="Report and tables", panels=overview.result_panels(), is_open=True),
            ws.Section(name="Cells", panels=[wr.RunComparer(diff_only="split")], is_open=True),
        ],
        settings=ws.WorkspaceSettings(max_runs=MOST_RUNS),
        runset_settings=ws.RunsetSettings(filters=overview.group_filter),
    )
    workspace._internal_name = _name(overview.entity, overview.project, overview.sweep.id)
    return workspace


def _name(entity: str, project: str, sweep_id: str) -> str:
    """The view's name on the server, in the form that W&B gives names: the same wherever the sweep is run."""
    return f"nw-{hashlib.sha256(f'{entity}/{project}/{sweep_id}'.encode()).hexdigest()[:11]}-v"
