"""The rate of each own cell with its interval, whatever its condition."""

from collections.abc import Sequence
from typing import Any

from hanlon.analysis.stats.rates import rate_of
from hanlon.figures.captions import left_out
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, table
from hanlon.figures.layout import USUAL, Layout
from hanlon.figures.names import readable
from hanlon.figures.shapes.bars import lying_bars
from hanlon.store.cell_names import cell_names
from hanlon.store.cells import CellState, model_names

COLUMNS = (
    "panel", "group", "series", "kind", "rate", "low", "high", "error", "label", "whose", "k", "n", "excluded",
    "key",
)  # fmt: skip


def rate_points(states: Sequence[CellState]) -> Frame:
    """Rows for `lying_bars`: the headline rate of each cell that has countable episodes, a panel for each model."""
    models, names = (name(state.record for state in states) for name in (model_names, cell_names))
    rows = [_row(state, models[state.record.key], names[state.record.key]) for state in states]
    return table([row for row in rows if row["n"]], COLUMNS)


def rate_chart(points: Frame, layout: Layout = USUAL, most: int = 80) -> Any:
    """The chart of at most so many of these rows; its caption says how many there are.

    Raises:
        NothingToDraw: there is no row.
    """
    intervals = ", ".join(dict.fromkeys(points["error"]))
    notes = [" ".join([f"k/n of countable episodes, with intervals: {intervals}.", *left_out(points)])]
    if len(points) > most:
        notes.append(f"{len(points) - most} more cells are not drawn; `hanlon rates` lists them.")
    return lying_bars(points.head(most), "The rate of each cell", notes, "rate", layout=layout)


def _row(state: CellState, model: str, name: str) -> dict[str, Any]:
    record = state.record
    measure = next(iter(record.measures), "")
    rate = rate_of(state.tally, measure)
    return {
        "panel": f"{model.removeprefix('openrouter/')}, {record.protocol}: {readable(measure)}",
        "group": readable(name),
        "series": measure,
        "kind": "rate", "rate": rate.rate, "low": rate.lo, "high": rate.hi, "label": f"{rate.k}/{rate.n}",
        "whose": SIMULATED if record.simulated else SWEEP, "k": rate.k, "n": rate.n,
        "error": f"{rate.method} {rate.level:.0%}", "excluded": sum(rate.excluded.values()), "key": record.key,
    }  # fmt: skip
