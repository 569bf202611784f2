"""Compare rendered texts byte for byte: a wrong space in a template may have an effect of its own."""

import difflib
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hanlon.analysis.inert import inert
from hanlon.store.records import CellRecord

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

SIDE_BY_SIDE_COLUMNS = 120
"""The narrowest terminal that gets two columns."""

_ALIKE = 0.5  # below it single letters that happen to be the same would be marked as equal


@dataclass(frozen=True, slots=True)
class TitledTexts:
    """One side of a comparison: its title, and its texts by name."""

    title: str
    texts: Mapping[str, str]


def cell_texts(record: CellRecord) -> TitledTexts:
    """The texts of a stored cell."""
    return TitledTexts(inert(f"{record.label}  {record.key}  {record.model}"), record.texts)


def print_diff(a: TitledTexts, b: TitledTexts, console: "Console") -> None:
    """Print two columns on a wide terminal, else one below the other as `prompt_diff` has it; in a pipe unfolded."""
    if console.is_terminal and not console.is_dumb_terminal and console.width >= SIDE_BY_SIDE_COLUMNS:
        _print_columns(a, b, console)
        return
    from rich.text import Text

    for line in prompt_diff(a, b):
        if "COLUMNS" in os.environ or console.is_terminal:
            console.print(Text(line))
        else:
            console.file.write(f"{line}\n")


def prompt_diff(a: TitledTexts, b: TitledTexts) -> Iterator[str]:
    """Lines for people: each text of either side, `-` only in `a`, `+` only in `b`, `?` marks where they part.

    What cannot be seen is written as an escape (`visible`).
    """
    yield f"- {a.title}"
    yield f"+ {b.title}"
    for name in dict.fromkeys([*a.texts, *b.texts]):
        yield f"== {_summary(name, a, b)}"
        if name not in a.texts or name not in b.texts:
            sign, texts = ("-", a.texts) if name in a.texts else ("+", b.texts)
            yield from (f"{sign} {line}" for line in visible_lines(texts[name]))
        elif a.texts[name] != b.texts[name]:
            compared = difflib.ndiff(visible_lines(a.texts[name]), visible_lines(b.texts[name]))
            yield from (line.rstrip() for line in compared if not line.startswith("  "))


def visible_lines(text: str) -> list[str]:
    r"""The lines of a text with every character to be seen: escapes for what is not.

    Escaped are what does not print (tab, CR, BOM, zero-width and no-break spaces, bytes that are not UTF-8),
    combining marks, spaces at the end of a line, and the backslash, so that an escape is never mistaken for text. A
    newline at the end of the text is a last line `\n`.
    """
    lines = [visible(line) for line in text.split("\n")]
    return [*lines[:-1], lines[-1] or "\\n"] if len(lines) > 1 else lines


def visible(line: str) -> str:
    """One line as `visible_lines` writes it."""
    body = line.rstrip(" ")
    return "".join(map(_shown, body)) + "\\x20" * (len(line) - len(body))


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    plain = character.isprintable() and not unicodedata.category(character).startswith("M")
    return character if plain else character.encode("unicode_escape").decode()


def _summary(name: str, a: TitledTexts, b: TitledTexts) -> str:
    if name not in a.texts or name not in b.texts:
        only = a if name in a.texts else b
        return f"{name}: only in {only.title.split('  ')[0]}, {byte_count(only.texts[name])}"
    if a.texts[name] == b.texts[name]:
        return f"{name}: identical, {byte_count(a.texts[name])}"
    return f"{name}: {byte_count(a.texts[name])} and {byte_count(b.texts[name])}"


def byte_count(text: str) -> str:
    """The length in UTF-8, as `7 bytes`."""
    return f"{len(text.encode('utf-8', 'surrogateescape'))} bytes"


def _print_columns(a: TitledTexts, b: TitledTexts, console: "Console") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, expand=True)
    for side in (a, b):
        table.add_column(Text(side.title), ratio=1, overflow="fold")
    for name in dict.fromkeys([*a.texts, *b.texts]):
        table.add_section()
        table.add_row(Text(_summary(name, a, b), style="bold"), Text(""))
        left, right = (visible_lines(side.texts[name]) if name in side.texts else [] for side in (a, b))
        if left != right:
            for row in _rows(left, right):
                table.add_row(*row)
    console.print(table)


def _rows(left: list[str], right: list[str]) -> Iterator[tuple["Text", "Text"]]:
    """The differing lines, beside each other where they replace each other."""
    from itertools import zip_longest

    for tag, i, j, k, m in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            for lines in zip_longest(left[i:j], right[k:m]):
                yield _marked(*lines)


def _marked(left: str | None, right: str | None) -> tuple["Text", "Text"]:
    """Two lines, the characters in which they differ reversed."""
    from rich.text import Text

    a, b = Text(left or ""), Text(right or "")
    matcher = difflib.SequenceMatcher(None, a.plain, b.plain, autojunk=False)
    if matcher.ratio() < _ALIKE:
        a.stylize("reverse red")
        b.stylize("reverse green")
        return a, b
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            a.stylize("reverse red", i, j)
            b.stylize("reverse green", k, m)
    return a, b
