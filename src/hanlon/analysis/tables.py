"""How every table is printed: as JSON, CSV, Markdown, or fitted to the terminal."""

import csv
import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from rich.cells import cell_len

_JOINTS = (r"(?<=\s)(?=\S)", r"(?<=\w\+)(?=[A-Za-z])", r"(?<=[A-Za-z0-9][/=_:-])(?=[A-Za-z\[{])")
"""Where a text may be broken, the best places first."""


def fitted(table: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[list[str]]]:
    """The width of each column, and the cells with their line breaks.

    Args:
        table: rows of cells, the header first.
        room: the sum that the widths may have, in columns of the terminal.
    """
    columns = list(zip(*table, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [max(map(_longest_part, column)) for column in columns]
    _narrow(widths, least, room)
    _narrow(widths, [1] * len(widths), room)
    broken = [[_broken(cell, width) for cell, width in zip(row, widths, strict=True)] for row in table]
    return widths, broken


def _narrow(widths: list[int], least: Sequence[int], room: int) -> None:
    """Take from the widest column that can give, one by one, until all fit or none can."""
    while sum(widths) > room:
        able = [place for place, width in enumerate(widths) if width > least[place]]
        if not able:
            return
        widths[max(able, key=lambda place: widths[place])] -= 1


def _longest_part(cell: str) -> int:
    return max(cell_len(part.rstrip()) for part in re.split("|".join(_JOINTS), cell))


def _broken(cell: str, width: int) -> str:
    lines = [""]
    _fill(lines, cell, width, _JOINTS)
    return "\n".join(line.rstrip() for line in lines)


def _fill(lines: list[str], text: str, width: int, joints: Sequence[str]) -> None:
    """Write a text onto the last line where there is room, else onto a new one; break it if it is wider than a line."""
    if cell_len((lines[-1] + text).rstrip()) <= width:
        lines[-1] += text
    elif joints and cell_len(text.rstrip()) > width:
        for part in re.split(joints[0], text):
            _fill(lines, part, width, joints[1:])
    elif lines[-1]:
        lines.append(text)
    else:
        lines[-1] = text


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


TableFormat = Literal["table", "json", "csv", "markdown"]

SAID_ONCE = (
    "model",
    "protocol",
    "measure",
    "status",
    "excluded",
    "differ",
    "requests",
    "AF reasoning",
    "with / without",
    "confused",
    "gate",
    "tag but no content",
    "no tag",
)
"""Columns that are no part of a printed table where all its rows have the same in them."""


def render(
    rows: Sequence[Mapping[str, Any]],
    words: Sequence[Mapping[str, str]],
    table_format: TableFormat,
    title: str,
) -> str:
    """The rows in one of the formats: JSON and CSV with plain numbers, the others in words."""
    if table_format == "json":
        return msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode()
    if table_format == "csv":
        return _csv(rows)
    return _printed(words, title, markdown=table_format == "markdown")


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {
            k: v if isinstance(v, (str, int, float)) else msgspec.json.encode(v).decode()
            for k, v in row.items()
        }
        writer.writerow(plain)
    return out.getvalue().rstrip("\n")


def _printed(words: Sequence[Mapping[str, str]], title: str, *, markdown: bool) -> str:
    """The rows as a table; on a terminal, what is the same in every row is said once above it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not words:
        return "no cells"
    same = {} if markdown else _same_in_all(words)
    columns = [column for column in words[0] if column not in same]
    rows = [[row[name].replace("|", "\\|") if markdown else row[name] for name in columns] for row in words]
    console = Console(width=_width(markdown), highlight=False, markup=False)
    widths, cells = fitted([columns, *rows], console.width - 3 * len(columns) - 1)
    table = Table(box=box.MARKDOWN if markdown else box.SIMPLE_HEAD)
    for name, header, width in zip(columns, cells[0], widths, strict=True):
        justify = "right" if name in ("k/n", "rate") else "left"
        table.add_column(header, overflow="fold", justify=justify, width=width)
    for row in cells[1:]:
        table.add_row(*row)
    with console.capture() as capture:
        if not markdown:
            console.print("; ".join([title, *(f"{column} {value}" for column, value in same.items())]))
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().split("\n")).strip("\n")


def _same_in_all(words: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {
        column: words[0][column]
        for column in SAID_ONCE
        if column in words[0] and len({row[column] for row in words}) == 1
    }


def _width(markdown: bool) -> int | None:
    """As wide as the terminal, in a pipe or a file 160; Markdown is not folded."""
    return 10_000 if markdown else None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160


SIGN = (
    "Sign: treated minus baseline, in percentage points; of tiers the one that trains (or is rated, or monitored) "
    "minus the one that does not: free minus paid."
)
"""Of every difference that is printed, said once below its tables, in the same words everywhere."""
