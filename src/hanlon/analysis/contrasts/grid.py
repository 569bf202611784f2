"""The grid of stored cells: which of them differ in exactly one factor, and which in a bundle of several.

Only cells of the same environment, model, endpoint and protocol are ever compared. What they may differ in are the
environment's factors, the tier, the seed, and what is sent with each call (`sampling.<name>`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import msgspec

from hanlon.environments.tier import TIER_FACTS
from hanlon.store.cells import CellState
from hanlon.store.contract import WORDING
from hanlon.store.digest import as_json
from hanlon.store.records import CellRecord

BUNDLE = "prompt"
"""The name under which cells of two prompt levels that differ in several factors are contrasted."""
RANDOM = (WORDING,)
"""Factors whose levels stand for all the others that might have been written: averaged over, not contrasted."""
TIER = "tier"
_SAYS_NOTHING = ("null", '"none"', '"silent"', '"unsaid"', "false")
_FIRST_LEVEL = "baseline"


@dataclass(frozen=True, slots=True)
class CellPair:
    """Two cells to contrast. `changed` holds each factor that differs, with its level in `base` and in `treated`."""

    kind: Literal["factor", "bundle"]
    factor: str
    base: CellState
    treated: CellState
    changed: Mapping[str, tuple[Any, Any]]
    held: Mapping[str, Any]
    """What varies in the grid but not between these two."""

    @property
    def levels(self) -> tuple[Any, Any]:
        """The factor's level, or the prompt's, in the base and in the treated cell."""
        if self.kind == "bundle":
            return self.base.record.prompt, self.treated.record.prompt
        return self.changed[self.factor]


@dataclass(frozen=True)
class Grid:
    """The cells of one environment, model, endpoint and protocol by their coordinates.

    `older` are cells that have the coordinates of a newer one (another edition of a text, another sandbox): they are
    not contrasted, since nothing says which of the others they belong to.
    """

    cells: Sequence[CellState]
    points: Sequence[Mapping[str, str]]
    """The coordinates of each cell, as JSON; every point has the same names."""
    no_effect: Mapping[str, str]
    """Each factor's no-effect value, as JSON, as far as a record states it."""
    older: Sequence[CellState] = ()

    @cached_property
    def varied(self) -> dict[str, list[str]]:
        """Each factor of which the grid has several levels (as JSON), the reference level first."""
        levels: dict[str, Counter[str]] = defaultdict(Counter)
        for point in self.points:
            for name, level in point.items():
                levels[name][level] += 1
        return {name: self._ordered(name, counts) for name, counts in levels.items() if len(counts) > 1}

    @cached_property
    def by_point(self) -> dict[tuple[str, ...], CellState]:
        """Each cell by its levels of the `varied` factors."""
        return {
            tuple(point[name] for name in self.varied): cell
            for point, cell in zip(self.points, self.cells, strict=True)
        }

    def _ordered(self, name: str, counts: Counter[str]) -> list[str]:
        """Sort a factor's levels. The first is the reference from which contrasts start.

        It is the stated no-effect value, else a level that says nothing, else the level of most cells. A tier that does
        not train comes before one that does, so that a contrast is free minus paid, as in `hanlon gaps`.
        """
        stated = self.no_effect.get(name)
        facts = self._tier_facts if name == TIER else {}

        def order(level: str) -> tuple[Any, ...]:
            number = msgspec.json.decode(level)
            numeric = number if isinstance(number, (int, float)) else 0
            trains = facts.get(level, ())
            return (level != stated, level not in _SAYS_NOTHING, trains, -counts[level], numeric, level)

        return sorted(counts, key=order)

    @cached_property
    def _tier_facts(self) -> dict[str, tuple[bool, ...]]:
        """For each level of the tier, as JSON: whether it trains, is rated and is monitored."""
        return {
            point[TIER]: tuple(bool(tier.get(fact)) for fact in TIER_FACTS)
            for cell, point in zip(self.cells, self.points, strict=True)
            if TIER in point and (tier := cast("dict[str, Any]", cell.record.config.get("tier") or {}))
        }

    def one_factor(self, only: Sequence[str] = ()) -> Iterator[CellPair]:
        """Each pair that differs in one factor: from its reference level, or the nearest that is there, to each other.

        `only` names the factors wanted; without it all but the `RANDOM` ones.
        """
        names = list(self.varied)
        for position, name in enumerate(names):
            if name not in only if only else name in RANDOM:
                continue
            rows: dict[tuple[str, ...], dict[str, CellState]] = defaultdict(dict)
            for point, cell in self.by_point.items():
                rows[point[:position] + point[position + 1 :]][point[position]] = cell
            others = names[:position] + names[position + 1 :]
            for rest, row in rows.items():
                base, *treated = [level for level in self.varied[name] if level in row]
                held = {other: _decoded(level) for other, level in zip(others, rest, strict=True)}
                for level in treated:
                    changed = {name: (_decoded(base), _decoded(level))}
                    yield CellPair("factor", name, row[base], row[level], changed, held)

    def bundles(self) -> Iterator[CellPair]:
        """Pairs of cells whose prompt levels differ in several factors and that are otherwise alike.

        Rows are cells with the same settings beside the prompt level. The first cell of a row that lacks the first
        level is paired with the nearest cell of a row that has it, if they agree in these settings all the same:
        `palisade_e`, which is in the system message, with `priority_clarified+placement=system`.
        """
        rows: dict[tuple[str, ...], list[CellState]] = defaultdict(list)
        for cell in self.cells:
            rows[beside_the_level(cell.record)].append(cell)
        first = self._first_level()
        with_first = [
            cell for row in rows.values() if any(c.record.prompt == first for c in row) for cell in row
        ]
        for row in rows.values():
            base = next((cell for cell in row if cell.record.prompt == first), row[0])
            if base.record.prompt != first and (nearest := self._nearest(base, with_first)):
                yield nearest
            pairs = (self.between(base, cell) for cell in row if cell.record.prompt != base.record.prompt)
            yield from (pair for pair in pairs if pair and pair.kind == "bundle")

    def _nearest(self, treated: CellState, cells: Sequence[CellState]) -> CellPair | None:
        """The smallest bundle from one of these cells that changes nothing which either sets beside its level."""
        pairs = [pair for cell in cells if (pair := self.between(cell, treated)) and pair.kind == "bundle"]
        alike = [
            pair for pair in pairs if not set(pair.changed) & (_set_beside(pair.base) | _set_beside(treated))
        ]
        return min(alike, key=lambda pair: len(pair.changed), default=None)

    def between(self, base: CellState, treated: CellState) -> CellPair | None:
        """Any two cells of the grid as a pair, of one factor or a bundle; None where no factor tells them apart."""
        changed = self.changed(base, treated)
        if not changed:
            return None
        point = next(point for cell, point in zip(self.cells, self.points, strict=True) if cell is base)
        held = {name: _decoded(point[name]) for name in self.varied if name not in changed}
        single = len(changed) == 1
        kind, factor = ("factor", next(iter(changed))) if single else ("bundle", BUNDLE)
        return CellPair(kind, factor, base, treated, changed, held)

    def changed(self, base: CellState, treated: CellState) -> dict[str, tuple[Any, Any]]:
        """Each factor in which two cells of the grid differ, with its two levels; none for two editions of one cell."""
        points = [
            point
            for cell in (base, treated)
            for point, other in zip(self.points, self.cells, strict=True)
            if other is cell
        ]
        return _changed(*points) if len(points) == 2 else {}

    def _first_level(self) -> str:
        prompts = Counter(cell.record.prompt for cell in self.cells)
        return _FIRST_LEVEL if _FIRST_LEVEL in prompts else prompts.most_common(1)[0][0]


