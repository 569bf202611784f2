"""Factors whose levels are numbers: the rate over the dose, in each context in which all else is equal."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from hanlon.analysis.contrasts.grid import RANDOM, Grid
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.trend import (
    Break,
    Trend,
    below_margin,
    breaks,
    cochran_armitage,
    trend_by_request,
)
from hanlon.store.cells import CellState
from hanlon.store.contract import WORDING
from hanlon.store.digest import as_json
from hanlon.store.tally import Count

LABELS = ("seed", *RANDOM)
"""Factors whose numbers name something and measure nothing."""
LEAST_LEVELS = 3
"""Fewer have no order to speak of: two levels are a contrast."""
MARGIN = 0.05
"""The rate, as a fraction, below which a behaviour counts as absent."""


@dataclass(frozen=True, slots=True)
class DoseSeries:
    """The cells of one context in the order of their dose; `held` is what varies in the grid and not among them."""

    factor: str
    levels: tuple[float, ...]
    cells: tuple[CellState, ...]
    held: Mapping[str, Any]

    def counts(self, measure: str) -> dict[float, Count]:
        """The counts at each level that has a countable episode."""
        counted = zip(self.levels, self.cells, strict=True)
        counts = {level: cell.tally.measures.get(measure, Count()) for level, cell in counted}
        return {level: count for level, count in counts.items() if count.n}


@dataclass(frozen=True, slots=True)
class DoseTrend:
    """What a measure does over the levels of one factor, in one context; a series for each wording.

    `counts` are summed over the wordings, at the levels that all of them have. `below` are the levels whose rate is
    shown to be below `margin`, from the end of the low rates. `breaks_p` is the p of a monotone rate. Where nothing can
    be tested, `trend` is None and `problem` says why.
    """

    measure: str
    series: tuple[DoseSeries, ...]
    counts: Mapping[float, Count]
    level: float
    trend: Trend | None = None
    z_by_wording: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    breaks: tuple[Break, ...] = ()
    breaks_p: float = 1.0
    below: tuple[float, ...] = ()
    margin: float = MARGIN
    problem: str = ""

    @property
    def factor(self) -> str:
        """The factor's name; of settings that are nested, with the path to the number."""
        return self.series[0].factor

    @property
    def cells(self) -> list[CellState]:
        """The cells of all wordings."""
        return [cell for series in self.series for cell in series.cells]

    @property
    def held(self) -> dict[str, Any]:
        """What varies in the grid and not here, but for the wording."""
        return {name: level for name, level in self.series[0].held.items() if name not in RANDOM}

    @property
    def direction(self) -> str:
        """`rises`, `falls`, or nothing where no trend is shown at the confidence asked for."""
        if self.trend is None or self.trend.z is None or self.trend.p >= 1 - self.level:
            return ""
        return "rises" if self.trend.z > 0 else "falls"


def dose_series(grid: Grid, factor: str) -> list[DoseSeries]:
    """The cells of each context (wording included) by dose; none where the factor has not three numbers for levels.

    A context that has fewer levels than the grid gives a shorter series.
    """
    name, numbers = _numbers(grid, factor)
    if not _is_ordered(numbers):
        return []
    rows: dict[tuple[str, ...], list[tuple[float, CellState]]] = defaultdict(list)
    others = [other for other in grid.varied if other != factor]
    position = list(grid.varied).index(factor)
    for point, cell in grid.by_point.items():
        level = cast(float, numbers[point[position]])
        rows[point[:position] + point[position + 1 :]].append((level, cell))
    return [
        DoseSeries(
            name,
            *_sorted(row),
            {other: msgspec.json.decode(at) for other, at in zip(others, rest, strict=True)},
        )
        for rest, row in rows.items()
    ]


def _sorted(row: list[tuple[float, CellState]]) -> tuple[tuple[float, ...], tuple[CellState, ...]]:
    levels, cells = zip(*sorted(row, key=lambda pair: pair[0]), strict=True)
    return levels, cells


