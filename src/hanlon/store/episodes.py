"""The append-only store: one JSON line per finished episode, synced before it counts.

Guarantees: a kill loses only episodes in flight; a torn last line is repaired on the next open; whatever is
damaged, every whole record is read; no index is stored twice but after an `api_error`, of which the last counts;
two processes never write one file; a reader may read while others write.
Layout: `<runs>/<env>/<label>-<key>/{cell.json, episodes*.jsonl}` and `<runs>/sweeps/<id>.json`. The children of its
episodes lie in `forks/<branch>/{branch.json, episodes*.jsonl}` of a cell's folder, where no reader of cells looks.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from hanlon.store.lines import DamagedLine, LineWriter, lock, read_lines
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import (
    BranchRecord,
    CellRecord,
    Episode,
    EpisodeDigest,
    InquiryRecord,
    SweepRecord,
)
from hanlon.store.shard import Shard

FORKS = "forks"
"""The folder in a cell's that holds the branches of its episodes."""
BRANCH = "branch.json"


class StoredRecord(Protocol):
    """What `scan` needs of the type it reads a line as."""

    index: int
    outcome: str


RecordT = TypeVar("RecordT", bound=StoredRecord)
FileT = TypeVar("FileT", CellRecord, BranchRecord, SweepRecord, InquiryRecord)


def write_json(path: Path, record: CellRecord | BranchRecord | SweepRecord | InquiryRecord) -> None:
    """Write a record as a readable JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, 0o644)
    Path(name).replace(path)


def read_json(path: Path, record_type: type[FileT]) -> FileT | None:
    """Read a record's file; None where there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=record_type)
    except (OSError, msgspec.DecodeError):
        return None


def change_json(path: Path, record_type: type[FileT], change: Callable[[FileT | None], FileT]) -> None:
    """Read a record's file, change the record and write it, while no other process does the same.

    The lock is a file beside it, since the file itself is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_file = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        write_json(path, change(read_json(path, record_type)))
    finally:
        os.close(lock_file)


def read_cell(folder: Path) -> CellRecord:
    """The `cell.json` of a cell's folder; of a branch's folder the cell that its children are sampled in."""
    if (folder / BRANCH).is_file():
        return read_branch(folder).cell
    return msgspec.json.decode((folder / "cell.json").read_bytes(), type=CellRecord)


def read_branch(folder: Path) -> BranchRecord:
    """The `branch.json` of a branch's folder."""
    return msgspec.json.decode((folder / BRANCH).read_bytes(), type=BranchRecord)


def branch_folders(cell_folder: Path, index: int | None = None) -> list[Path]:
    """The folders of all branches of a cell's episodes, or of the one of this index."""
    begins = "" if index is None else f"{index}-"
    return sorted(path.parent for path in cell_folder.glob(f"{FORKS}/{begins}*/{BRANCH}"))


def runs_dir_of(folder: Path) -> Path:
    """The run folder in which the folder of a cell or of a branch lies."""
    return folder.parents[3] if (folder / BRANCH).is_file() else folder.parents[1]


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
        for record in read_lines(file, decoder, damaged):
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


class CellWriter(LineWriter):
    """The one writer of one episode file. Holds the cell's lock until it is closed.

    Raises:
        CellBusy: another process writes to this cell, or (with shards) to episodes of this shard.
    """

    def __init__(self, folder: Path, shard: Shard) -> None:
        self.folder = folder
        self._file = -1
        self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            lock(self._lock, folder, shared=shard.of > 1)
            super().__init__(folder / shard.file_name("episodes"), EpisodeDigest)
            _refuse_overlap(folder, shard)
        except BaseException:  # also Ctrl-C: no lock is left behind
            self.close()
            raise

    def close(self) -> None:
        """Release the cell."""
        super().close()
        self._release()

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1


def _refuse_overlap(folder: Path, shard: Shard) -> None:
    """1/2 and 1/4 write different files and the same episodes. Both hold theirs by now, so one of them sees it."""
    for file in folder.glob("episodes.*of*.jsonl"):
        other = Shard.of_file(file.name)
        if other is None or other == shard or not shard.overlaps(other):
            continue
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            lock(descriptor, folder, shared=True)
        finally:
            os.close(descriptor)
