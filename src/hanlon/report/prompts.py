"""What was sent: the texts of a base cell in full, and those of every other cell by what differs from it."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hanlon.store.cells import CellState

TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
AROUND = 80
"""Characters of what is the same that stand on each side of a difference."""
Segment = tuple[Literal["same", "removed", "added"], str]


@dataclass(frozen=True)
class Prompt:
    """The texts of the cells of these labels, whole, or as differences by the text's name."""

    labels: Sequence[str]
    texts: Mapping[str, Sequence[Segment]]
    whole: bool


def prompts(cells: Sequence[CellState]) -> Iterator[Prompt]:
    """For each environment its first cell's texts, then what differs in others; equal texts stand once.

    Texts of cells whose transcripts may not leave the store are left out, and cells imported without texts.
    """
    bases: dict[tuple[str, str], Mapping[str, str]] = {}
    alike: dict[tuple[str, str, str], list[CellState]] = {}
    for cell in cells:
        record = cell.record
        if record.texts and not record.local_only:
            alike.setdefault((record.env, record.protocol, record.texts_hash), []).append(cell)
    for (env, protocol, _), same in alike.items():
        texts = same[0].record.texts
        labels = list(dict.fromkeys(cell.record.label for cell in same))
        base = bases.setdefault((env, protocol), texts)
        if base is texts:
            yield Prompt(labels, {name: [("same", text)] for name, text in texts.items()}, whole=True)
        else:
            names = [name for name in {**base, **texts} if base.get(name) != texts.get(name)]
            changed = {name: list(difference(base.get(name, ""), texts.get(name, ""))) for name in names}
            yield Prompt(labels, changed, whole=False)


def difference(base: str, text: str) -> Iterator[Segment]:
    """The words that differ, with a little around them of what is the same."""
    old, new = TOKEN.findall(base), TOKEN.findall(text)
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", _shortened("".join(old[i:j]))
            continue
        if i < j:
            yield "removed", "".join(old[i:j])
        if k < m:
            yield "added", "".join(new[k:m])


def _shortened(text: str) -> str:
    return text if len(text) <= 3 * AROUND else f"{text[:AROUND]} … {text[-AROUND:]}"
