"""Tables: each is a tuple of columns over typed items, printed as JSON, CSV, Markdown, or fitted to the terminal."""

import csv
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec

from hanlon.analysis.inert import csv_text, inert, json_text, markdown_text
from hanlon.analysis.layout import Shown, in_blocks, in_line, laid_out
from hanlon.store.problems import nearest

TableFormat = Literal["table", "json", "csv", "markdown"]
Item = TypeVar("Item", contravariant=True)
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column of a table.

    Args:
        name: the field of JSON and CSV, and the heading of a printed table.
        value: what JSON and CSV hold of an item, as plain data; None where the column is only printed.
        text: how an item is printed; None where the column is printed only if it is asked for.
        once: where all rows print the same, say it above the table and leave the column out.
        right: align the printed column to the right.
        heads: on a narrow terminal it may stand above the rows in which it is the same.
        fixed: it is never left out for being the same in all rows, and goes below the rows last.
    """

    name: str
    value: Callable[[Item], Any] | None = None
    text: Callable[[Item], str] | None = None
    once: bool = False
    right: bool = False
    heads: bool = False
    fixed: bool = False

    def printed_text(self, item: Item) -> str:
        """How an item is printed where the column is asked for."""
        if self.text is not None:
            return self.text(item)
        value = self.value(item) if self.value else None
        return (
            "-" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        )

    def sort_key(self, item: Item) -> tuple[int, float, str]:
        """Numbers by size, texts that begin with a number by that, then other texts; what is not there comes last."""
        value = self.value(item) if self.value else self.text(item) if self.text else None
        if isinstance(value, (int, float)):
            return 0, value, ""
        if value is None or value == "-":
            return 2, 0.0, ""
        text = str(value)
        number = re.match(r"[+-]?\d+(\.\d+)?", text)
        return (0, float(number[0]), text) if number else (1, 0.0, text)


class NoSuchColumn(ValueError):
    """A column that a table does not have; the message names those that it has."""


@dataclass(frozen=True)
class TableView:
    """Which columns of a table are wanted (empty: its own), and by which it is sorted (`-` before it: downwards)."""

    columns: Sequence[str] = ()
    sort: str = ""

    def of(
        self, columns: Sequence[Column[Kind]], items: Sequence[Kind], *, plain_only: bool
    ) -> tuple[Sequence[Column[Kind]], Sequence[Kind]]:
        """The wanted columns and the items in order.

        Raises:
            NoSuchColumn: the table has none of that name.
        """
        if self.sort:
            column = column_named(columns, self.sort.removeprefix("-"))
            there = [item for item in items if column.sort_key(item)[0] < 2]
            rest = [item for item in items if column.sort_key(item)[0] == 2]
            items = [*sorted(there, key=column.sort_key, reverse=self.sort.startswith("-")), *rest]
        if not self.columns:
            return columns, items
        offered = [column for column in columns if column.value is not None or not plain_only]
        return [column_named(offered, name) for name in self.columns], items


def column_named(columns: Sequence[Column[Kind]], name: str) -> Column[Kind]:
    """The column of this name, else the only one that begins so.

    Raises:
        NoSuchColumn: there is none, or several begin so.
    """
    by_name = {column.name.lower(): column for column in columns}
    wanted = name.strip().lower()
    begins = [column for each, column in by_name.items() if each.startswith(wanted)]
    if wanted in by_name:
        return by_name[wanted]
    if len(begins) == 1:
        return begins[0]
    raise NoSuchColumn(
        f"there is no column '{name}'.{nearest(wanted, by_name)} Columns: "
        f"{', '.join(column.name for column in columns)}"
    )


WHOLE = TableView()
"""All columns of a table, its rows as they come."""


def plain(
    name: str, value: Callable[[Item], Any], *, once: bool = False, heads: bool = False, fixed: bool = False
) -> Column[Item]:
    """A column that is printed just as JSON and CSV hold it."""
    return Column(name, value, lambda item: str(value(item)), once, heads=heads, fixed=fixed)


def printed(
    name: str,
    text: Callable[[Item], str],
    *,
    once: bool = False,
    right: bool = False,
    heads: bool = False,
    fixed: bool = False,
) -> Column[Item]:
    """A column that is only printed."""
    return Column(name, None, text, once, right, heads, fixed)


def render_table(
    columns: Sequence[Column[Kind]],
    items: Sequence[Kind],
    table_format: TableFormat,
    title: str,
    view: TableView = WHOLE,
    *,
    blocks: bool = False,
) -> str:
    """The items as a table: JSON and CSV with plain values, the others as text.

    Args:
        columns: all columns that the table has.
        items: its rows.
        table_format: how it is written.
        title: stands above it on a terminal.
        view: which of the columns, and in which order the rows.
        blocks: on a narrow terminal the columns go on below, beside the first again, instead of below each row.

    Raises:
        NoSuchColumn: the view names a column that there is not.
    """
    as_data = table_format in ("json", "csv")
    chosen, items = view.of(columns, items, plain_only=as_data)
    if as_data:
        return render_rows(plain_rows(chosen, items), table_format)
    if not items:
        return "no rows"
    texts = {
        column: [inert(column.printed_text(item)).replace("\t", " ") for item in items]
        for column in chosen
        if column.text is not None or view.columns
    }
    if table_format == "markdown":
        return "\n".join(_markdown(texts))
    shared = {} if view.columns else {c: of for c, of in texts.items() if c.once and len(set(of)) == 1}
    shown = [
        Shown(column.name, of, column.right, column.heads, column.fixed or bool(view.columns))
        for column, of in texts.items()
        if column not in shared
    ]
    layout, lines = (in_blocks if blocks else laid_out)(shown, page_width())
    alike = [(column.name, of[0]) for column, of in shared.items()]
    alike += [(column.heading, column.texts[0]) for column in layout.left_out]
    heading = in_line([title, *(f"{name} {text}" for name, text in alike)], page_width())
    return "\n".join([*heading, "", *lines])


def _markdown(texts: Mapping[Column[Any], Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(markdown_text(column.name) for column in texts)} |"
    yield f"|{'|'.join('---:' if column.right else '---' for column in texts)}|"
    for row in zip(*texts.values(), strict=True):
        yield f"| {' | '.join(map(markdown_text, row))} |"


def plain_rows(columns: Iterable[Column[Item]], items: Iterable[Item]) -> list[dict[str, Any]]:
    """What JSON and CSV hold: a mapping of field to value for each item."""
    fields = [(column.name, column.value) for column in columns if column.value is not None]
    return [{name: value(item) for name, value in fields} for item in items]


def render_rows(rows: Sequence[Mapping[str, Any]], table_format: TableFormat, view: TableView = WHOLE) -> str:
    """Rows of plain values, all with the same fields, as CSV, or else as JSON."""
    if rows and view != WHOLE:
        fields = [_field(name) for name in rows[0]]
        chosen, rows = view.of(fields, rows, plain_only=True)
        rows = plain_rows(chosen, rows)
    if table_format != "csv":
        return json_text(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _csv_value(value) for name, value in row.items()})
    return out.getvalue().rstrip("\n")


def _field(name: str) -> Column[Mapping[str, Any]]:
    return Column(name, lambda row: row[name])


def _csv_value(value: Any) -> str | int | float:
    if isinstance(value, str):
        return csv_text(value)
    return value if isinstance(value, (int, float)) else json_text(msgspec.json.encode(value).decode())


def page_width() -> int:
    """The columns of the terminal, by which tables and text beside them are folded; in a pipe or a file 160."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160).width


def points(fraction: float | None) -> str:
    """A difference in percentage points with its sign; `-` where there is none."""
    return "-" if fraction is None else f"{round(100 * fraction, 1) + 0.0:+.1f}"


def points_interval(low: float, high: float) -> str:
    """The limits of a difference in percentage points, in brackets; only a minus is printed."""
    low, high = (round(100 * limit, 1) + 0.0 for limit in (low, high))
    return f"[{low:.1f}, {high:.1f}]"


def p_value(p: float | None) -> str:
    """Three digits; `<0.001` below that, `-` where there is none."""
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


SIGN = (
    "Sign: treated minus baseline, in percentage points; of tiers the one that trains (or is rated, or monitored) "
    "minus the one that does not: free minus paid."
)
"""Of every difference that is printed, said once below its tables, in the same words everywhere."""
