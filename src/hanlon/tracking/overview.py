"""What a saved view and a W&B Report show of a sweep, and the panels that they have in common."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.store.records import CellRecord, SweepRecord
from hanlon.tracking.tables import Table, group_name, varied

REPORT = "report"
"""The key under which the summary run's page is logged."""
MOST_COLUMNS = 10
"""Of the parallel coordinates; more cannot be read."""
MOST_RUNS = 100
"""That a line or bar plot shows at once; W&B's own default is 10."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A sweep in a project.

    `cells` are what it is over: a factor with several levels is a coordinate. `answers` are the sentences of its
    verdicts, `tables` what its summary run holds, in order; `has_page`: and the page of its report.
    """

    entity: str
    project: str
    sweep: SweepRecord
    cells: Sequence[CellRecord]
    answers: Sequence[str]
    tables: Mapping[str, Table]
    has_page: bool

    @property
    def title(self) -> str:
        """The sweep's name, which says where no model was asked."""
        mark = " (simulated)" if any(cell.simulated for cell in self.cells) else ""
        return group_name(self.sweep)[:100] + mark

    @property
    def group_filter(self) -> str:
        """An expression that chooses the sweep's runs."""
        return f"Metric('group') == {group_name(self.sweep)!r}"

    def result_panels(self) -> list[Any]:
        """The page, and each table."""
        wr: Any = importlib.import_module("wandb_workspaces.reports.v2")
        page = [wr.MediaBrowser(title="Report", media_keys=[REPORT], num_columns=1)] if self.has_page else []
        return [*page, *(wr.WeavePanelSummaryTable(table_name=name) for name in self.tables)]

    def rate_panels(self) -> list[Any]:
        """Rates of the cells, by model, prompt and factor."""
        wr: Any = importlib.import_module("wandb_workspaces.reports.v2")
        factors = [wr.Config(f"factors.{name}") for name in varied(self.cells)]
        columns = [wr.Config("names.model"), wr.Config("names.prompt"), *factors]
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
            wr.BarPlot(
                title="Rate of each cell", metrics=["rate"], range_x=(0, 1), max_bars_to_show=MOST_RUNS
            ),
            wr.ParallelCoordinatesPlot(title="Rate over factors", columns=[*coordinates, rate]),
        ]
