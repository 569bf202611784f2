"""Main effects and interactions of a grid, full or partial, on the probability scale.

A main effect is the average of the one-factor contrasts over all contexts (levels of the other factors) in which both
cells are there; an interaction is the average of the differences between two such contrasts. The averages are not
weighted by n: the contexts were chosen, not drawn.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, Literal

import msgspec

from hanlon.analysis.contrasts.grid import RANDOM, Grid
from hanlon.analysis.stats.differences import Difference, Term, inverted_p, linear_combination
from hanlon.store.cells import CellState
from hanlon.store.tally import Count

Kind = Literal["main effect", "interaction"]
Corners = tuple[CellState, ...]
"""The cells of one context: (base, treated), or (neither, first, second, both)."""
SIGNS: dict[Kind, tuple[int, ...]] = {"main effect": (-1, 1), "interaction": (1, -1, -1, 1)}


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. `changed` holds each of its factors with its two levels. An interaction is a fraction in [-2, 2].

    `contexts` are the combinations of the other factors' levels that it is averaged over, of `possible` ones.
    """

    kind: Kind
    changed: Mapping[str, tuple[Any, Any]]
    measure: str
    estimate: Difference
    p: float
    contexts: int
    possible: int
    cells: tuple[Corners, ...]


def effects(grid: Grid, measure: str, factors: Sequence[str] = (), level: float = 0.95) -> list[Effect]:
    """The main effects and two-way interactions that the grid can tell, of all its factors or of the named ones.

    A factor whose contrast stands in one context only (but for the wording) has no main effect: it is that contrast.
    Episodes are taken as independent, also where cells share their requests.
    """
    named = [name for name in grid.varied if name in factors or not factors]
    moved = [(name, level_to) for name in named if name not in RANDOM for level_to in grid.varied[name][1:]]
    mains = (_effect(grid, measure, level, (move,)) for move in moved)
    pairs = (
        _effect(grid, measure, level, (first, second))
        for first, second in combinations(moved, 2)
        if first[0] != second[0]
    )
    return [effect for effect in (*mains, *pairs) if effect is not None]


def _effect(grid: Grid, measure: str, level: float, moved: tuple[tuple[str, str], ...]) -> Effect | None:
    kind: Kind = "main effect" if len(moved) == 1 else "interaction"
    names = list(grid.varied)
    contexts = dict(corners_of(grid, moved))
    fixed = [position for position, name in enumerate(names) if name in RANDOM or name in dict(moved)]
    apart = {tuple(at for position, at in enumerate(point) if position not in fixed) for point in contexts}
    if not contexts or (kind == "main effect" and len(apart) < 2):
        return None
    possible = prod(len(levels) for name, levels in grid.varied.items() if name not in dict(moved))
    changed = {
        name: (msgspec.json.decode(grid.varied[name][0]), msgspec.json.decode(to)) for name, to in moved
    }
    return effect_of(kind, changed, measure, list(contexts.values()), possible, level)


def corners_of(grid: Grid, moved: tuple[tuple[str, str], ...]) -> Iterator[tuple[tuple[str, ...], Corners]]:
    """Each context in which all corners are there: the point with the moved factors at their reference, its corners.

    `moved` holds one or two factors, each with the level (as JSON) that it is moved to.
    """
    names = list(grid.varied)
    moves = [(names.index(name), grid.varied[name][0], to) for name, to in moved]
    for point in grid.by_point:
        if any(point[position] != reference for position, reference, _ in moves):
            continue
        corners: list[CellState] = []
        for which in range(2 ** len(moves)):
            at = list(point)
            for bit, (position, _, to) in enumerate(moves):
                if which >> bit & 1:
                    at[position] = to
            cell = grid.by_point.get(tuple(at))
            if cell is None:
                break
            corners.append(cell)
        else:
            yield point, tuple(corners)


def effect_of(
    kind: Kind,
    changed: Mapping[str, tuple[Any, Any]],
    measure: str,
    contexts: Sequence[Corners],
    possible: int,
    level: float = 0.95,
) -> Effect:
    """The effect that the corners of some contexts make, each context with the same weight."""
    weights: dict[int, float] = defaultdict(float)
    cells: dict[int, CellState] = {}
    for corners in contexts:
        for sign, cell in zip(SIGNS[kind], corners, strict=True):
            weights[id(cell)] += sign / len(contexts)
            cells[id(cell)] = cell
    counts = {key: cell.tally.measures.get(measure, Count()) for key, cell in cells.items()}
    terms = [Term(weight, counts[key].k, counts[key].n) for key, weight in weights.items()]

    def interval(at: float) -> Difference:
        return linear_combination(terms, at)

    return Effect(
        kind,
        changed,
        measure,
        interval(level),
        inverted_p(interval),
        len(contexts),
        possible,
        tuple(contexts),
    )
