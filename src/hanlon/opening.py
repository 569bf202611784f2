"""Opens a planned sweep's cells in the store: folders, `cell.json`, locks; leaves nothing behind where it may not."""

import resource
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from hanlon.asking import open_inquiry
from hanlon.config.errors import ConfigError
from hanlon.config.schema import CellConfig
from hanlon.engine.inquiring import InquiryWork
from hanlon.engine.lines import CellBusy
from hanlon.engine.store import CellWriter, read_cell, write_json
from hanlon.planning import PlannedCell
from hanlon.provenance import cell_record
from hanlon.records import CellRecord


@dataclass
class OpenedCell:
    """A planned cell with its files open for writing."""

    plan: PlannedCell
    record: CellRecord
    writer: CellWriter | None
    inquiries: list[InquiryWork]


def open_store(planned: Sequence[PlannedCell], options: CellConfig, stack: ExitStack) -> list[OpenedCell]:
    """The cells with the writers of what is missing; on any refusal nothing new is left behind."""
    _raise_open_files_limit()
    new = [plan.folder for plan in planned if not plan.folder.exists()]
    try:
        return [_open_cell(plan, options, stack) for plan in planned]
    except (CellBusy, OSError) as error:
        stack.close()
        _remove_new(new, Path(options.runs_dir))
        what = str(error) if isinstance(error, CellBusy) else f"{error.filename}: {error.strerror}"
        raise ConfigError(f"runs_dir={options.runs_dir}: {what}") from None


def prepare_store(planned: Sequence[PlannedCell], options: CellConfig, say: Callable[[str], None]) -> None:
    """Make the cells' folders before other processes write to them; refuse what is being written already."""
    with ExitStack() as stack:
        opened = open_store(planned, options, stack)
        for note in notes_of(opened):
            say(note)


def notes_of(opened: Sequence[OpenedCell]) -> list[str]:
    """What is to be said of the cells, each line once."""
    notes = dict.fromkeys(note for cell in opened for note in cell.record.notes)
    return [f"Note: {note}." for note in notes]


def _open_cell(plan: PlannedCell, options: CellConfig, stack: ExitStack) -> OpenedCell:
    folder, shard = plan.folder, plan.cell.config.shard_part()
    folder.mkdir(parents=True, exist_ok=True)
    writer = stack.enter_context(closing(CellWriter(folder, shard))) if plan.missing else None
    if not (folder / "cell.json").exists():
        write_json(folder / "cell.json", cell_record(plan.cell, options.samples))
    record = read_cell(folder)
    works = [
        open_inquiry(asked, record, folder, shard, stack)
        for asked in plan.inquiries
        if plan.missing or asked.open
    ]
    return OpenedCell(plan, record, writer, works)


def _remove_new(folders: Sequence[Path], runs_dir: Path) -> None:
    for folder in folders:
        for name in (".lock", "episodes.jsonl", "cell.json"):
            with suppress(OSError):
                (folder / name).unlink()
        for empty in (folder, folder.parent, runs_dir):
            with suppress(OSError):
                empty.rmdir()


def _raise_open_files_limit() -> None:
    """A sweep holds two files open for each cell; the usual soft limit of 1,024 ends at 500 cells."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS reports a hard limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
