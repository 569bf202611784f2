"""How a figure is laid out: the width of its page, how much of it plots and names get, and what names are shown.

A pixel is 1/96 inch in print. So text of `theme.SMALL` pixels is 7 pt at any width, and a narrow figure has narrower
plots, folded names and fewer panels beside each other, never smaller letters.
"""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hanlon.figures.names import AS_THEY_ARE, Names

LETTER = 5.4
"""The mean width of a letter of `theme.SMALL` pixels."""
LINE = 11.5
"""Pixels from one line of a name to the next."""
NAMES = 0.36
"""The part of a page that names beside a plot may take."""
LONGEST = 64
"""Letters after which a name is folded where the page is as wide as it likes."""
LEAST = 72.0
"""The least width of a plot, in pixels."""


@dataclass(frozen=True)
class Layout:
    """`page`: the width of the figure in pixels, None for as much as it likes; `stretch`: of plots, 1 as usual."""

    page: float | None = None
    stretch: float = 1.0
    names: Names = AS_THEY_ARE

    @property
    def narrow(self) -> bool:
        """Whether a table beside a plot has no layout: less than 130 mm."""
        return self.page is not None and self.page < 490

    @property
    def beside_names(self) -> float:
        """Pixels right of the names."""
        return 900.0 if self.page is None else (1 - NAMES) * self.page

    def plot(self, usual: float, least: float = LEAST) -> float:
        """The width of a plot that usually is so wide."""
        return max(least, round(usual * self.stretch, 1))

    def columns(self, each: float, most: int) -> int:
        """How many panels of a width in pixels stand beside each other, at most so many."""
        return most if self.page is None else max(1, min(most, int((self.page + 24) // each)))

    def shown(
        self, names: Iterable[str], letters: int | None = None, below: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """What stands for each name beside a plot, in lines of so many letters; `below` has what stands under it."""
        if letters is None:
            part = LONGEST if self.page is None else int(NAMES * self.page / LETTER)
            letters = max(16, min(LONGEST, part))
        under = {name: f"\n{text}" for name, text in (below or {}).items() if text}
        return {
            name: "\n".join(folded(self.names.shown(name) + under.get(name, ""), letters)) for name in names
        }

    def legend(self, names: Sequence[str], title: str | None, most: int = 4) -> alt.Legend:
        """The legend above the plots, its names folded and in as many columns as there is room for."""
        shown = self.shown(names, int((self.beside_names - 30) / LETTER))
        longest = max(len(line) for text in shown.values() for line in text.split("\n"))
        columns = max(1, min(most, int(self.beside_names // (LETTER * longest + 30))))
        return alt.Legend(title=title, columns=columns, symbolOpacity=1, labelExpr=lines_expression(shown))


USUAL = Layout()
"""As wide as the figure likes, with the names of the store."""


def lines_expression(shown: Mapping[str, str]) -> str:
    """The expression of Vega for the lines of an axis' or a legend's label; a name that is not in it is itself."""
    changed = {name: text for name, text in shown.items() if name != text}
    if not changed:
        return "datum.label"
    names, texts = json.dumps(list(changed)), json.dumps([text.split("\n") for text in changed.values()])
    return f"{texts}[indexof({names}, datum.label)] || datum.label"


def folded(text: str, letters: int) -> list[str]:
    """A text's lines, none longer than so many letters; a longer word is broken, after `_+=/,-` where it has any."""
    lines: list[str] = []
    for part in text.split("\n"):
        for line in textwrap.wrap(part, letters, break_long_words=False) or [""]:
            lines += _broken(line, letters)
    return lines


def _broken(line: str, letters: int) -> list[str]:
    lines: list[str] = []
    while len(line) > letters:
        end = max(line.rfind(mark, 0, letters) for mark in "_+=/,-") + 1 or letters
        lines.append(line[:end])
        line = line[end:]
    return [*lines, line]


def lines_of(texts: Iterable[str]) -> int:
    """The most lines that a text has."""
    return max(text.count("\n") + 1 for text in texts)


def row_height(shown: Mapping[str, str], usual: float) -> float:
    """The height of a row in pixels, in which the longest of these names has room."""
    return max(usual, LINE * lines_of(shown.values()) + 5)


def names_axis(shown: Mapping[str, str], **axis: Any) -> alt.Axis:
    """The axis of names beside a plot, of one line or several; each is centred on its row."""
    by_lines: dict[int, list[str]] = {}
    for name, text in shown.items():
        by_lines.setdefault(text.count("\n") + 1, []).append(name)
    offsets = [
        {"test": f"indexof({json.dumps(names)}, datum.label) >= 0", "value": -LINE * (lines - 1) / 2}
        for lines, names in by_lines.items()
        if lines > 1
    ]
    offset: dict[str, Any] = {"labelOffset": {"condition": offsets, "value": 0}} if offsets else {}
    look: dict[str, Any] = {"ticks": False, "labelLimit": 0, **axis}
    return alt.Axis(labelExpr=lines_expression(shown), labelLineHeight=LINE, **offset, **look)


def tick_step(span: float, width: float, steps: Sequence[float], label: float = 36) -> float:
    """The least of some steps at which the labels of an axis, each so many pixels wide, do not touch; else the last."""
    return next((step for step in steps if span / step * label <= width), steps[-1])
