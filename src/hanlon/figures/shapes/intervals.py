"""Rows of intervals: an effect each, a point with its interval, and the numbers beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.frames import Frame, simulated, unique
from hanlon.figures.layout import LETTER, Layout, folded, names_axis, row_height, tick_step
from hanlon.figures.names import readable
from hanlon.figures.theme import SMALL, colours, finished, lettering, panel, tooltips

STEP, WIDTH = 19, 300
"""Pixels: the height of a row, the width of a plot."""
STEPS = (0.25, 0.5, 1.0)
"""Between the ticks of an axis."""
TOOLTIP = {
    "row": "", "counts": "", "effect": "", "value": "+.1%", "low": "+.1%", "high": "+.1%", "interval": "", "p": ".3f",
    "p_holm": ".3f", "test": "", "unit": "", "status": "", "cell_from": "", "cell_to": "",
}  # fmt: skip


@dataclass(frozen=True)
class Along:
    """The axis of the intervals: its title, its ends as fractions, how ticks are written, and a band around zero."""

    title: str
    low: float
    high: float
    labels: str
    band: float | None = None


def interval_rows(
    rows: Frame, title: str, notes: Sequence[str], along: Along, layout: Layout
) -> alt.VConcatChart:
    """A row an effect, a panel for each `panel`.

    `rows`: `row` (the name), `panel`, `series` (the colour), `value`, `low`, `high`, `whose`, `counts` (k/n of both
    cells) and `effect` (the number in words; may be empty). Counts stand beside the plot, on a narrow page below the
    name. What lies beyond the axis ends there in an arrow; a row without a value has its numbers alone.
    """
    series = unique(rows["series"])
    drawn = [_panel(rows[rows["panel"] == name], series, along, layout) for name in unique(rows["panel"])]
    return finished(alt.vconcat(*drawn, spacing=20), title, notes, layout, 800, simulated(rows))


def told_apart(rows: Frame) -> Frame:
    """The same with the levels that they start from in the names that a panel has twice, then with both cells."""
    if not len(rows):
        return rows
    starts = [
        ", from " + " and ".join(readable(str(base)) for base, _ in each.values()) for each in rows["changed"]
    ]
    ends = zip(rows["cell_from"], rows["cell_to"], strict=True)
    cells = [f": {readable(str(base))} to {readable(str(treated))}" for base, treated in ends]
    for more in (starts, cells):
        clash = rows.duplicated(["panel", "row"], keep=False)
        named = zip(rows["row"], more, clash, strict=True)
        rows = rows.assign(row=[name + text if twice else name for name, text, twice in named])
    return rows


def _panel(rows: Frame, series: Sequence[str], along: Along, layout: Layout) -> Any:
    order, width = unique(rows["row"]), layout.plot(WIDTH)
    below = dict(zip(rows["row"], rows["counts"], strict=True)) if layout.narrow else {}
    shown = layout.shown(order, below=below)
    ends = {name: rows[name].clip(along.low, along.high) for name in ("value", "low", "high")}
    inside = rows["value"].between(along.low, along.high)
    y = alt.Y("row:N", sort=order, title=None, axis=names_axis(shown, domain=False))
    base = alt.Chart(rows.assign(**ends, inside=inside)).encode(y=y, tooltip=tooltips(rows, TOOLTIP))
    color = colours(series, layout)
    layers: list[Any] = [
        *([_band(along.band)] if along.band else []),
        scales.zero(),
        base.mark_rule(strokeWidth=1.6).encode(x="low:Q", x2="high:Q", color=color),
        *(_arrows(rows, y, along, color)),
        base.transform_filter("datum.inside")
        .mark_point(filled=True, size=44, opacity=1)
        .encode(x=_axis(along, width, layout), color=color),
        *_beside(base, rows, width, layout),
    ]
    height = row_height(shown, STEP) * len(order)
    return panel(layers, width, height, unique(rows["panel"])[0], simulated(rows), layout)


def _axis(along: Along, width: float, layout: Layout) -> alt.X:
    step = tick_step(along.high - along.low, width, STEPS)
    values = [step * at for at in range(int(along.low / step), int(along.high / step) + 1)]
    title = folded(layout.names.shown(along.title), max(18, int(width / LETTER)))
    return alt.X(
        "value:Q", title=title, axis=alt.Axis(labelExpr=along.labels, values=values, tickCount=len(values)),
        scale=alt.Scale(domain=[along.low, along.high], nice=False),
    )  # fmt: skip


def _band(half: float) -> Any:
    return (
        alt.Chart(alt.Data(values=[{"from": -half, "to": half}]))
        .mark_rect(color="#e4e4e4")
        .encode(x="from:Q", x2="to:Q")
    )


def _arrows(rows: Frame, y: alt.Y, along: Along, color: alt.Color) -> list[Any]:
    """Arrows at the ends of the axis, where an interval goes on beyond them."""
    beyond = [
        ("low", "triangle-left", rows["low"] < along.low),
        ("high", "triangle-right", rows["high"] > along.high),
    ]
    return [
        alt.Chart(rows[outside].assign(end=along.low if name == "low" else along.high))
        .mark_point(filled=True, size=50, opacity=1, shape=shape)
        .encode(x="end:Q", y=y, color=color)
        for name, shape, outside in beyond
        if outside.any()
    ]  # fmt: skip


def _beside(base: alt.Chart, rows: Frame, width: float, layout: Layout) -> list[Any]:
    """The columns of numbers right of the plot."""
    left, columns = width + 10, list[Any]()
    for name in ("effect",) if layout.narrow else ("counts", "effect"):
        if any(rows[name]):
            columns.append(lettering(base, x=alt.value(left), text=f"{name}:N"))
            left += LETTER * max(map(len, rows[name])) + 10
    return columns or [base.mark_text(fontSize=SMALL).encode(text=alt.value(""))]
