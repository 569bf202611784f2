"""The printed tables of a report of contrasts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hanlon.analysis.contrasts import dose_text
from hanlon.analysis.contrasts.dose import DoseTrend
from hanlon.analysis.contrasts.effects import share_text
from hanlon.analysis.contrasts.report import Report
from hanlon.analysis.contrasts.rows import (
    ReportRow,
    attribution_rows,
    contexts,
    contrast_row,
    effect_row,
    ratio_of,
    status,
    trend_row,
    wordings_row,
)
from hanlon.analysis.tables import WHOLE, Column, TableFormat, TableView, points, printed, render_table
from hanlon.store.cells import model_name

PARTS = {
    "bundle": "all together",
    "alone": "{} alone",
    "last": "{} added last",
    "placebo": "{}, placebo",
    "interaction": "{} together, beyond their sum",
}
Table = tuple[Column[ReportRow], ...]


def print_report(report: Report, table_format: TableFormat, top: int, view: TableView = WHOLE) -> str:
    """The report's tables, one below the other, each with at most `top` rows.

    If there are more, it shows the contrasts and effects with the smallest p, and the first bundles. The view is of the
    contrasts; where it names columns, they are all that is printed.

    Raises:
        NoSuchColumn: the view names a column that the table of contrasts does not have.
    """
    contrasts = [contrast_row(contrast) for contrast in report.contrasts]
    trends = [trend_row(dose, dose.trend) for dose in report.trends if dose.trend]
    wordings = [wordings_row(wordings) for wordings in report.wordings if len(wordings.contrasts) > 1]
    effects = [effect_row(effect, grid) for grid in report.effects for effect in grid.effects]
    parts = [row for attribution in report.attributions for row in attribution_rows(attribution)]
    tables: list[tuple[str, Callable[[str], Table], Sequence[ReportRow], Sequence[ReportRow]]] = [
        ("contrasts", _contrast_columns, _least_p(contrasts, top), contrasts),
        ("trends over numbers", _trend_columns, _least_p(trends, top), trends),
        ("over wordings", _wordings_columns, _least_p(wordings, top), wordings),
        ("main effects and interactions", _effect_columns, _least_p(effects, top), effects),
        ("which clause did it?", _part_columns, parts[:top], parts),
    ]
    return "\n\n".join(
        render_table(
            columns(f"{shown[0].estimate.level:.0%}"),
            shown,
            table_format,
            title + _more(shown, rows),
            view if rows is contrasts else WHOLE,
        )
        for title, columns, shown, rows in tables
        if shown and (rows is contrasts or not view.columns)
    )


def _least_p(rows: Sequence[ReportRow], top: int) -> Sequence[ReportRow]:
    """The rows of the smallest p, those of one model together."""
    if len(rows) <= top:
        return rows
    least = sorted(rows, key=lambda row: row.p)[:top]
    models = list(dict.fromkeys(model_name(row.cell.record) for row in rows))
    return sorted(least, key=lambda row: models.index(model_name(row.cell.record)))


def _more(shown: Sequence[ReportRow], rows: Sequence[ReportRow]) -> str:
    if len(shown) == len(rows):
        return ""
    return f" ({len(shown)} of {len(rows)} rows; --top shows more, --format csv all)"


_PLACE: Table = (
    printed("model", lambda row: model_name(row.cell.record), once=True, heads=True),
    printed("protocol", lambda row: row.cell.record.protocol, once=True),
    printed("measure", lambda row: row.measure, once=True),
)
_STATUS: Table = (printed("status", lambda row: _status(row), once=True),)


def _contrast_columns(level: str) -> Table:
    return (
        *_PLACE,
        printed("contrast", lambda row: _arrow(row)),
        printed("from cell", lambda row: row.cell.record.label + _unlabelled(row.held or {})),
        printed("k/n", lambda row: _counts(row), right=True, fixed=True),
        *_estimate(level),
        printed("share removed", lambda row: share_text(ratio_of(row)).removeprefix("removes ") or "-"),
        *_STATUS,
        printed("excluded", lambda row: _excluded(row), once=True),
        printed("notes", lambda row: _notes(row)),
    )


def _trend_columns(level: str) -> Table:
    del level  # stands below the table
    return (
        *_PLACE[:2],
        printed("answer", lambda row: _of_dose(row, dose_text.answer)),
        printed("held", lambda row: _held(row.held or {}), once=True),
        printed("k/n at each level", lambda row: _of_dose(row, dose_text.counts)),
        printed("against the trend", lambda row: _of_dose(row, dose_text.against)),
        printed("notes", lambda row: _of_dose(row, dose_text.remarks)),
    )


def _of_dose(row: ReportRow, text: Callable[[DoseTrend], str]) -> str:
    return text(row.dose) if row.dose else ""


def _wordings_columns(level: str) -> Table:
    return (
        *_PLACE,
        printed("contrast", lambda row: _arrow(row)),
        printed("held", lambda row: _held(row.held or {})),
        printed("wordings", lambda row: str(contexts(row))),
        printed("points in each", lambda row: _each_wording(row)),
        printed("sd between", lambda row: _spread(row)),
        *_estimate(level, "mean"),
        *_STATUS,
    )


def _effect_columns(level: str) -> Table:
    return (
        *_PLACE,
        printed("effect", lambda row: row.kind),
        printed("of", lambda row: _changes(row)),
        printed("contexts", lambda row: f"{contexts(row)} of {row.effect and row.effect.possible}"),
        *_estimate(level),
        printed("odds ratio", lambda row: _odds(row)),
        *_STATUS,
    )


def _part_columns(level: str) -> Table:
    return (
        *_PLACE,
        printed("part", lambda row: PARTS[row.part or ""].format(row.factor.replace(" x ", " and "))),
        printed("bundle", lambda row: row.bundle or ""),
        printed("k/n", lambda row: _counts(row), right=True, fixed=True),
        *_estimate(level),
        *_STATUS,
        printed("notes", lambda row: _room(row) or "-"),
    )


def _estimate(level: str, name: str = "points") -> Table:
    return (
        printed(name, lambda row: points(row.estimate.value), fixed=True),
        printed(level, lambda row: _interval(row), fixed=True),
        printed("p", lambda row: _p(row.p) if _is_known(row) else "-"),
    )


def _is_known(row: ReportRow) -> bool:
    """Whether there is an interval; the mean of a single wording has none."""
    single = row.unit == "wording" and (row.estimate.lo, row.estimate.hi) == (-1, 1)
    return row.estimate.value is not None and not single


def _interval(row: ReportRow) -> str:
    return f"[{points(row.estimate.lo)}, {points(row.estimate.hi)}]" if _is_known(row) else "-"


def _p(p: float) -> str:
    return "<1e-14" if p < 1e-14 else f"{p:.1e}" if p < 0.001 else f"{p:.3f}"


def _status(row: ReportRow) -> str:
    p_holm = row.contrast and row.contrast.p_holm
    return status(row) + (f", p Holm {_p(p_holm)}" if p_holm is not None else "")


def _arrow(row: ReportRow) -> str:
    return f"{row.factor}: {_level(row.levels[0])} → {_level(row.levels[1])}"


def _changes(row: ReportRow) -> str:
    return ", ".join(f"{name}: {_level(a)} → {_level(b)}" for name, (a, b) in row.changed.items())


def _level(value: Any) -> str:
    if value is None:
        return "unset"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _counts(row: ReportRow) -> str:
    if row.contrast is None:
        return "-"
    base, treated = row.contrast.base, row.contrast.treated
    return f"{base.k}/{base.n} → {treated.k}/{treated.n}"


def _room(row: ReportRow) -> str:
    """Why no effect may have shown; nothing where one did."""
    return row.contrast.lacks_room if row.contrast and not row.estimate.excludes_zero else ""


def _notes(row: ReportRow) -> str:
    contrast = row.contrast
    notes = [f"bundle of {len(row.changed)} factors" if row.kind == "bundle" else "", _room(row)]
    if contrast and contrast.exclusions_could_flip_it:
        notes.append("exclusions could flip it")
    if contrast and contrast.after_look:
        notes.append(f"{contrast.after_look} after a look")
    return "; ".join(filter(None, notes)) or "-"


def _excluded(row: ReportRow) -> str:
    if row.contrast is None:
        return "-"
    base, treated = (sum(rate.excluded.values()) for rate in (row.contrast.base, row.contrast.treated))
    low, high = row.contrast.bounds
    return f"{base} → {treated} (bounds {points(low)} to {points(high)})" if base or treated else "0"


def _unlabelled(held: Mapping[str, Any]) -> str:
    """What holds for a cell and is not in its label."""
    rest = {name: v for name, v in held.items() if name == "seed" or name.startswith("sampling.")}
    return f" ({_held(rest)})" if rest else ""


def _held(held: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_level(value)}" for name, value in held.items()) or "-"


def _each_wording(row: ReportRow) -> str:
    differences = row.wordings.differences if row.wordings else {}
    return ", ".join(f"{wording}: {points(value)}" for wording, value in differences.items())


def _spread(row: ReportRow) -> str:
    sd = row.wordings and row.wordings.sd
    return "-" if sd is None else f"{100 * sd:.1f}"


def _odds(row: ReportRow) -> str:
    odds = row.odds
    return "-" if odds is None else f"{odds.ratio:.3g} [{odds.lo:.3g}, {odds.hi:.3g}]"
