"""A report of contrasts as the words of printed tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hanlon.analysis.contrasts.logistic import LogisticModel
from hanlon.analysis.contrasts.report import Report
from hanlon.analysis.contrasts.rows import attribution_rows, contrast_row, effect_row, wordings_row
from hanlon.analysis.rates_table import notes, rates_rows
from hanlon.analysis.tables import SIGN, TableFormat, points, render
from hanlon.store.cells import model_name
from hanlon.store.records import CellRecord

PARTS = {
    "bundle": "all together",
    "alone": "{} alone",
    "last": "{} added last",
    "placebo": "{}, placebo",
    "interaction": "{} together, beyond their sum",
}


Words = Callable[[Mapping[str, Any]], dict[str, str]]


def print_report(found: Report, table_format: TableFormat, top: int) -> str:
    """The report's tables, one below the other, each with at most `top` rows.

    Of more contrasts and effects those with the least p are shown, of bundles the first.
    """
    contrasts = [contrast_row(one) for one in found.contrasts]
    wordings = [wordings_row(one) for one in found.wordings if len(one.contrasts) > 1]
    told = [effect_row(effect, grid) for grid in found.effects for effect in grid.effects]
    parts = [row for one in found.attributions for row in attribution_rows(one)]
    tables = [
        _table("contrasts", *_least_p(contrasts, top), contrast_words, table_format),
        _table("over wordings", *_least_p(wordings, top), wordings_words, table_format),
        _table("main effects and interactions", *_least_p(told, top), effect_words, table_format),
        _table("which clause did it?", parts[:top], len(parts), part_words, table_format),
    ]
    return "\n\n".join(filter(None, tables))


def _least_p(rows: Sequence[dict[str, Any]], top: int) -> tuple[Sequence[dict[str, Any]], int]:
    shown = rows if len(rows) <= top else sorted(rows, key=lambda row: row["p"])[:top]
    return shown, len(rows)


def _table(
    title: str, rows: Sequence[dict[str, Any]], of: int, words: Words, table_format: TableFormat
) -> str:
    if not rows:
        return ""
    more = f" ({len(rows)} of {of} rows; --top shows more, --format csv all)" if len(rows) < of else ""
    return render(rows, [words(row) for row in rows], table_format, title + more)


def contrast_words(row: Mapping[str, Any]) -> dict[str, str]:
    """A contrast's row as the words of a printed table."""
    said = [
        f"bundle of {len(row['changed'])} factors" if row["kind"] == "bundle" else "",
        _room(row),
        "exclusions could flip it" if row["exclusions_could_flip_it"] else "",
        f"{row['after_look']} after a look" if row["after_look"] else "",
    ]
    return {
        **_place(row),
        "contrast": _arrow(row),
        "from cell": row["cell_from"] + _unlabelled(row["held"]),
        "k/n": _counts(row),
        **_estimate(row),
        "status": _status(row),
        "excluded": _excluded(row),
        "notes": "; ".join(filter(None, said)) or "-",
    }


def wordings_words(row: Mapping[str, Any]) -> dict[str, str]:
    """A contrast over wordings as the words of a printed table."""
    each = (f"{wording}: {points(value)}" for wording, value in row["per_wording"].items())
    return {
        **_place(row),
        "contrast": _arrow(row),
        "held": _held(row["held"]),
        "wordings": str(row["contexts"]),
        "points in each": ", ".join(each),
        "sd between": "-" if row["sd"] is None else f"{100 * row['sd']:.1f}",
        **_estimate(row, "mean"),
        "status": _status(row),
    }


def effect_words(row: Mapping[str, Any]) -> dict[str, str]:
    """A main effect or interaction as the words of a printed table."""
    odds = "-"
    if row["odds_ratio"] is not None:
        odds = f"{row['odds_ratio']:.3g} [{row['odds_lo']:.3g}, {row['odds_hi']:.3g}]"
    return {
        **_place(row),
        "effect": row["kind"],
        "of": ", ".join(f"{name}: {_level(a)} → {_level(b)}" for name, (a, b) in row["changed"].items()),
        "contexts": f"{row['contexts']} of {row['possible']}",
        **_estimate(row),
        "odds ratio": odds,
        "status": _status(row),
    }


def part_words(row: Mapping[str, Any]) -> dict[str, str]:
    """A part of a bundle as the words of a printed table."""
    return {
        **_place(row),
        "bundle": row["of"],
        "part": PARTS[row["part"]].format(row["factor"].replace(" x ", " and ")),
        "k/n": _counts(row) if row["n_to"] is not None else "-",
        **_estimate(row),
        "status": _status(row),
        "notes": _room(row) or "-",
    }


def _place(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in ("model", "protocol", "measure")}


def _status(row: Mapping[str, Any]) -> str:
    return row["status"] + (f", p Holm {_p(row['p_holm'])}" if row["p_holm"] is not None else "")


def _arrow(row: Mapping[str, Any]) -> str:
    return f"{row['factor']}: {_level(row['from'])} → {_level(row['to'])}"


def _level(value: Any) -> str:
    return (
        "unset"
        if value is None
        else {True: "yes", False: "no"}.get(value, "")
        if isinstance(value, bool)
        else str(value)
    )


