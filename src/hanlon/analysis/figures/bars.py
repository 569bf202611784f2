"""Bars of rates: upright in groups, as most papers draw them, or lying, one a row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hanlon.analysis.figures.tabular import Frame
from hanlon.analysis.figures.theme import (
    INK,
    OF_A_RATE,
    answers,
    colours,
    finished,
    panel,
    require,
    simulated,
    unique,
)

if TYPE_CHECKING:
    import altair as alt

BAR, SPACE, HEIGHT, ROW = 19, 16, 190, 22
"""Pixels: the width of a bar, between groups, the height of a panel, the height of a row."""
WITHIN = "datum.value > 1.001 ? '' : datum.label"
"""Of an axis: labels up to 100 %; what is beyond is room for the marks' labels."""
HEADROOM = 1.42
"""The upper end of an upright rate's axis: labels stand above the whiskers."""


def grouped_bars(points: Frame, title: str, notes: Sequence[str], axis: str) -> "alt.VConcatChart":
    """Upright bars: one panel below the other, groups along x, a colour for each series.

    Args:
        points: see `hanlon.analysis.figures.points`, with `panel`, `group` and `series`.
        title: the figure's title.
        notes: the caption's sentences.
        axis: what the rate is of.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, f"no rates for '{title}'")
    series = unique(points["series"])
    panels = [points[points["panel"] == name] for name in unique(points["panel"])]
    drawn = [_upright(rows, series, axis) for rows in panels]
    widest = max(_width(rows) for rows in panels)
    return finished(stacked_panels(drawn), title, notes, widest + 50, simulated(points))


def _width(rows: Frame) -> int:
    return len(unique(rows["group"])) * (len(unique(rows["series"])) * BAR + SPACE)


def _upright(rows: Frame, series: Sequence[str], axis: str) -> "alt.LayerChart":
    import altair as alt

    groups, own = unique(rows["group"]), unique(rows["series"])
    base = alt.Chart(with_top(rows)).encode(
        x=alt.X("group:N", sort=groups, title=None, axis=alt.Axis(labelAngle=-28, domain=True, ticks=False)),
        xOffset=alt.XOffset("series:N", sort=own, scale=alt.Scale(domain=own)),
        tooltip=answers(rows, OF_A_RATE),
    )
    ticks = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    up = alt.Y(
        "rate:Q", title=axis, stack=None, axis=ticks, scale=alt.Scale(domain=[0, HEADROOM], nice=False)
    )
    bars = base.mark_bar(size=BAR - 3).encode(y=up, color=colours(series))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(y="low:Q", y2="high:Q")
    text = base.mark_text(angle=270, align="left", baseline="middle", dx=4, fontSize=9.5, color=INK).encode(
        y="top:Q", text="label:N"
    )
    return panel([bars, ends, text], _width(rows), HEIGHT, unique(rows["panel"])[0], simulated(rows))


def lying_bars(
    points: Frame, title: str, notes: Sequence[str], axis: str, width: int = 460
) -> "alt.VConcatChart":
    """Lying bars, one a row, with k/n right of the whisker; panels below each other. Columns as in `grouped_bars`.

    Rows of one group stand together, told apart by colour where there are several series.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, f"no rates for '{title}'")
    series = unique(points["series"])
    drawn = [_lying(points[points["panel"] == name], series, axis, width) for name in unique(points["panel"])]
    return finished(stacked_panels(drawn), title, notes, width + 230, simulated(points))


def stacked_panels(drawn: Sequence[Any]) -> Any:
    """Panels below each other, each with its own places on its axes and all with the same colours."""
    import altair as alt

    chart: Any = alt.vconcat(*drawn, spacing=24)
    return chart.resolve_scale(xOffset="independent", yOffset="independent")


def _lying(rows: Frame, series: Sequence[str], axis: str, width: int) -> "alt.LayerChart":
    import altair as alt

    groups, own = unique(rows["group"]), unique(rows["series"])
    places: dict[str, Any] = {"y": alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(ticks=False))}
    several = bool(rows.duplicated("group").any())
    if several:
        places["yOffset"] = alt.YOffset("series:N", sort=own, scale=alt.Scale(domain=own))
    base = alt.Chart(with_top(rows)).encode(**places, tooltip=answers(rows, OF_A_RATE))
    along = alt.X(
        "rate:Q",
        title=axis,
        stack=None,
        scale=_span(rows),
        axis=alt.Axis(format="%", tickCount=6, labelExpr=WITHIN),
    )
    bars = base.mark_bar(size=(ROW - 6) if not several else 13).encode(x=along, color=colours(series))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q")
    text = base.mark_text(align="left", dx=5, fontSize=9.5, color=INK).encode(x="top:Q", text="label:N")
    height = len(groups) * (ROW if not several else 6 + 17 * len(own))
    return panel([bars, ends, text], width, height, unique(rows["panel"])[0], simulated(rows))


def with_top(rows: Frame) -> Frame:
    """The rows with `top`, where a mark's label begins: the whisker's end, or the bar's, and never below 0."""
    drawn = rows[["group", "series", "rate", "low", "high", "label"]]
    return drawn.assign(top=rows[["high", "rate"]].max(axis=1).clip(lower=0))


def _span(rows: Frame) -> "alt.Scale":
    """From 0, or the lowest whisker below it, to where the longest bar's label ends."""
    import altair as alt

    least, most = rows[["low", "rate"]].min(axis=1).min(), with_top(rows)["top"].max()
    domain = [min(0.0, 1.15 * float(least)), min(1.25, max(0.2, float(most) / 0.8))]
    return alt.Scale(domain=domain, nice=False)


def rate_table(points: Frame, title: str, notes: Sequence[str]) -> "alt.VConcatChart":
    """A table of rates: `group` down, `series` across, each field shaded by its rate with its number in it.

    Raises:
        NothingToDraw: there is no row.
    """
    import altair as alt

    require(points, f"no rates for '{title}'")
    drawn: list[Any] = []
    for name in unique(points["panel"]):
        rows = points[points["panel"] == name]
        groups, columns = unique(rows["group"]), unique(rows["series"])
        base = alt.Chart(rows).encode(
            x=alt.X(
                "series:N", sort=columns, title=None, axis=alt.Axis(orient="top", labelAngle=0, ticks=False)
            ),
            y=alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(ticks=False)),
        )
        shade = alt.Color("rate:Q", scale=alt.Scale(domain=[0, 1], range=["#f7f7f7", "#0072B2"]), legend=None)
        fields = base.mark_rect(stroke="white", strokeWidth=2).encode(color=shade)
        dark = alt.condition("datum.rate > 0.6", alt.value("white"), alt.value(INK))
        text = base.mark_text(fontSize=9.5, lineBreak="\n", lineHeight=12, dy=-5).encode(
            text="said:N", color=dark
        )
        drawn.append(panel([fields, text], 138 * len(columns), 34 * len(groups), name, simulated(rows)))
    width = 138 * max(
        len(unique(points[points["panel"] == name]["series"])) for name in unique(points["panel"])
    )
    return finished(stacked_panels(drawn), title, notes, width + 130, simulated(points))
