"""What a summary run is made of: a sweep with its cells as they were last counted, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hanlon.store.cells import CellState
from hanlon.store.records import SweepRecord
from hanlon.tracking.tables import Table

if TYPE_CHECKING:
    from hanlon.figures.material import Material
from collections.abc import Callable, Mapping
from math import isfinite

from hanlon.tracking.redaction import Redaction
from hanlon.tracking.tables import RATE_COLUMNS, as_json, rate_rows


@dataclass
class SweepSummary:
    """A sweep and its cells. What tables and figures share is computed once, where one of them asks for it."""

    sweep: SweepRecord
    cells: Sequence[CellState]

    @cached_property
    def material(self) -> "Material":
        """What the figures of `hanlon figures` are made of; its `contrasts` are the rows of `hanlon contrasts`."""
        from hanlon.figures.material import Material
        from hanlon.hypotheses.predicted import predictions_of

        predicted = predictions_of(self.sweep, self.cells).contrasts
        return Material(self.cells, verdict=self.verdict, predicted=predicted)

    @cached_property
    def verdict(self) -> list[dict[str, Any]]:
        """The rows of `hanlon verdict --format json`; none where no hypothesis speaks of these cells.

        Judged by what the sweep wrote down before its first call, or where it wrote down nothing by conf/hypothesis
        as it is, all of it exploratory.
        """
        from hanlon.hypotheses.files import plans_for
        from hanlon.hypotheses.printed.rows import verdict_rows
        from hanlon.hypotheses.registration import basis
        from hanlon.hypotheses.stored import judge_by

        environments = list(dict.fromkeys(cell.record.env for cell in self.cells))
        current = [] if self.sweep.registration else plans_for(environments, None)
        verdicts = judge_by(self.cells, basis(self.sweep, current))
        return verdict_rows(verdicts) if any(verdict.judged for verdict in verdicts) else []


CONTRAST_COLUMNS = (
    *("kind", "env", "model", "protocol", "measure", "factor", "from", "to", "changed", "held"),
    *("cell_from", "cell_to", "k_from", "n_from", "k_to", "n_to", "difference", "lo", "hi", "interval"),
    *("p", "test", "unit", "status", "p_holm", "excluded_from", "excluded_to", "bounds"),
    *("exclusions_could_flip_it", "lacks_room", "after_look", "simulated"),
)
"""Of `hanlon.analysis.contrasts.rows`, for a contrast or bundle."""
VERDICT_COLUMNS = (
    "kind",
    "hypothesis",
    "result",
    "reason",
    "status",
    "env",
    "model",
    "protocol",
    "simulated",
)
"""Of `hanlon.hypotheses.printed.rows`, for a hypothesis, a control and the conclusion."""
PREDICTION_COLUMNS = (
    *("hypothesis", "predicts", "cells", "measure", "observed", "difference", "lo", "hi", "interval"),
    *("p_holds", "p_fails", "result", "reason", "status", "k", "n", "unit", "test", "p_no_difference"),
    *("excluded", "bounds", "after_look", "because", "env", "model", "protocol", "simulated"),
)
"""Of the same, for a prediction; `observed` is k/n of each of its cells."""
GAP_COLUMNS = (
    *("env", "cell", "model", "first", "second", "differ", "measure", "k", "n", "gap", "lo", "hi", "method"),
    *("requests", "p", "mcnemar_p", "reading", "gate", "excluded", "exclusion_bounds", "unparsed"),
    *("unparsed_bounds", "counted_otherwise", "simulated"),
)
"""Of `hanlon.analysis.gaps.rows`."""


Panel = Callable[[SweepSummary, Redaction], Table | None]


def rates(shown: SweepSummary, redaction: Redaction) -> Table | None:
    """A line for each measure of each cell."""
    lines = [line for cell in shown.cells for line in rate_rows(cell.record, cell.tally, redaction)]
    return Table(RATE_COLUMNS, lines)


def verdict(shown: SweepSummary, redaction: Redaction) -> Table | None:
    """For each model and protocol the conclusion, what is left of each hypothesis, and what the controls did."""
    rows = [row for row in shown.verdict if row["kind"] not in ABOUT_CELLS]
    grids = list(dict.fromkeys(_grid(row) for row in rows))
    rows.sort(key=lambda row: (grids.index(_grid(row)), FIRST.get(row["kind"], len(FIRST))))
    return table(VERDICT_COLUMNS, rows, redaction)


def _grid(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["env"], row["model"], row["protocol"]


def predictions(shown: SweepSummary, redaction: Redaction) -> Table | None:
    """A line for each prediction and unexplained effect: what was seen, the corrected p, the result, the reason."""
    rows = [row | {"observed": _observed(row)} for row in shown.verdict if row["kind"] in ABOUT_CELLS]
    return table(PREDICTION_COLUMNS, rows, redaction)


def contrasts(shown: SweepSummary, redaction: Redaction) -> Table | None:
    """A line for each contrast and bundle of the headline measure that the cells hold."""
    rows = [row for row in shown.material.contrasts if row["kind"] in ("contrast", "bundle")]
    return table(CONTRAST_COLUMNS, rows, redaction)


def gaps(shown: SweepSummary, redaction: Redaction) -> Table | None:
    """A line for each compliance gap between two tiers."""
    from hanlon.analysis.gaps.rows import gap_rows
    from hanlon.analysis.requests import request_cells

    rows = [row | {"gate": row["gate"]["says"]} for row in gap_rows(request_cells(shown.cells))]
    return table(GAP_COLUMNS, rows, redaction)


ABOUT_CELLS = ("prediction", "unexplained effect")
"""Kinds of rows that have counts of cells."""
FIRST = {"verdict": 0, "hypothesis": 1}
"""Kinds of rows that stand before the controls."""
PANELS: Mapping[str, Panel] = {
    "rates": rates,
    "verdict": verdict,
    "predictions": predictions,
    "contrasts": contrasts,
    "gaps": gaps,
}
"""In the order in which they are logged."""


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], redaction: Redaction) -> Table | None:
    """These columns of rows, redacted; None where there is no row."""
    if not rows:
        return None
    values = [_of_one_type([_plain(row[column], redaction) for row in rows]) for column in columns]
    return Table(columns, [list(line) for line in zip(*values, strict=True)])


def _observed(row: Mapping[str, Any]) -> str:
    """k/n of the base and the treated cell; of a change, those of both contrasts."""
    counts = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    return " | ".join(" -> ".join(counts[at : at + 2]) for at in range(0, len(counts), 2))


def _plain(value: Any, redaction: Redaction) -> Any:
    value = redaction.tree(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    return as_json(value) if isinstance(value, dict | list) else value


def _of_one_type(values: list[Any]) -> list[Any]:
    """The values, or all of them as text where one column would hold several types."""
    types = {"number" if type(value) in (int, float) else type(value).__name__ for value in values}
    if len(types - {"NoneType"}) <= 1:
        return values
    return [value if value is None or isinstance(value, str) else as_json(value) for value in values]
