"""What own runs say: contrasts with margins, and a bundled prompt taken apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hanlon.analysis.figures.tabular import Frame, table
from hanlon.analysis.figures.theme import (
    INK,
    OWN,
    SIMULATED,
    answers,
    colours,
    finished,
    panel,
    require,
    simulated,
    unique,
)

if TYPE_CHECKING:
    import altair as alt

STEP, WIDTH = 18, 460
"""Pixels: the height of a row, the width of a panel."""
MARGIN = 0.1
"""Half the width of the band drawn around no difference where no other is given; a convention of ours."""

SAID = {
    "row": "",
    "counts": "",
    "difference": "+.1%",
    "lo": "+.1%",
    "hi": "+.1%",
    "interval": "",
    "p": ".3f",
    "test": "",
    "unit": "",
    "status": "",
    "cell_from": "",
    "cell_to": "",
}
"""Of a contrast, under the pointer."""


def whose(rows: Frame) -> Frame:
    """The same rows with the column `whose` made of `simulated`."""
    return rows.assign(whose=[SIMULATED if one else OWN for one in rows["simulated"]])


def contrast_forest(
    contrasts: Frame, title: str, notes: Sequence[str], margin: float = MARGIN
) -> "alt.VConcatChart":
    """A row a contrast: the difference with its interval beside the band within which it would be no effect.

    Args:
        contrasts: rows as `hanlon contrasts --format csv` gives them, with `row` (the label), `panel`, `series` (the
            colour: preregistered, exploratory, over wordings), `difference`, `lo`, `hi`, `counts` and `simulated`.
        title: the figure's title.
        notes: the caption's sentences.
        margin: half the width of the band, a fraction.

    Raises:
        NothingToDraw: there is no row.
    """
    import altair as alt

    require(contrasts, "no contrast: no two cells of one model differ in one factor or in a bundle")
    rows = whose(contrasts)
    series = unique(rows["series"])
    drawn = [_contrasts(rows[rows["panel"] == name], series, margin) for name in unique(rows["panel"])]
    band = f"Grey: within {100 * margin:.0f} points of no difference."
    return finished(alt.vconcat(*drawn, spacing=22), title, [*notes, band], WIDTH + 420, simulated(rows))


def _contrasts(rows: Frame, series: Sequence[str], margin: float) -> "alt.LayerChart":
    import altair as alt

    order = unique(rows["row"])
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=answers(rows, SAID),
    )
    along = alt.X(
        "difference:Q",
        title="difference, treated minus base",
        axis=alt.Axis(format="+%", values=[-1, -0.5, 0, 0.5, 1]),
        scale=alt.Scale(domain=[-1, 1.75], nice=False),
    )
    band = alt.Chart(alt.Data(values=[{"from": -margin, "to": margin}])).mark_rect(color="#e4e4e4").encode(
        x="from:Q", x2="to:Q"
    )  # fmt: skip
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(x="at:Q")
    ends = base.mark_rule(strokeWidth=1.6).encode(x="lo:Q", x2="hi:Q", color=colours(series))
    dots = base.mark_point(filled=True, size=44, opacity=1).encode(x=along, color=colours(series))
    text = base.mark_text(align="left", fontSize=9, color=INK).encode(x=alt.datum(1.06), text="counts:N")
    return panel(
        [band, zero, ends, dots, text], WIDTH, STEP * len(order), unique(rows["panel"])[0], simulated(rows)
    )


def contrast_points(rows: Sequence[Mapping[str, Any]], most: int = 60) -> tuple[Frame, list[str]]:
    """Rows of `contrast_rows.report_rows` made ready for `contrast_forest`, and what was left out.

    Where the grid has several wordings a contrast is drawn once, as its mean over them.
    """

    over = [row for row in rows if row["kind"] == "over wordings"]
    single = [row for row in rows if row["kind"] in ("contrast", "bundle")]
    chosen = over or single
    shown = chosen[:most]
    left = (
        [f"{len(chosen) - most} more contrasts are not drawn; `hanlon contrasts` lists them."]
        if len(chosen) > most
        else []
    )
    return _told_apart(table([_ready(row) for row in shown])), left


def _told_apart(rows: Frame) -> Frame:
    """The same with contrasts of one name in one panel named by their cells."""
    if not len(rows):
        return rows
    clash = rows.duplicated(["panel", "row"], keep=False) & rows["cell_from"].notna()
    return rows.assign(row=rows["row"].where(~clash, rows["cell_from"] + " to " + rows["cell_to"]))


def _ready(row: Mapping[str, Any]) -> dict[str, Any]:
    mean = row["kind"] == "over wordings"
    held: Mapping[str, Any] = row["held"] or {}
    counts = f"{row['k_from']}/{row['n_from']} to {row['k_to']}/{row['n_to']}"
    if mean:
        spread = "" if row["sd"] is None else f", sd {row['sd']:.2f}"
        counts = f"{100 * (row['difference'] or 0):+.0f} points, {row['contexts']} wordings{spread}"
    return {
        **row, "row": _changed(row, held), "panel": f"{row['model']}: {row['measure']}",
        "series": "mean over wordings" if mean else row["status"], "counts": counts,
    }  # fmt: skip


def _changed(row: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """What a contrast changes, and where: by the levels held, or where they are many by the base cell."""
    if row["factor"] == "prompt":
        changed: Mapping[str, tuple[Any, Any]] = row["changed"] or {}
        moved = "bundle: " + ", ".join(f"{name}={to}" for name, (_, to) in changed.items())
        if row["cell_to"] and len(moved) > LONGEST:
            return f"bundle: {row['cell_from']} to {row['cell_to']}"
    else:
        moved = f"{row['factor']}: {row['from']} to {row['to']}"
    kept = ", ".join(f"{name}={value}" for name, value in held.items() if value not in NO_EFFECT)
    if not kept:
        return moved
    if row["cell_from"] and len(moved) + len(kept) > LONGEST:
        return f"{moved}, at {row['cell_from']}"
    return f"{moved} ({kept})"


LONGEST = 72
"""Letters of a row's label."""
NO_EFFECT = (None, "none", "silent", False, "user", "mid_task", "complete_task", "present")
"""Levels that a row's label need not name."""


