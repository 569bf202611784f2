"""Checks hypotheses against the cells of a sweep before its first call: factors, levels, contradictions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pkgutil import resolve_name
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from hanlon.analysis.contrasts.grid import BUNDLE, coordinates, grids
from hanlon.config.errors import ConfigError
from hanlon.config.search_path import search_path
from hanlon.hypotheses.binding import Bound, PlannedGrid, Point
from hanlon.hypotheses.fit import Counts, fit
from hanlon.hypotheses.regions import region_of
from hanlon.hypotheses.schema import Change, Hypothesis, Level, Plan, Prediction, level_text
from hanlon.hypotheses.selection import MEASURE
from hanlon.store.cells import CellState
from hanlon.store.problems import nearest
from hanlon.store.records import CellRecord

TYPICAL = 0.3
"""A rate at which predictions are tried together. Margins are shares of it."""


def check(plan: Plan, states: Sequence[CellState]) -> None:
    """Check the hypotheses of a plan.

    Raises:
        ConfigError: a factor or a level does not exist, or two predictions contradict each other in these cells.
    """
    for hypothesis in plan.hypotheses:
        name = f"hypothesis/{plan.env}/{hypothesis.name}.yaml"
        file = search_path().find(name) or f"conf/{name}"
        for problem in _unknown(hypothesis, states[0].record):
            raise ConfigError(f"{file}: {problem}")
        for grid in grids(states):
            for problem in _contradictions(PlannedGrid(grid, plan).bound[hypothesis.name]):
                raise ConfigError(f"{file}: {problem}")


def _unknown(hypothesis: Hypothesis, record: CellRecord) -> Iterator[str]:
    """Factors and levels that the environment does not have."""
    factors = {*coordinates(record), BUNDLE, MEASURE}
    levels = _levels(record)
    for name in hypothesis.leaves_open:
        yield from _no_factor("leaves_open", name, factors)
    for number, prediction in enumerate(hypothesis.predicts, start=1):
        for key, change in (("contrast", prediction.contrast), ("changed_by", prediction.changed_by)):
            if change is not None:
                yield from _unknown_in(f"predicts.{number}.{key}", change, factors, levels)
        if prediction.dose is not None:
            yield from _no_factor(f"predicts.{number}.dose", prediction.dose, factors)
        for name, wanted in prediction.where.items():
            yield from _no_factor(f"predicts.{number}.where", name, factors)
            yield from _no_level(f"predicts.{number}.where.{name}", wanted, levels.get(name, ()))
            if prediction.contrast is not None and name == prediction.factor:
                yield (
                    f"predicts.{number}.where.{name}: this factor is what the prediction changes, so no two cells of "
                    "it are at one level of it and it binds nothing. Name the levels in `from` and `to` only"
                )
        if prediction.measure is not None and prediction.measure not in record.measures:
            near = nearest(prediction.measure, record.measures)
            yield f"predicts.{number}.measure: env={record.env} does not measure '{prediction.measure}'.{near}"


def _unknown_in(
    key: str, change: Change, factors: set[str], levels: Mapping[str, Sequence[Any]]
) -> Iterator[str]:
    yield from _no_factor(f"{key}.factor", change.factor, factors)
    yield from _no_level(f"{key}.from", change.base, levels.get(change.factor, ()))
    yield from _no_level(f"{key}.to", change.to, levels.get(change.factor, ()))


def _no_factor(key: str, name: str, factors: set[str]) -> Iterator[str]:
    if name not in factors and not name.startswith("sampling."):
        yield (
            f"{key}: '{name}' is no factor of this environment.{nearest(name, factors)} There are: "
            f"{', '.join(sorted(factors))}"
        )


def _no_level(key: str, wanted: Sequence[Level], levels: Sequence[Any]) -> Iterator[str]:
    for level in wanted:
        if levels and level not in levels:
            texts = [level_text(legal) for legal in levels]
            yield (
                f"{key}: no cell can be at '{level_text(level)}', so the prediction binds nothing."
                f"{nearest(level_text(level), texts)} Levels: {', '.join(texts)}"
            )


def _levels(record: CellRecord) -> dict[str, Sequence[Any]]:
    """The levels of each factor that has a fixed list of them: the environment's, tiers and prompt levels."""
    target = record.config.get("env", {}).get("_target_")
    schema: type[BaseModel] | None = resolve_name(target).Factors if target else None
    levels: dict[str, Sequence[Any]] = {
        name: get_args(field.annotation)
        for name, field in (schema.model_fields if schema else {}).items()
        if get_origin(field.annotation) is Literal
    }
    levels["tier"] = list(search_path().files("tier"))
    levels[BUNDLE] = list(search_path().files(f"prompt/{record.env}", "*.yaml"))
    return levels


def _contradictions(bound: Bound) -> Iterator[str]:
    """Two predictions that no rates fulfil together."""
    if _is_possible(bound, bound.hypothesis.predicts):
        return
    for first, second in combinations(bound.hypothesis.predicts, 2):
        if not _is_possible(bound, (first, second)):
            yield (
                f"no rates fulfil two of its predictions together in these cells: '{first.selector} {first.text}' and "
                f"'{second.selector} {second.text}'. Change one of them, or give it a narrower `where`"
            )
    yield "no rates fulfil its predictions together in these cells: they contradict each other"


def _is_possible(bound: Bound, predictions: Sequence[Prediction]) -> bool:
    import numpy as np

    claims = [claim for claim in bound.claims if claim.prediction in predictions]
    index: dict[Point, int] = {}
    for claim in claims:
        for point in claim.points:
            index.setdefault(point, len(index))
    if not index:
        return True
    counts = Counts(np.full(len(index), 100 * TYPICAL), np.full(len(index), 100.0))
    return fit(counts, region_of(claims, index, [TYPICAL] * len(index)), steps=1) is not None
