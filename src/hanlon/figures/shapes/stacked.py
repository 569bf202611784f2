"""Stacked shares by tier, and what lies between tiers."""

from collections.abc import Sequence
from dataclasses import replace

import altair as alt

from hanlon.figures.frames import Frame, require, simulated, unique
from hanlon.figures.layout import LETTER, USUAL, Layout, lines_expression, names_axis
from hanlon.figures.theme import (
    BLUE,
    GREY,
    INK,
    RATE_TOOLTIP,
    SMALL,
    VERMILION,
    WINE,
    colours,
    finished,
    lettering,
    palette,
    panel,
    tooltips,
)

BAR, HEIGHT = 62, 240
"""Pixels."""
LEAST = 0.045
"""The share from which a segment has room for its label."""
DARK = (BLUE, VERMILION, GREY, WINE)
"""Colours on which text is white."""


def stacked_shares(
    segments: Frame, title: str, notes: Sequence[str], order: Sequence[str], layout: Layout = USUAL
) -> alt.ConcatChart:
    """One small panel for each model or setting, beside each other; tiers along x, shares stacked to 100 %.

    `segments`: `panel`, `tier`, `segment`, `share` (fraction), `label`, `whose`. `order`: the segments from the
    bottom up.
    """
    require(segments, f"no shares for '{title}'")
    order = [name for name in order if name in set(segments["segment"])]
    ordered = segments.assign(
        place=[order.index(name) for name in segments["segment"]],
        text=[_short(*part) for part in zip(segments["segment"], segments["label"], strict=True)],
    )
    panels = [ordered[ordered["panel"] == name] for name in unique(ordered["panel"])]
    bar = layout.plot(BAR, LETTER * max(map(len, ordered["text"])) + 6)
    widest = max(len(unique(rows["tier"])) for rows in panels) * bar + 24
    columns = layout.columns(widest, min(6, len(panels)))
    drawn = [_bars(rows, order, number % columns == 0, bar, layout) for number, rows in enumerate(panels)]
    chart = alt.concat(*drawn, columns=columns, spacing=18)
    return finished(chart, title, notes, layout, columns * widest + 40, simulated(segments))


def _short(segment: str, label: str) -> str:
    """A part's label. It starts with AF for alignment-faking reasoning, so that the part is known without colour."""
    return f"AF {label}" if segment.endswith("AF reasoning") and "no AF" not in segment else label


def _bars(rows: Frame, order: Sequence[str], first: bool, bar: float, layout: Layout) -> alt.LayerChart:
    tiers = unique(rows["tier"])
    rows = rows.sort_values("place", kind="stable")
    ends = rows.groupby("tier", sort=False)["share"].cumsum()
    placed = rows.assign(upper=ends, lower=ends - rows["share"], middle=ends - rows["share"] / 2)
    axis = alt.Axis(format="%", labelFlush=True) if first else alt.Axis(labels=False, ticks=False)
    names = lines_expression(layout.shown(tiers, int(bar / LETTER)))
    below = alt.Axis(labelAngle=0, ticks=False, labelLimit=0, labelExpr=names)
    base = alt.Chart(placed).encode(x=alt.X("tier:N", sort=tiers, title=None, axis=below))
    bars = base.mark_bar(size=bar - 6, stroke="white", strokeWidth=1).encode(
        y=alt.Y("lower:Q", title="share of replies" if first else None, axis=axis, scale=alt.Scale(domain=[0, 1])),
        y2="upper:Q", color=colours(order, layout, field="segment"),
    )  # fmt: skip
    large = base.transform_filter(f"datum.share >= {LEAST}")
    dark = [name for name, colour in palette(order).items() if colour in DARK]
    ink = alt.condition(alt.FieldOneOfPredicate("segment", dark), alt.value("white"), alt.value(INK))
    text = large.mark_text(fontSize=SMALL).encode(y="middle:Q", text="text:N", color=ink)
    width = bar * len(tiers)
    return panel(
        [bars, text], width, HEIGHT, unique(rows["panel"])[0], simulated(rows), replace(layout, page=width)
    )


def dumbbell(
    rates: Frame, gaps: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL
) -> alt.LayerChart:
    """A row for each model and prompt: its rate in every tier as a point, and between two tiers the gap as a line.

    `rates`: `group` (the row), `series` (the tier), `rate`, `low`, `high`, `label` (k/n), `place` (0 for the first
    tier of a row), `whose`. `gaps`: `group`, `first`, `second` (rates), `gap` (what is written below the line), `place`
    (the line's lane; the text has the next) and `differ` (in what the tiers differ).
    """
    require(rates, "no two tiers of one prompt: sample for instance env=alignment_faking tier=free,paid")
    gaps = gaps.assign(gap=[layout.names.shown(text) for text in gaps["gap"]])
    groups, tiers, kinds = unique(rates["group"]), unique(rates["series"]), unique(gaps["differ"])
    lanes = 1 + int(max(rates["place"].max(), gaps["place"].max() + 1 if len(gaps) else 0))
    rates, gaps = (_centred(rows, rates, gaps, lanes) for rows in (rates, gaps))
    y = alt.Y("group:N", sort=groups, title=None, axis=names_axis(layout.shown(groups), grid=True))
    offset = alt.YOffset("place:O", scale=alt.Scale(domain=list(range(lanes))))
    x = alt.X("rate:Q", title="non-compliance", axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
              scale=alt.Scale(domain=[0, 1.3], nice=False))  # fmt: skip
    base = alt.Chart(rates).encode(y=y, yOffset=offset, tooltip=tooltips(rates, RATE_TOOLTIP))
    color = colours(tiers, layout, "tier")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=x, color=color)
    ends = base.mark_rule(strokeWidth=1.2).encode(x="low:Q", x2="high:Q", color=color)
    above = base.transform_calculate(top="max(datum.high, datum.rate)")
    text = lettering(above, dx=6, x="top:Q", text="label:N")
    legend = alt.Legend(title="tiers differ in", columns=1) if len(kinds) > 1 else None
    arrows = alt.Chart(gaps).mark_rule(strokeWidth=5, opacity=0.35).encode(
        y=y, yOffset=offset, x="first:Q", x2="second:Q",
        strokeDash=alt.StrokeDash("differ:N", sort=kinds, legend=legend),
    )  # fmt: skip
    below = alt.Chart(gaps.assign(place=gaps["place"] + 1)).encode(y=y, yOffset=offset)
    words = lettering(below, x=alt.value(4), text="gap:N")
    width, height = layout.plot(480, 150), len(groups) * 13 * (1 + lanes)
    chart = panel([arrows, ends, dots, words, text], width, height, "", simulated(rates), layout)
    return finished(chart, title, notes, layout, 800, simulated(rates))


def _centred(rows: Frame, rates: Frame, gaps: Frame, lanes: int) -> Frame:
    """`rows` moved so that each group's lanes stand in the middle of its row, beside its name."""
    used = {name: 1 + max([*rates[rates["group"] == name]["place"], *gaps[gaps["group"] == name]["place"] + 1])
            for name in unique(rates["group"])}  # fmt: skip
    return rows.assign(
        place=[
            lane + (lanes - used[group]) // 2
            for group, lane in zip(rows["group"], rows["place"], strict=True)
        ]
    )
