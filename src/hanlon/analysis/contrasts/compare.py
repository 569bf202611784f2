"""Any two stored cells: what differs between them, both rates, the difference and the ratio."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.contrasts.effects import share_text
from hanlon.analysis.contrasts.grid import coordinates
from hanlon.analysis.prompt_diff import cell_texts, prompt_diff
from hanlon.analysis.requests import Values
from hanlon.analysis.stats.by_request import mcnemar
from hanlon.analysis.stats.comparison import Comparison, compare_episodes, compare_requests
from hanlon.analysis.stats.rates import Rate, rate_of
from hanlon.analysis.tables import Column, p_value, points, points_interval, printed
from hanlon.store.cell_names import cell_names
from hanlon.store.cells import CellState, model_name
from hanlon.store.tally import Count


@dataclass(frozen=True, slots=True)
class ComparedCells:
    """Two cells with their rates. The comparison is `treated` over or minus `base`.

    Args:
        mcnemar_p: the exact p of McNemar's test; None unless each shared request has one episode in both cells.
    """

    cells: tuple[CellState, CellState]
    base: Rate
    treated: Rate
    comparison: Comparison
    mcnemar_p: float | None

    @property
    def differs(self) -> dict[str, tuple[Any, Any]]:
        """What the cells differ in, by name: environment, model, endpoint, protocol, factors, what is sent."""
        base, treated = (self._facts(cell) for cell in self.cells)
        names = dict.fromkeys([*base, *treated])
        changed = {name: (base.get(name), treated.get(name)) for name in names}
        differs = {name: levels for name, levels in changed.items() if levels[0] != levels[1]}
        if not differs and self.cells[0].record.texts_hash != self.cells[1].record.texts_hash:
            return {"texts": (self.cells[0].record.texts_hash, self.cells[1].record.texts_hash)}
        return differs

    @property
    def names(self) -> tuple[str, str]:
        """Both cells in words; the models where they are two."""
        records = [cell.record for cell in self.cells]
        labels = cell_names(records)
        models = {model_name(record) for record in records}
        first, second = (
            labels[record.key] + (f" ({model_name(record)})" if len(models) > 1 else "") for record in records
        )
        return first, second

    @staticmethod
    def _facts(cell: CellState) -> dict[str, Any]:
        record = cell.record
        factors = {name: msgspec.json.decode(level) for name, level in coordinates(record).items()}
        names = {"environment": record.env, "model": model_name(record)}
        return names | {"endpoint": record.endpoint, "protocol": record.protocol} | record.no_effect | factors


def compare_cells(
    cells: tuple[CellState, CellState], measures: tuple[str, str], values: Values, level: float = 0.95
) -> ComparedCells:
    """Compare two cells by a measure of each: by request where they share requests, else by episode."""
    base, treated = (
        rate_of(cell.tally, measure, level) for cell, measure in zip(cells, measures, strict=True)
    )
    requests = [values(cell, measure) or {} for cell, measure in zip(cells, measures, strict=True)]
    comparison = compare_requests(requests, level)
    if not comparison.units:
        comparison = compare_episodes([Count(base.k, base.n), Count(treated.k, treated.n)], level)
    return ComparedCells(cells, base, treated, comparison, mcnemar(*requests))


def compared_answer(compared: ComparedCells) -> str:
    """Whether the second cell's rate differs from the first's, and by how much."""
    difference = compared.comparison.difference
    first, second = compared.names
    counts = f"{compared.base.k}/{compared.base.n} → {compared.treated.k}/{compared.treated.n}"
    measure = compared.treated.measure.replace("_", " ")
    if difference.value is None:
        return f"{first} and {second} cannot be compared in {measure}: {counts}."
    how = "more" if difference.value > 0 else "less"
    differs = (
        f"has {how} {measure} than"
        if difference.excludes_zero
        else f"is not shown to differ in {measure} from"
    )
    numbers = f"{counts}, {points(difference.value)} points {_interval(compared)}, p {p_value(compared.comparison.p)}"
    return f"{second} {differs} {first}: {numbers}."


def compared_notes(compared: ComparedCells) -> Iterator[str]:
    """What differs between the cells, and whether their rates are of one measure."""
    changes = (f"{name}: {_level(a)} → {_level(b)}" for name, (a, b) in compared.differs.items())
    yield f"Differs: {'; '.join(changes) or 'nothing that is stored'}."
    if len({compared.base.measure, compared.treated.measure}) > 1:
        yield f"The rates are of two measures: {compared.base.measure} and {compared.treated.measure}."


def compared_method(compared: ComparedCells) -> Iterator[str]:
    """How the numbers were made."""
    difference, comparison = compared.comparison.difference, compared.comparison
    ratio = comparison.ratio
    units = f"the {comparison.unit}" + (f", {comparison.units} shared" if comparison.units else "")
    yield (
        f"Second minus first. Interval {difference.method}, two-sided p {comparison.test}; unit: {units}."
        + (f" Share removed: interval {ratio.method}." if ratio and ratio.value is not None else "")
    )
    if compared.mcnemar_p is not None:
        yield f"McNemar's exact p, every request once in both cells: {p_value(compared.mcnemar_p)}."


def _level(value: Any) -> str:
    return "unset" if value is None else str(value)


def compared_columns(level: float) -> tuple[Column[ComparedCells], ...]:
    """The one row of a comparison; JSON and CSV hold the cells' rates and the prompt's differences in it too."""
    return (
        *_side("from", 0),
        *_side("to", 1),
        printed(
            "k/n", lambda row: f"{row.base.k}/{row.base.n} → {row.treated.k}/{row.treated.n}", right=True
        ),
        Column("difference", lambda row: row.comparison.difference.value),
        Column("lo", lambda row: row.comparison.difference.lo),
        Column("hi", lambda row: row.comparison.difference.hi),
        printed("points", lambda row: points(row.comparison.difference.value), right=True),
        printed(f"{level:.0%}", lambda row: _interval(row)),
        Column("ratio", lambda row: (ratio := row.comparison.ratio) and ratio.value),
        Column("ratio_lo", lambda row: (ratio := row.comparison.ratio) and ratio.lo if row.base.k else None),
        Column("ratio_hi", lambda row: (ratio := row.comparison.ratio) and ratio.hi if row.base.k else None),
        printed("share removed", lambda row: share_text(row.comparison.ratio) or "-"),
        Column("p", lambda row: row.comparison.p, lambda row: p_value(row.comparison.p)),
        Column("test", lambda row: row.comparison.test, lambda row: row.comparison.test),
        Column("unit", lambda row: row.comparison.unit, lambda row: row.comparison.unit),
        Column("units", lambda row: row.comparison.units or None),
        Column("p_mcnemar", lambda row: row.mcnemar_p),
        Column("differs", lambda row: row.differs),
        Column(
            "prompt_diff", lambda row: list(prompt_diff(*(cell_texts(cell.record) for cell in row.cells)))
        ),
    )


def _side(name: str, side: int) -> tuple[Column[ComparedCells], ...]:
    """The columns of one of the two cells."""

    def rate(row: ComparedCells) -> Rate:
        return row.treated if side else row.base

    return (
        Column(f"cell_{name}", lambda row: row.cells[side].record.label),
        Column(f"key_{name}", lambda row: row.cells[side].record.key),
        Column(f"model_{name}", lambda row: model_name(row.cells[side].record)),
        Column(f"measure_{name}", lambda row: rate(row).measure),
        Column(f"k_{name}", lambda row: rate(row).k),
        Column(f"n_{name}", lambda row: rate(row).n),
        Column(f"lo_{name}", lambda row: rate(row).lo),
        Column(f"hi_{name}", lambda row: rate(row).hi),
        Column(f"excluded_{name}", lambda row: rate(row).excluded),
        Column(f"bounds_{name}", lambda row: list(rate(row).bounds)),
    )


def _interval(row: ComparedCells) -> str:
    return points_interval(row.comparison.difference.lo, row.comparison.difference.hi)
