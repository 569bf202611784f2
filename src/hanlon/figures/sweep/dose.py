"""The rate of own cells against a factor whose levels are numbers, on a numeric axis."""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from hanlon.analysis.contrasts.dose import DoseSeries, DoseTrend
from hanlon.analysis.contrasts.dose_text import against, answer
from hanlon.analysis.contrasts.grid import RANDOM
from hanlon.analysis.stats.rates import rate_of
from hanlon.figures.captions import left_out
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.theme import colours, finished, lettering, panel, tooltips
from hanlon.store.cells import CellState, model_name

WIDTH, HEIGHT = 440, 200
"""Pixels of a panel; one with many labels is wider, and then none stands beside another."""
LABEL = 42
"""Pixels of a label."""
MOST = 12
"""The most panels of a figure."""
SHIFT = 0.016
"""Between series at one level, as a part of the axis."""
COLUMNS = (
    "panel", "answer", "series", "factor", "measure", "level", "rate", "low", "high", "label", "k", "n", "excluded",
    "error", "key", "whose",
)  # fmt: skip
TOOLTIP = {"series": "", "level": "", "label": "", "rate": ".1%", "low": ".1%", "high": ".1%"}


def dose_points(trends: Sequence[DoseTrend]) -> Frame:
    """A row for each cell that has countable episodes; a panel for each trend, a series for each wording."""
    rows = [row for trend in trends if trend.trend for series in trend.series for row in _rows(trend, series)]
    return table(rows, COLUMNS)


def _rows(trend: DoseTrend, series: DoseSeries) -> Iterator[dict[str, Any]]:
    record = series.cells[0].record
    held = "".join(f", {name}={level}" for name, level in trend.held.items())
    wording = ", ".join(f"{name} {series.held[name]}" for name in RANDOM if name in series.held)
    shared = {
        "panel": f"{model_name(record).removeprefix('openrouter/')}, {record.protocol}: {trend.measure}{held}",
        "answer": _answer(trend), "series": wording or trend.measure, "factor": trend.factor, "measure": trend.measure,
        "whose": SIMULATED if record.simulated else SWEEP,
    }  # fmt: skip
    for level, cell in zip(series.levels, series.cells, strict=True):
        row = _counted(cell, trend)
        if row["n"]:
            yield shared | {"level": level} | row


def _answer(trend: DoseTrend) -> str:
    steps = against(trend)
    return answer(trend) + ("" if steps == "-" else f"; against it {steps}")


def _counted(cell: CellState, trend: DoseTrend) -> dict[str, Any]:
    rate = rate_of(cell.tally, trend.measure, trend.level)
    return {
        "rate": rate.rate, "low": rate.lo, "high": rate.hi, "label": f"{rate.k}/{rate.n}", "k": rate.k, "n": rate.n,
        "excluded": sum(rate.excluded.values()), "error": f"{rate.method} {rate.level:.0%}", "key": cell.record.key,
    }  # fmt: skip


def dose_curves(points: Frame, title: str) -> Any:
    """Panels of rates over dose, with intervals, for the rows of `dose_points`; series at one level stand side by side.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, "no factor with three numbers as levels, such as env.problems=4,6,8")
    names = unique(points["panel"] + points["factor"])
    panels = [points[points["panel"] + points["factor"] == name] for name in names]
    width = max(_width(rows) for rows in panels)
    drawn = [_panel(rows, unique(points["series"]), _top(points), width) for rows in panels[:MOST]]
    columns = 2 if width == WIDTH and len(drawn) > 1 else 1
    intervals = ", ".join(unique(points["error"]))
    notes = [" ".join([f"k/n of countable episodes, with intervals: {intervals}.", *left_out(points)])]
    if len(panels) > MOST:
        notes.append(f"{len(panels) - MOST} more trends are not drawn; `hanlon contrasts` lists them.")
    chart = alt.concat(*drawn, columns=columns, spacing=24)
    return finished(chart, title, notes, columns * (width + 60), simulated(points))


def _top(points: Frame) -> float:
    """The end of the rates' axis, with room for a label."""
    return min(1.0, float(points["high"].max())) * 1.12


def _width(rows: Frame) -> int:
    """Pixels of a panel in which labels of neighbours that are evenly spaced do not touch."""
    return max(WIDTH, LABEL * len(set(rows["level"])) * min(2, len(set(rows["series"]))))


def _panel(rows: Frame, series: Sequence[str], top: float, width: int) -> Any:
    levels = sorted(set(rows["level"]))
    span = levels[-1] - levels[0] or 1.0
    drawn = unique(rows["series"])
    places = [
        level + SHIFT * span * (drawn.index(name) - (len(drawn) - 1) / 2)
        for level, name in zip(rows["level"], rows["series"], strict=True)
    ]
    ticks = alt.Axis(values=levels, labelOverlap="greedy", grid=False, labelExpr="datum.value")
    x = alt.X(
        "place:Q", title=rows["factor"].iloc[0], axis=ticks,
        scale=alt.Scale(domain=[levels[0] - 0.11 * span, levels[-1] + 0.09 * span], nice=False, zero=False),
    )  # fmt: skip
    y = alt.Y(
        "rate:Q", title=rows["measure"].iloc[0], axis=alt.Axis(format="~%", tickCount=5, domain=False, ticks=False),
        scale=alt.Scale(domain=[0, top], nice=False),
    )  # fmt: skip
    base = alt.Chart(rows.assign(place=places)).encode(x=x, tooltip=tooltips(rows, TOOLTIP))
    shade = colours(series)
    line = base.mark_line(strokeWidth=1, opacity=0.6).encode(y=y, color=shade)
    ends = base.mark_rule(strokeWidth=1.4).encode(y=alt.Y("low:Q"), y2="high:Q", color=shade)
    dots = base.mark_point(filled=True, size=44, opacity=1).encode(y=y, color=shade)
    title = f"{rows['panel'].iloc[0]}\n{rows['answer'].iloc[0]}"
    return panel([line, ends, dots, _labels(base, drawn, y)], width, HEIGHT, title, simulated(rows))


def _labels(base: alt.Chart, series: Sequence[str], y: alt.Y) -> Any:
    """k/n beside each point: of the first of several series to the left, of the last to the right, else above."""
    labels = [base.transform_filter(alt.FieldEqualPredicate(name, "series")) for name in series]
    text: dict[str, Any] = {"text": "label:N", "size": 8.5}
    *others, last = labels
    right = lettering(last, dx=6, dy=-5, y=y, **text)
    left = [lettering(first, align="right", dx=-6, dy=-5, y=y, **text) for first in others[:1]]
    above = [lettering(middle, align="center", dy=-6, y=alt.Y("high:Q"), **text) for middle in others[1:]]
    return alt.layer(*left, *above, right)
