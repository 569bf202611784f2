"""Which clause did it? Takes a bundled prompt apart, as far as the grid has its parts.

The bundle's effect alone cannot say which of its factors acts. Beside it stand the effect of each factor alone, of each
factor added last, their interaction, and a placebo: a text of the same length that says nothing of the matter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast, contrast
from hanlon.analysis.contrasts.factorial import Effect, effect_of
from hanlon.analysis.contrasts.grid import CellPair, Grid
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.comparison import FISHER
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json

PLACEBO = "placebo"
"""The level of a factor that has the form of the others and none of their meaning."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """A bundle and its parts. Contrasts and interactions start from the bundle's base cell; `last` does not.

    `alone` changes one factor of the base. `last` changes one factor of the cell that has all the others already.
    `untested` are the factors for which the grid has neither cell, so that their effect is not known.
    """

    bundle: Contrast
    alone: tuple[Contrast, ...]
    last: tuple[Contrast, ...]
    interactions: tuple[Effect, ...]
    placebos: tuple[Contrast, ...]
    untested: tuple[str, ...]


def attribute(
    grid: Grid, bundle: Contrast, *, level: float = 0.95, values: Values = no_requests
) -> Attribution:
    """Take a bundle apart as far as its grid allows."""
    parts = _Parts(grid, bundle.pair)

    def measured(pairs: Sequence[CellPair]) -> tuple[Contrast, ...]:
        quick = bundle.comparison.test == FISHER
        return tuple(
            contrast(pair, bundle.measure, level=level, values=values, quick=quick) for pair in pairs
        )

    alone, last = parts.alone(), parts.last()
    tested = {pair.factor for pair in (*alone, *last)}
    return Attribution(
        bundle,
        measured(alone),
        measured(last),
        tuple(parts.interactions(bundle.measure, level)),
        measured(parts.placebos()),
        tuple(name for name in bundle.pair.changed if name not in tested),
    )


class _Parts:
    """The cells between a bundle's base and its treated cell."""

    def __init__(self, grid: Grid, pair: CellPair) -> None:
        self._grid = grid
        self._pair = pair
        self._positions = {name: position for position, name in enumerate(grid.varied)}
        self._base = next(point for point, cell in grid.by_point.items() if cell is pair.base)

    def _at(self, changed: Mapping[str, Any]) -> CellState | None:
        """The cell that differs from the base in these factors."""
        point = list(self._base)
        for name, value in changed.items():
            point[self._positions[name]] = as_json(value)
        return self._grid.by_point.get(tuple(point))

    def _pair_of(
        self, name: str, base: CellState | None, treated: CellState | None, level: Any
    ) -> list[CellPair]:
        """The pair of two cells that differ in one factor. Empty if a cell is missing."""
        if base is None or treated is None:
            return []
        if name in self._pair.changed:
            changed = {name: (self._pair.changed[name][0], level)}
        else:
            changed = self._grid.changed(base, treated)
        return [CellPair("factor", name, base, treated, changed, self._pair.held)]

    def alone(self) -> list[CellPair]:
        return [
            pair
            for name, (_, level) in self._pair.changed.items()
            for pair in self._pair_of(name, self._pair.base, self._at({name: level}), level)
        ]

    def last(self) -> list[CellPair]:
        """Each factor on top of all the others; for a bundle of two that starts from the other alone."""
        full = {name: level for name, (_, level) in self._pair.changed.items()}
        return [
            pair
            for name, level in full.items()
            for pair in self._pair_of(
                name, self._at({k: v for k, v in full.items() if k != name}), self._pair.treated, level
            )
        ]

    def interactions(self, measure: str, level: float) -> Iterator[Effect]:
        for (first, (_, to)), (second, (_, second_to)) in combinations(self._pair.changed.items(), 2):
            moves = ({first: to}, {second: second_to}, {first: to, second: second_to})
            cells = [self._pair.base, *(self._at(moved) for moved in moves)]
            corners = tuple(cell for cell in cells if cell is not None)
            if len(corners) == len(cells):
                changed = {name: self._pair.changed[name] for name in (first, second)}
                yield effect_of("interaction", changed, measure, [corners], 1, level)

    def placebos(self) -> list[CellPair]:
        return [
            pair
            for name, levels in self._grid.varied.items()
            if as_json(PLACEBO) in levels
            for pair in self._pair_of(name, self._pair.base, self._at({name: PLACEBO}), PLACEBO)
        ]
