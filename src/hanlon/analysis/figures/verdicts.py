"""The verdict as a figure: each hypothesis, what it predicts, what was seen, and what follows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hanlon.analysis.figures.own import whose
from hanlon.analysis.figures.tabular import Frame, table
from hanlon.analysis.figures.theme import INK, answers, finished, panel, require, simulated, unique

if TYPE_CHECKING:
    import altair as alt

STATES = {"held": "#009E73", "failed": "#D55E00", "undetermined": "#666666"}
"""What a prediction may have done, with its colour."""
POINTS_NEEDED = ("hypothesis", "verdict", "contrast", "predicted", "observed", "state", "simulated")


def verdict_table(predictions: Frame, title: str, notes: Sequence[str]) -> "alt.VConcatChart":
    """Each hypothesis with its predictions, what was observed and what follows; never a single score.

    Args:
        predictions: one row a prediction: `hypothesis`, `verdict` (of the hypothesis: consistent, ruled out,
            undetermined), `contrast`, `predicted`, `observed`, `state` (held, failed, undetermined), `simulated`.
        title: the figure's title.
        notes: the caption's sentences.

    Raises:
        NothingToDraw: there is no row.
    """
    import altair as alt

    require(predictions, "no prediction: a verdict needs hypotheses; see conf/hypothesis")
    rows = whose(predictions)
    drawn = [_hypothesis(rows[rows["hypothesis"] == name]) for name in unique(rows["hypothesis"])]
    return finished(alt.vconcat(*drawn, spacing=14), title, notes, 860, simulated(rows))


COLUMNS = (("contrast", 0, 250), ("predicted", 270, 190), ("observed", 470, 230), ("state", 720, 110))
"""Of the verdict's table: name, left edge and width in pixels."""
SAID = {
    "contrast": "",
    "measure": "",
    "predicted": "",
    "observed": "",
    "state": "",
    "reason": "",
    "p_holds": ".3f",
    "p_fails": ".3f",
    "status": "",
    "because": "",
}
"""Of a prediction, under the pointer."""


def _hypothesis(rows: Frame) -> "alt.LayerChart":
    import altair as alt

    placed = rows.assign(line=range(len(rows)))
    base = alt.Chart(placed).encode(y=alt.Y("line:O", axis=None), tooltip=answers(rows, SAID))
    shade = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    fields = base.mark_rect(opacity=0.22, height=19).encode(
        x=alt.value(710), x2=alt.value(850), color=alt.Color("state:N", scale=shade, legend=None)
    )
    texts = [
        base.mark_text(align="left", fontSize=9.5, limit=wide, color=INK).encode(
            x=alt.value(left), text=f"{name}:N"
        )
        for name, left, wide in COLUMNS
    ]
    head = f"{rows['hypothesis'].iloc[0]}: {rows['verdict'].iloc[0]}"
    return panel([fields, *texts], 850, 20 * len(rows), head, simulated(rows))


def verdict_points(rows: Sequence[Mapping[str, Any]]) -> Frame:
    """The rows of `hanlon verdict --format json`, ready for `verdict_table`; of several models each has its own.

    Merged hypotheses (`a or b`) give their verdict to each of them.
    """
    models = {row["model"] for row in rows}
    ends = {
        (row["model"], name): row["ending"]
        for row in rows
        if row["kind"] == "hypothesis"
        for name in row["hypothesis"].split(" or ")
    }
    predictions = [row for row in rows if row["kind"] == "prediction"]
    ready = [
        {
            **row,
            "hypothesis": row["hypothesis"] + (f", {row['model']}" if len(models) > 1 else ""),
            "verdict": ends.get((row["model"], row["hypothesis"]), "undetermined"),
            "contrast": row["cells"], "predicted": row["predicts"], "state": row["ending"], "observed": _seen(row),
        }
        for row in sorted(predictions, key=lambda row: (row["hypothesis"], row["model"]))
    ]  # fmt: skip
    return table(ready, None if ready else POINTS_NEEDED)


def _seen(row: Mapping[str, Any]) -> str:
    """k/n of each cell, and the difference with its interval in points."""
    counts = " to ".join(f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True))
    if row["difference"] is None:
        return counts
    difference, lo, hi = (100 * row[name] for name in ("difference", "lo", "hi"))
    return f"{counts}: {difference:+.0f} [{lo:+.0f}, {hi:+.0f}]"