def mixed_factors(grid: Grid) -> dict[str, list[Any]]:
    """Factors of two or more numbers that have other levels too, with these; they have no order."""
    mixed: dict[str, list[Any]] = {}
    for factor in grid.varied:
        name, numbers = _numbers(grid, factor)
        others = [msgspec.json.decode(level) for level, number in numbers.items() if number is None]
        if others and len(numbers) - len(others) >= 2:
            mixed[name] = others
    return mixed


def _is_ordered(numbers: Mapping[str, float | None]) -> bool:
    return None not in numbers.values() and len(set(numbers.values())) >= LEAST_LEVELS


def _numbers(grid: Grid, factor: str) -> tuple[str, dict[str, float | None]]:
    """The number that each level (as JSON) is, None where it is none; the factor's name, or of what is in it.

    Levels that are settings (`extra_body`) and differ in one of them go by that, such as a thinking budget.
    """
    levels = [] if factor in LABELS else grid.varied.get(factor, [])
    values = {level: msgspec.json.decode(level) for level in levels}
    if values and all(isinstance(value, dict) for value in values.values()):
        settings = {level: dict(_settings(value)) for level, value in values.items()}
        differing = [
            name
            for name in dict.fromkeys(name for each in settings.values() for name in each)
            if len({as_json(each.get(name)) for each in settings.values()}) > 1
        ]
        if len(differing) == 1:
            factor += f".{differing[0]}"
            values = {level: each.get(differing[0]) for level, each in settings.items()}
    return factor, {
        level: float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        for level, value in values.items()
    }


def _settings(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings with the path to each."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _settings(cast("Mapping[str, Any]", value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def dose_trends(
    grid: Grid,
    measure: str,
    factors: Sequence[str] = (),
    *,
    level: float = 0.95,
    values: Values = no_requests,
    margin: float = MARGIN,
) -> list[DoseTrend]:
    """The trend over each ordered factor in each context, stratified by wording; of the named factors or of all.

    `level` is the confidence of the trend, and of the one-sided limits that `margin` (a fraction) is compared with.
    """
    contexts: dict[tuple[str, str], list[DoseSeries]] = defaultdict(list)
    for factor in factors or grid.varied:
        for series in dose_series(grid, factor):
            held = {name: at for name, at in series.held.items() if name not in RANDOM}
            contexts[factor, as_json(held)].append(series)
    return [_trend(measure, tuple(group), level, values, margin) for group in contexts.values()]


def _trend(
    measure: str, group: tuple[DoseSeries, ...], level: float, values: Values, margin: float
) -> DoseTrend:
    strata = [series.counts(measure) for series in group]
    shared = [dose for dose in strata[0] if all(dose in stratum for stratum in strata)]
    counts = {dose: _sum(stratum[dose] for stratum in strata) for dose in shared}
    countable = {dose for stratum in strata for dose in stratum}
    if len(countable) < LEAST_LEVELS:
        problem = f"{len(countable)} of its levels have countable episodes, and a trend takes {LEAST_LEVELS}"
        return DoseTrend(measure, group, counts, level, margin=margin, problem=problem)
    trend = _tested(measure, group, values)
    rises = (trend.z or 0) >= 0
    against, breaks_p = breaks(counts, rises=rises)
    by_wording = {
        str(series.held[WORDING]): _tested(measure, (series,), values).z
        for series in group
        if WORDING in series.held
    }
    below = below_margin(counts, margin, 1 - level, rises=rises)
    return DoseTrend(
        measure, group, counts, level, trend, by_wording, tuple(against), breaks_p, tuple(below), margin
    )  # fmt: skip


def _tested(measure: str, group: Sequence[DoseSeries], values: Values) -> Trend:
    """By request where all cells share some, else by episode."""
    strata = [series.counts(measure) for series in group]
    by_request = [
        {
            dose: values(cell, measure) or {}
            for dose, cell in zip(series.levels, series.cells, strict=True)
            if dose in stratum
        }
        for series, stratum in zip(group, strata, strict=True)
    ]
    return trend_by_request(by_request) or cochran_armitage(strata)


def _sum(counts: Iterator[Count]) -> Count:
    each = list(counts)
    return Count(sum(count.k for count in each), sum(count.n for count in each))
