"""What one hypothesis says of the rates of one grid: which cells each of its predictions binds, and which are alike.

A rate is that of one measure in one cell. By default those are the headline measure's; a prediction that compares two
measures (`contrast: {factor: measure, ...}`) adds the other one in the cells that it selects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hanlon.analysis.contrasts.grid import Grid
from hanlon.hypotheses.schema import Behaviour, Hypothesis, Plan, Prediction
from hanlon.hypotheses.selection import MEASURE, Instance, Selector
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json

Point = tuple[str, str]
"""A cell's key and a measure."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A prediction about one contrast of a grid: `points` are base and treated, twice where differences are compared.

    `number` is the prediction's position in its hypothesis.
    """

    number: int
    prediction: Prediction
    instance: Instance

    @property
    def points(self) -> tuple[Point, ...]:
        """The rates that it binds, as `instance` has them."""
        return self.instance.points


@dataclass(frozen=True)
class PlannedGrid:
    """A grid, what is to be explained in it, and its cells that are controls."""

    grid: Grid
    plan: Plan

    @property
    def behaviour(self) -> Behaviour:
        """What is to be explained; without hypotheses the environment's headline measure."""
        headline = next(iter(self.grid.cells[0].record.measures))
        return self.plan.behaviour or Behaviour(measures=(headline,), word=headline)

    @cached_property
    def selector(self) -> Selector:
        """Finds contrasts."""
        return Selector(self.grid)

    @cached_property
    def controls(self) -> frozenset[str]:
        """The keys of the control cells. They bind only predictions that name them."""
        return frozenset(
            cell.record.key for gate in self.plan.gates for cell in self.selector.matching(gate.where)
        )

    @cached_property
    def bound(self) -> Mapping[str, "Bound"]:
        """What each hypothesis says of this grid."""
        return {hypothesis.name: Bound(self, hypothesis) for hypothesis in self.plan.hypotheses}

    @cached_property
    def points(self) -> list[Point]:
        """All rates that are to be explained: the headline measure's, and others that some hypothesis compares."""
        headline = self.behaviour.measures[0]
        cells = [
            cell.record
            for cell in self.grid.cells
            if cell.record.key not in self.controls and headline in cell.record.measures
        ]
        compared = [
            point
            for bound in self.bound.values()
            for claim in bound.claims
            if claim.prediction.factor == MEASURE
            for point in claim.points
        ]
        return list(dict.fromkeys([*((record.key, headline) for record in cells), *compared]))


@dataclass(frozen=True)
class Bound:
    """What one hypothesis says of a grid."""

    planned: PlannedGrid
    hypothesis: Hypothesis

    @cached_property
    def effect_levels(self) -> dict[str, set[str]]:
        """The levels (as JSON) of each factor that have an effect by it, or may have."""
        levels: dict[str, set[str]] = {}
        for prediction in self.hypothesis.predicts:
            if prediction.contrast is None or not prediction.sets_apart:
                continue
            change = prediction.changed_by or prediction.contrast
            levels.setdefault(change.factor, set()).update(map(as_json, change.to))
        return levels

    @cached_property
    def doses(self) -> set[str]:
        """The factors of which it says that each level may have another rate."""
        return {prediction.dose for prediction in self.hypothesis.predicts if prediction.dose is not None}

    @cached_property
    def claims(self) -> list[Claimed]:
        """Its predictions, each about every contrast of the grid that lies in its scope."""
        return [
            Claimed(number, prediction, instance)
            for number, prediction in enumerate(self.hypothesis.predicts)
            for instance in self.planned.selector.find(prediction, self._measure(prediction))
            if all(self._is_in_scope(cell, prediction) for cell in instance.cells)
        ]

    @cached_property
    def alike(self) -> list[list[Point]]:
        """The rates of the grid, those together that are equal by it: what it does not name plays no part."""
        classes: dict[tuple[object, ...], list[Point]] = {}
        for point in self.planned.points:
            classes.setdefault(self._class(point), []).append(point)
        return _united(list(classes.values()), [c for c in self.claims if c.prediction.claim == "no_effect"])

    @cached_property
    def alike_but_open(self) -> list[list[Point]]:
        """The same, but for levels of factors that it leaves open."""
        groups: dict[tuple[object, ...], list[Point]] = {}
        for number, group in enumerate(self.alike):
            for point in group:
                levels = self.planned.selector.point(point[0])
                opened = tuple(levels.get(factor) for factor in self.hypothesis.leaves_open)
                groups.setdefault((number, *opened), []).append(point)
        return list(groups.values())

    def _class(self, point: Point) -> tuple[object, ...]:
        key, measure = point
        levels = self.planned.selector.point(key)
        named = {
            factor: level
            for factor, level in levels.items()
            if factor in self.doses or level in self.effect_levels.get(factor, ())
        }
        compared = measure if MEASURE in self.effect_levels else ""
        return (key in self.planned.controls and key, compared, *sorted(named.items()))

    def _measure(self, prediction: Prediction) -> str:
        return prediction.measure or self.planned.behaviour.measures[0]

    def _is_in_scope(self, cell: CellState, prediction: Prediction) -> bool:
        """Whether all other factors of a cell are at levels that change nothing by this hypothesis."""
        named = {prediction.factor, *prediction.where}
        if prediction.changed_by:
            named.add(prediction.changed_by.factor)
        if cell.record.key in self.planned.controls and not self._names_control(cell, prediction):
            return False
        if prediction.factor == "prompt":
            return True
        levels = self.planned.selector.point(cell.record.key)
        return not any(
            levels.get(factor) in effective
            for factor, effective in self.effect_levels.items()
            if factor not in named
        )

    def _names_control(self, cell: CellState, prediction: Prediction) -> bool:
        wheres = (
            gate.where
            for gate in self.planned.plan.gates
            if cell in self.planned.selector.matching(gate.where)
        )
        return any(set(where) <= {prediction.factor, *prediction.where} for where in wheres)


def bound_factors(hypotheses: Sequence[Hypothesis]) -> Iterator[str]:
    """The factors that hypotheses name anywhere, those that they leave open included."""
    for hypothesis in hypotheses:
        yield from hypothesis.leaves_open
        for prediction in hypothesis.predicts:
            yield prediction.factor
            yield from prediction.where
            if prediction.changed_by:
                yield prediction.changed_by.factor


def _united(classes: list[list[Point]], claims: Sequence[Claimed]) -> list[list[Point]]:
    """Unite the classes of which a prediction says that they do not differ."""
    for claim in claims:
        if len(claim.points) != 2:  # a claim about differences
            continue
        together = [group for group in classes if set(group) & set(claim.points)]
        if len(together) > 1:
            classes = [group for group in classes if group not in together]
            classes.append([point for group in together for point in group])
    return classes
