"""Tables: each is a tuple of columns over typed items, printed as JSON, CSV, Markdown, or fitted to the terminal."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec

from hanlon.analysis.column_widths import fitted

TableFormat = Literal["table", "json", "csv", "markdown"]
Item = TypeVar("Item", contravariant=True)


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column of a table.

    Args:
        name: the field of JSON and CSV, and the heading of a printed table.
        value: what JSON and CSV hold of an item, as plain data; None where the column is only printed.
        text: how an item is printed; None where the column is not printed.
        once: where all rows print the same, say it above the table and leave the column out.
        right: align the printed column to the right.
    """

    name: str
    value: Callable[[Item], Any] | None = None
    text: Callable[[Item], str] | None = None
    once: bool = False
    right: bool = False


def plain(name: str, value: Callable[[Item], Any], *, once: bool = False) -> Column[Item]:
    """A column that is printed just as JSON and CSV hold it."""
    return Column(name, value, lambda item: str(value(item)), once)


def printed(
    name: str, text: Callable[[Item], str], *, once: bool = False, right: bool = False
) -> Column[Item]:
    """A column that is only printed."""
    return Column(name, None, text, once, right)


def render_table(
    columns: Sequence[Column[Item]], items: Sequence[Item], table_format: TableFormat, title: str
) -> str:
    """The items as a table: JSON and CSV with plain values, the others as text."""
    if table_format in ("json", "csv"):
        return render_rows(plain_rows(columns, items), table_format)
    if not items:
        return "no cells"
    shown = [(column, column.text) for column in columns if column.text is not None]
    texts = [[text(item) for item in items] for _, text in shown]
    return _printed([column for column, _ in shown], texts, title, markdown=table_format == "markdown")


def plain_rows(columns: Iterable[Column[Item]], items: Iterable[Item]) -> list[dict[str, Any]]:
    """What JSON and CSV hold: a mapping of field to value for each item."""
    fields = [(column.name, column.value) for column in columns if column.value is not None]
    return [{name: value(item) for name, value in fields} for item in items]


def render_rows(rows: Sequence[Mapping[str, Any]], table_format: TableFormat) -> str:
    """Rows of plain values as CSV, or else as JSON."""
    if table_format != "csv":
        return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _csv_value(value) for name, value in row.items()})
    return out.getvalue().rstrip("\n")


def _csv_value(value: Any) -> str | int | float:
    return value if isinstance(value, (str, int, float)) else msgspec.json.encode(value).decode()


def _printed(
    columns: Sequence[Column[Any]], texts: Sequence[list[str]], title: str, *, markdown: bool
) -> str:
    """The table of these columns. On a terminal, what all rows share is said above it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    together = list(zip(columns, texts, strict=True))
    shared = [] if markdown else [pair for pair in together if pair[0].once and len(set(pair[1])) == 1]
    kept = [pair for pair in together if pair not in shared]
    header = [column.name for column, _ in kept]
    rows = list(zip(*(text for _, text in kept), strict=True))
    if markdown:
        rows = [tuple(text.replace("|", "\\|") for text in row) for row in rows]
    console = Console(width=_width(markdown), highlight=False, markup=False)
    widths, cells = fitted([header, *rows], console.width - 3 * len(kept) - 1)
    table = Table(box=box.MARKDOWN if markdown else box.SIMPLE_HEAD)
    for (column, _), heading, width in zip(kept, cells[0], widths, strict=True):
        justify = "right" if column.right else "left"
        table.add_column(heading, overflow="fold", justify=justify, width=width)
    for row in cells[1:]:
        table.add_row(*row)
    with console.capture() as capture:
        if not markdown:
            console.print("; ".join([title, *(f"{column.name} {text[0]}" for column, text in shared)]))
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().split("\n")).strip("\n")


def page_width() -> int:
    """The columns of the terminal, by which text beside tables is folded."""
    from rich.console import Console

    return Console(width=_width(markdown=False)).width


def _width(markdown: bool) -> int | None:
    """As wide as the terminal, in a pipe or a file 160; Markdown is not folded."""
    return 10_000 if markdown else None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160


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
