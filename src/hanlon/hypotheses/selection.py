"""Which contrasts of a grid a prediction speaks of."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.contrasts.grid import BUNDLE, Grid, beside_the_level
from hanlon.hypotheses.schema import Change, Level, Prediction
from hanlon.store.cells import CellState, model_name
from hanlon.store.digest import as_json

MEASURE = "measure"
"""The factor of a prediction that compares two measures of the same cell."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One contrast that a prediction speaks of: base and treated cell, and of a change the two of the other pair."""

    cells: tuple[CellState, ...]
    measures: tuple[str, ...]
    dose: str | None = None
    """The factor along which the cells lie, the least number first; None for a contrast."""

    @property
    def measure(self) -> str:
        """The measure of its treated cell, which is that of all but where two measures are compared."""
        return self.measures[-1]

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """Each cell's key with its measure."""
        return tuple(
            (cell.record.key, measure) for cell, measure in zip(self.cells, self.measures, strict=True)
        )

    @property
    def label(self) -> str:
        """The cells' labels: `priority_clarified - baseline`."""
        if self.dose is not None:
            return f"{self.cells[0].record.label} to {self.cells[-1].record.label}"
        base, treated, *other = (cell.record.label for cell in self.cells)
        if base == treated:
            return f"{base}: {self.measures[1]} - {self.measures[0]}"
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
        self._points = {cell.record.key: point for cell, point in zip(grid.cells, grid.points, strict=True)}
        self._rows_of: dict[str, dict[str, dict[str, CellState]]] = {}

    def point(self, key: str) -> Mapping[str, str]:
        """The levels of a cell, as JSON."""
        return self._points[key]

    def find(self, prediction: Prediction, measure: str) -> list[Instance]:
        """The contrasts of the grid that a prediction about a measure speaks of, in the order of its cells."""
        if prediction.contrast is None:
            return self._series(prediction, measure)
        if prediction.factor == MEASURE:
            return self._measures(prediction, prediction.contrast)
        instances: list[Instance] = []
        for base, treated in self._pairs(prediction.contrast):
            if measure in base.record.measures and all(
                self._is_at(cell, prediction.where) for cell in (base, treated)
            ):
                change = prediction.changed_by
                others = [()] if change is None else self._others(base, treated, change)
                instances += [
                    Instance((base, treated, *other), (measure,) * (2 + len(other))) for other in others
                ]
        return instances

    def matching(self, where: Mapping[str, Level]) -> list[CellState]:
        """The cells at these levels."""
        wanted = {name: (level,) for name, level in where.items()}
        return [cell for cell in self.grid.cells if self._is_at(cell, wanted)]

    def _measures(self, prediction: Prediction, change: Change) -> list[Instance]:
        measures = (str(change.base[0]), str(change.to[0]))
        return [
            Instance((cell, cell), measures)
            for cell in self.grid.cells
            if self._is_at(cell, prediction.where) and all(name in cell.record.measures for name in measures)
        ]

    def _series(self, prediction: Prediction, measure: str) -> list[Instance]:
        """The cells along a factor with numbers, the least number first; one instance for each context."""
        instances: list[Instance] = []
        for row in self._rows(prediction.factor):
            doses = {number: cell for level, cell in row.items() if (number := _number(level)) is not None}
            cells = [doses[number] for number in sorted(doses)]
            if len(cells) > 1 and all(
                measure in cell.record.measures and self._is_at(cell, prediction.where) for cell in cells
            ):
                instances.append(Instance(tuple(cells), (measure,) * len(cells), prediction.factor))
        return instances

    def _pairs(self, change: Change) -> Iterator[tuple[CellState, CellState]]:
        for row in self._rows(change.factor):
            for base_level in change.base:
                for level in change.to:
                    base, treated = row.get(as_json(base_level)), row.get(as_json(level))
                    if base is not None and treated is not None and base is not treated:
                        yield base, treated

    def _others(
        self, base: CellState, treated: CellState, change: Change
    ) -> Iterator[tuple[CellState, CellState]]:
        """The pairs that another factor's change makes of a pair."""
        if self._level(base, change.factor) not in [as_json(level) for level in change.base]:
            return
        for to in change.to:
            first, second = (self._moved(cell, change.factor, to) for cell in (base, treated))
            if first is not None and second is not None:
                yield first, second

    def _moved(self, cell: CellState, factor: str, level: Level) -> CellState | None:
        return self._rows_by_cell(factor).get(cell.record.key, {}).get(as_json(level))

    def _rows(self, factor: str) -> Sequence[Mapping[str, CellState]]:
        """The cells that are alike in everything but one factor, by their level of it."""
        return list({id(row): row for row in self._rows_by_cell(factor).values()}.values())

    def _rows_by_cell(self, factor: str) -> dict[str, dict[str, CellState]]:
        """For each cell (by key) its row: see `_rows`."""
        if factor not in self._rows_of:
            rows: dict[tuple[str, ...], dict[str, CellState]] = defaultdict(dict)
            by_cell = self._rows_of[factor] = {}
            for cell in self.grid.cells:
                level = self._level(cell, factor)
                if level is not None:
                    row = by_cell[cell.record.key] = rows[self._beside(cell, factor)]
                    row[level] = cell
        return self._rows_of[factor]

    def _beside(self, cell: CellState, factor: str) -> tuple[str, ...]:
        if factor == BUNDLE:
            return beside_the_level(cell.record)
        return tuple(level for name, level in self._points[cell.record.key].items() if name != factor)

    def _level(self, cell: CellState, factor: str) -> str | None:
        if factor == BUNDLE:
            return as_json(cell.record.prompt)
        return self._points[cell.record.key].get(factor)

    def _is_at(self, cell: CellState, where: Mapping[str, Sequence[Any]]) -> bool:
        return all(
            self._level(cell, name) in [as_json(level) for level in levels] for name, levels in where.items()
        )


def _number(level: str) -> float | None:
    """A level (as JSON) as a number, None where it is none."""
    value = msgspec.json.decode(level)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
