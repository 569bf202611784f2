"""What own runs say: contrasts with margins, and a bundled prompt taken apart."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hanlon.figures import scales
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.theme import colours, finished, lettering, panel, tooltips

STEP, WIDTH = 18, 460
"""Pixels: the height of a row, the width of a panel."""
MARGIN = 0.1
"""Half the width of the band drawn around no difference where no other is given; a convention of ours."""

TOOLTIP = {
    "row": "", "counts": "", "difference": "+.1%", "lo": "+.1%", "hi": "+.1%", "interval": "", "p": ".3f",
    "p_holm": ".3f", "test": "", "unit": "", "status": "", "cell_from": "", "cell_to": "",
}  # fmt: skip
"""The tooltip of a contrast."""


def with_whose(rows: Frame) -> Frame:
    """The same rows with the column `whose` made of `simulated`."""
    return rows.assign(whose=[SIMULATED if is_simulated else SWEEP for is_simulated in rows["simulated"]])


def contrast_forest(
    contrasts: Frame, title: str, notes: Sequence[str], margin: float = MARGIN
) -> alt.VConcatChart:
    """A row a contrast: the difference with its interval beside the band within which it would be no effect.

    `contrasts`: rows as `hanlon contrasts --format csv` gives them, with `row` (the label), `panel`, `series` (the
    colour: how it was predicted, or over wordings), `difference`, `lo`, `hi`, `counts` and `simulated`. `margin`:
    half the width of the band, a fraction.
    """
    require(contrasts, "no contrast: no two cells of one model differ in one factor or in a bundle")
    rows = with_whose(contrasts)
    series = unique(rows["series"])
    drawn = [_contrasts(rows[rows["panel"] == name], series, margin) for name in unique(rows["panel"])]
    band = f"Grey: within {100 * margin:.0f} points of no difference."
    return finished(alt.vconcat(*drawn, spacing=22), title, [*notes, band], WIDTH + 460, simulated(rows))


def _contrasts(rows: Frame, series: Sequence[str], margin: float) -> alt.LayerChart:
    order = unique(rows["row"])
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=620)),
        tooltip=tooltips(rows, TOOLTIP),
    )
    along = alt.X(
        "difference:Q",
        title="difference in points, treated minus base",
        axis=alt.Axis(labelExpr=scales.FORMATS["contrast"], values=[-1, -0.5, 0, 0.5, 1]),
        scale=alt.Scale(domain=[-1, 1], nice=False),
    )
    band = alt.Chart(alt.Data(values=[{"from": -margin, "to": margin}])).mark_rect(color="#e4e4e4").encode(
        x="from:Q", x2="to:Q"
    )  # fmt: skip
    ends = base.mark_rule(strokeWidth=1.6).encode(x="lo:Q", x2="hi:Q", color=colours(series))
    dots = base.mark_point(filled=True, size=44, opacity=1).encode(x=along, color=colours(series))
    text = lettering(base, size=9, x=alt.value(WIDTH + 10), text="counts:N")
    layers = [band, scales.zero(), ends, dots, text]
    return panel(layers, WIDTH, STEP * len(order), unique(rows["panel"])[0], simulated(rows))


def contrast_points(rows: Sequence[Mapping[str, Any]], most: int = 60) -> tuple[Frame, list[str]]:
    """Rows of `report_rows` made ready for `contrast_forest`, and the remarks that their caption needs.

    Where the grid has several wordings a contrast is drawn once, as its mean over them, with the counts of all.
    """
    over = [row for row in rows if row["kind"] == "over wordings"]
    single = [row for row in rows if row["kind"] in ("contrast", "bundle")]
    shown = (over or single)[:most]
    ready = _told_apart(table([_mean(row, single) if over else _single(row) for row in shown]))
    remarks: list[str] = []
    if over:
        remarks.append(
            "A point is the mean over wordings, sd their spread; counts are those of all wordings."
        )
    if (more := len(over or single) - most) > 0:
        remarks.append(f"{more} more contrasts are not drawn; `hanlon contrasts` lists them.")
    return ready, [*remarks, *excluded_episodes(single)]


def corrected(rows: Frame) -> str:
    """The caption's sentence about which rows have p corrected for their number."""
    statuses = list(rows["status"]) if len(rows) else []
    predicted = len(statuses) - statuses.count("exploratory")
    if not predicted:
        return "Exploratory, uncorrected."
    late = "the others are exploratory, uncorrected" if predicted < len(statuses) else "intervals are not"
    return f"{predicted} of {len(statuses)} were written down beforehand, their p corrected by Holm; {late}."


