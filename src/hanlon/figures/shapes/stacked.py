"""Stacked shares by tier, and what lies between tiers."""

from collections.abc import Mapping, Sequence

import altair as alt

from hanlon.figures.frames import Frame, require, simulated, unique
from hanlon.figures.theme import INK, RATE_TOOLTIP, colours, finished, folded, lettering, panel, tooltips

BAR, HEIGHT = 62, 240
"""Pixels."""
LEAST = 0.045
"""The share from which a segment has room for its label."""
DARK = ("#0072B2", "#D55E00", "#666666", "#882255")


def stacked_shares(
    segments: Frame, title: str, notes: Sequence[str], palette: Mapping[str, str], columns: int = 6
) -> alt.ConcatChart:
    """One small panel for each model or setting, `columns` in a row; tiers along x, shares stacked to 100 %.

    `segments`: `panel`, `tier`, `segment`, `share` (fraction), `label`, `whose`. `palette`: the segments from the
    bottom up with their colours.
    """
    require(segments, f"no shares for '{title}'")
    palette = {name: colour for name, colour in palette.items() if name in set(segments["segment"])}
    ordered = segments.assign(
        place=[list(palette).index(name) for name in segments["segment"]],
        text=[_short(*part) for part in zip(segments["segment"], segments["label"], strict=True)],
    )
    names = unique(ordered["panel"])
    drawn = [
        _bars(ordered[ordered["panel"] == name], palette, number % columns == 0)
        for number, name in enumerate(names)
    ]
    widest = max(len(unique(ordered[ordered["panel"] == name]["tier"])) for name in names)
    chart = alt.concat(*drawn, columns=columns, spacing=18)
    return finished(
        chart, title, notes, min(len(names), columns) * (widest * BAR + 30) + 40, simulated(segments)
    )


def _short(segment: str, label: str) -> str:
    """A part's label. It starts with AF for alignment-faking reasoning, so that the part is known without colour."""
    return f"AF {label}" if segment.endswith("AF reasoning") and "no AF" not in segment else label


def _bars(rows: Frame, palette: Mapping[str, str], first: bool) -> alt.LayerChart:
    tiers = unique(rows["tier"])
    rows = rows.sort_values("place", kind="stable")
    ends = rows.groupby("tier", sort=False)["share"].cumsum()
    placed = rows.assign(upper=ends, lower=ends - rows["share"], middle=ends - rows["share"] / 2)
    shown = list(palette)
    axis = alt.Axis(format="%", labelFlush=True) if first else alt.Axis(labels=False, ticks=False)
    base = alt.Chart(placed).encode(
        x=alt.X("tier:N", sort=tiers, title=None, axis=alt.Axis(labelAngle=0, ticks=False))
    )
    color = alt.Color(
        "segment:N", scale=alt.Scale(domain=shown, range=list(palette.values())),
        legend=alt.Legend(title=None, columns=4),
    )  # fmt: skip
    bars = base.mark_bar(size=BAR - 14, stroke="white", strokeWidth=1).encode(
        y=alt.Y("lower:Q", title="share of replies" if first else None, axis=axis, scale=alt.Scale(domain=[0, 1])),
        y2="upper:Q", color=color,
    )  # fmt: skip
    large = base.transform_filter(f"datum.share >= {LEAST}")
    dark = [name for name in shown if palette[name] in DARK]
    ink = alt.condition(alt.FieldOneOfPredicate("segment", dark), alt.value("white"), alt.value(INK))
    text = large.mark_text(fontSize=8.5).encode(y="middle:Q", text="text:N", color=ink)
    width = BAR * len(tiers)
    title = "\n".join(folded(unique(rows["panel"])[0], max(18, width // 6)))
    return panel([bars, text], width, HEIGHT, title, simulated(rows))


def dumbbell(rates: Frame, gaps: Frame, title: str, notes: Sequence[str]) -> alt.LayerChart:
    """A row for each model and prompt: its rate in every tier as a point, and between two tiers the gap as a line.

    `rates`: `group` (the row), `series` (the tier), `rate`, `low`, `high`, `label` (k/n), `place` (0 for the first
    tier of a row), `whose`. `gaps`: `group`, `first`, `second` (rates), `gap` (label), `place` (its lane) and
    `differ` (in what the tiers differ).
    """
    require(rates, "no two tiers of one prompt: sample env=alignment_faking tier=free,paid")
    groups, tiers, kinds = unique(rates["group"]), unique(rates["series"]), unique(gaps["differ"])
    lanes = 1 + int(max(rates["place"].max(), gaps["place"].max() if len(gaps) else 0))
    rates, gaps = (_centred(rows, rates, gaps, lanes) for rows in (rates, gaps))
    y = alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(ticks=False, grid=True))
    offset = alt.YOffset("place:O", scale=alt.Scale(domain=list(range(lanes))))
    x = alt.X("rate:Q", title="non-compliance", axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
              scale=alt.Scale(domain=[0, 1.3], nice=False))  # fmt: skip
    base = alt.Chart(rates).encode(y=y, yOffset=offset, tooltip=tooltips(rates, RATE_TOOLTIP))
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=x, color=colours(tiers, "tier"))
    ends = base.mark_rule(strokeWidth=1.2).encode(x="low:Q", x2="high:Q", color=colours(tiers, "tier"))
    above = base.transform_calculate(top="max(datum.high, datum.rate)")
    text = lettering(above, size=8.5, dx=6, x="top:Q", text="label:N")
    legend = alt.Legend(title="tiers differ in") if len(kinds) > 1 else None
    arrows = alt.Chart(gaps).mark_rule(strokeWidth=5, opacity=0.35).encode(
        y=y, yOffset=offset, x="first:Q", x2="second:Q",
        strokeDash=alt.StrokeDash("differ:N", sort=kinds, legend=legend),
    )  # fmt: skip
    words = alt.Chart(gaps).mark_text(align="left", fontSize=9, color=INK).encode(
        y=y, yOffset=offset, x=alt.value(484), text="gap:N"
    )  # fmt: skip
    height = len(groups) * 14 * (1 + lanes)
    chart = panel([arrows, ends, dots, words, text], 480, height, "", simulated(rates))
    return finished(chart, title, notes, 900, simulated(rates))


def _centred(rows: Frame, rates: Frame, gaps: Frame, lanes: int) -> Frame:
    """The same with each group's lanes in the middle of its row, beside its name."""
    used = {name: 1 + max([*rates[rates["group"] == name]["place"], *gaps[gaps["group"] == name]["place"]])
            for name in unique(rates["group"])}  # fmt: skip
    return rows.assign(
        place=[
            lane + (lanes - used[group]) // 2
            for group, lane in zip(rows["group"], rows["place"], strict=True)
        ]
    )
