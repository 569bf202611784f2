"""Contrasts: what a measure's rate does where cells differ in one factor, or in a prompt level that sets several.

Every contrast is treated minus base, as a fraction. A bundle says that something in it acts, and not what: its parts
are in `hanlon.analysis.contrasts.attribution`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hanlon.analysis.contrasts.grid import BUNDLE, CellPair, Grid, grids
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.comparison import Comparison, compare_episodes, compare_requests
from hanlon.analysis.stats.differences import BOSCHLOO_LIMIT, difference, holm
from hanlon.analysis.stats.rates import Rate, measures_of, rate_of
from hanlon.store.cells import CellState
from hanlon.store.tally import Count

BOSCHLOO_BUDGET = 400_000
"""The most n1 x n2, summed over the exploratory contrasts of one table, for which Boschloo's test is computed
(40 contrasts at 100 episodes each: 2 s); beyond it the whole table has Fisher's, so that no two rows differ in it."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A contrast that was predicted before the run: the keys of its cells, and the measure.

    It is `preregistered` if a hypothesis speaks of it that the user chose or made. Else it is of bundled ones that lay
    there.
    """

    base: str
    treated: str
    measure: str
    preregistered: bool = field(default=False, compare=False)

    @property
    def status(self) -> str:
        """How it was predicted, in words."""
        return "preregistered" if self.preregistered else "written down beforehand"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One contrast. `p_holm` is Holm's adjusted p over the predicted contrasts, None for an exploratory one."""

    pair: CellPair
    measure: str
    base: Rate
    treated: Rate
    comparison: Comparison
    lacks_room: str = ""
    """`floor`, `ceiling` or both: see `missing_room`."""
    predicted: Predicted | None = None
    p_holm: float | None = None

    @property
    def status(self) -> str:
        """Whether somebody wrote it down before the run, in words."""
        return self.predicted.status if self.predicted else "exploratory"

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest difference, had the exclusions of either cell gone either way."""
        return self.treated.bounds[0] - self.base.bounds[1], self.treated.bounds[1] - self.base.bounds[0]

    @property
    def exclusions_could_flip_it(self) -> bool:
        """Whether the exclusions could have made the difference zero or of the other sign."""
        value = self.comparison.difference.value
        if not value or not (self.base.excluded or self.treated.excluded):
            return False
        return self.bounds[0] <= 0 if value > 0 else self.bounds[1] >= 0

    @property
    def after_look(self) -> int:
        """The number of both cells' episodes that were added after a look at the rates."""
        return self.pair.base.tally.after_look + self.pair.treated.tally.after_look


def contrasts(
    cells: Sequence[CellState],
    measures: Sequence[str] | None = None,
    *,
    factors: Sequence[str] = (),
    level: float = 0.95,
    predicted: Collection[Predicted] = (),
    values: Values = no_requests,
) -> list[Contrast]:
    """All contrasts that the grid of these cells holds, in its order, then those that only a prediction asks for.

    See `Grid.one_factor` and `Grid.bundles`.

    Args:
        cells: what is stored.
        measures: the rates, with "all" every one; without it each environment's headline one and what was predicted.
        factors: only these ("prompt" for bundles); without it all that vary, but the wording.
        level: the confidence of the intervals.
        predicted: what was predicted before the run; Holm's family is all of it, whatever is asked for here.
        values: the cells' values by request, where they share requests; without it all episodes are independent.
    """
    all_grids = grids(cells)
    chosen = {
        _identity(pair, measure): (pair, measure)
        for grid in all_grids
        for pair in pairs_of(grid, factors)
        for measure in measures_of(pair.base.record, measures)
    }
    planned: dict[tuple[frozenset[int], str], tuple[CellPair, Predicted]] = {}
    for pair, prediction in _planned(all_grids, predicted):
        name = _identity(pair, prediction.measure)
        if name not in planned or prediction.preregistered:
            planned[name] = pair, prediction
    quick = _too_much_for_boschloo([chosen[name] for name in chosen if name not in planned])
    pairs = {name: (pair, prediction.measure) for name, (pair, prediction) in planned.items()} | chosen
    computed = [
        replace(
            contrast(pair, measure, level=level, values=values, quick=quick and name not in planned),
            predicted=planned[name][1] if name in planned else None,
        )
        for name, (pair, measure) in pairs.items()
    ]
    by_identity = {_identity(contrast.pair, contrast.measure): contrast for contrast in corrected(computed)}
    wanted = [name for name in planned if _is_wanted(*pairs[name], factors, measures)]
    return [by_identity[name] for name in dict.fromkeys([*chosen, *wanted])]


