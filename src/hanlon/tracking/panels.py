"""The tables of a sweep's summary run, from what is stored of its cells.

`PANELS` names them. A further panel is a function of the same form and a line there: what it returns is logged as
a table under its name, and None means that these cells have nothing of the kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from hanlon.analysis.tables import CellState
from hanlon.tracking.redaction import Redaction
from hanlon.tracking.tables import RATE_COLUMNS, as_json, rate_rows

CONTRAST_COLUMNS = (
    *("kind", "env", "model", "protocol", "measure", "factor", "from", "to", "changed", "held"),
    *("cell_from", "cell_to", "k_from", "n_from", "k_to", "n_to", "difference", "lo", "hi", "interval"),
    *("p", "test", "unit", "status", "p_holm", "excluded_from", "excluded_to", "bounds"),
    *("exclusions_could_flip_it", "lacks_room", "after_look", "simulated"),
)
"""Of `hanlon.analysis.contrast_rows`, for a contrast or bundle."""
GAP_COLUMNS = (
    *("env", "cell", "model", "first", "second", "differ", "measure", "k", "n", "gap", "lo", "hi", "method"),
    *("requests", "p", "mcnemar_p", "reading", "gate", "excluded", "exclusion_bounds", "unparsed"),
    *("unparsed_bounds", "counted_otherwise", "simulated"),
)
"""Of `hanlon.analysis.gaps.rows`."""

MOST_LINES = 10_000
"""Of a table; W&B drops the others."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of plain values; within a column all are of one type or None, as W&B wants it."""

    columns: Sequence[str]
    lines: Sequence[Sequence[Any]]

    def cut(self) -> "Table":
        """Its first `MOST_LINES` lines."""
        return Table(self.columns, self.lines[:MOST_LINES])


Panel = Callable[[Sequence[CellState], Redaction], Table | None]


def rates(cells: Sequence[CellState], redaction: Redaction) -> Table | None:
    """A line for each measure of each cell."""
    return Table(
        RATE_COLUMNS, [line for cell in cells for line in rate_rows(cell.record, cell.tally, redaction)]
    )


def contrasts(cells: Sequence[CellState], redaction: Redaction) -> Table | None:
    """A line for each contrast and bundle of the headline measure that the cells hold."""
    from hanlon.analysis import contrasts as found
    from hanlon.analysis.contrast_rows import contrast_row

    return table(CONTRAST_COLUMNS, [contrast_row(one) for one in found.contrasts(cells)], redaction)


def gaps(cells: Sequence[CellState], redaction: Redaction) -> Table | None:
    """A line for each compliance gap between two tiers."""
    from hanlon.analysis.gaps.episodes import request_cells
    from hanlon.analysis.gaps.rows import gap_rows

    rows = [row | {"gate": row["gate"]["says"]} for row in gap_rows(request_cells(cells))]
    return table(GAP_COLUMNS, rows, redaction)


PANELS: Mapping[str, Panel] = {"rates": rates, "contrasts": contrasts, "gaps": gaps}
"""In the order in which they are logged."""


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], redaction: Redaction) -> Table | None:
    """These columns of rows, redacted; None where there is no row."""
    if not rows:
        return None
    values = [_of_one_type([_plain(row[column], redaction) for row in rows]) for column in columns]
    return Table(columns, [list(line) for line in zip(*values, strict=True)])


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