def grids(cells: Sequence[CellState]) -> list[Grid]:
    """The grids that stored cells make, one for each environment, model, endpoint and protocol."""
    groups: dict[tuple[Any, ...], list[CellState]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: cell.record.created_at):
        groups[subject(cell.record)].append(cell)
    return [_grid(group) for group in groups.values()]


def subject(record: CellRecord) -> tuple[Any, ...]:
    """What is the same in all cells of a grid: environment, model, endpoint and protocol."""
    return record.env, record.model, record.endpoint, record.protocol, record.simulated


def _grid(cells: Sequence[CellState]) -> Grid:
    """The grid of these cells, the oldest first."""
    no_effect = {name: as_json(value) for cell in cells for name, value in cell.record.no_effect.items()}
    points = _filled([coordinates(cell.record) for cell in cells], no_effect)
    newest = {tuple(point.values()): number for number, point in enumerate(points)}
    kept = sorted(newest.values())
    older = [cell for number, cell in enumerate(cells) if number not in set(kept)]
    return Grid([cells[number] for number in kept], [points[number] for number in kept], no_effect, older)


def coordinates(record: CellRecord) -> dict[str, str]:
    """A cell's place in its grid: every factor, the seed and what is sent with each call, as JSON."""
    model = cast(Mapping[str, Any], record.config.get("model", {}))
    sampling = cast(Mapping[str, Any], model.get("sampling", {}))
    sent = {f"sampling.{name}": value for name, value in sampling.items()}
    if extra := model.get("extra_body"):
        sent["sampling.extra_body"] = extra
    seed = {"seed": record.config["seed"]} if "seed" in record.config else {}
    return {name: as_json(value) for name, value in (record.factors | sent | seed).items()}


def _filled(points: list[dict[str, str]], no_effect: Mapping[str, str]) -> list[dict[str, str]]:
    """Give cells from before a factor existed its no-effect value, or null where nobody states one."""
    names = dict.fromkeys(name for point in points for name in point)
    return [{name: point.get(name, no_effect.get(name, "null")) for name in names} for point in points]


def beside_the_level(record: CellRecord) -> tuple[str, ...]:
    """What a cell has beside its prompt level: the label's other parts, and what is sent with each call."""
    sent = [
        f"{name}={level}"
        for name, level in coordinates(record).items()
        if name == "seed" or name.startswith("sampling.")
    ]
    return (record.label.removeprefix(record.prompt), *sorted(sent))


def _set_beside(cell: CellState) -> set[str]:
    """The factors that a cell sets beside its prompt level."""
    return {part.partition("=")[0] for part in cell.record.label.split("+")[1:]}


def _changed(origin: Mapping[str, str], point: Mapping[str, str]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (_decoded(origin[name]), _decoded(level))
        for name, level in point.items()
        if origin[name] != level
    }


def _decoded(level: str) -> Any:
    return msgspec.json.decode(level)
