"""Forests: a row for each variation or contrast, a point and an interval for each quantity."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.frames import Frame, require, simulated, unique
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
    width: int = 190,
) -> alt.VConcatChart:
    """A row a variation, side by side a panel for each quantity, as the tables of Greenblatt et al.'s appendix G.

    `points`: see `hanlon.figures.points`, with `panel`, `variation` (the row), `quantity` and `series` (the kind of
    variation, which is the colour). `spans`: the ends of each quantity's axis, in the order of the panels, each
    `width` pixels wide.
    """
    require(points, f"no variations for '{title}'")
    kinds = unique(points["series"])
    blocks = [
        _block(points[points["panel"] == name], spans, kinds, width) for name in unique(points["panel"])
    ]
    chart = alt.vconcat(*blocks, spacing=24)
    return finished(chart, title, notes, len(spans) * (width + 20) + 250, simulated(points))


def _block(
    rows: Frame, spans: Mapping[str, tuple[float, float]], kinds: Sequence[str], width: int
) -> alt.HConcatChart:
    order = unique(rows["variation"])
    drawn = [
        _quantity(rows[rows["quantity"] == quantity], quantity, span, order, kinds, width, number == 0)
        for number, (quantity, span) in enumerate(spans.items())
    ]
    return alt.hconcat(*drawn, spacing=14).properties(
        title=alt.Title(unique(rows["panel"])[0], fontSize=11, anchor="start", color=INK, offset=8)
    )


def _quantity(
    rows: Frame,
    quantity: str,
    span: tuple[float, float],
    order: Sequence[str],
    kinds: Sequence[str],
    width: int,
    first: bool,
) -> alt.LayerChart:
    labels = (
        alt.Axis(ticks=False, grid=True, domain=False, labelPadding=10, labelLimit=620)
        if first
        else alt.Axis(labels=False, ticks=False, domain=False)
    )
    drawn = rows[["variation", "series", "rate", "low", "high", "label"]]
    base = alt.Chart(drawn.assign(top=drawn[["high", "rate"]].max(axis=1))).encode(
        y=alt.Y("variation:N", sort=list(order), title=None, axis=labels, scale=alt.Scale(domain=list(order)))
    )
    (kind, *_) = [*rows["kind"], "rate"]
    labels = scales.FORMATS.get(kind, f"datum.value > 1 ? '' : {scales.PERCENT}")
    along = alt.X(
        "rate:Q", title=None, scale=alt.Scale(domain=list(span), nice=False, clamp=True),
        axis=alt.Axis(labelExpr=labels, tickCount=4, grid=False),
    )  # fmt: skip
    ends = base.mark_rule(strokeWidth=1.3).encode(
        x=alt.X("low:Q"), x2="high:Q", color=colours(kinds, columns=3)
    )
    dots = base.mark_point(filled=True, size=34, opacity=1).encode(x=along, color=colours(kinds, columns=3))
    text = lettering(base, size=8.5, dx=6, x="top:Q", text="label:N")
    return panel([scales.zero(), dots, ends, text], width, STEP * len(order), quantity, simulated(rows))


def scatter(points: Frame, fits: Frame, title: str, notes: Sequence[str]) -> alt.ConcatChart:
    """One quantity against another with their errors, and a line; a panel for each setting.

    `points`: `panel`, `series`, `whose`, `x`, `x_low`, `x_high`, `y`, `y_low`, `y_high` (fractions). `fits`: `panel`,
    `x`, `y`, the ends of each panel's line; may be empty.
    """
    require(points, f"no points for '{title}'")
    drawn = [
        _scattered(
            points[points["panel"] == name], fits[fits["panel"] == name], name, unique(points["series"])
        )
        for name in unique(points["panel"])
    ]
    chart = alt.concat(*drawn, columns=2, spacing=30)
    return finished(chart, title, notes, min(2, len(drawn)) * 390, simulated(points))


def _scattered(rows: Frame, fit: Frame, name: str, series: Sequence[str]) -> Any:
    """One panel. All `series` of the figure are given, so that a colour and a shape are the same in each."""
    shapes = alt.Shape(
        "series:N",
        scale=alt.Scale(domain=series, range=[SHAPES[at % len(SHAPES)] for at in range(len(series))]),
    )
    base = alt.Chart(rows)
    x = alt.X("x:Q", title="alignment-faking reasoning, free tier", axis=alt.Axis(format="%"))
    y = alt.Y(
        "y:Q",
        title="compliance gap, points",
        axis=alt.Axis(labelExpr=scales.FORMATS["contrast"], labelFlush=True),
    )
    faint: dict[str, Any] = {"strokeWidth": 0.8, "opacity": 0.35}
    layers = [
        base.mark_rule(**faint).encode(x="x_low:Q", x2="x_high:Q", y=y, color=colours(series)),
        base.mark_rule(**faint).encode(y="y_low:Q", y2="y_high:Q", x=x, color=colours(series)),
        alt.Chart(fit).mark_line(color=INK, strokeDash=[5, 3]).encode(x=x, y=y),
        base.mark_point(filled=True, size=42, opacity=0.9).encode(
            x=x, y=y, color=colours(series), shape=shapes
        ),
    ]
    return panel(layers, 340, 300, name, simulated(rows))
