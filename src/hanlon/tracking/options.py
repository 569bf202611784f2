"""How a sweep is logged: the keys of `conf/tracker/wandb.yaml`, noted beside its runs for a later `hanlon sync`."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from hanlon.tracking.marker import file_name, write_json

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
