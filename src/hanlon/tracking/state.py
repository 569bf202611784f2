"""A small file that says what W&B already has, so that what is finished and unchanged opens no run again.

It lies in the cell's folder (`wandb.<sweep id>.json`). Delete it, or the run's folder, to log the cell anew.
"""

import contextlib
import os
import re
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from hanlon.store.lines import CellBusy, lock


class Marker(msgspec.Struct, omit_defaults=True):
    """The run that holds the state `fingerprint`: its id, its folder under `runs/wandb`, and where it was sent."""

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
        if self.mode == "online" or self._synced(wandb_dir):
            return True
        return wanted_mode != "online" and (wandb_dir / self.folder).is_dir()

    def _synced(self, wandb_dir: Path) -> bool:
        """Whether `wandb sync` has sent the run's folder."""
        return synced_mark(wandb_dir / self.folder, self.run).exists()


def synced_mark(folder: Path, run: str) -> Path:
    """The file by which W&B knows that a run's folder was sent."""
    return folder / f"run-{run}.wandb.synced"


def file_name(sweep_id: str) -> str:
    """A sweep's id as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", sweep_id)


def marker_path(folder: Path, sweep_id: str) -> Path:
    """Where the marker of this sweep lies."""
    return folder / f"wandb.{file_name(sweep_id)}.json"


def read_marker(path: Path) -> Marker | None:
    """The marker, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None


def write_json(path: Path, record: object) -> None:
    """Write a small record, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(msgspec.json.encode(record) + b"\n")
    Path(file.name).replace(path)


def agent_run() -> str | None:
    """The id of the run that an agent has made for this command; None where no agent has started it."""
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None


POLL_S = 0.1
ENDING = b"ending"


class Turn:
    """The right to log one run, for as long as it is held."""

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
        except CellBusy:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        os.ftruncate(file, 0)
        self._file = file
        return True

    def wait(self, limit_s: float) -> bool:
        """Take the turn, waiting so long for it at most; whether it was got."""
        end = time.monotonic() + limit_s
        while not self.take():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        return True

    def take_over(self, limit_s: float) -> bool:
        """Take the turn, or leave it to a process that will yet count what is stored now; wait for one that may not.

        Returns:
            Whether the turn was got. False after `limit_s` seconds too.
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


Mode = Literal["auto", "online", "offline"]


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of `conf/tracker/wandb.yaml`."""

    mode: Mode
    project: str
    entity: str | None
    transcripts: bool
    transcripts_max_rows: int
    local_transcripts: bool
    row_interval_s: float
    max_live_runs: int
    init_timeout_s: float
    finish_timeout_s: float
    workspace: bool = True
    figures: bool = True

    def shown(self) -> list[Any]:
        """What of this decides where runs go and what they hold; other changes make no run stale."""
        return [
            self.project,
            self.entity,
            self.transcripts,
            self.transcripts_max_rows,
            self.local_transcripts,
        ]


def write_options(wandb_dir: Path, sweep_id: str, options: Options) -> None:
    """Note how a sweep is logged, so that `hanlon sync` sends no more of it than its own command would."""
    wandb_dir.mkdir(parents=True, exist_ok=True)
    write_json(options_path(wandb_dir, sweep_id), asdict(options))


def read_options(wandb_dir: Path, sweep_id: str) -> Options | None:
    """How a sweep was logged; None where it was not, or that cannot be read."""
    try:
        return msgspec.json.decode(options_path(wandb_dir, sweep_id).read_bytes(), type=Options)
    except (OSError, msgspec.DecodeError):
        return None


def options_path(wandb_dir: Path, sweep_id: str) -> Path:
    """Where the options of a sweep are noted."""
    return wandb_dir / f"options.{file_name(sweep_id)}.json"
