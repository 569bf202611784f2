"""The verdict as a figure: the answer, then each hypothesis with its status, what it predicts and what was seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hanlon.figures.frames import Frame, require, simulated, table, unique
from hanlon.figures.sweep.contrasts import with_whose
from hanlon.figures.theme import INK, finished, folded, panel, tooltips

STATES = {"as predicted": "#009E73", "otherwise": "#D55E00"}
"""How the counts may lie, with its colour."""
POINTS_NEEDED = ("hypothesis", "verdict", "contrast", "predicted", "observed", "state", "simulated")


def verdict_table(predictions: Frame, title: str, notes: Sequence[str]) -> alt.VConcatChart:
    """Each hypothesis with its status, its predictions and what was observed.

    `predictions`: a row for each: `hypothesis`, `verdict` (its status and the share that it explains), `contrast`,
    `predicted`, `observed`, `state` (as predicted, otherwise), `simulated`.
    """
    require(predictions, "no prediction; `hanlon verdict RUNS --format json > FILE`, then --verdict FILE")
    rows = with_whose(predictions)
    drawn = [_hypothesis(rows[rows["hypothesis"] == name]) for name in unique(rows["hypothesis"])]
    return finished(alt.vconcat(_head(), *drawn, spacing=14), title, notes, WIDTH, simulated(rows))


WIDTH, LETTERS = 1000, 92
"""Pixels of the table; letters of a contrast's line."""
COLUMNS = (("contrast", 0), ("predicted", 445), ("observed", 605), ("state", 840))
"""Of the verdict's table: name and left edge in pixels."""
HEADS = {
    "contrast": "cells compared", "predicted": "predicted", "observed": "observed", "state": "the counts lie",
}  # fmt: skip
TOOLTIP = {
    "contrast": "", "measure": "", "predicted": "", "observed": "", "state": "", "contexts": "",
    "p_no_difference": ".3f", "status": "", "because": "",
}  # fmt: skip
"""The tooltip of a prediction."""


def _head() -> Any:
    """The names of the columns."""
    base = alt.Chart(alt.Data(values=[{}])).mark_text(
        align="left", fontSize=9.5, fontWeight="bold", color=INK
    )
    named = [
        base.encode(x=alt.value(left), y=alt.value(6), text=alt.value(HEADS[name])) for name, left in COLUMNS
    ]
    return alt.layer(*named, width=WIDTH - 10, height=12)


def _hypothesis(rows: Frame) -> alt.LayerChart:
    lines = [folded(text, LETTERS) for text in rows["contrast"]]
    heights = [8 + 12 * len(text) for text in lines]
    tops = [sum(heights[:number]) for number in range(len(heights))]
    placed = rows.assign(
        contrast=["\n".join(text) for text in lines],
        top=tops,
        end=[top + height - 1 for top, height in zip(tops, heights, strict=True)],
        line=[top + 10 for top in tops],
    )
    down = alt.Scale(domain=[sum(heights), 0], nice=False, zero=False)
    base = alt.Chart(placed).encode(y=alt.Y("line:Q", axis=None, scale=down), tooltip=tooltips(rows, TOOLTIP))
    shade = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    fields = alt.Chart(placed).mark_rect(opacity=0.22).encode(
        x=alt.value(830), x2=alt.value(WIDTH - 10), y=alt.Y("top:Q", axis=None, scale=down), y2="end:Q",
        color=alt.Color("state:N", scale=shade, legend=None),
    )  # fmt: skip
    texts = [
        base.mark_text(align="left", fontSize=9.5, lineBreak="\n", lineHeight=12, color=INK).encode(
            x=alt.value(left), text=f"{name}:N"
        )
        for name, left in COLUMNS
    ]
    head = f"{rows['hypothesis'].iloc[0]}: {rows['verdict'].iloc[0]}"
    return panel([fields, *texts], WIDTH - 10, sum(heights), head, simulated(rows))


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
            "hypothesis": hypothesis + (f", {model}" if len(models) > 1 else ""),
            "verdict": statuses.get((model, hypothesis), "not judged"),
            "contrast": " to ".join(dict.fromkeys(row["cells"][:2])),
            "predicted": predicted,
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
