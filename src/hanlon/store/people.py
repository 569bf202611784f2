"""What people wrote about stored episodes: `<runs>/people/labels.jsonl` and `<runs>/people/notes.jsonl`.

One line a remark, synced as it is written. A later one of the same person about the same question of an episode takes
the place of the earlier, an empty one takes it back.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from hanlon.store.lines import DamagedLine, LineWriter, read_lines

RemarkKind = Literal["labels", "notes"]
NOTE = "note"
"""The question of a note, which has no label's name."""


class Remark(msgspec.Struct):
    """One label or note. `cell` is a cell's key, `question` the label's name, `at` Unix seconds."""

    index: int
    question: str
    cell: str
    value: str
    rater: str = ""
    at: float = 0.0


def remarks_path(runs_dir: Path, kind: RemarkKind) -> Path:
    """Where the remarks of a run folder lie."""
    return runs_dir / "people" / f"{kind}.jsonl"


def read_remarks(file: Path) -> tuple[list[Remark], list[DamagedLine]]:
    """The remarks of a file that stand, and its lines that are none; nothing where there is no file."""
    damaged: list[DamagedLine] = []
    if not file.exists():
        return [], damaged
    return standing(read_lines(file, msgspec.json.Decoder(Remark), damaged)), damaged


def standing(remarks: Iterable[Remark]) -> list[Remark]:
    """The last remark of each person about each question of an episode, without those that were taken back."""
    latest: dict[tuple[str, int, str, str], Remark] = {}
    for remark in remarks:
        latest[(remark.cell, remark.index, remark.question, remark.rater)] = remark
    return [remark for remark in latest.values() if remark.value]


def write_remark(runs_dir: Path, kind: RemarkKind, remark: Remark) -> None:
    """Append a remark to its file.

    Raises:
        CellBusy: another process writes to it at this moment.
        OSError: it cannot be written; the file is as it was.
    """
    file = remarks_path(runs_dir, kind)
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = LineWriter(file, Remark)
    try:
        writer.append(msgspec.json.encode(remark) + b"\n")
    finally:
        writer.close()
