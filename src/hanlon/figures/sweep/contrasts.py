"""What own runs say: contrasts with margins, and a bundled prompt taken apart."""

import re
from collections.abc import Sequence
from typing import Any

from hanlon.analysis.contrasts.attribution import Attribution
from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.effects import effect_text, level_text
from hanlon.analysis.contrasts.report import Report
from hanlon.analysis.contrasts.rows import COLUMNS, ReportRow, attribution_rows, contrast_row, wordings_row
from hanlon.analysis.contrasts.wordings import OverWordings
from hanlon.analysis.tables import plain_rows
from hanlon.figures import scales
from hanlon.figures.captions import excluded_sentence
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, table, unique
from hanlon.figures.layout import USUAL, Layout
from hanlon.figures.names import readable
from hanlon.figures.shapes.intervals import Along, interval_rows, told_apart
from hanlon.store.cells import model_name
from hanlon.store.contract import WORDING
from hanlon.store.records import CellRecord

MARGIN = 0.1
"""Half the width of the band drawn around no difference where no other is given; a convention of ours."""
PARTS = {
    "bundle": "the whole bundle", "alone": "clause alone", "last": "clause added last", "interaction":
    "interaction", "placebo": "placebo",
}  # fmt: skip


def contrast_forest(
    contrasts: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL, margin: float = MARGIN
) -> Any:
    """A row a contrast: the difference with its interval beside the band within which it would be no effect.

    `contrasts`: rows as `contrast_points` and `attribution_points` give them. `margin`: half the width of the band, a
    fraction.
    """
    require(contrasts, "no contrast: no two cells of one model differ in one factor or in a bundle")
    along = Along("difference in points, treated minus base", -1, 1, scales.FORMATS["contrast"], margin)
    rows = contrasts.assign(
        value=contrasts["difference"], low=contrasts["lo"], high=contrasts["hi"], effect="",
        whose=[SIMULATED if each else SWEEP for each in contrasts["simulated"]],
    )  # fmt: skip
    intervals = "; ".join(unique(rows["interval"]))
    sentences = (
        f"k/n → k/n: cases of episodes in the base and in the treated cells. Intervals: {intervals}. {corrected(rows)}",
        *notes,
        f"Grey: within {100 * margin:.0f} points of no difference.",
    )
    return interval_rows(rows, title, sentences, along, layout)


def contrast_points(report: Report, most: int = 60) -> tuple[Frame, list[str]]:
    """The contrasts of a report made ready for `contrast_forest`, and the remarks that their caption needs.

    Where the grid has several wordings a contrast is drawn once, as its mean over them, with the counts of all.
    """
    over = report.wordings
    ready = [_mean(each) for each in over] or [_single(each) for each in report.contrasts]
    remarks: list[str] = []
    if over:
        remarks.append(
            "A point is the mean over wordings, sd their spread; counts are those of all wordings."
        )
    if (more := len(ready) - most) > 0:
        remarks.append(f"{more} more contrasts are not drawn; `hanlon contrasts` lists them.")
    return _with_base(table(ready[:most])), [*remarks, *_excluded(report.contrasts)]


def corrected(rows: Frame) -> str:
    """The caption's sentence about which rows have p corrected for their number."""
    statuses = list(rows["status"]) if len(rows) else []
    predicted = len(statuses) - statuses.count("exploratory")
    if not predicted:
        return "Exploratory, uncorrected."
    late = "the others are exploratory, uncorrected" if predicted < len(statuses) else "intervals are not"
    return f"{predicted} of {len(statuses)} were written down beforehand, their p corrected by Holm; {late}."


def _excluded(contrasts: Sequence[Contrast]) -> list[str]:
    return excluded_sentence(
        {
            cell.record.key: sum(cell.tally.excluded.values())
            for contrast in contrasts
            for cell in (contrast.pair.base, contrast.pair.treated)
        }
    )


