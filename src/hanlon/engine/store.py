"""The append-only store: one JSON line per finished episode, synced before it counts.

Guarantees: a kill loses only episodes in flight; a torn last line is repaired on the next open; no index is
stored twice but after an `api_error`, of which the last counts; two processes never write one file.
Layout: `<runs>/<env>/<label>-<key>/{cell.json, episodes*.jsonl}` and `<runs>/sweeps/<id>.json`.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hanlon.engine.outcomes import RETRIED_LATER
from hanlon.records import CellRecord, Episode, EpisodeDigest, SweepRecord
from hanlon.shard import Shard

RecordT = TypeVar("RecordT", Episode, EpisodeDigest)


class CellBusy(Exception):
    """Another process is writing to this cell."""


class StoreFailed(Exception):
    """Finished episodes could not be written; the message says why and where they are instead."""


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that is no episode. It is left where it is and not counted."""

    file: Path
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: not an episode ({self.problem}); left in place, not counted"


def write_json(path: Path, record: CellRecord | SweepRecord) -> None:
    """Write a record as a readable JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, 0o644)
    Path(name).replace(path)


def read_cell(folder: Path) -> CellRecord:
    """The `cell.json` of a cell's folder."""
    return msgspec.json.decode((folder / "cell.json").read_bytes(), type=CellRecord)


def cell_folders(runs_dir: Path) -> list[Path]:
    """The folders of all cells below `runs_dir` (or `runs_dir` itself, where it is one cell's folder)."""
    if (runs_dir / "cell.json").is_file():
        return [runs_dir]
    return sorted(path.parent for path in runs_dir.glob("*/*/cell.json"))


def scan(folder: Path, record_type: type[RecordT]) -> tuple[list[RecordT], list[DamagedLine]]:
    """All episodes of a cell, one per index, shards merged, in the order in which they were stored."""
    decoder = msgspec.json.Decoder(record_type)
    by_index: dict[int, RecordT] = {}
    damaged: list[DamagedLine] = []
    for file in sorted(folder.glob("episodes*.jsonl")):
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = decoder.decode(line)
                except msgspec.DecodeError as error:
                    damaged.append(DamagedLine(file, number, str(error)))
                    continue
                earlier = by_index.get(record.index)
                if earlier is None or earlier.outcome in RETRIED_LATER:
                    by_index.pop(record.index, None)
                    by_index[record.index] = record
    return list(by_index.values()), damaged


def read_digests(folder: Path) -> list[EpisodeDigest]:
    """What counting needs of a cell's episodes; see `scan`."""
    return scan(folder, EpisodeDigest)[0]


def read_episodes(folder: Path) -> Iterator[Episode]:
    """A cell's episodes in full; see `scan`."""
    yield from scan(folder, Episode)[0]


def repair_tail(file: Path) -> int:
    """Make the file end with a whole line again after a kill in the middle of a write.

    A last line that lacks only its newline is kept. Returns the number of bytes cut off.
    """
    with file.open("r+b") as handle:
        size = handle.seek(0, os.SEEK_END)
        tail = _last_line(handle, size)
        if not tail or tail.endswith(b"\n"):
            return 0
        try:
            msgspec.json.decode(tail, type=EpisodeDigest)
        except msgspec.DecodeError:
            handle.truncate(size - len(tail))
            return len(tail)
        handle.write(b"\n")
        return 0


def _last_line(handle: Any, size: int) -> bytes:
    """The bytes after the last newline that is not the file's last byte, the handle left at the end."""
    block, start = b"", size
    while start > 0 and b"\n" not in block[:-1]:
        start = max(0, start - 65_536)
        handle.seek(start)
        block = handle.read(size - start)
    handle.seek(size)
    return block[block.rfind(b"\n", 0, -1) + 1 :]


class CellWriter:
    """The one writer of one episode file. Holds the cell's lock until it is closed.

    Raises:
        CellBusy: another process writes to this cell, or (with shards) to this shard of it.
    """

    def __init__(self, folder: Path, shard: Shard) -> None:
        self.folder = folder
        self.path = folder / shard.file_name
        self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._file = -1
        try:
            self._acquire(self._lock, shared=shard.of > 1)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._acquire(self._file, shared=False)
        except BaseException:
            self.close()
            raise
        self.cut_bytes = repair_tail(self.path)

    def _acquire(self, descriptor: int, *, shared: bool) -> None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CellBusy(
                f"{self.folder} is being written by another process. Wait for it, end it, or split the work: "
                "start every process with its own shard=1/2, shard=2/2, ..."
            ) from None

    def append(self, lines: bytes) -> None:
        """Append whole lines and sync them to disk; on an error leave the file as it was.

        Raises:
            OSError: the disk is full or gone; nothing of `lines` is in the file then.
        """
        size = os.fstat(self._file).st_size
        try:
            written = 0
            while written < len(lines):
                written += os.write(self._file, lines[written:])
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, size)
            raise

    def close(self) -> None:
        """Release the cell."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1
