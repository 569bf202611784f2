"""Labels as people read them: a table for each judge, a row for each cell, a column for each label."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.paragraphs import counted
from hanlon.analysis.tables import WHOLE, Column, NoSuchColumn, TableFormat, TableView, render_table
from hanlon.store.cell_names import with_model

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelledCell:
    """A cell with its rates of labels (rows of `label_rows`), by the label's name."""

    name: str
    model: str
    rates: Mapping[str, Row]


def label_pivots(
    rows: Sequence[Row], names: Mapping[str, str], table_format: TableFormat, view: TableView = WHOLE
) -> Iterator[str]:
    """A table for each judge. `names` has a name for each cell's key.

    Raises:
        NoSuchColumn: no judge has a column that the view names.
    """
    refused: list[NoSuchColumn] = []
    tables: list[str] = []
    for judge, of_judge in by_judge(rows).items():
        cells = labelled_cells(of_judge, names)
        columns = [*_cell_columns(), *map(_label_column, dict.fromkeys(row["label"] for row in of_judge))]
        title = f"labels by {judge}: cases of n [Wilson 95%, in per cent]"
        try:
            tables.append(render_table(columns, cells, table_format, title, view, blocks=True))
        except NoSuchColumn as error:
            refused.append(error)
    if refused and not tables:
        raise refused[0]
    yield from tables


def by_judge(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each judge, by its name and who answers for it; two of one name also have their keys."""
    keys: dict[str, set[str]] = {}
    for row in rows:
        keys.setdefault(_judge(row), set()).add(row["judge_key"])
    judges: dict[str, list[Row]] = {}
    for row in rows:
        judge = _judge(row) if len(keys[_judge(row)]) == 1 else f"{_judge(row)} {row['judge_key']}"
        judges.setdefault(judge, []).append(row)
    return judges


def labelled_cells(rows: Sequence[Row], names: Mapping[str, str]) -> list[LabelledCell]:
    """The cells of these rows, in their order."""
    cells: dict[str, dict[str, Row]] = {}
    for row in rows:
        cells.setdefault(row["key"], {})[row["label"]] = row
    return [
        LabelledCell(names[key], str(next(iter(rates.values()))["model"]), rates)
        for key, rates in cells.items()
    ]


def labels_answer(rows: Sequence[Row], names: Mapping[str, str]) -> str:
    """The label that differs most between the cells of one judge; of a single cell, the most frequent one."""
    spreads: list[tuple[float, str, Row, Row]] = []
    for judge, of_judge in by_judge(rows).items():
        for label in dict.fromkeys(row["label"] for row in of_judge):
            known = [row for row in of_judge if row["label"] == label and row["rate"] is not None]
            if known:
                low, high = (pick(known, key=lambda row: row["rate"]) for pick in (min, max))
                spreads.append((high["rate"] - low["rate"], judge, low, high))
    if not spreads:
        return f"No label is decided in {counted(len({row['key'] for row in rows}), 'cell')}."
    spread, judge, low, high = max(spreads, key=lambda each: each[:1])
    if not spread:
        _, judge, low, high = max(spreads, key=lambda each: each[3]["rate"])
        return f"No label differs between cells; the most frequent, by {judge}: {_case(high)} in {_cell(high, names)}."
    return (
        f"{high['label']} differs most between cells: {_count(low)} in {_cell(low, names)}, {_count(high)} in "
        f"{_cell(high, names)}, by {judge}."
    )


def _judge(row: Row) -> str:
    return f"{row['judge']} ({row['judged_by']})"


def _cell(row: Row, names: Mapping[str, str]) -> str:
    return with_model(names[row["key"]], row["model"])


def _case(row: Row) -> str:
    return f"{row['label']} {_count(row)}"


def _count(row: Row) -> str:
    return f"{row['k']}/{row['n']}"


def _cell_columns() -> tuple[Column[LabelledCell], ...]:
    return (
        Column("cell", None, lambda cell: cell.name),
        Column("model", None, lambda cell: cell.model, once=True, heads=True),
    )


def _label_column(label: str) -> Column[LabelledCell]:
    def rate(cell: LabelledCell) -> float | None:
        return cell.rates[label]["rate"] if label in cell.rates else None

    def text(cell: LabelledCell) -> str:
        return _rate(cell.rates[label]) if label in cell.rates else "-"

    return Column(label, rate, text)


def _rate(row: Row) -> str:
    """`2/6 [10, 70]`, and how many more are maybe or open."""
    interval = f" [{100 * row['lo']:.0f}, {100 * row['hi']:.0f}]" if row["n"] else ""
    maybe = [f"{row['maybe']} maybe"] if row["maybe"] else []
    left_open = [f"{count} {value}" for value, count in row["open"].items()]
    return ", ".join([f"{_count(row)}{interval}", *maybe, *left_open])
