"""The verdict as a figure: the answer, then each hypothesis with its status, what it predicts and what was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.layout import LINE, USUAL, Layout, folded, lines_of
from hanlon.figures.names import Names, readable
from hanlon.figures.theme import INK, SMALL, colours, finished, panel, tooltips

POINTS_NEEDED = ("hypothesis", "verdict", "contrast", "predicted", "observed", "state", "simulated")
HEADS = {
    "contrast": "cells compared", "predicted": "predicted", "observed": "observed", "state": "the counts lie",
}  # fmt: skip
"""The columns of the table with their names."""
PARTS = (0.38, 0.17, 0.26, 0.19)
"""The part of the table's width that each column has."""
WIDTH = 900
"""Pixels of the table."""
TOOLTIP = {
    "contrast": "", "measure": "", "predicted": "", "observed": "", "state": "", "contexts": "",
    "p_no_difference": ".3f", "status": "", "because": "",
}  # fmt: skip
"""The tooltip of a prediction."""


@dataclass(frozen=True)
class _Columns:
    """The table's columns: their left edges and widths in pixels."""

    width: float
    names: Names

    @property
    def widths(self) -> dict[str, float]:
        return {name: part * self.width for name, part in zip(HEADS, PARTS, strict=True)}

    @property
    def edges(self) -> dict[str, float]:
        starts = (sum(PARTS[:number]) * self.width for number in range(len(PARTS)))
        return dict(zip(HEADS, starts, strict=True))

    def folded(self, name: str, text: str) -> list[str]:
        """A field's lines."""
        return folded(self.names.shown(text), max(6, int((self.widths[name] - 4) / 5.2)))


def verdict_table(predictions: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL) -> Any:
    """Each hypothesis with its status, its predictions and what was observed.

    `predictions`: a row for each: `hypothesis`, `verdict` (its status and the share that it explains), `contrast`,
    `predicted`, `observed`, `state` (as predicted, otherwise), `simulated`.
    """
    require(predictions, "no hypothesis was put to the test, or several sweeps are read: --sweep ID")
    rows = predictions.assign(whose=[SIMULATED if each else SWEEP for each in predictions["simulated"]])
    columns = _Columns(layout.plot(WIDTH, 300), layout.names)
    drawn = [
        _hypothesis(rows[rows["hypothesis"] == name], columns, layout) for name in unique(rows["hypothesis"])
    ]
    chart = alt.vconcat(_head(columns, simulated(rows), layout), *drawn, spacing=12)
    return finished(chart, title, notes, layout, columns.width, simulated(rows))


def _head(columns: _Columns, is_simulated: bool, layout: Layout) -> Any:
    """The names of the columns, and the mark of what is simulated."""
    heads = {name: "\n".join(columns.folded(name, text)) for name, text in HEADS.items()}
    look: dict[str, Any] = {"fontSize": SMALL, "fontWeight": "bold", "color": INK, "lineBreak": "\n"}
    base = alt.Chart(alt.Data(values=[{}])).mark_text(align="left", lineHeight=LINE, **look)
    named = [
        base.encode(x=alt.value(columns.edges[name]), y=alt.value(6), text=alt.value(text))
        for name, text in heads.items()
    ]
    return panel(named, columns.width, LINE * lines_of(heads.values()), "", is_simulated, layout)


