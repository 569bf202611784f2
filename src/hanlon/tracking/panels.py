"""A summary run's tables: the sweep's cells as last counted, and the results that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.records import SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.tracking.tables import RATE_COLUMNS, Table, rate_rows

if TYPE_CHECKING:
    from hanlon.figures.material import Material


Row = Mapping[str, Any]


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
    def verdict(self) -> Sequence[Row]:
        """The rows of `hanlon verdict --format json`. None if no hypothesis is about these cells.

        They are judged by what the sweep wrote down before its first call. If it wrote down nothing, they are judged by
        conf/hypothesis as it is now, as exploratory.
        """
        from hanlon.analysis.requests import stored_values
        from hanlon.hypotheses.files import plans_for
        from hanlon.hypotheses.printed.answers import Judged
        from hanlon.hypotheses.printed.rows import verdict_rows
        from hanlon.hypotheses.registration import basis
        from hanlon.hypotheses.stored import judge_by

        environments = list(dict.fromkeys(cell.record.env for cell in self.cells))
        current = [] if self.sweep.registration else plans_for(environments, None)
        values = stored_values()
        verdicts = judge_by(self.sweep, self.cells, basis(self.sweep, current), values)
        if not any(verdict.says_something for verdict in verdicts):
            return []
        return verdict_rows([Judged(verdict, values) for verdict in verdicts])

    def tables(self, redaction: Redaction, failed: Callable[[str, Exception], None]) -> dict[str, Table]:
        """The tables that have a row, by name. `failed` is called for each table that cannot be made."""
        tables = dict[str, Table]()
        for name, panel in PANELS.items():
            try:
                rows = panel.rows(self)
                if rows:
                    tables[name] = table(panel.columns, rows, redaction)
            except Exception as error:  # odd data in one panel shall not cost the others
                failed(name, error)
        return tables


@dataclass(frozen=True, slots=True)
class Panel:
    """A table: its columns, and the function that gives a sweep's rows."""

    columns: Sequence[str]
    rows: Callable[[SweepSummary], Sequence[Row]]


def _rates(sweep: SweepSummary) -> list[Row]:
    """A row for each measure of each cell."""
    return [row for cell in sweep.cells for row in rate_rows(cell.record, cell.tally)]


def _verdict(sweep: SweepSummary) -> list[Row]:
    """For each model and protocol: the conclusion, the result of each hypothesis, and the controls."""
    return [row for row in sweep.verdict if row["kind"] not in ABOUT_CELLS]


def _predictions(sweep: SweepSummary) -> list[Row]:
    """A row for each prediction in each context, and for what each factor does."""
    return [{**row, "observed": _observed(row)} for row in sweep.verdict if row["kind"] in ABOUT_CELLS]


def _observed(row: Row) -> str:
    """k/n of the base and the treated cell; of a change, those of both contrasts."""
    counts = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    return " | ".join(" -> ".join(counts[at : at + 2]) for at in range(0, len(counts), 2))


def _contrasts(sweep: SweepSummary) -> list[Row]:
    """A row for each contrast and bundle of the headline measure that the cells hold."""
    return [row for row in sweep.material.contrasts if row["kind"] in ("contrast", "bundle")]


def _gaps(sweep: SweepSummary) -> list[Row]:
    """A row for each compliance gap between two tiers."""
    from hanlon.analysis.gaps.rows import gap_rows
    from hanlon.analysis.gaps.tables import GAPS
    from hanlon.analysis.requests import request_cells
    from hanlon.analysis.tables import plain_rows

    gaps = plain_rows(GAPS, gap_rows(request_cells(sweep.cells)))
    return [{**gap, "gate": gap["gate"]["says"]} for gap in gaps]


def _followups(sweep: SweepSummary) -> list[Row]:
    """A row for each cell and follow-up question that its model answered."""
    from hanlon.analysis.labels.answers import COLUMNS, answered_questions
    from hanlon.analysis.tables import plain_rows

    return list[Row](plain_rows(COLUMNS, answered_questions(sweep.cells)))


ABOUT_CELLS = ("prediction", "effect")
"""Kinds of rows of a verdict that have counts of cells."""
PANELS: Mapping[str, Panel] = {
    "rates": Panel(RATE_COLUMNS, _rates),
    "verdict": Panel(
        (
            *("kind", "hypothesis", "result", "explains", "p_fit", "tested", "predictions", "free", "reason"),
            *("status", "env", "model", "protocol", "simulated"),
        ),
        _verdict,
    ),
    "predictions": Panel(
        (
            *("kind", "hypothesis", "contrast", "predicts", "met", "cells", "measure", "observed"),
            *(
                "difference",
                "lo",
                "hi",
                "interval",
                "ratio",
                "ratio_lo",
                "ratio_hi",
                "p_no_difference",
                "test",
            ),
            *("unit", "status", "k", "n", "excluded", "after_look", "because"),
            *("env", "model", "protocol", "simulated"),
        ),
        _predictions,
    ),
    "contrasts": Panel(
        (
            *("kind", "env", "model", "protocol", "measure", "factor", "from", "to", "changed", "held"),
            *(
                "cell_from",
                "cell_to",
                "k_from",
                "n_from",
                "k_to",
                "n_to",
                "difference",
                "lo",
                "hi",
                "interval",
            ),
            *("p", "test", "unit", "status", "p_holm", "excluded_from", "excluded_to", "bounds"),
            *("exclusions_could_flip_it", "lacks_room", "after_look", "simulated"),
        ),
        _contrasts,
    ),
    "gaps": Panel(
        (
            *("env", "cell", "model", "first", "second", "differ", "measure", "k", "n", "gap", "lo", "hi"),
            *("method", "requests", "p", "mcnemar_p", "reading", "gate", "excluded", "exclusion_bounds"),
            *("unparsed", "unparsed_bounds", "counted_otherwise", "simulated"),
        ),
        _gaps,
    ),
    "followups": Panel(
        ("env", "cell", "model", "set", "question", "answers", "right", "checked", "unread"), _followups
    ),
}
"""By name, in the order in which they are logged. Rows and their names are those of the commands of the same names."""


def table(columns: Sequence[str], rows: Sequence[Row], redaction: Redaction) -> Table:
    """These columns of rows, redacted, each of one type."""
    values = [_of_one_type([_plain(row[column], redaction) for row in rows]) for column in columns]
    return Table(columns, [list(line) for line in zip(*values, strict=True)])


def _plain(value: Any, redaction: Redaction) -> Any:
    value = redaction.tree(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    return as_json(value) if isinstance(value, dict | list) else value


def _of_one_type(values: list[Any]) -> list[Any]:
    """The values, or all of them as text where a column would hold several types."""
    types = {"number" if type(value) in (int, float) else type(value).__name__ for value in values}
    if len(types - {"NoneType"}) <= 1:
        return values
    return [value if value is None or isinstance(value, str) else as_json(value) for value in values]