def _counts(row: Mapping[str, Any]) -> str:
    return f"{row['k_from']}/{row['n_from']} → {row['k_to']}/{row['n_to']}"


def _room(row: Mapping[str, Any]) -> str:
    """Why no effect may have shown; nothing where one did."""
    return row["lacks_room"] or "" if row["lo"] <= 0 <= row["hi"] else ""


def _p(p: float) -> str:
    return "<1e-14" if p < 1e-14 else f"{p:.1e}" if p < 0.001 else f"{p:.3f}"


def _estimate(row: Mapping[str, Any], name: str = "points") -> dict[str, str]:
    level = row["interval"].rsplit(" ", 1)[1]
    known = row["difference"] is not None and not (
        row["lo"] == -1 and row["hi"] == 1 and row["unit"] == "wording"
    )
    interval = f"[{points(row['lo'])}, {points(row['hi'])}]" if known else "-"
    return {name: points(row["difference"]), level: interval, "p": _p(row["p"]) if known else "-"}


def _unlabelled(held: Mapping[str, Any]) -> str:
    """What holds for a cell and is not in its label."""
    rest = {n: v for n, v in held.items() if n == "seed" or n.startswith("sampling.")}
    return f" ({_held(rest)})" if rest else ""


def _held(held: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_level(value)}" for name, value in held.items()) or "-"


def _excluded(row: Mapping[str, Any]) -> str:
    lost = [sum(row[side].values()) for side in ("excluded_from", "excluded_to")]
    low, high = row["bounds"]
    return f"{lost[0]} → {lost[1]} (bounds {points(low)} to {points(high)})" if any(lost) else "0"


def report_notes(found: Report) -> list[str]:
    """The notes below the printed tables, the method first."""
    lines = [
        *_method(found),
        *_family(found),
        *_bases(found),
        *_older(found),
        *_wordings(found),
        *_models(found),
    ]
    cells = {id(c): c for one in found.contrasts for c in (one.pair.base, one.pair.treated)}
    return [*lines, *notes(rates_rows(list(cells.values())))]


def _method(found: Report) -> list[str]:
    used = dict.fromkeys(
        (one.comparison.difference.method, one.comparison.test, one.comparison.unit)
        for one in found.contrasts
    )
    lines = [f"Interval {method}, two-sided p {test}; unit: the {unit}." for method, test, unit in used]
    lines.insert(0, f"{SIGN} The baseline is the level before the arrow.")
    if found.effects or found.attributions:
        lines.append(
            "Main effects average one-factor contrasts over contexts, interactions their differences; interval MOVER "
            "on Wilson limits (Zou & Donner 2008), p by inverting it; episodes taken as independent."
        )
        lines.append(
            "Two clauses that each do it alone interact in points, since a rate cannot fall below 0; the odds ratio, "
            "where there is one, does not know that end."
        )
    if any(one.lacks_room and not one.comparison.difference.excludes_zero for one in found.contrasts):
        lines.append(
            "floor: the base rate is so near 0 that not even 0 cases would show a fall at this n; ceiling: likewise a "
            "rise. No effect there is no finding."
        )
    return lines


def _family(found: Report) -> list[str]:
    planned = sum(one.preregistered for one in found.contrasts)
    free = len(found.contrasts) - planned
    said = {
        f"{planned} contrasts were preregistered: Holm's correction over all that was, shown or not.": planned,
        f"{free} contrasts are exploratory: nobody predicted them, and their p is not corrected.": free,
    }
    return [line for line, count in said.items() if count]


def _bases(found: Report) -> list[str]:
    guessed = {
        name
        for grid in found.grids
        for name in grid.varied
        if name not in grid.no_effect and not name.startswith(("seed", "sampling."))
    }
    if not guessed:
        return []
    return [
        "The cells do not say at which level these factors do nothing, so contrasts start from one that says "
        f"nothing, else from that of most cells: {', '.join(sorted(guessed))}."
    ]


def _older(found: Report) -> list[str]:
    older = [f"{cell.record.label} ({cell.record.key})" for grid in found.grids for cell in grid.older]
    if not older:
        return []
    return [
        "Left out, since a newer cell has the same factors (with other texts or another sandbox): "
        f"{', '.join(older)}."
    ]


def _wordings(found: Report) -> list[str]:
    lone = sum(len(one.contrasts) == 1 for one in found.wordings)
    lone += sum("wording" not in one.pair.held for one in found.contrasts)
    said = {
        f"{lone} contrasts stand in one wording: how far the effect is the wording's cannot be told.": lone,
        "Over wordings: Student's t over the wordings, which stand for those that might have been written, and "
        "never narrower than the sampling of these.": len(found.wordings) - lone > 0,
    }
    return [line for line, there in said.items() if there]


def _models(found: Report) -> list[str]:
    return [_model(told.grid.cells[0].record, told.model) for told in found.effects]


def _model(record: CellRecord, model: LogisticModel) -> str:
    of = f"{model.measure} of {model_name(record)} ({record.protocol})"
    if model.odds_ratios:
        without = f", without interactions ({model.problem})" if model.problem else ""
        counted = f"{model.cells} cells, {model.episodes} episodes"
        return f"Odds ratios: logistic model of {of}, {counted}, Wald limits{without}."
    return f"No logistic model of {of}: {model.problem}."
