"""The verdict as a figure: each hypothesis, what it predicts, what was seen, and what follows."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hanlon.figures.frames import Frame, require, simulated, table, unique
from hanlon.figures.sweep.contrasts import with_whose
from hanlon.figures.theme import INK, finished, folded, panel, tooltips

STATES = {"held": "#009E73", "failed": "#D55E00", "undetermined": "#666666"}
"""What a prediction may have done, with its colour."""
POINTS_NEEDED = ("hypothesis", "verdict", "contrast", "predicted", "observed", "state", "simulated")


def verdict_table(predictions: Frame, title: str, notes: Sequence[str]) -> alt.VConcatChart:
    """Each hypothesis with its predictions, what was observed and what follows; never a single score.

    `predictions`: a row for each: `hypothesis`, `verdict` (of the hypothesis: consistent, ruled out, undetermined),
    `contrast`, `predicted`, `observed`, `state` (held, failed, undetermined), `simulated`.
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
    "contrast": "cells compared", "predicted": "predicted", "observed": "observed", "state": "prediction",
}  # fmt: skip
TOOLTIP = {
    "contrast": "", "measure": "", "predicted": "", "observed": "", "state": "", "reason": "", "p_holds": ".3f",
    "p_fails": ".3f", "status": "", "because": "",
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
    """The rows of `hanlon verdict --format json`, ready for `verdict_table`; of several models each has its own.

    Merged hypotheses (`a or b`) give their verdict to each of them.
    """
    models = {row["model"] for row in rows}
    ends = {
        (row["model"], name): row["result"]
        for row in rows
        if row["kind"] == "hypothesis"
        for name in row["hypothesis"].split(" or ")
    }
    predictions = [row for row in rows if row["kind"] in ("prediction", "unexplained effect")]
    ready = [
        {
            **row,
            "hypothesis": row["hypothesis"] + (f", {row['model']}" if len(models) > 1 else ""),
            "verdict": ends.get((row["model"], row["hypothesis"]), "undetermined"),
            "contrast": _cells(row["cells"]), "predicted": row["predicts"], "state": row["result"],
            "observed": _seen(row),
        }
        for row in sorted(predictions, key=lambda row: (row["hypothesis"], row["model"], row["kind"] != "prediction"))
    ]  # fmt: skip
    return table(ready, None if ready else POINTS_NEEDED)


def exploratory(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The caption's sentence about predictions that were not written down before the sweep's first call, if any."""
    statuses = [row.get("status") for row in rows if row["kind"] == "prediction"]
    late = statuses.count("exploratory")
    return (
        [f"{late} of {len(statuses)} predictions are exploratory: not written down before the sweep."]
        if late
        else []
    )


def _cells(cells: str) -> str:
    """Base to treated, in the order of the counts, of what `hanlon verdict` prints as treated minus base."""
    four = re.fullmatch(r"\((.+) - (.+)\) - \((.+) - (.+)\)", cells)
    if four:
        return f"{four[2]} to {four[1]}, against {four[4]} to {four[3]}"
    treated, _, base = cells.partition(" - ")
    return f"{base} to {treated}" if base else cells


def _seen(row: Mapping[str, Any]) -> str:
    """k/n of each cell with what was excluded, and the difference with its interval in points."""
    each = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    counts = ", against ".join(" to ".join(pair) for pair in (each[2:], each[:2]) if pair)
    reasons: Sequence[Mapping[str, int]] = row.get("excluded") or ()
    excluded = sum(sum(by_reason.values()) for by_reason in reasons)
    counts += f" ({excluded} excluded)" if excluded else ""
    if row["difference"] is None:
        return counts
    difference, lo, hi = (100 * row[name] for name in ("difference", "lo", "hi"))
    return f"{counts}: {difference:+.0f} [{lo:+.0f}, {hi:+.0f}]"