def contrast(
    pair: CellPair,
    measure: str,
    *,
    level: float = 0.95,
    values: Values = no_requests,
    quick: bool = False,
) -> Contrast:
    """One measure contrasted in one pair of cells; `quick` takes Fisher's test whatever the n."""
    base, treated = _count(pair.base, measure), _count(pair.treated, measure)
    requests = [values(cell, measure) or {} for cell in (pair.base, pair.treated)]
    comparison = compare_requests(requests, level)
    return Contrast(
        pair,
        measure,
        rate_of(pair.base.tally, measure, level),
        rate_of(pair.treated.tally, measure, level),
        comparison if comparison.units else compare_episodes((base, treated), level, quick=quick),
        missing_room(base, treated.n, level),
    )


def missing_room(base: Count, treated_n: int, level: float) -> str:
    """Where the base rate leaves no room: `floor` if even 0 cases in `treated_n` would show no fall, or `ceiling`.

    Show means that the interval of the difference leaves 0 out. Both, joined by " and ", where n is too small for
    anything; empty where there is room either way.
    """
    fall = difference(0, treated_n, base.k, base.n, level)
    rise = difference(treated_n, treated_n, base.k, base.n, level)
    return " and ".join(
        name for name, extreme in (("floor", fall), ("ceiling", rise)) if not extreme.excludes_zero
    )


def corrected(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """The same contrasts with Holm's adjusted p of the predicted ones, which are the family."""
    adjusted = iter(holm([contrast.comparison.p for contrast in contrasts if contrast.predicted]))
    return [
        replace(contrast, p_holm=next(adjusted)) if contrast.predicted else contrast for contrast in contrasts
    ]


def pairs_of(grid: Grid, factors: Sequence[str] = ()) -> list[CellPair]:
    """The pairs of one grid, of all factors or of the named ones; a bundle goes by `prompt`."""
    names = [name for name in factors if name != BUNDLE]
    single = [] if factors and not names else list(grid.one_factor(names))
    return [*single, *grid.bundles()] if not factors or BUNDLE in factors else single


def varied_factors(cells: Sequence[CellState]) -> list[str]:
    """The factors that a contrast can be asked for among these cells, and `prompt` for bundles."""
    return [*dict.fromkeys(name for grid in grids(cells) for name in grid.varied), BUNDLE]


def _identity(pair: CellPair, measure: str) -> tuple[frozenset[int], str]:
    """What identifies a contrast, whichever of its cells is the base."""
    return frozenset((id(pair.base), id(pair.treated))), measure


def _planned(
    all_grids: Sequence[Grid], predicted: Collection[Predicted]
) -> Iterator[tuple[CellPair, Predicted]]:
    """What was predicted, as far as both cells are in one grid."""
    by_key = {cell.record.key: (grid, cell) for grid in all_grids for cell in grid.cells}
    for prediction in predicted:
        if prediction.base in by_key and prediction.treated in by_key:
            (grid, base), (other, treated) = by_key[prediction.base], by_key[prediction.treated]
            pair = grid.between(base, treated) if grid is other else None
            if pair is not None and prediction.measure in base.record.measures:
                yield pair, prediction


def _is_wanted(pair: CellPair, measure: str, factors: Sequence[str], measures: Sequence[str] | None) -> bool:
    return (not factors or pair.factor in factors) and (
        measures is None or measure in measures_of(pair.base.record, measures)
    )


def _count(cell: CellState, measure: str) -> Count:
    return cell.tally.measures.get(measure, Count())


def _too_much_for_boschloo(chosen: Sequence[tuple[CellPair, str]]) -> bool:
    counts: set[tuple[Any, ...]] = set()
    for pair, measure in chosen:
        base, treated = _count(pair.base, measure), _count(pair.treated, measure)
        counts.add((base.k, base.n, treated.k, treated.n))
    sizes = [n1 * n2 for _, n1, _, n2 in counts]
    return any(size > BOSCHLOO_LIMIT for size in sizes) or sum(sizes) > BOSCHLOO_BUDGET
