"""Which contrasts of a grid a prediction speaks of."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.contrasts.grid import BUNDLE, Grid, beside_the_level
from hanlon.hypotheses.schema import Change, Level, Prediction
from hanlon.store.cells import CellState, model_name
from hanlon.store.digest import as_json


@dataclass(frozen=True, slots=True)
class Instance:
    """One contrast that a prediction speaks of: base and treated cell, and of a change the two of the other pair."""

    cells: tuple[CellState, ...]
    measure: str

    @property
    def key(self) -> tuple[Any, ...]:
        """Identifies the contrast: equal for two predictions about the same one."""
        return (*(cell.record.key for cell in self.cells), self.measure)

    @property
    def label(self) -> str:
        """The cells' labels: `priority_clarified - baseline`."""
        base, treated, *other = (cell.record.label for cell in self.cells)
        first = f"{treated} - {base}"
        return f"({other[1]} - {other[0]}) - ({first})" if other else first

    @property
    def model(self) -> str:
        """The model of all its cells; a simulated one says so."""
        return model_name(self.cells[0].record)


class Selector:
    """Finds the contrasts of predictions in one grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._points = {id(cell): point for cell, point in zip(grid.cells, grid.points, strict=True)}
        self._rows_of: dict[str, dict[int, dict[str, CellState]]] = {}

    def find(self, prediction: Prediction) -> list[Instance]:
        """The contrasts of the grid that a prediction speaks of, in the order of its cells."""
        second = prediction.changed_by or prediction.compared_with
        moves_apart = prediction.compared_with is not None
        instances: list[Instance] = []
        for base, treated in self._pairs(prediction.contrast):
            if prediction.measure not in base.record.measures or not all(
                self._is_at(cell, prediction.where) for cell in (base, treated)
            ):
                continue
            others = [()] if second is None else self._others(base, treated, second, moves_apart=moves_apart)
            instances += [Instance((base, treated, *other), prediction.measure) for other in others]
        return instances

    def matching(self, where: Mapping[str, Level]) -> list[CellState]:
        """The cells at these levels."""
        wanted = {name: (level,) for name, level in where.items()}
        return [cell for cell in self.grid.cells if self._is_at(cell, wanted)]

    def _pairs(self, change: Change) -> Iterator[tuple[CellState, CellState]]:
        for row in self._rows(change.factor):
            for base_level in change.base:
                for level in change.to:
                    base, treated = row.get(as_json(base_level)), row.get(as_json(level))
                    if base is not None and treated is not None and base is not treated:
                        yield base, treated

    def _others(
        self, base: CellState, treated: CellState, change: Change, *, moves_apart: bool
    ) -> Iterator[tuple[CellState, CellState]]:
        """The pair that another factor's change makes of a pair, or the one at other levels of the same factor."""
        for to in change.to:
            for origin in change.base:
                if moves_apart:
                    pair = self._moved(base, change.factor, origin), self._moved(treated, change.factor, to)
                elif self._level(base, change.factor) == as_json(origin):
                    pair = self._moved(base, change.factor, to), self._moved(treated, change.factor, to)
                else:
                    continue
                if pair[0] is not None and pair[1] is not None:
                    yield pair[0], pair[1]

    def _moved(self, cell: CellState, factor: str, level: Level) -> CellState | None:
        return self._rows_by_cell(factor).get(id(cell), {}).get(as_json(level))

    def _rows(self, factor: str) -> Sequence[Mapping[str, CellState]]:
        """The cells that are alike in everything but one factor, by their level of it."""
        return list({id(row): row for row in self._rows_by_cell(factor).values()}.values())

    def _rows_by_cell(self, factor: str) -> dict[int, dict[str, CellState]]:
        """For each cell (by id) its row: see `_rows`."""
        if factor not in self._rows_of:
            rows: dict[tuple[str, ...], dict[str, CellState]] = defaultdict(dict)
            by_cell = self._rows_of[factor] = {}
            for cell in self.grid.cells:
                level = self._level(cell, factor)
                if level is not None:
                    row = by_cell[id(cell)] = rows[self._beside(cell, factor)]
                    row[level] = cell
        return self._rows_of[factor]

    def _beside(self, cell: CellState, factor: str) -> tuple[str, ...]:
        if factor == BUNDLE:
            return beside_the_level(cell.record)
        return tuple(level for name, level in self._points[id(cell)].items() if name != factor)

    def _level(self, cell: CellState, factor: str) -> str | None:
        if factor == BUNDLE:
            return as_json(cell.record.prompt)
        return self._points[id(cell)].get(factor)

    def _is_at(self, cell: CellState, where: Mapping[str, Sequence[Level]]) -> bool:
        return all(
            self._level(cell, name) in [as_json(level) for level in levels] for name, levels in where.items()
        )
