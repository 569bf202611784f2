"""Append-only files of JSON lines: episodes, and answers about them. One process writes a file.

A damaged line costs only itself, and a torn end is mended. A record begins with its index and a field that tells an
episode from an answer.
"""

import contextlib
import fcntl
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

RecordT = TypeVar("RecordT")
RECORD_START = re.compile(rb'(?=\{"index":\d+,"(?:seed|question)":)')
"""Where a record begins, also within a line: a torn one whose newline is missing must not take the next with it.
Never within a record's text, where quotes are escaped."""
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
BLOCK_BYTES = 1 << 20


class CellBusy(Exception):
    """Another process is writing to this cell."""


class StoreFailed(Exception):
    """Finished records could not be written; the message says why and where they are instead."""


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that is no record. It is left where it is and not counted."""

    file: Path
    line: int
    problem: str

    def __str__(self) -> str:
        kind = "an episode" if self.file.name.startswith("episodes") else "an answer"
        return f"{self.file}, line {self.line}: not {kind} ({self.problem}); left in place, not counted"


def read_lines(
    file: Path, decoder: msgspec.json.Decoder[RecordT], damaged: list[DamagedLine]
) -> Iterator[RecordT]:
    """Read a file's records in order. Lines that are not records go to `damaged`."""
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
    """Read a file in blocks of whole lines. The last may lack its newline."""
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
    """Read the record at the start of a piece of a damaged line; nothing for a blank line."""
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


def repair_tail(file: Path, record_type: type[Any]) -> int:
    """Make the file end with a whole line again after a kill in the middle of a write or a loss of power.

    A last line that lacks only its newline is kept. Returns the number of bytes cut off.
    """
    decoder = msgspec.json.Decoder(record_type)
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


class LineWriter:
    """The one writer of one file of lines: locked until it is closed, its torn end mended when it is opened.

    Raises:
        CellBusy: another process writes to this file.
    """

    def __init__(self, path: Path, record_type: type[Any]) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            lock(self._file, path.parent, shared=False)
        except BaseException:  # also Ctrl-C: no lock is left behind
            self.close()
            raise
        repair_tail(path, record_type)

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
        """Release the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def lock(descriptor: int, folder: Path, *, shared: bool) -> None:
    """Lock an open file of a cell's folder for as long as it is open.

    Raises:
        CellBusy: another process holds it.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CellBusy(
            f"{folder} is being written by another process. Wait for it, end it, or split the work: "
            "start every process with its own shard=1/2, shard=2/2, ..."
        ) from None
