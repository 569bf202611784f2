"""What a reader of contrasts must know beside them: intervals, tests, corrections, base levels, what was left out."""

from hanlon.analysis.comparison import SIGN
from hanlon.analysis.contrast_report import Report
from hanlon.analysis.logistic import LogisticModel
from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import notes, rates_rows
from hanlon.records import CellRecord


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
