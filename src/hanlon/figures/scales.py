"""Axes of rates, differences and areas: where they end, what stands at their ticks, what they are called."""

from typing import Any

import altair as alt

from hanlon.figures.frames import Frame
from hanlon.figures.layout import LETTER, tick_step

ENDS = (0.25, 0.5, 1.0)
"""Where the axis of upright bars may end; the least that holds all of a figure."""
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
FORMATS = {
    "contrast": "datum.value == 0 ? '0' : format(100 * datum.value, '+d')",
    "auroc": "format(datum.value, '.1f')",
}
PERCENT = "format(datum.value, '.0%')"


def upright(points: Frame, axis: str, height: float) -> alt.Y:
    """The axis of upright bars for all panels of a figure, each so many pixels high, with room for labels above."""
    tops = list(points[["high", "rate"]].max(axis=1))
    end = next((end for end in ENDS if end >= max(tops)), ENDS[-1])
    room = [1 - (LETTER * len(label) + 6) / height for label in points["label"]]
    top = max(end, *(high / left for high, left in zip(tops, room, strict=True)))
    step = end / (4 if end == 1 else 5)
    values = [round(step * at, 2) for at in range(6) if step * at <= end]
    ticks = alt.Axis(format=".0%", values=values, tickCount=len(values), domain=False, ticks=False)
    scale = alt.Scale(domain=[0, top], nice=False)
    return alt.Y("rate:Q", title=axis, stack=None, axis=ticks, scale=scale)


def lying(rows: Frame, of_kind: Frame, axis: str, width: float) -> alt.X:
    """The axis of a panel of lying bars, as long as the longest bar of its kind in the whole figure asks.

    It is `width` pixels, begins at 0, or at the lowest whisker below it, and leaves room for the labels behind the
    whiskers. Differences are in points, areas under a curve are no shares.
    """
    (kind, *_) = rows["kind"]
    room = max(0.3, 1 - (LETTER * max(map(len, of_kind["label"])) + 8) / width)
    least = min(0.0, 1.15 * float(of_kind[["low", "rate"]].min(axis=None)))
    most = max(0.1, float(of_kind[["high", "rate"]].max(axis=None))) / room
    step = tick_step(most - least, width, STEPS)
    first, last = -int(-least / step), int(min(1.0, most) / step + 1e-9)
    title = f"{'difference' if axis == 'share' else axis}, points" if kind == "contrast" else axis
    values = [round(step * at, 4) for at in range(first, last + 1)]
    labels = FORMATS.get(kind, PERCENT)
    ticks = alt.Axis(values=values, tickCount=len(values), labelExpr=labels, domain=False, ticks=False)
    return alt.X(
        "rate:Q", title=title, stack=None, axis=ticks, scale=alt.Scale(domain=[least, most], nice=False)
    )


def same_kind(points: Frame, rows: Frame) -> Frame:
    """The rows of a figure that are measured as those of a panel are."""
    return points[points["kind"] == next(iter(rows["kind"]))]


def zero() -> Any:
    """The line at no difference."""
    return alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(x="at:Q")
