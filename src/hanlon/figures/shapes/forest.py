"""Forests: a row for each variation or contrast, a point and an interval for each quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.frames import Frame, require, simulated, unique
from hanlon.figures.layout import USUAL, Layout, names_axis, row_height
from hanlon.figures.theme import INK, colours, finished, lettering, panel

STEP = 17
"""Pixels of a row."""
SHAPES = (
    "circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right",
)  # fmt: skip
"""Of points, so that series are told apart without colours."""


def variation_forest(
    points: Frame,
    title: str,
    notes: Sequence[str],
    spans: Mapping[str, tuple[float, float]],
    layout: Layout = USUAL,
) -> alt.VConcatChart:
    """A row a variation, side by side a panel for each quantity, as the tables of Greenblatt et al.'s appendix G.

    `points`: see `hanlon.figures.points`, with `panel`, `variation` (the row), `quantity` and `series` (the kind of
    variation, which is the colour). `spans`: the ends of each quantity's axis, in the order of the panels.
    """
    require(points, f"no variations for '{title}'")
    color = colours(unique(points["series"]), layout)
    blocks = [
        _block(points[points["panel"] == name], spans, color, layout) for name in unique(points["panel"])
    ]
    chart = alt.vconcat(*blocks, spacing=24)
    return finished(chart, title, notes, layout, 1000, simulated(points))


def _block(
    rows: Frame, spans: Mapping[str, tuple[float, float]], color: alt.Color, layout: Layout
) -> alt.HConcatChart:
    order = unique(rows["variation"])
    drawn = [
        _quantity(rows[rows["quantity"] == quantity], quantity, span, order, color, layout, number == 0)
        for number, (quantity, span) in enumerate(spans.items())
    ]
    head = alt.Title(unique(rows["panel"])[0], fontSize=11, anchor="start", color=INK, offset=8)
    return alt.hconcat(*drawn, spacing=14).properties(title=head)


def _quantity(
    rows: Frame,
    quantity: str,
    span: tuple[float, float],
    order: Sequence[str],
    color: alt.Color,
    layout: Layout,
    first: bool,
) -> alt.LayerChart:
    shown = layout.shown(order)
    hidden = alt.Axis(labels=False, ticks=False, domain=False)
    names = names_axis(shown, domain=False, labelPadding=10) if first else hidden
    drawn = rows[["variation", "series", "rate", "low", "high", "label"]]
    base = alt.Chart(drawn.assign(top=drawn[["high", "rate"]].max(axis=1))).encode(
        y=alt.Y("variation:N", sort=list(order), title=None, axis=names, scale=alt.Scale(domain=list(order)))
    )
    (kind, *_) = [*rows["kind"], "rate"]
    labels = scales.FORMATS.get(kind, f"datum.value > 1 ? '' : {scales.PERCENT}")
    width = layout.plot(190, 84)
    along = alt.X(
        "rate:Q", title=None, scale=alt.Scale(domain=list(span), nice=False, clamp=True),
        axis=alt.Axis(labelExpr=labels, tickCount=4 if width > 150 else 2, grid=False),
    )  # fmt: skip
    ends = base.mark_rule(strokeWidth=1.3).encode(x=alt.X("low:Q"), x2="high:Q", color=color)
    dots = base.mark_point(filled=True, size=34, opacity=1).encode(x=along, color=color)
    text = lettering(base, dx=6, x="top:Q", text="label:N")
    height, layout = row_height(shown, STEP) * len(order), replace(layout, page=width)
    return panel([scales.zero(), dots, ends, text], width, height, quantity, simulated(rows), layout)


def scatter(
    points: Frame, fits: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL
) -> alt.ConcatChart:
    """One quantity against another with their errors, and a line; a panel for each setting.

    `points`: `panel`, `series`, `whose`, `x`, `x_low`, `x_high`, `y`, `y_low`, `y_high` (fractions). `fits`: `panel`,
    `x`, `y`, the ends of each panel's line; may be empty.
    """
    require(points, f"no points for '{title}'")
    series, names = unique(points["series"]), unique(points["panel"])
    columns = layout.columns(300, 2)
    drawn = [
        _scattered(points[points["panel"] == name], fits[fits["panel"] == name], name, series, layout)
        for name in names
    ]
    chart = alt.concat(*drawn, columns=columns, spacing=30)
    return finished(chart, title, notes, layout, min(columns, len(drawn)) * 390, simulated(points))


def _scattered(rows: Frame, fit: Frame, name: str, series: Sequence[str], layout: Layout) -> Any:
    """One panel. All `series` of the figure are given, so that a colour and a shape are the same in each."""
    color = colours(series, layout)
    shapes = alt.Shape(
        "series:N", legend=layout.legend(series, None) if len(series) > 1 else None,
        scale=alt.Scale(domain=series, range=[SHAPES[at % len(SHAPES)] for at in range(len(series))]),
    )  # fmt: skip
    base = alt.Chart(rows)
    x = alt.X("x:Q", title="alignment-faking reasoning, free tier", axis=alt.Axis(format="%", tickCount=5))
    y = alt.Y(
        "y:Q", title="compliance gap, points",
        axis=alt.Axis(labelExpr=scales.FORMATS["contrast"], labelFlush=True),
    )  # fmt: skip
    faint: dict[str, Any] = {"strokeWidth": 0.8, "opacity": 0.35}
    layers = [
        base.mark_rule(**faint).encode(x="x_low:Q", x2="x_high:Q", y=y, color=color),
        base.mark_rule(**faint).encode(y="y_low:Q", y2="y_high:Q", x=x, color=color),
        alt.Chart(fit).mark_line(color=INK, strokeDash=[5, 3]).encode(x=x, y=y),
        base.mark_point(filled=True, size=42, opacity=0.9).encode(x=x, y=y, color=color, shape=shapes),
    ]
    width = layout.plot(340, 150)
    return panel(layers, width, min(300, 0.9 * width), name, simulated(rows), layout)
