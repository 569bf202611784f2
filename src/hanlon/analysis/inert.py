"""What a model wrote, made harmless where it is printed: in a terminal, on a page, in a spreadsheet and in Markdown.

Nothing is lost: a character that nobody would see, or that would move what is seen, is written out (`[U+202E]`). So an
escape of a terminal is some letters, and a right-to-left override turns nothing round.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from unicodedata import category

LINES = {ord("\n"): None, ord("\t"): None}
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Categories of Unicode: controls, formats (bidirectional, of no width), surrogates, private use, separators."""
BLANK = frozenset(
    {
        *(0x034F, 0x115F, 0x1160, 0x180B, 0x180C, 0x180D, 0x2800, 0x3164, 0xFFA0),
        *range(0xFE00, 0xFE0F),
        *range(0xE0100, 0xE01F0),
    }
)
"""Letters and marks of which nothing is seen: joiners, fillers, variation selectors but for that of emoji."""


def inert(text: str) -> str:
    """A text in which every character can be seen; newlines and tabs stay."""
    if text.isascii() and text.translate(LINES).isprintable():
        return text
    return "".join(_shown(character) for character in text)


def inert_tree(value: Any) -> Any:
    """A value of JSON with all of its texts so, keys included."""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return {inert(str(key)): inert_tree(item) for key, item in pairs}
    if isinstance(value, list | tuple):
        return [inert_tree(item) for item in cast("Sequence[Any]", value)]
    return value


def _shown(character: str) -> str:
    hidden = character not in "\n\t" and (category(character) in HIDDEN or ord(character) in BLANK)
    return f"[U+{ord(character):04X}]" if hidden else character


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARKUP = re.compile(
    r"([\\`*~|]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|(?<=!)\[|&(?=#?\w+;))"
)


def csv_text(text: str) -> str:
    """Text as a cell of CSV: by a leading apostrophe a spreadsheet takes for text what begins as a formula does.

    A carriage return, which readers take for the end of a row, is written out.
    """
    return (f"'{text}" if text.startswith(_FORMULA) else text).replace("\r", "[U+000D]")


def markdown_text(text: str) -> str:
    """Text as a cell of a Markdown table, in one line, without anything that Markdown or HTML would act upon."""
    return _MARKUP.sub(r"\\\1", inert(text)).replace("\n", " ").replace("\t", " ")
