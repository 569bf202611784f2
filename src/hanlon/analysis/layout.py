"""How a table is laid out on a terminal, so that no line is too long and no word is broken.

What is tried, of which the layout of fewest lines is taken: all columns; without those in which all rows are alike; the
model as a line above its rows; and ever more of the widest columns as lines below each row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from rich.cells import cell_len

GAP = 3
"""Blanks between two columns, of which one stands before the first."""
BELOW = "    "
"""Before the lines below a row."""
NOTHING = ("", "-")
"""Texts that need no line below a row."""
_HOLDS = "\u00a0"
"""A blank at which no line is broken."""
_JOINTS = (r"(?<=\w\+)(?=[A-Za-z])", r"(?<=[A-Za-z0-9][/=_:-])(?=[A-Za-z0-9\[{])")
"""Where a word that is wider than the terminal may be broken, the best places first."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A column to print: its heading and its text in each row.

    Args:
        heads: it may stand as a line above the rows in which it is the same.
        fixed: it is not left out where all rows are alike, and goes below the rows last.
    """

    heading: str
    texts: Sequence[str]
    right: bool = False
    heads: bool = False
    fixed: bool = False

    @cached_property
    def wide(self) -> int:
        """The width that breaks nothing."""
        return max(map(cell_len, (self.heading, *self.texts)), default=0)

    @cached_property
    def least(self) -> int:
        """The width of its longest word, with what its text is set in by: so each of its lines begins."""
        return max(
            (
                len(text) - len(text.lstrip()) + cell_len(word)
                for text in (self.heading, *self.texts)
                for word in text.split()
            ),
            default=0,
        )

    @property
    def alike(self) -> bool:
        """Whether all of several rows have the same text."""
        return len(self.texts) > 1 and len(set(self.texts)) == 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns stand side by side, what stands above and below the rows, and what is left out."""

    columns: Sequence[Shown]
    above: Sequence[Shown] = ()
    below: Sequence[Shown] = ()
    left_out: Sequence[Shown] = ()

    def lines(self, width: int) -> list[str] | None:
        """The lines of the table; None where a word would have to be broken."""
        room = width - GAP * len(self.columns)
        if sum(column.least for column in self.columns) > room and len(self.columns) > 1:
            return None
        widths = _widths(self.columns, room)
        head = _row([column.heading for column in self.columns], self.columns, widths)
        rule = " " + "─" * (sum(widths) + GAP * len(widths) - 1)
        return [*head, rule, *self._body(widths, width)]

    def _body(self, widths: Sequence[int], width: int) -> Iterator[str]:
        rows = range(len(self.columns[0].texts))
        for heading, group in groupby(rows, lambda row: [column.texts[row] for column in self.above]):
            if heading:
                yield from folded("; ".join(heading), width, "  ", BELOW)
            for row in group:
                yield from _row([column.texts[row] for column in self.columns], self.columns, widths)
                if self.below:
                    details = ((column.heading, column.texts[row]) for column in self.below)
                    text = "; ".join(f"{name}: {text}" for name, text in details if text not in NOTHING)
                    yield from folded(text, width, BELOW, BELOW)


def laid_out(columns: Sequence[Shown], width: int) -> tuple[Layout, list[str]]:
    """The layout of fewest lines, and its lines."""
    tried = ((layout, layout.lines(width)) for layout in _layouts(columns))
    fitting = [(layout, lines) for layout, lines in tried if lines is not None]
    return min(fitting, key=lambda pair: len(pair[1]))


def in_blocks(columns: Sequence[Shown], width: int) -> tuple[Layout, list[str]]:
    """A wide table in parts below each other, each with the first column; columns of zeros and the like left out."""
    layout = _without_alike(Layout(columns)) if Layout(columns).lines(width) is None else Layout(columns)
    first, *others = layout.columns
    blocks: list[list[Shown]] = [[first]]
    for column in others:
        wider = [*blocks[-1], column]
        fits = sum(each.wide + GAP for each in wider) <= width
        if fits or len(blocks[-1]) == 1:
            blocks[-1] = wider
        else:
            blocks.append([first, column])
    parts = [laid_out(block, width)[1] for block in blocks]
    return layout, [line for part in parts for line in ["", *part]][1:]


def _layouts(columns: Sequence[Shown]) -> Iterator[Layout]:
    yield Layout(columns)
    plain = _without_alike(Layout(columns))
    if plain.left_out:
        yield plain
    bases = [plain]
    heads = [column for column in plain.columns if column.heads]
    if 0 < len(heads) < len(plain.columns):
        bases.append(replace(plain, columns=[c for c in plain.columns if c not in heads], above=heads))
        yield bases[-1]
    for base in bases:
        kept = list(base.columns)
        for column in sorted(kept[1:], key=lambda column: (column.fixed, -column.wide)):
            kept.remove(column)
            yield replace(base, columns=list(kept), below=[each for each in base.columns if each not in kept])


def _without_alike(layout: Layout) -> Layout:
    first, *others = layout.columns
    left_out = [column for column in others if column.alike and not column.fixed]
    return replace(layout, columns=[first, *(c for c in others if c not in left_out)], left_out=left_out)


def _widths(columns: Sequence[Shown], room: int) -> list[int]:
    """As wide as each column is, else the widest made narrower, one by one."""
    widths = [column.wide for column in columns]
    least = [min(column.least, room) for column in columns]
    while sum(widths) > room:
        able = [at for at, width in enumerate(widths) if width > least[at]]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
    return widths


def _row(texts: Sequence[str], columns: Sequence[Shown], widths: Sequence[int]) -> Iterator[str]:
    cells = [_broken(text, width) for text, width in zip(texts, widths, strict=True)]
    for line in range(max(map(len, cells))):
        parts = [
            _padded(cell[line] if line < len(cell) else "", width, right=column.right)
            for cell, width, column in zip(cells, widths, columns, strict=True)
        ]
        yield ("  " + (" " * GAP).join(parts)).rstrip()


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _broken(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip())]
    return list(folded(text, width, indent, indent)) or [""]


def in_line(parts: Sequence[str], width: int) -> list[str]:
    """Parts with semicolons between them, in lines of at most `width` columns; short parts stay whole."""
    whole = (part.replace(" ", _HOLDS) if cell_len(part) < width // 2 else part for part in parts)
    return [line.replace(_HOLDS, " ") for line in folded("; ".join(whole), width)]


def folded(text: str, width: int, first: str = "", later: str = "") -> Iterator[str]:
    """The text in lines of at most `width` columns, broken between words; a wider word at its joints.

    `first` and `later` stand before the first line and the later ones.
    """
    line, empty = first, True
    for word in re.split(r"[ \t\n]+", text.strip()):
        for part in _parts(word, width - cell_len(later)):
            if not empty and cell_len(line) + 1 + cell_len(part) > width:
                yield line
                line, empty = later, True
            line += part if empty else f" {part}"
            empty = False
    if not empty and line.strip():
        yield line


def _parts(word: str, width: int, joints: Sequence[str] = _JOINTS) -> Iterator[str]:
    """The word, or if it is wider than a line, parts of it that are not."""
    if cell_len(word) <= width:
        yield word
        return
    line = ""
    for part in re.split(joints[0], word) if joints else word:
        if cell_len(line + part) <= width:
            line += part
            continue
        if line:
            yield line
        *full, line = _parts(part, width, joints[1:]) if joints else [part]
        yield from full
    yield line
