"""How a table's columns share the width of a terminal."""

import re
from collections.abc import Sequence

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
        able = [column for column, width in enumerate(widths) if width > least[column]]
        if not able:
            return
        widths[max(able, key=lambda column: widths[column])] -= 1


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
