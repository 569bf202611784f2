"""What a reader of contrasts must know beside their tables, and the sentence above them."""

from collections import Counter
from collections.abc import Iterator

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.dose_text import trend_notes
from hanlon.analysis.contrasts.logistic import LogisticModel
from hanlon.analysis.contrasts.report import Report
from hanlon.analysis.paragraphs import counted, how_many_show
from hanlon.analysis.rates_table import rates_rows
from hanlon.analysis.rates_text import notes
from hanlon.analysis.tables import SIGN, points, points_interval
from hanlon.store.cells import CellState, model_name
from hanlon.store.contract import WORDING
from hanlon.store.records import CellRecord

EFFECTS = (
    "Main effects average one-factor contrasts over contexts, interactions their differences; interval MOVER "
    "on Wilson limits (Zou & Donner 2008), p by inverting it; episodes taken as independent.",
    "Two clauses that each do it alone interact in points, since a rate cannot fall below 0. The odds ratio, "
    "where there is one, has no such limit.",
)
NO_ROOM = (
    "floor: the base rate is so near 0 that not even 0 cases would show a fall at this n; ceiling: likewise a "
    "rise. No effect there is no finding."
)
SEVERAL_WORDINGS = (
    "Over wordings: Student's t over the wordings, which stand for those that might have been written, and "
    "never narrower than the sampling of these."
)


def contrasts_answer(report: Report) -> str:
    """How many contrasts show an effect, and the largest of them."""
    contrasts = report.contrasts
    shown = [contrast for contrast in contrasts if contrast.comparison.difference.excludes_zero]
    known = [each for each in shown or contrasts if each.comparison.difference.value is not None]
    measures = " or ".join(dict.fromkeys(contrast.measure.replace("_", " ") for contrast in contrasts))
    answer = how_many_show(len(shown), len(contrasts), "contrast", f"an effect on {measures}")
    if not known:
        return f"{answer}: no episode can be counted."
    if len(contrasts) == 1:
        return f"{answer}: {_in_words(known[0])}."
    return f"{answer}; the largest: {_in_words(max(known, key=_size))}."


def _size(contrast: Contrast) -> float:
    return abs(contrast.comparison.difference.value or 0.0)


def _in_words(contrast: Contrast) -> str:
    difference, pair = contrast.comparison.difference, contrast.pair
    levels = " → ".join("unset" if level is None else str(level) for level in pair.levels)
    counts = " → ".join(f"{rate.k}/{rate.n}" for rate in (contrast.base, contrast.treated))
    interval = points_interval(difference.lo, difference.hi)
    record = pair.base.record
    return (
        f"{pair.factor} {levels} from {record.label} ({model_name(record)}), {counts}, "
        f"{points(difference.value)} points {interval}"
    )


def report_notes(report: Report) -> list[str]:
    """What changes how the tables are read: the family of tests, what is left out, and what is amiss in the cells."""
    cells = {
        id(cell): cell
        for contrast in report.contrasts
        for cell in (contrast.pair.base, contrast.pair.treated)
    }
    below = notes(rates_rows(list(cells.values())))
    return [*_family(report), *_left_out(report), *_wordings(report), *below]


def method_notes(report: Report) -> list[str]:
    """How the numbers were made."""
    return [
        *_method(report),
        *trend_notes(report.trends, report.grids),
        *_bases(report),
        *([SEVERAL_WORDINGS] if any(len(each.contrasts) > 1 for each in report.wordings) else []),
        *(_model(grid.grid.cells[0].record, grid.model) for grid in report.effects),
    ]


def _method(report: Report) -> Iterator[str]:
    yield f"{SIGN} The baseline is the level before the arrow."
    comparisons = [contrast.comparison for contrast in report.contrasts]
    methods = dict.fromkeys((each.difference.method, each.test, each.unit) for each in comparisons)
    for method, test, unit in methods:
        yield f"Interval {method}, two-sided p {test}; unit: the {unit}."
    ratios = (ratio.method for each in comparisons if (ratio := each.ratio) and ratio.value is not None)
    for method in dict.fromkeys(ratios):
        yield f"Share removed: 1 - treated/base; x: treated/base where it is not below 1; interval {method}."
    if report.effects or report.attributions:
        yield from EFFECTS
    if any(
        contrast.lacks_room and not contrast.comparison.difference.excludes_zero
        for contrast in report.contrasts
    ):
        yield NO_ROOM


def _family(report: Report) -> Iterator[str]:
    statuses = Counter(contrast.status for contrast in report.contrasts)
    exploratory = statuses.pop("exploratory", 0)
    if statuses:
        written = " and ".join(
            f"{counted(number, 'contrast')} {'was' if number == 1 else 'were'} {status}"
            for status, number in sorted(statuses.items())
        )
        yield f"{written}: Holm's correction over all that was predicted, shown or not."
    if exploratory == 1:
        yield "1 contrast is exploratory: nobody predicted it, and its p is not corrected."
    elif exploratory:
        yield (
            f"{counted(exploratory, 'contrast')} are exploratory: nobody predicted them, and their p is not corrected."
        )


def _bases(report: Report) -> Iterator[str]:
    guessed = {
        name
        for grid in report.grids
        for name in grid.varied
        if name not in grid.no_effect and not name.startswith(("seed", "sampling."))
    }
    if guessed:
        yield (
            "The cells do not say at which level these factors do nothing, so contrasts start from one that says "
            f"nothing, else from that of most cells: {', '.join(sorted(guessed))}."
        )


def _left_out(report: Report) -> Iterator[str]:
    """Which cells are not contrasted: copies of a cell in another folder, and older cells of the same factors."""
    copies: list[CellState] = []
    older: list[CellState] = []
    for grid in report.grids:
        keys = {cell.record.key for cell in grid.cells}
        for cell in grid.older:
            (copies if cell.record.key in keys else older).append(cell)
    if copies:
        folders = ", ".join(str(cell.folder) for cell in copies)
        yield f"Left out, since another folder holds the same cell, and one of them is enough: {folders}."
    if older:
        yield (
            "Left out, since a newer cell has the same factors (with other texts or another sandbox): "
            f"{', '.join(f'{cell.record.label} ({cell.record.key})' for cell in older)}."
        )


def _wordings(report: Report) -> Iterator[str]:
    single = sum(len(wordings.contrasts) == 1 for wordings in report.wordings)
    alone = single + sum(WORDING not in contrast.pair.held for contrast in report.contrasts)
    if alone:
        stand = "stands" if alone == 1 else "stand"
        yield f"{counted(alone, 'contrast')} {stand} in one wording: the effect may be that of the wording."


def _model(record: CellRecord, model: LogisticModel) -> str:
    name = f"{model.measure} of {model_name(record)} ({record.protocol})"
    if model.odds_ratios:
        without = f", without interactions ({model.problem})" if model.problem else ""
        size = f"{counted(model.cells, 'cell')}, {counted(model.episodes, 'episode')}"
        return f"Odds ratios: logistic model of {name}, {size}, Wald limits{without}."
    return f"No logistic model of {name}: {model.problem}."
