"""Everything that a grid says by contrast, gathered: contrasts, means over wordings, factorial effects, bundles."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hanlon.analysis.contrasts.attribution import Attribution, attribute
from hanlon.analysis.contrasts.comparison import Pairing, unpaired
from hanlon.analysis.contrasts.contrasts import Contrast, Predicted, contrasts, measures_of, pairs_of
from hanlon.analysis.contrasts.factorial import Effect, effects
from hanlon.analysis.contrasts.grid import BUNDLE, Grid, grids
from hanlon.analysis.contrasts.logistic import LogisticModel, OddsRatio, logistic
from hanlon.analysis.contrasts.wordings import OverWordings, over_wordings
from hanlon.store.cells import CellState


@dataclass(frozen=True, slots=True)
class GridEffects:
    """The main effects and interactions of one measure in one grid, and the logistic model of the same counts."""

    grid: Grid
    effects: Sequence[Effect]
    model: LogisticModel

    def odds_ratio(self, effect: Effect) -> OddsRatio | None:
        """The model's odds ratio for the same factors and levels, None where it has none."""
        return next((one for one in self.model.odds_ratios if one.changed == effect.changed), None)


@dataclass(frozen=True, slots=True)
class Report:
    """What `hanlon contrasts` shows. `wordings` and `effects` are there where the grid has them."""

    grids: Sequence[Grid]
    contrasts: Sequence[Contrast]
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
    pairing: Pairing = unpaired,
) -> Report:
    """Contrasts, their means over wordings, factorial effects, and bundles taken apart; arguments as in `contrasts`."""
    found = contrasts(cells, measures, factors=factors, level=level, predicted=predicted, pairing=pairing)
    all_grids = grids(cells)
    by_cell = {id(cell): grid for grid in all_grids for cell in grid.cells}
    attributions = [
        _marked(attribute(by_cell[id(one.pair.base)], one, level=level, pairing=pairing), found)
        for one in found
        if one.pair.kind == "bundle"
    ]
    told = [
        GridEffects(grid, effects(grid, measure, factors, level), logistic(grid, measure, factors, level))
        for grid in all_grids
        for measure in _measures(grid, measures)
        if not factors or set(factors) - {BUNDLE}
    ]
    return Report(
        all_grids,
        found,
        over_wordings(found),
        [one for one in told if one.effects],
        [one for one in attributions if one.alone or one.last],
    )


def _marked(one: Attribution, found: Sequence[Contrast]) -> Attribution:
    """A bundle's parts with what is known of the same contrasts in the report: predicted, and Holm's p."""
    planned = {
        (id(each.pair.base), id(each.pair.treated), each.measure): each
        for each in found
        if each.preregistered
    }

    def marked(parts: Sequence[Contrast]) -> tuple[Contrast, ...]:
        same = [planned.get((id(p.pair.base), id(p.pair.treated), p.measure)) for p in parts]
        return tuple(
            replace(part, preregistered=True, p_holm=known.p_holm) if known else part
            for part, known in zip(parts, same, strict=True)
        )

    return replace(one, alone=marked(one.alone), last=marked(one.last), placebos=marked(one.placebos))


def _measures(grid: Grid, measures: Sequence[str] | None) -> list[str]:
    pair = next(iter(pairs_of(grid)), None)
    return [] if pair is None else measures_of(pair, measures)
