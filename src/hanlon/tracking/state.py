"""The small files beside the runs: what W&B already has, how a sweep is logged, and which process is logging it.

A cell's marker lies in its folder (`wandb.<sweep id>.json`), everything else below `runs/wandb`. Delete a marker, or
the folder of its run, to log the cell anew.
"""

import contextlib
import os
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from hanlon.store.lines import CellBusy, lock
from hanlon.store.records import CellRecord

POLL_S = 0.1
ENDING = b"ending"
Mode = Literal["auto", "online", "offline"]
State = TypeVar("State")


def state_path(folder: Path, kind: str, sweep_id: str) -> Path:
    """Where a kind of state of a sweep lies in a folder: `<kind>.<sweep id>.json`."""
    return folder / f"{kind}.{re.sub(r'[^A-Za-z0-9_.-]', '_', sweep_id)}.json"


def marker_path(folder: Path, sweep_id: str) -> Path:
    """Where the marker of a sweep lies."""
    return state_path(folder, "wandb", sweep_id)


def read_state(path: Path, kind: type[State]) -> State | None:
    """The state in a file, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def write_state(path: Path, state: object) -> None:
    """Write a state, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(msgspec.json.encode(state) + b"\n")
    Path(file.name).replace(path)


class Marker(msgspec.Struct, omit_defaults=True):
    """A run whose content has this `fingerprint`: its id, its folder below `runs/wandb`, and where it was sent."""

    run: str
    folder: str
    mode: str
    rows: int
    fingerprint: str
    project: str = ""

    def covers(self, fingerprint: str, wanted_mode: str, wandb_dir: Path) -> bool:
        """Whether this state is logged, and logged where it is wanted."""
        if self.fingerprint != fingerprint:
            return False
        folder = wandb_dir / self.folder
        if self.mode == "online" or synced_mark(folder, self.run).exists():
            return True
        return wanted_mode != "online" and folder.is_dir()


def synced_mark(folder: Path, run: str) -> Path:
    """The file by which W&B knows that a run's folder was sent."""
    return folder / f"run-{run}.wandb.synced"


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of `conf/tracker/wandb.yaml`. They are kept, so that `hanlon sync` sends no more than the sweep did.

    Raises:
        ValueError: an option is not legal; the message says what would be.
    """

    mode: Mode = "auto"
    project: str | None = None
    entity: str | None = None
    transcripts: bool = True
    transcripts_max_rows: int = 200
    local_transcripts: bool = False
    row_interval_s: float = 1.0
    max_live_runs: int = 50
    init_timeout_s: float = 10
    finish_timeout_s: float = 30
    workspace: bool = True
    report: bool = True
    figures: bool = True

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "online", "offline"):
            raise ValueError(
                f"tracker.mode={self.mode} is not a mode. Modes: auto, online, offline (or tracker=none)"
            )
        if self.project is not None and not re.fullmatch(r"[^/\\#?%:]{1,128}", self.project):
            raise ValueError(
                f"tracker.project={self.project!r}: W&B wants 1 to 128 characters, none of / \\ # ? % :"
            )

    def may_send(self, cell: CellRecord) -> bool:
        """Whether messages of this cell may be logged."""
        return self.transcripts and (self.local_transcripts or not cell.local_only)

    def decisive(self) -> list[Any]:
        """The options that decide where runs go and what they hold. A change of others makes no run stale."""
        sent = [self.transcripts, self.transcripts_max_rows, self.local_transcripts]
        return [self.project, self.entity, *sent]


class Turn:
    """The right to log one run, for as long as it is held: a lock beside the run's marker."""

    def __init__(self, marker: Path) -> None:
        self._path = marker.with_name(f".{marker.stem}.lock")
        self._file = -1

    def take(self) -> bool:
        """Take the turn, if no other process has it."""
        if self._file >= 0:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            lock(file, self._path, shared=False)
        except BaseException as error:  # also Ctrl-C: no descriptor is left open
            os.close(file)
            if isinstance(error, CellBusy):
                return False
            raise
        os.ftruncate(file, 0)
        self._file = file
        return True

    def wait(self, limit_s: float) -> bool:
        """Take the turn, waiting at most so long; whether it was taken."""
        end = time.monotonic() + limit_s
        while not self.take():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        return True

    def take_over(self, limit_s: float) -> bool:
        """Take the turn, or leave it to a process that will yet count what is stored now; wait for one that may not.

        Returns:
            Whether the turn was taken. False after `limit_s` seconds too.
        """
        return self.take() or (self._is_ending() and self.wait(limit_s))

    def end(self) -> None:
        """Say that the last count begins: what is stored from now on may not be in it."""
        if self._file >= 0:
            os.pwrite(self._file, ENDING, 0)

    def give(self) -> None:
        """Let another process have it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _is_ending(self) -> bool:
        with contextlib.suppress(OSError):
            return self._path.read_bytes() == ENDING
        return True
