"""Opens the store for a planned sweep: the folders of its cells, and every file that it will write."""

import resource
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from hanlon.config.errors import ConfigError
from hanlon.config.provenance import cell_record
from hanlon.config.schema import CellConfig
from hanlon.inquiries.answering import InquiryWork, open_inquiry
from hanlon.run.plan import PlannedCell
from hanlon.store.episodes import CellWriter, read_cell, write_json
from hanlon.store.lines import CellBusy
from hanlon.store.records import CellRecord


@dataclass
class OpenedCell:
    """A planned cell with its files open for writing; `writer` None: no episode of it is missing."""

    plan: PlannedCell
    record: CellRecord
    writer: CellWriter | None
    inquiries: list[InquiryWork]


def open_store(planned: Sequence[PlannedCell], options: CellConfig, stack: ExitStack) -> list[OpenedCell]:
    """The cells with the writers of what is missing; on any refusal nothing new is left behind.

    Raises:
        ConfigError: a folder that cannot be written, a cell that another process writes.
    """
    raise_open_files_limit()
    made: list[Path] = []
    try:
        return [_open_cell(plan, options, stack, made) for plan in planned]
    except (CellBusy, OSError) as error:
        _remove(made, Path(options.runs_dir))
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


def _open_cell(plan: PlannedCell, options: CellConfig, stack: ExitStack, made: list[Path]) -> OpenedCell:
    """Open a cell; adds to `made` the folder, if it is new, and the files in it that are this process's own."""
    folder, shard = plan.folder, plan.cell.config.shard_part()
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    writer = stack.enter_context(closing(CellWriter(folder, shard))) if plan.missing else None
    if new and writer is not None:
        made += [folder, writer.path]
    if not (folder / "cell.json").exists():
        write_json(folder / "cell.json", cell_record(plan.cell, options.samples))
    record = read_cell(folder)
    works: list[InquiryWork] = []
    for asked in plan.inquiries:
        if plan.missing or asked.open:
            works.append(open_inquiry(asked, record, shard, stack))
            made += [works[-1].writer.path] if new else []
    return OpenedCell(plan, record, writer, works)


def _remove(made: Sequence[Path], runs_dir: Path) -> None:
    """Remove what was made, while its locks are still held; never what another process has begun in such a folder."""
    for path in reversed(made):
        if path.suffix == ".jsonl":
            path.unlink(missing_ok=True)
        elif not list(path.glob("*.jsonl")):
            for name in (".lock", "cell.json"):
                (path / name).unlink(missing_ok=True)
            for empty in (path, path.parent, runs_dir):
                with suppress(OSError):
                    empty.rmdir()


def raise_open_files_limit() -> None:
    """A sweep holds two files open for each cell, one more for each judge; the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS reports a hard limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
