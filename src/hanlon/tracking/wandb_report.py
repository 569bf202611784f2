"""A W&B Report for each sweep: the answer in sentences, the effects, and panels over its runs.

W&B Reports are shared and commented upon on its server. The page to hand over is that of `hanlon report`, which is a
panel of this one.
"""

import importlib
import re
from collections.abc import Iterator
from typing import Any

from hanlon.analysis.inert import inert, markdown_text
from hanlon.analysis.tables import points, points_interval
from hanlon.tracking.overview import Overview

MOST_EFFECTS = 20
"""Rows of the report's table of effects; the panel of that name has all."""
EFFECT_COLUMNS = ("effect", "k/n", "points", "share removed", "model")


def build(overview: Overview) -> Any:
    """The report of a sweep as an object of `wandb_workspaces`, not yet saved. It asks the server for the project."""
    wr: Any = importlib.import_module("wandb_workspaces.reports.v2")
    effects = list(_effects(overview))
    runs = wr.Runset(
        entity=overview.entity, project=overview.project, name=overview.title, filters=overview.group_filter
    )
    return wr.Report(
        entity=overview.entity,
        project=overview.project,
        title=re.sub(r"[^\w ().,+-]", "_", overview.title),
        description="Written by Hanlon, and written anew whenever the sweep goes on.",
        width="fluid",
        blocks=[
            *(wr.P(text=inert(answer)) for answer in overview.answers),
            *([wr.H2(text="Effects"), wr.MarkdownBlock(text="\n".join(effects))] if effects else []),
            wr.H2(text="Rates"),
            wr.PanelGrid(runsets=[runs], panels=overview.rate_panels()),
            wr.H2(text="Report, tables and transcripts"),
            wr.PanelGrid(runsets=[runs], panels=overview.result_panels(), hide_run_sets=True),
        ],
    )


def _effects(overview: Overview) -> Iterator[str]:
    table = overview.tables.get("effects")
    if table is None:
        return
    yield f"| {' | '.join(EFFECT_COLUMNS)} |"
    yield "|---" * len(EFFECT_COLUMNS) + "|"
    for line in table.lines[:MOST_EFFECTS]:
        row = dict(zip(table.columns, line, strict=True))
        row["points"] = f"{points(row['difference'])} {points_interval(row['lo'], row['hi'])}"
        yield f"| {' | '.join(markdown_text(str(row[name] or '-')) for name in EFFECT_COLUMNS)} |"
