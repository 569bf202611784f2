"""A reader of `.wandb` files, independent of wandb's own: length-prefixed fragments in 32 KiB blocks."""

import json
import struct
from pathlib import Path
from typing import Any

BLOCK = 32_768
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(file: Path) -> list[Any]:
    """The protobuf records of a `.wandb` file; a torn tail is left out."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, position, parts, found = file.read_bytes(), 7, b"", []
    while position + 7 <= len(data):
        if BLOCK - position % BLOCK < 7:
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        parts += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (FULL, LAST) and position <= len(data):
            found.append(Record.FromString(parts))
            parts = b""
    return found


class LoggedRun:
    """What a run's folder holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.run: Any = None
        for record in (record for file in folder.glob("run-*.wandb") for record in records(file)):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                self.run = record.run
                self.config |= items(record.run.config.update)
            elif kind == "history":
                row = items(record.history.item)
                if "episodes" in row:
                    self.rows.append({k: v for k, v in row.items() if not k.startswith("_")})
            elif kind == "summary":
                self.summary |= items(record.summary.update)

    def table(self, name: str) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows of a table file in the run's folder."""
        file = next(self.folder.glob(f"files/media/table/{name}_*.table.json"))
        table = json.loads(file.read_text())
        return table["columns"], table["data"]

    def rates(self) -> list[dict[str, Any]]:
        """The lines of the `rates` table by column."""
        columns, data = self.table("rates")
        return [dict(zip(columns, line, strict=True)) for line in data]


def items(entries: Any) -> dict[str, Any]:
    """Key and value of each item of a record."""
    return {entry.key or ".".join(entry.nested_key): json.loads(entry.value_json) for entry in entries}


def logged_runs(runs_dir: Path) -> list[LoggedRun]:
    """All runs under `runs_dir/wandb` whose file has been started, oldest first."""
    folders = (path for path in (runs_dir / "wandb").glob("*run-*") if path.is_dir())
    runs = [LoggedRun(folder) for folder in folders]
    return sorted((run for run in runs if run.run), key=lambda run: run.run.start_time.ToNanoseconds())


def by_job(runs_dir: Path, job_type: str) -> list[LoggedRun]:
    """The runs of one job type."""
    return [run for run in logged_runs(runs_dir) if run.run.job_type == job_type]