def excluded_episodes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The caption's sentence about episodes that the cells of such rows exclude, if any."""
    by_cell: dict[str, Mapping[str, int]] = {
        row[f"key_{side}"]: row[f"excluded_{side}"] or {} for row in rows for side in ("from", "to")
    }
    counts = [sum(reasons.values()) for reasons in by_cell.values() if reasons]
    if not counts:
        return []
    return [f"Not in n: {sum(counts)} excluded episodes in {len(counts)} cells; `hanlon rates` says why."]


def _told_apart(rows: Frame) -> Frame:
    """The same with contrasts of one name in one panel named by their cells."""
    if not len(rows):
        return rows
    clash = rows.duplicated(["panel", "row"], keep=False) & rows["cell_from"].notna()
    return rows.assign(row=rows["row"].where(~clash, rows["cell_from"] + " to " + rows["cell_to"]))


def _single(row: Mapping[str, Any]) -> dict[str, Any]:
    return _ready(row, row["cell_from"], row["cell_to"], row["status"], counted(row))


def _mean(row: Mapping[str, Any], single: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A contrast over wordings, named and counted by the contrasts that it is the mean of."""
    same = ("env", "model", "protocol", "measure", "factor", "from", "to", "changed", "simulated")
    parts = [
        part for part in single if all(part[name] == row[name] for name in same) and _held(part) == _held(row)
    ]
    base, treated = (re.sub(r"\+wording=[^+]+", "", parts[0][f"cell_{side}"]) for side in ("from", "to"))
    total = {name: sum(part[name] for part in parts) for name in ("k_from", "n_from", "k_to", "n_to")}
    spread = "" if row["sd"] is None else f", sd {100 * row['sd']:.0f}"
    counts = f"{counted(total)}, {row['contexts']} wordings{spread}"
    return _ready({**row, **total}, base, treated, "mean over wordings", counts)


def _held(row: Mapping[str, Any]) -> dict[str, Any]:
    held: Mapping[str, Any] = row["held"] or {}
    return {name: level for name, level in held.items() if name != "wording"}


def _ready(row: Mapping[str, Any], base: str, treated: str, series: str, counts: str) -> dict[str, Any]:
    marks = {"panel": f"{row['model']}: {row['measure']}", "series": series, "counts": counts}
    return {**row, "row": moved(row, base, treated), **marks}


def counted(row: Mapping[str, Any]) -> str:
    """k/n of the base and of the treated cell; empty for what is made of more than two cells."""
    return "" if row["k_from"] is None else f"{row['k_from']}/{row['n_from']} to {row['k_to']}/{row['n_to']}"


def moved(row: Mapping[str, Any], base: str, treated: str) -> str:
    """What a contrast changes and where: the factor's levels at the base cell, or the prompts of a bundle."""
    if row["factor"] != "prompt":
        where = base.replace(f"+{row['factor']}={row['from']}", "")
        return f"{row['factor']}: {row['from']} to {row['to']}, at {where}"
    (first, _, at), (second, _, other) = base.partition("+"), treated.partition("+")
    if at != other:
        return f"bundle: {base} to {treated}"
    return f"bundle: {first} to {second}" + (f", at {at}" if at else "")


def clause_attribution(parts: Frame, title: str, notes: Sequence[str]) -> alt.VConcatChart:
    """A bundled prompt beside its parts: each clause alone, each added last, their interaction, the placebo.

    `parts`: rows as `contrast_forest` takes them; `series` is the kind of part.
    """
    require(parts, "no bundled prompt of which the grid has a part; see experiment=clarification_parts")
    return contrast_forest(parts, title, notes)


def attribution_points(rows: Sequence[Mapping[str, Any]], most: int = 8) -> Frame:
    """The parts of up to `most` bundles out of `report_rows`, ready for `clause_attribution`.

    Where a contrast has several wordings, only the first is taken.
    """
    ready: list[dict[str, Any]] = []
    bundles: list[str] = []
    wordings = unique(_wording(row) for row in rows if row["part"] == "bundle")
    is_first_wording = True
    for row in rows:
        if row["kind"] != "part of a bundle":
            continue
        if row["part"] == "bundle":
            is_first_wording = _wording(row) == wordings[0]
        if not is_first_wording:
            continue
        if row["part"] == "bundle":
            bundles.append(f"{row['model']}: {row['cell_from']} to {row['cell_to']}, {row['measure']}")
        ready.append({
            **row, "panel": bundles[-1], "series": PARTS[row["part"]], "counts": counted(row),
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
    "bundle": "the whole bundle", "alone": "clause alone", "last": "clause added last", "interaction":
    "interaction", "placebo": "placebo",
}  # fmt: skip
