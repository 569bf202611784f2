"""The append-only store: one JSON line per finished episode, synced before it counts.

Guarantees: a kill loses only episodes in flight; a torn last line is repaired on the next open; whatever is
damaged, every whole record is read; no index is stored twice but after an `api_error`, of which the last counts;
two processes never write one file; a reader may read while others write.
Layout: `<runs>/<env>/<label>-<key>/{cell.json, episodes*.jsonl}` and `<runs>/sweeps/<id>.json`.
"""

import contextlib
import fcntl
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from hanlon.engine.outcomes import RETRIED_LATER
from hanlon.records import CellRecord, Episode, EpisodeDigest, SweepRecord
from hanlon.shard import Shard


class StoredRecord(Protocol):
    """What `scan` needs of the type it reads a line as."""

    index: int
    outcome: str


RecordT = TypeVar("RecordT", bound=StoredRecord)
RECORD_START = re.compile(rb'(?=\{"index":\d+,"seed":)')
"""Where a record begins, also within a line: a torn one whose newline is missing must not take the next with it.
Never within a record's text, where quotes are escaped."""
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
BLOCK_BYTES = 1 << 20


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
    """The folders of all cells of a run folder, of one environment in it, or of one cell."""
    if (runs_dir / "cell.json").is_file():
        return [runs_dir]
    return sorted(path.parent for depth in ("*", "*/*") for path in runs_dir.glob(f"{depth}/cell.json"))


def scan(folder: Path, record_type: type[RecordT]) -> tuple[list[RecordT], list[DamagedLine]]:
    """All episodes of a cell, one per index, shards merged, in the order in which they were stored.

    A last line that is still being written, or was torn by a kill, is neither read nor damaged.
    """
    decoder = msgspec.json.Decoder(record_type)
    by_index: dict[int, RecordT] = {}
    damaged: list[DamagedLine] = []
    for file in sorted(folder.glob("episodes*.jsonl")):
        for record in _records(file, decoder, damaged):
            earlier = by_index.get(record.index)
            if earlier is None or earlier.outcome in RETRIED_LATER:
                by_index.pop(record.index, None)
                by_index[record.index] = record
    return list(by_index.values()), damaged


def _records(
    file: Path, decoder: msgspec.json.Decoder[RecordT], damaged: list[DamagedLine]
) -> Iterator[RecordT]:
    """The records of one file; what is none is added to `damaged`."""
    number = 0
    for block in _blocks(file):
        try:
            records = decoder.decode_lines(block)
            number += len(records)
            yield from records
        except UNREADABLE:
            for line in io.BytesIO(block):
                number += 1
                for piece in RECORD_START.split(line):
                    try:
                        yield from _decode(piece, decoder)
                    except UNREADABLE as error:
                        if line.endswith(b"\n"):
                            damaged.append(DamagedLine(file, number, str(error)))


def _blocks(file: Path) -> Iterator[bytes]:
    """A file in blocks of whole lines; the last may lack its newline."""
    rest = b""
    with file.open("rb", buffering=0) as handle:
        while block := handle.read(BLOCK_BYTES):
            block = rest + block if rest else block
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            if end:
                yield block[:end]
    if rest:
        yield rest


def _decode(piece: bytes, decoder: msgspec.json.Decoder[RecordT]) -> list[RecordT]:
    """The record with which a piece of a damaged line begins; none for a blank line."""
    whole = _first_value(piece)
    try:
        return decoder.decode_lines(whole)
    except UnicodeDecodeError:
        # counting skips the text, so it does not see this damage: the full reading must not lose the episode either
        return decoder.decode_lines(whole.decode(errors="replace").encode())


def _first_value(piece: bytes) -> bytes:
    """The JSON value at the beginning of some bytes, without what follows it; empty for blank bytes."""
    text = piece.decode(errors="surrogateescape")
    end = json.JSONDecoder().raw_decode(text)[1] if text.strip() else 0
    return text[:end].encode(errors="surrogateescape")


def read_digests(folder: Path) -> list[EpisodeDigest]:
    """What counting needs of a cell's episodes; see `scan`."""
    return scan(folder, EpisodeDigest)[0]


def read_episodes(folder: Path) -> Iterator[Episode]:
    """A cell's episodes in full; see `scan`."""
    yield from scan(folder, Episode)[0]


def repair_tail(file: Path) -> int:
    """Make the file end with a whole line again after a kill in the middle of a write or a loss of power.

    A last line that lacks only its newline is kept. Returns the number of bytes cut off.
    """
    decoder = msgspec.json.Decoder(EpisodeDigest)
    with file.open("r+b") as handle:
        size = handle.seek(0, os.SEEK_END)
        tail = _last_line(handle, size)
        if tail.endswith(b"\n"):
            return 0
        kept = end = 0
        for piece in RECORD_START.split(tail):
            with contextlib.suppress(*UNREADABLE):
                if _decode(piece, decoder):
                    kept = end + len(_first_value(piece))
            end += len(piece)
        handle.truncate(size - len(tail) + kept)
        if kept:
            handle.seek(0, os.SEEK_END)
            handle.write(b"\n")
        return len(tail) - kept


def _last_line(handle: Any, size: int) -> bytes:
    """The bytes after the last newline that is not the file's last byte."""
    block, wanted = b"", 65_536
    while len(block) < size and b"\n" not in block[:-1]:
        handle.seek(max(0, size - wanted))
        block = handle.read(min(size, wanted))
        wanted *= 2
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
        repair_tail(self.path)

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
