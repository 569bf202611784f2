"""The rate of own cells against a factor whose levels are numbers, on a numeric axis."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from hanlon.analysis.contrasts.dose import DoseSeries, DoseTrend
from hanlon.analysis.contrasts.dose_text import against, answer
from hanlon.analysis.contrasts.grid import RANDOM
from hanlon.analysis.stats.rates import rate_of
from hanlon.figures.captions import left_out
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.layout import LETTER, USUAL, Layout
from hanlon.figures.names import readable
from hanlon.figures.theme import colours, finished, lettering, panel, tooltips
from hanlon.store.cells import CellState, model_name

WIDTH, HEIGHT = 330, 200
"""Pixels of a panel."""
MOST = 12
"""The most panels of a figure."""
LABEL = 13
"""Pixels from one series to the next at one level, so that their labels do not touch."""
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
    model = model_name(record).removeprefix("openrouter/")
    held = "".join(f", {readable(name)} {readable(str(level))}" for name, level in trend.held.items())
    wording = ", ".join(f"{name} {series.held[name]}" for name in RANDOM if name in series.held)
    shared = {
        "panel": f"{model}, {record.protocol}: {readable(trend.measure)}{held}",
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


def dose_curves(points: Frame, title: str, layout: Layout = USUAL) -> Any:
    """Panels of rates over dose, with intervals, for the rows of `dose_points`; series at one level stand side by side.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, "no factor with three numbers as levels, such as env.problems=4,6,8")
    names = unique(points["panel"] + points["factor"])
    panels = [points[points["panel"] + points["factor"] == name] for name in names]
    series, top = unique(points["series"]), _top(points)
    columns = layout.columns(320, min(2, len(panels)))
    drawn = [_panel(rows, series, top, layout) for rows in panels[:MOST]]
    intervals = ", ".join(unique(points["error"]))
    notes = [
        " ".join([f"k/n of countable episodes, with intervals: {intervals}.", *left_out(points)]),
        *(f"{rows['panel'].iloc[0]}: {rows['answer'].iloc[0]}." for rows in panels[:MOST]),
    ]
    if len(panels) > MOST:
        notes.append(f"{len(panels) - MOST} more trends are not drawn; `hanlon contrasts` lists them.")
    chart = alt.concat(*drawn, columns=columns, spacing=24)
    return finished(chart, title, notes, layout, columns * (WIDTH + 60), simulated(points))


def _top(points: Frame) -> float:
    """Where the axis of rates ends, so that the label above the highest interval has room."""
    return float(points["high"].max()) / (1 - (LETTER * max(map(len, points["label"])) + 6) / HEIGHT)


def _panel(rows: Frame, series: Sequence[str], top: float, layout: Layout) -> Any:
    levels, drawn = sorted(set(rows["level"])), unique(rows["series"])
    width = layout.plot(WIDTH, max(150, LABEL * len(levels) * len(drawn)))
    margin = LABEL * len(drawn) / 2 + 4
    each = (levels[-1] - levels[0] or 1.0) / (width - 2 * margin)
    places = [
        level + each * LABEL * (drawn.index(name) - (len(drawn) - 1) / 2)
        for level, name in zip(rows["level"], rows["series"], strict=True)
    ]
    ticks = alt.Axis(values=levels, labelOverlap="greedy", grid=False, labelExpr="datum.value")
    x = alt.X(
        "place:Q", title=layout.names.shown(readable(rows["factor"].iloc[0])), axis=ticks,
        scale=alt.Scale(domain=[levels[0] - each * margin, levels[-1] + each * margin], nice=False, zero=False),
    )  # fmt: skip
    highest = min(1.0, top)
    step = next((step for step in (0.01, 0.02, 0.05, 0.1) if highest / step <= 5), 0.2)
    values = [step * at for at in range(int(highest / step + 1e-9) + 1)]
    y = alt.Y(
        "rate:Q", title=layout.names.shown(readable(rows["measure"].iloc[0])),
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".0%", values=values, tickCount=len(values), domain=False, ticks=False),
    )  # fmt: skip
    base = alt.Chart(rows.assign(place=places)).encode(x=x, tooltip=tooltips(rows, TOOLTIP))
    shade = colours(series, layout)
    line = base.mark_line(strokeWidth=1, opacity=0.6).encode(y=y, color=shade)
    ends = base.mark_rule(strokeWidth=1.4).encode(y=alt.Y("low:Q"), y2="high:Q", color=shade)
    dots = base.mark_point(filled=True, size=44, opacity=1).encode(y=y, color=shade)
    text = lettering(base, angle=270, baseline="middle", dx=4, y="high:Q", text="label:N")
    return panel(
        [line, ends, dots, text],
        width,
        HEIGHT,
        rows["panel"].iloc[0],
        simulated(rows),
        replace(layout, page=width + 50),
    )
