"""Bars of rates: upright in groups, as most papers draw them, or lying, one a row."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.captions import blanks, of_blanks
from hanlon.figures.frames import Frame, joined, ranked, require, simulated, table, unique
from hanlon.figures.theme import INK, RATE_TOOLTIP, colours, finished, lettering, panel, tooltips

BAR, SPACE, HEIGHT, ROW = 19, 16, 190, 22
"""Pixels: the width of a bar, between groups, the height of a panel, the height of a row."""
NARROWEST, PAIR = 150, 390
"""Pixels: a panel's least width, so that a mark and a title fit; up to which width panels stand in pairs."""


def grouped_bars(
    points: Frame, title: str, notes: Sequence[str], axis: str, order: Sequence[str] = ()
) -> alt.ConcatChart:
    """Upright bars: groups along x, a colour for each series; narrow panels in pairs, wide ones below each other.

    `points`: see `hanlon.figures.points`, with `panel`, `group` and `series`. Groups stand in the order of the frame,
    series in that of `order`, others behind them. `axis` names the rate. A published place without a number says so.
    """
    require(points, f"no rates for '{title}'")
    series, panels = _series(points, order), _panels(points)
    up = scales.upright(points, axis, HEIGHT)
    drawn = [_upright(rows, series, up) for rows in panels]
    widest = max(_width(rows) for rows in panels)
    columns = 2 if len(panels) > 2 and widest <= PAIR else 1
    width = columns * (widest + 50)
    return finished(
        side_by_side(drawn, columns), title, [*notes, *of_blanks(panels)], width, simulated(points)
    )


def _series(points: Frame, order: Sequence[str]) -> list[str]:
    """All series of a figure in their order."""
    return list(
        points[["series"]].drop_duplicates().sort_values("series", key=ranked(order), kind="stable")["series"]
    )


def _panels(points: Frame) -> list[Frame]:
    return [points[points["panel"] == name] for name in unique(points["panel"])]


def _width(rows: Frame) -> int:
    return max(NARROWEST, len(unique(rows["group"])) * (len(unique(rows["series"])) * BAR + SPACE))


def _upright(rows: Frame, series: Sequence[str], up: alt.Y) -> alt.LayerChart:
    groups, shown = unique(rows["group"]), [name for name in series if name in set(rows["series"])]
    base = alt.Chart(with_top(rows)).encode(
        x=alt.X("group:N", sort=groups, title=None, axis=alt.Axis(labelAngle=-28, domain=True, ticks=False)),
        xOffset=alt.XOffset("series:N", sort=shown, scale=alt.Scale(domain=shown)),
        tooltip=tooltips(rows, RATE_TOOLTIP),
    )
    bars = base.mark_bar(size=BAR - 3).encode(y=up, color=colours(series))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(y="low:Q", y2="high:Q")
    text = lettering(base, angle=270, baseline="middle", dx=5, y="top:Q", text="label:N")
    return panel([bars, ends, text], _width(rows), HEIGHT, unique(rows["panel"])[0], simulated(rows))


def lying_bars(
    points: Frame, title: str, notes: Sequence[str], axis: str, order: Sequence[str] = (), width: int = 460
) -> alt.ConcatChart:
    """Horizontal bars, one a row, with k/n right of the whisker and panels below each other.

    Arguments are those of `grouped_bars`. Rows of one group stand together; colour tells several series apart. Panels
    of one kind of number share an axis.
    """
    require(points, f"no rates for '{title}'")
    series, panels = _series(points, order), _panels(points)
    drawn = [
        _lying(rows, series, scales.lying(rows, scales.same_kind(points, rows), axis), width)
        for rows in panels
    ]
    notes = [*notes, *of_blanks(panels)]
    return finished(side_by_side(drawn), title, notes, width + 230, simulated(points))


def side_by_side(drawn: Sequence[Any], columns: int = 1) -> Any:
    """Panels in rows of so many, each with its own places on its axes and all with the same colours."""
    chart: Any = alt.concat(*drawn, columns=columns, spacing=24)
    return chart.resolve_scale(xOffset="independent", yOffset="independent")


def _lying(rows: Frame, series: Sequence[str], along: alt.X, width: int) -> alt.LayerChart:
    groups, shown = unique(rows["group"]), [name for name in series if name in set(rows["series"])]
    places: dict[str, Any] = {"y": alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(ticks=False))}
    several = bool(rows.duplicated("group").any())
    if several:
        places["yOffset"] = alt.YOffset("series:N", sort=shown, scale=alt.Scale(domain=shown))
    base = alt.Chart(with_top(rows)).encode(**places, tooltip=tooltips(rows, RATE_TOOLTIP))
    bars = base.mark_bar(size=(ROW - 6) if not several else 13).encode(x=along, color=colours(series))
    ends = base.mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q")
    text = lettering(base, dx=5, x="top:Q", text="label:N")
    height = len(groups) * (ROW if not several else 6 + 17 * len(shown))
    under = [scales.zero()] if (rows[["low", "rate"]].min(axis=None)) < 0 else []
    return panel([bars, *under, ends, text], width, height, unique(rows["panel"])[0], simulated(rows))


def with_top(rows: Frame) -> Frame:
    """The rows and the places without a number, with `top`, where a label begins: the whisker's end, or the bar's.

    It is never below 0.
    """
    drawn = rows[["group", "series", "rate", "low", "high", "label"]]
    drawn = drawn.assign(top=rows[["high", "rate"]].max(axis=1).clip(lower=0))
    missing = blanks(rows)
    return joined([drawn, table(missing)]) if missing else drawn


FIELD, DARK = 138, 0.82
"""Pixels: a field's least width; from which rate its text is white, where either ink has the same contrast."""


def rate_table(points: Frame, title: str, notes: Sequence[str], order: Sequence[str] = ()) -> alt.ConcatChart:
    """A table of rates: `group` down, `series` across, each field shaded by its rate with its `text` in it."""
    require(points, f"no rates for '{title}'")
    panels, series = _panels(points), _series(points, order)
    field = max(FIELD, *(5 * len(name) + 10 for name in series))
    drawn = [
        _fields(rows, [name for name in series if name in set(rows["series"])], field) for rows in panels
    ]
    width = field * max(len(unique(rows["series"])) for rows in panels)
    return finished(side_by_side(drawn), title, notes, width + 130, simulated(points))


def _fields(rows: Frame, columns: Sequence[str], width: int) -> alt.LayerChart:
    groups = unique(rows["group"])
    across = alt.Axis(orient="top", labelAngle=0, ticks=False)
    base = alt.Chart(rows).encode(
        x=alt.X("series:N", sort=list(columns), title=None, axis=across),
        y=alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(ticks=False)),
    )
    shade = alt.Color("rate:Q", scale=alt.Scale(domain=[0, 1], range=["#f7f7f7", "#0072B2"]), legend=None)
    fields = base.mark_rect(stroke="white", strokeWidth=2).encode(color=shade)
    ink = alt.condition(f"datum.rate > {DARK}", alt.value("white"), alt.value(INK))
    text = base.mark_text(fontSize=9.5, lineBreak="\n", lineHeight=12, dy=-5).encode(text="text:N", color=ink)
    return panel(
        [fields, text], width * len(columns), 34 * len(groups), unique(rows["panel"])[0], simulated(rows)
    )
