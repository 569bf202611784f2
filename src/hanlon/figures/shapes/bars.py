"""Bars of rates: upright in groups, as most papers draw them, or lying, one a row."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.captions import blanks, of_blanks
from hanlon.figures.frames import Frame, joined, ranked, require, simulated, table, unique
from hanlon.figures.layout import (
    LETTER,
    LINE,
    USUAL,
    Layout,
    lines_expression,
    lines_of,
    names_axis,
    row_height,
)
from hanlon.figures.theme import BLUE, INK, RATE_TOOLTIP, SMALL, colours, finished, lettering, panel, tooltips

BAR, SPACE, HEIGHT, ROW = 19, 16, 190, 22
"""Pixels: the width of a bar, between groups, the height of a panel, the height of a row."""
LEAST_BAR = 13
"""Pixels of a bar under which the label above it would touch its neighbour's."""
WIDEST_BAR = 26
"""Pixels; on a wide page there is more room between bars."""
NARROWEST = 150
"""Pixels: a panel's least width."""
AXIS = 64
"""Pixels of an upright axis with its title, and of what a name of a group stands out."""


def grouped_bars(
    points: Frame,
    title: str,
    notes: Sequence[str],
    axis: str,
    order: Sequence[str] = (),
    layout: Layout = USUAL,
) -> alt.ConcatChart:
    """Upright bars: groups along x, a colour for each series; narrow panels beside each other. Else lying ones.

    `points`: see `hanlon.figures.points`, with `panel`, `group` and `series`. Groups stand in the order of the frame,
    series in that of `order`, others behind them. `axis` names the rate. A published place without a number says so.
    Where the page is too narrow for the bars and their labels, they lie.
    """
    require(points, f"no rates for '{title}'")
    series, panels = _series(points, order), _panels(points)
    least = max(_width(rows, LEAST_BAR) for rows in panels) + AXIS
    if layout.page is not None and least > layout.page:
        return lying_bars(points, title, notes, axis, order, layout)
    bar = max(LEAST_BAR, BAR * layout.stretch)
    up = scales.upright(points, layout.names.shown(axis), HEIGHT)
    drawn = [_upright(rows, series, up, bar, layout) for rows in panels]
    usual = max(_width(rows, BAR) for rows in panels) + AXIS
    columns = layout.columns(usual, 2) if len(panels) > 2 and usual <= 450 else 1
    notes = [*notes, *of_blanks(panels)]
    return finished(side_by_side(drawn, columns), title, notes, layout, columns * usual, simulated(points))


def _series(points: Frame, order: Sequence[str]) -> list[str]:
    """All series of a figure in their order."""
    return list(
        points[["series"]].drop_duplicates().sort_values("series", key=ranked(order), kind="stable")["series"]
    )


def _panels(points: Frame) -> list[Frame]:
    return [points[points["panel"] == name] for name in unique(points["panel"])]


def _width(rows: Frame, bar: float) -> float:
    groups, series = len(unique(rows["group"])), len(unique(rows["series"]))
    return max(NARROWEST * bar / BAR, groups * (series * bar + SPACE))


def _upright(rows: Frame, series: Sequence[str], up: alt.Y, bar: float, layout: Layout) -> alt.LayerChart:
    groups, drawn = unique(rows["group"]), [name for name in series if name in set(rows["series"])]
    width, shown = _width(rows, bar), {name: layout.names.shown(name) for name in groups}
    axis = alt.Axis(labelAngle=-28, labelLimit=0, domain=True, ticks=False, labelExpr=lines_expression(shown))
    base = alt.Chart(with_top(rows)).encode(
        x=alt.X("group:N", sort=groups, title=None, axis=axis),
        xOffset=alt.XOffset("series:N", sort=drawn, scale=alt.Scale(domain=drawn)),
        tooltip=tooltips(rows, RATE_TOOLTIP),
    )
    bars = base.mark_bar(size=min(WIDEST_BAR, bar - 3)).encode(y=up, color=colours(series, layout))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(y="low:Q", y2="high:Q")
    text = lettering(base, angle=270, baseline="middle", dx=5, y="top:Q", text="label:N")
    return panel([bars, ends, text], width, HEIGHT, unique(rows["panel"])[0], simulated(rows), layout)


def lying_bars(
    points: Frame,
    title: str,
    notes: Sequence[str],
    axis: str,
    order: Sequence[str] = (),
    layout: Layout = USUAL,
) -> alt.ConcatChart:
    """Horizontal bars, one a row, with k/n right of the whisker and panels below each other.

    Arguments are those of `grouped_bars`. Rows of one group stand together; colour tells several series apart. Panels
    of one kind of number share an axis.
    """
    require(points, f"no rates for '{title}'")
    series, panels = _series(points, order), _panels(points)
    width, axis = layout.plot(460), layout.names.shown(axis)
    drawn = [
        _lying(rows, series, scales.lying(rows, scales.same_kind(points, rows), axis, width), width, layout)
        for rows in panels
    ]
    notes = [*notes, *of_blanks(panels)]
    return finished(side_by_side(drawn), title, notes, layout, width + 230, simulated(points))


