"""Two cells' rendered texts against each other, byte for byte: a wrong space in a template is an effect of its own."""

import difflib
from collections.abc import Iterator

from hanlon.records import CellRecord


def prompt_diff(a: CellRecord, b: CellRecord) -> Iterator[str]:
    """Lines for people: each text that either cell may send, `-` only in `a`, `+` only in `b`, `?` where they part.

    Characters that do not print, and spaces at the end of a line, are written as escapes.
    """
    yield f"- {a.label}  {a.key}  {a.model}"
    yield f"+ {b.label}  {b.key}  {b.model}"
    for name in dict.fromkeys([*a.texts, *b.texts]):
        if name not in a.texts or name not in b.texts:
            only, sign = (a, "-") if name in a.texts else (b, "+")
            yield f"== {name}: only in {only.label}, {_bytes(only.texts[name])}"
            yield from (f"{sign} {line}" for line in _lines(only.texts[name]))
        elif a.texts[name] == b.texts[name]:
            yield f"== {name}: identical, {_bytes(a.texts[name])}"
        else:
            yield f"== {name}: {_bytes(a.texts[name])} and {_bytes(b.texts[name])}"
            compared = difflib.ndiff(_lines(a.texts[name]), _lines(b.texts[name]))
            yield from (line.rstrip() for line in compared if not line.startswith("  "))


def _bytes(text: str) -> str:
    return f"{len(text.encode())} bytes"


def _lines(text: str) -> list[str]:
    return [_visible(line) for line in text.split("\n")]


def _visible(line: str) -> str:
    body = line.rstrip(" ")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in body)
    return shown + "\\x20" * (len(line) - len(body))
