"""A small file that says what W&B already has, so that what is finished and unchanged opens no run again.

It lies in the cell's folder (`wandb.<sweep id>.json`). Delete it, or the run's folder, to log the cell anew.
"""

import re
import tempfile
from pathlib import Path

import msgspec


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