def side_by_side(drawn: Sequence[Any], columns: int = 1) -> Any:
    """Panels in rows of so many, each with its own places on its axes and all with the same colours."""
    chart: Any = alt.concat(*drawn, columns=columns, spacing=24)
    return chart.resolve_scale(xOffset="independent", yOffset="independent")


def _lying(rows: Frame, series: Sequence[str], along: alt.X, width: float, layout: Layout) -> alt.LayerChart:
    groups, drawn = unique(rows["group"]), [name for name in series if name in set(rows["series"])]
    shown = layout.shown(groups)
    places: dict[str, Any] = {"y": alt.Y("group:N", sort=groups, title=None, axis=names_axis(shown))}
    several = bool(rows.duplicated("group").any())
    if several:
        places["yOffset"] = alt.YOffset("series:N", sort=drawn, scale=alt.Scale(domain=drawn))
    base = alt.Chart(with_top(rows)).encode(**places, tooltip=tooltips(rows, RATE_TOOLTIP))
    bars = base.mark_bar(size=(ROW - 6) if not several else 12).encode(x=along, color=colours(series, layout))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q")
    text = lettering(base, dx=5, x="top:Q", text="label:N")
    height = len(groups) * row_height(shown, ROW if not several else 6 + 17 * len(drawn))
    under = [scales.zero()] if (rows[["low", "rate"]].min(axis=None)) < 0 else []
    return panel([bars, *under, ends, text], width, height, unique(rows["panel"])[0], simulated(rows), layout)


def with_top(rows: Frame) -> Frame:
    """The rows and the places without a number, with `top`, where a label begins: the whisker's end, or the bar's.

    It is never below 0.
    """
    drawn = rows[["group", "series", "rate", "low", "high", "label"]]
    drawn = drawn.assign(top=rows[["high", "rate"]].max(axis=1).clip(lower=0))
    missing = blanks(rows)
    return joined([drawn, table(missing)]) if missing else drawn


FIELD, LEAST_FIELD, DARK = 138, 100, 0.82
"""Pixels: a field's usual and least width; the rate from which its text is white, where both inks are as clear."""


def rate_table(
    points: Frame, title: str, notes: Sequence[str], order: Sequence[str] = (), layout: Layout = USUAL
) -> alt.ConcatChart:
    """A table of rates: `group` down, `series` across, each field shaded by its rate with its `text` in it.

    Where the page is too narrow for the fields, the rates are lying bars.
    """
    require(points, f"no rates for '{title}'")
    panels, series = _panels(points), _series(points, order)
    most = max(len(unique(rows["series"])) for rows in panels)
    if layout.page is not None and most * LEAST_FIELD > layout.beside_names:
        return lying_bars(points, title, notes, "share", order, layout)
    field = layout.plot(FIELD, LEAST_FIELD)
    drawn = [
        _fields(rows, [name for name in series if name in set(rows["series"])], field, layout)
        for rows in _panels(points)
    ]
    return finished(side_by_side(drawn), title, notes, layout, field * most + 130, simulated(points))


def _fields(rows: Frame, columns: Sequence[str], width: float, layout: Layout) -> alt.LayerChart:
    groups, names = unique(rows["group"]), layout.shown(unique(rows["group"]))
    heads = layout.shown(columns, int(width / LETTER))
    across = alt.Axis(
        orient="top", labelAngle=0, ticks=False, labelLimit=0, labelExpr=lines_expression(heads),
        labelOffset=0, labelPadding=4 + LINE * (lines_of(heads.values()) - 1), labelLineHeight=LINE,
    )  # fmt: skip
    base = alt.Chart(rows).encode(
        x=alt.X("series:N", sort=list(columns), title=None, axis=across),
        y=alt.Y("group:N", sort=groups, title=None, axis=names_axis(names)),
    )
    shade = alt.Color("rate:Q", scale=alt.Scale(domain=[0, 1], range=["#f7f7f7", BLUE]), legend=None)
    fields = base.mark_rect(stroke="white", strokeWidth=2).encode(color=shade)
    ink = alt.condition(f"datum.rate > {DARK}", alt.value("white"), alt.value(INK))
    text = base.mark_text(fontSize=SMALL, lineBreak="\n", lineHeight=12, dy=-5).encode(
        text="text:N", color=ink
    )
    height, title = row_height(names, 34) * len(groups), unique(rows["panel"])[0]
    return panel([fields, text], width * len(columns), height, title, simulated(rows), layout)
