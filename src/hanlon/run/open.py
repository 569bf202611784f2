"""Opens the store for a planned sweep: the folders of its cells, and every file that it will write."""

import resource
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from hanlon.config.errors import ConfigError
from hanlon.config.provenance import cell_record
from hanlon.config.schema import RunOptions
from hanlon.inquiries.answering import InquiryWork, open_inquiry
from hanlon.run.plan import PlannedCell
from hanlon.store.episodes import BRANCH, CellWriter, read_branch, read_cell, write_json
from hanlon.store.lines import CellBusy
from hanlon.store.records import CellRecord


@dataclass
class OpenedCell:
    """A planned cell with its files open for writing. Without a `writer` no episode of it is missing."""

    plan: PlannedCell
    record: CellRecord
    writer: CellWriter | None
    inquiries: list[InquiryWork]


def check_sandboxes(planned: Sequence[PlannedCell]) -> None:
    """Boot a machine of each sandbox that is to be used, before anything is paid for.

    Raises:
        ConfigError: it cannot be done here; the message says what to do about it.
    """
    sandboxes = {plan.cell.sandbox.kind: plan.cell.sandbox for plan in planned if plan.missing}
    for sandbox in sandboxes.values():
        try:
            sandbox.check()
        except ValueError as error:
            raise ConfigError(str(error)) from None


def open_store(planned: Sequence[PlannedCell], options: RunOptions, stack: ExitStack) -> list[OpenedCell]:
    """Open the cells and the files that will be written. A refusal leaves nothing new behind.

    Raises:
        ConfigError: a folder that cannot be written, a cell that another process writes.
    """
    raise_open_files_limit()
    made: list[Path] = []
    try:
        return [_open_cell(plan, options, stack, made) for plan in planned]
    except (CellBusy, OSError) as error:
        _remove(made, Path(options.runs_dir))
        reason = str(error) if isinstance(error, CellBusy) else f"{error.filename}: {error.strerror}"
        raise ConfigError(f"runs_dir={options.runs_dir}: {reason}") from None


def prepare_store(planned: Sequence[PlannedCell], options: RunOptions, say: Callable[[str], None]) -> None:
    """Make the cells' folders before other processes write to them; refuse what is being written already."""
    with ExitStack() as stack:
        opened = open_store(planned, options, stack)
        for note in notes_of(opened):
            say(note)


def notes_of(opened: Sequence[OpenedCell]) -> list[str]:
    """The notes on the cells' models, each line once."""
    notes = dict.fromkeys(note for cell in opened for note in cell.record.notes)
    return [f"Note: {note}." for note in notes]


def _open_cell(plan: PlannedCell, options: RunOptions, stack: ExitStack, made: list[Path]) -> OpenedCell:
    """Open a cell. A new folder, and the files in it that are this process's own, are added to `made`."""
    folder = plan.folder
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    writer = stack.enter_context(closing(CellWriter(folder, plan.shard))) if plan.missing else None
    if new and writer is not None:
        made += [folder, writer.path]
    _write_record(plan, options)
    record = read_cell(folder)
    works: list[InquiryWork] = []
    for inquiry in plan.inquiries:
        if plan.missing or inquiry.open:
            works.append(open_inquiry(inquiry, record, plan.shard, stack))
            made += [works[-1].writer.path] if new else []
    return OpenedCell(plan, record, writer, works)


def _write_record(plan: PlannedCell, options: RunOptions) -> None:
    """Say in the folder what it holds, once; of a branch also each further way in which its turn was named."""
    if plan.branch is None:
        if not (plan.folder / "cell.json").exists():
            write_json(plan.folder / "cell.json", cell_record(plan.cell, options.samples))
        return
    record = plan.branch.branch.record(plan.branch.draws, plan.branch.control_from)
    if (plan.folder / BRANCH).exists():
        stored = read_branch(plan.folder)
        if set(record.points) <= set(stored.points):
            return
        record = replace(stored, points=[*stored.points, *record.points])
    write_json(plan.folder / BRANCH, record)


def _remove(made: Sequence[Path], runs_dir: Path) -> None:
    """Remove what was made, while its locks are still held, but never what another process has begun there."""
    for path in reversed(made):
        if path.suffix == ".jsonl":
            path.unlink(missing_ok=True)
        elif not list(path.glob("*.jsonl")):
            for name in (".lock", "cell.json", BRANCH):
                (path / name).unlink(missing_ok=True)
            for empty in (path, path.parent, runs_dir):
                with suppress(OSError):
                    empty.rmdir()


def raise_open_files_limit() -> None:
    """Raise it: a sweep has two files open for each cell and one for each judge. Usually 1,024 may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS reports a hard limit that it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
