"""Lays a table of words out as lines. Rich does it too, at 0.4 ms a row: a third of `hanlon status` on 1,000 cells."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

RIGHT = frozenset({"k/n", "rate"})
"""The columns whose numbers stand under each other."""
GAP = 3


def plain_lines(rows: Sequence[Mapping[str, str]], width: int) -> list[str]:
    """Header, rule and rows, at most `width` characters wide; the widest columns are folded where it is too narrow."""
    columns = list(rows[0])
    widths = _fitted({name: _natural_width(rows, name) for name in columns}, width)
    lines = [_line(folded, widths) for row in [dict(zip(columns, columns, strict=True)), *rows] for folded in
             zip_longest(*(_fold(row[name], widths[name]) for name in columns), fillvalue="")]  # fmt: skip
    rule = " " + "─" * (sum(widths.values()) + GAP * (len(columns) - 1) + 2)
    heading = max(len(_fold(name, widths[name])) for name in columns)
    return [*lines[:heading], rule, *lines[heading:]]


def markdown_lines(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The rows as a Markdown table."""
    columns = list(rows[0])
    escaped = [{name: row[name].replace("|", "\\|") for name in columns} for row in rows]
    widths = {name: _natural_width(escaped, name) for name in columns}
    header, *body = ("| " + " | ".join(_padded(row[name], name, widths[name]) for name in columns) + " |"
                     for row in [dict(zip(columns, columns, strict=True)), *escaped])  # fmt: skip
    return [header, "|" + "|".join("-" * (widths[name] + 2) for name in columns) + "|", *body]


def _natural_width(rows: Sequence[Mapping[str, str]], column: str) -> int:
    return max(cell_len(column), *(cell_len(row[column]) for row in rows))


def _fitted(widths: dict[str, int], width: int) -> dict[str, int]:
    """The widths under the largest cap at which the table fits; what is left over goes to the first that are cut."""
    room = width - GAP * (len(widths) - 1) - 4
    cap = max(widths.values())
    while cap > 1 and sum(min(wanted, cap) for wanted in widths.values()) > room:
        cap -= 1
    fitted = {name: min(wanted, cap) for name, wanted in widths.items()}
    cut = [name for name, wanted in widths.items() if wanted > cap]
    for name in cut[: max(0, room - sum(fitted.values()))]:
        fitted[name] += 1
    return fitted


def _fold(value: str, width: int) -> list[str]:
    if cell_len(value) <= width and "\n" not in value:
        return [value]
    return [line.plain.rstrip() for line in Text(value).wrap(Console(width=width), width, overflow="fold")]


def _line(values: Sequence[str], widths: Mapping[str, int]) -> str:
    cells = (_padded(value, name, width) for value, (name, width) in zip(values, widths.items(), strict=True))
    return f"  {(' ' * GAP).join(cells)}".rstrip()


def _padded(value: str, column: str, width: int) -> str:
    padding = " " * (width - cell_len(value))
    return padding + value if column in RIGHT else value + padding
