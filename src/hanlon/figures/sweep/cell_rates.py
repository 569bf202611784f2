"""The rate of each own cell with its interval, whatever its condition."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from hanlon.analysis.stats.rates import rate_of
from hanlon.figures.captions import left_out
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, table
from hanlon.figures.shapes.bars import lying_bars
from hanlon.store.cells import CellState, model_names

COLUMNS = (
    "panel", "group", "series", "kind", "rate", "low", "high", "error", "label", "whose", "k", "n", "excluded",
    "key",
)  # fmt: skip


def rate_points(states: Sequence[CellState]) -> Frame:
    """Rows for `lying_bars`: the headline rate of each cell that has countable episodes, a panel for each model.

    Two cells of one model and label, which only their settings or protocol tell apart, are told apart by their key.
    """
    names = model_names(state.record for state in states)
    rows = [_row(state, names[state.record.key]) for state in states]
    countable = [row for row in rows if row["n"]]
    places: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in countable:
        places[row["panel"], row["group"]] += 1
    for row in countable:
        if places[row["panel"], row["group"]] > 1:
            row["group"] += f", {row['key']}"
    return table(countable, COLUMNS)


def rate_chart(points: Frame, most: int = 80) -> Any:
    """The chart of at most so many of these rows; its caption says how many there are.

    Raises:
        NothingToDraw: there is no row.
    """
    intervals = ", ".join(dict.fromkeys(points["error"]))
    notes = [" ".join([f"k/n of countable episodes, with intervals: {intervals}.", *left_out(points)])]
    if len(points) > most:
        notes.append(f"{len(points) - most} more cells are not drawn; `hanlon rates` lists them.")
    return lying_bars(points.head(most), "The rate of each cell", notes, "rate")


def _row(state: CellState, model: str) -> dict[str, Any]:
    record = state.record
    measure = next(iter(record.measures), "")
    rate = rate_of(state.tally, measure)
    return {
        "panel": f"{model.removeprefix('openrouter/')}: {measure}", "group": record.label, "series": measure,
        "kind": "rate", "rate": rate.rate, "low": rate.lo, "high": rate.hi, "label": f"{rate.k}/{rate.n}",
        "whose": SIMULATED if record.simulated else SWEEP, "k": rate.k, "n": rate.n,
        "error": f"{rate.method} {rate.level:.0%}", "excluded": sum(rate.excluded.values()), "key": record.key,
    }  # fmt: skip
