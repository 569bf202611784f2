"""A small file that says what W&B already has, so that what is finished and unchanged opens no run again.

It lies in the cell's folder (`wandb.<sweep id>.json`). Delete it, or the run's folder, to log the cell anew.
"""

import re
import tempfile
from pathlib import Path

import msgspec


class Marker(msgspec.Struct):
    """The run that holds the state `fingerprint`: its id and its folder under `runs/wandb`."""

    run: str
    folder: str
    mode: str
    rows: int
    fingerprint: str

    def covers(self, fingerprint: str, wanted_mode: str, wandb_dir: Path) -> bool:
        """Whether this state is logged, and logged where it is wanted."""
        if self.fingerprint != fingerprint or (wanted_mode == "online" and self.mode != "online"):
            return False
        return self.mode == "online" or (wandb_dir / self.folder).is_dir()


def marker_path(folder: Path, sweep_id: str) -> Path:
    """Where the marker of this sweep lies."""
    return folder / f"wandb.{re.sub(r'[^A-Za-z0-9_.-]', '_', sweep_id)}.json"


def read_marker(path: Path) -> Marker | None:
    """The marker, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None


def write_marker(path: Path, marker: Marker) -> None:
    """Write the marker, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(msgspec.json.encode(marker) + b"\n")
    Path(file.name).replace(path)