def _hypothesis(rows: Frame, columns: _Columns, layout: Layout) -> alt.LayerChart:
    lines = [[columns.folded(name, text) for name, text in zip(HEADS, fields, strict=True)]
             for fields in rows[list(HEADS)].itertuples(index=False, name=None)]  # fmt: skip
    heights = [7 + LINE * max(map(len, fields)) for fields in lines]
    tops = [sum(heights[:number]) for number in range(len(heights))]
    texts = {name: ["\n".join(fields[at]) for fields in lines] for at, name in enumerate(HEADS)}
    placed = rows.assign(
        **{f"{name} lines": texts[name] for name in HEADS},
        top=tops,
        end=[top + height - 1 for top, height in zip(tops, heights, strict=True)],
        line=[top + 9 for top in tops],
    )
    down = alt.Scale(domain=[sum(heights), 0], nice=False, zero=False)
    y = alt.Y("line:Q", axis=None, scale=down)
    base = alt.Chart(placed).encode(y=y, tooltip=tooltips(rows, TOOLTIP))
    shade = colours(["as predicted", "otherwise"], layout, field="state")
    shade["legend"] = None
    fields = alt.Chart(placed).mark_rect(opacity=0.22).encode(
        x=alt.value(columns.edges["state"] - 6), x2=alt.value(columns.width),
        y=alt.Y("top:Q", axis=None, scale=down), y2="end:Q", color=shade,
    )  # fmt: skip
    look: dict[str, Any] = {"fontSize": SMALL, "lineBreak": "\n", "lineHeight": LINE, "color": INK}
    written = [
        base.mark_text(align="left", **look).encode(x=alt.value(left), text=f"{name} lines:N")
        for name, left in columns.edges.items()
    ]
    head = f"{rows['hypothesis'].iloc[0]}: {rows['verdict'].iloc[0]}"
    return panel([fields, *written], columns.width, sum(heights), head, False, layout)


def verdict_points(rows: Sequence[Mapping[str, Any]]) -> Frame:
    """The rows of `hanlon verdict --format json`, ready for `verdict_table`: each prediction in one of its contexts.

    That is one in which the counts lie otherwise, if there is any. Of several models each has its own.
    """
    models = {row["model"] for row in rows}
    statuses = {
        (row["model"], row["hypothesis"]): _status(row) for row in rows if row["kind"] == "hypothesis"
    }
    contexts: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["kind"] == "prediction":
            key = row["hypothesis"], row["model"], row["contrast"], row["predicts"]
            contexts.setdefault(key, []).append(row)
    ready = [
        {
            **row,
            "hypothesis": readable(hypothesis) + (f", {model}" if len(models) > 1 else ""),
            "verdict": statuses.get((model, hypothesis), "not judged"),
            "contrast": " to ".join(readable(cell) for cell in dict.fromkeys(row["cells"][:2])),
            "predicted": readable(predicted),
            "observed": _observed(row),
            "state": "as predicted" if row["met"] else "otherwise",
            "contexts": f"as predicted in {sum(each['met'] for each in group)} of {len(group)}",
        }
        for (hypothesis, model, _, predicted), group in contexts.items()
        for row in [min(group, key=lambda each: each["met"])]
    ]
    return table(ready, None if ready else POINTS_NEEDED)


def answer(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The caption's first sentences: what happened, what explains it and what would settle it, for each model."""
    return [str(row["reason"]) for row in rows if row["kind"] == "verdict"]


def exploratory(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The caption's sentence about hypotheses that were not written down before the sweep's first call, if any."""
    statuses = [row.get("status") for row in rows if row["kind"] == "hypothesis"]
    late = statuses.count("exploratory")
    return (
        [f"{late} of {len(statuses)} hypotheses are exploratory: not written down before the sweep."]
        if late
        else []
    )


def _status(row: Mapping[str, Any]) -> str:
    share = row["explains"]
    return row["result"] if share is None else f"{row['result']}, explains {100 * max(share, 0):.0f} %"


def _observed(row: Mapping[str, Any]) -> str:
    """k/n of each cell, and the difference with its interval in points."""
    each = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    counts = ", against ".join(" to ".join(pair) for pair in (each[2:], each[:2]) if pair)
    if row["difference"] is None:
        return counts
    difference, lo, hi = (100 * row[name] for name in ("difference", "lo", "hi"))
    return f"{counts}: {difference:+.0f} [{lo:+.0f}, {hi:+.0f}]"