def _with_base(rows: Frame) -> Frame:
    """The same with the base cell in the names of a panel that has several."""
    if not len(rows):
        return rows
    several = rows.groupby("panel")["at"].transform("nunique") > 1
    return told_apart(rows.assign(row=rows["row"].where(~several, rows["row"] + ", at " + rows["at"])))


def _single(contrast: Contrast) -> dict[str, Any]:
    return _ready(contrast_row(contrast), contrast, _counts([contrast])) | {
        "at": readable(contrast.pair.base.record.label)
    }


def _mean(over: OverWordings) -> dict[str, Any]:
    """A contrast over wordings, named and counted by the contrasts that it is the mean of."""
    first = over.contrasts[0]
    spread = "" if over.sd is None else f", sd {100 * over.sd:.0f}"
    counts = f"{_counts(over.contrasts)}, {len(over.contrasts)} wordings{spread}"
    row = _ready(wordings_row(over), first, counts) | {"series": "mean over wordings"}
    return row | {"at": readable(re.sub(r"\+wording=[^+]+", "", first.pair.base.record.label))}


def _ready(row: ReportRow, contrast: Contrast, counts: str) -> dict[str, Any]:
    (plain,) = plain_rows(COLUMNS, [row])
    return {
        **plain, "panel": _panel(contrast.pair.base.record, contrast.measure),
        "row": readable(effect_text(contrast)), "series": plain["status"], "counts": counts,
    }  # fmt: skip


def _panel(record: CellRecord, measure: str) -> str:
    return f"{model_name(record).removeprefix('openrouter/')}, {record.protocol}: {readable(measure)}"


def _counts(contrasts: Sequence[Contrast]) -> str:
    """k/n of the base and of the treated cells, summed."""
    pairs = ([contrast.base for contrast in contrasts], [contrast.treated for contrast in contrasts])
    return " → ".join(f"{sum(rate.k for rate in rates)}/{sum(rate.n for rate in rates)}" for rates in pairs)


def clause_attribution(parts: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL) -> Any:
    """A bundled prompt beside its parts: each clause alone, each added last, their interaction, the placebo.

    `parts`: rows of `attribution_points`; `series` is the kind of part.
    """
    require(parts, "no bundled prompt of which the grid has a part; see experiment=clarification_parts")
    return contrast_forest(parts, title, notes, layout)


def attribution_points(report: Report, most: int = 8) -> tuple[Frame, list[str]]:
    """The parts of up to `most` bundles, ready for `clause_attribution`, and the remarks that their caption needs.

    Where the grid has several wordings, only the first is taken.
    """
    wordings = [each.bundle.pair.held.get(WORDING) for each in report.attributions]
    first = [
        each for each, wording in zip(report.attributions, wordings, strict=True) if wording == wordings[0]
    ]
    ready = [row for attribution in first[:most] for row in _parts(attribution)]
    return table(ready), _excluded([each.bundle for each in first[:most]])


def _parts(attribution: Attribution) -> list[dict[str, Any]]:
    bundle = attribution.bundle
    base, treated = bundle.pair.base.record, bundle.pair.treated.record
    panel = f"{_panel(base, bundle.measure)}; {readable(base.label)} to {readable(treated.label)}"
    rows = attribution_rows(attribution)
    return [
        {
            **plain, "panel": panel, "series": PARTS[str(row.part)], "row": _part(row),
            "counts": _counts([row.contrast]) if row.contrast else "",
        }
        for row, plain in zip(rows, plain_rows(COLUMNS, rows), strict=True)
    ]  # fmt: skip


def _part(row: ReportRow) -> str:
    name = PARTS[str(row.part)]
    if row.part == "bundle":
        return name
    what = " x ".join(readable(each) for each in row.changed)
    if row.part != "interaction":
        what = level_text(row.cell.record, row.factor, row.levels[1])
        what = readable(what[0].lower() + what[1:])
    return f"{name}: {what}"
