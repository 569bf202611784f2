"""All that `hanlon contrasts` reports: contrasts, trends over doses, means over wordings, effects, bundles."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hanlon.analysis.contrasts.attribution import Attribution, attribute
from hanlon.analysis.contrasts.contrasts import Contrast, Predicted, contrasts, pairs_of
from hanlon.analysis.contrasts.dose import MARGIN, DoseTrend, dose_trends
from hanlon.analysis.contrasts.factorial import Effect, effects
from hanlon.analysis.contrasts.grid import BUNDLE, Grid, grids
from hanlon.analysis.contrasts.logistic import LogisticModel, OddsRatio, logistic
from hanlon.analysis.contrasts.wordings import OverWordings, over_wordings
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.rates import measures_of
from hanlon.store.cells import CellState


@dataclass(frozen=True, slots=True)
class GridEffects:
    """The main effects and interactions of one measure in one grid, and the logistic model of the same counts."""

    grid: Grid
    effects: Sequence[Effect]
    model: LogisticModel

    def odds_ratio(self, effect: Effect) -> OddsRatio | None:
        """The model's odds ratio for the same factors and levels, None where it has none."""
        return next((odds for odds in self.model.odds_ratios if odds.changed == effect.changed), None)


@dataclass(frozen=True, slots=True)
class Report:
    """What `hanlon contrasts` shows. `trends`, `wordings` and `effects` are empty where the grid has none."""

    grids: Sequence[Grid]
    contrasts: Sequence[Contrast]
    trends: Sequence[DoseTrend]
    wordings: Sequence[OverWordings]
    effects: Sequence[GridEffects]
    attributions: Sequence[Attribution]


def report(
    cells: Sequence[CellState],
    measures: Sequence[str] | None = None,
    *,
    factors: Sequence[str] = (),
    level: float = 0.95,
    predicted: Collection[Predicted] = (),
    values: Values = no_requests,
    margin: float = MARGIN,
) -> Report:
    """Contrasts, trends over doses, means over wordings, factorial effects, and bundles taken apart.

    `margin` is the rate, as a fraction, below which a trend calls a behaviour absent; the others as in `contrasts`.
    """
    all_contrasts = contrasts(
        cells, measures, factors=factors, level=level, predicted=predicted, values=values
    )
    of_any_factor = (
        contrasts(cells, measures, level=level, predicted=predicted, values=values)
        if factors
        else all_contrasts
    )
    all_grids = grids(cells)
    by_cell = {id(cell): grid for grid in all_grids for cell in grid.cells}
    attributions = [
        _marked(attribute(by_cell[id(bundle.pair.base)], bundle, level=level, values=values), of_any_factor)
        for bundle in all_contrasts
        if bundle.pair.kind == "bundle"
    ]
    grid_effects = [
        GridEffects(grid, effects(grid, measure, factors, level), logistic(grid, measure, factors, level))
        for grid in all_grids
        if any(pairs_of(grid))
        for measure in measures_of(grid.cells[0].record, measures)
        if not factors or set(factors) - {BUNDLE}
    ]
    trends = [
        trend
        for grid in all_grids
        for measure in measures_of(grid.cells[0].record, measures)
        for trend in dose_trends(grid, measure, factors, level=level, values=values, margin=margin)
    ]
    return Report(
        all_grids,
        all_contrasts,
        trends,
        over_wordings(all_contrasts),
        [each for each in grid_effects if each.effects],
        [attribution for attribution in attributions if attribution.alone or attribution.last],
    )


def about(report: Report, keys: Collection[str]) -> Report:
    """The part of a report that is about the cells of these keys: what is about one of them among others stays.

    Nothing is computed anew: Holm's correction is over all contrasts, shown or not.
    """

    def has(contrast: Contrast) -> bool:
        return bool({contrast.pair.base.record.key, contrast.pair.treated.record.key} & set(keys))

    grid_effects = [
        replace(
            each,
            effects=[
                effect
                for effect in each.effects
                if any(cell.record.key in keys for side in effect.cells for cell in side)
            ],
        )
        for each in report.effects
    ]
    return replace(
        report,
        contrasts=[contrast for contrast in report.contrasts if has(contrast)],
        trends=[dose for dose in report.trends if any(cell.record.key in keys for cell in dose.cells)],
        wordings=[each for each in report.wordings if any(map(has, each.contrasts))],
        effects=[each for each in grid_effects if each.effects],
        attributions=[each for each in report.attributions if has(each.bundle)],
    )


def _marked(attribution: Attribution, contrasts: Sequence[Contrast]) -> Attribution:
    """A bundle's parts with what is known of the same contrasts, shown or not: predicted, and Holm's p."""
    planned = {_identity(contrast): contrast for contrast in contrasts if contrast.predicted}

    def marked(parts: Sequence[Contrast]) -> tuple[Contrast, ...]:
        planned_parts = [planned.get(_identity(part)) for part in parts]
        return tuple(
            replace(part, predicted=same.predicted, p_holm=same.p_holm) if same else part
            for part, same in zip(parts, planned_parts, strict=True)
        )

    return replace(
        attribution,
        alone=marked(attribution.alone),
        last=marked(attribution.last),
        placebos=marked(attribution.placebos),
    )


def _identity(contrast: Contrast) -> tuple[int, int, str]:
    return id(contrast.pair.base), id(contrast.pair.treated), contrast.measure