def clause_attribution(parts: Frame, title: str, notes: Sequence[str]) -> "alt.VConcatChart":
    """A bundled prompt beside its parts: each clause alone, each added last, their interaction, the placebo.

    Args:
        parts: rows as `contrast_forest` takes them; `series` is the kind of part.
        title: the figure's title.
        notes: the caption's sentences.

    Raises:
        NothingToDraw: there is no row.
    """
    require(parts, "no bundled prompt of which the grid has a part; see experiment=clarification_parts")
    return contrast_forest(parts, title, notes)


def attribution_points(rows: Sequence[Mapping[str, Any]], most: int = 8) -> Frame:
    """The parts of up to `most` bundles out of `contrast_rows.report_rows`, ready for `clause_attribution`.

    Of several wordings only the first is taken.
    """

    ready: list[dict[str, Any]] = []
    bundles: list[str] = []
    wordings = unique(_wording(row) for row in rows if row["part"] == "bundle")
    own_wording = True
    for row in rows:
        if row["kind"] != "part of a bundle":
            continue
        if row["part"] == "bundle":
            own_wording = _wording(row) == wordings[0]
        if not own_wording:
            continue
        if row["part"] == "bundle":
            bundles.append(f"{row['model']}: {row['cell_from']} to {row['cell_to']}, {row['measure']}")
        counts = (
            "" if row["k_from"] is None else f"{row['k_from']}/{row['n_from']} to {row['k_to']}/{row['n_to']}"
        )
        ready.append({
            **row, "panel": bundles[-1], "series": PARTS[row["part"]], "counts": counts,
            "row": row["of"] if row["part"] == "bundle" else _part(row),
        })  # fmt: skip
    kept = set(bundles[:most])
    return table([row for row in ready if row["panel"] in kept])


def _wording(row: Mapping[str, Any]) -> Any:
    held: Mapping[str, Any] = row["held"] or {}
    return held.get("wording")


def _part(row: Mapping[str, Any]) -> str:
    named = row["factor"] if row["part"] == "interaction" else f"{row['factor']}={row['to']}"
    return f"{PARTS[row['part']]}: {named}"


PARTS = {
    "bundle": "the whole bundle",
    "alone": "clause alone",
    "last": "clause added last",
    "interaction": "interaction",
    "placebo": "placebo",
}
