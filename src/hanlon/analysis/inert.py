"""What a model wrote, made harmless where it is printed: in a terminal, on a page, in a spreadsheet and in Markdown.

Nothing is lost: a character that nobody would see, or that would move what is seen, is written out (`[U+202E]`). So an
escape of a terminal is some letters, and a right-to-left override turns nothing round.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from unicodedata import category

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
    return _UNUSUAL.sub(lambda match: f"[U+{ord(match[0]):04X}]" if _is_hidden(match[0]) else match[0], text)


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


_UNUSUAL = re.compile(r"[^ -~\n\t]")


def _is_hidden(character: str) -> bool:
    return category(character) in HIDDEN or ord(character) in BLANK


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARKUP = re.compile(
    r"([\\`*~|]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|(?<=!)\[|&(?=#?\w+;))"
)


def csv_text(text: str) -> str:
    """Text as a cell of CSV: by a leading apostrophe a spreadsheet takes for text what begins as a formula does.

    What nobody would see is written out; so is a carriage return, which readers take for the end of a row.
    """
    return inert(f"'{text}" if text.startswith(_FORMULA) else text)


def json_text(text: str) -> str:
    """JSON of the same value, in which every character that nobody would see is an escape (`\\u202e`)."""

    def escaped(match: re.Match[str]) -> str:
        units = match[0].encode("utf-16-be", "surrogatepass")
        pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
        return "".join(f"\\u{pair}" for pair in pairs) if _is_hidden(match[0]) else match[0]

    return _UNUSUAL.sub(escaped, text)


def markdown_text(text: str) -> str:
    """Text as a cell of a Markdown table, in one line, without anything that Markdown or HTML would act upon."""
    return _MARKUP.sub(r"\\\1", inert(text)).replace("\n", " ").replace("\t", " ")
