"""Writes stored cells as a file or a folder for other programs: whole, or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hanlon.analysis.paragraphs import counted
from hanlon.exchange.dataset import write_dataset
from hanlon.exchange.every_eval_ever import eval_files
from hanlon.exchange.export_rows import (
    RowKind,
    child_columns,
    count_columns,
    episode_columns,
    write_columns,
)
from hanlon.exchange.inspect_export import write_logs
from hanlon.exchange.refusal import Refusal
from hanlon.fork.stored import stored_branches
from hanlon.store.cells import CellState, load_cell

ExportKind = Literal["csv", "jsonl", "parquet", "dataset", "eee", "inspect"]


@dataclass(frozen=True)
class Export:
    """What is written, and where; `licence` is that of a dataset, `organization` that of Every Eval Ever."""

    kind: ExportKind
    out: Path
    rows: RowKind = "episodes"
    transcripts: bool = False
    licence: str = ""
    organization: str = "unknown"


def export(states: Sequence[CellState], wanted: Export) -> str:
    """Write these cells; what was written, in words.

    Raises:
        Refusal: nothing can be counted, a folder that is there already, or Parquet without pyarrow.
        OSError: it cannot be written.
    """
    if wanted.rows == "forks":
        states = _branches(states, wanted)
    if wanted.kind == "dataset":
        _write(wanted.out, lambda folder: _dataset(states, folder, wanted), folder=True)
        return "a dataset"
    if wanted.kind == "eee":
        files = eval_files(states, wanted.organization)
        _write(wanted.out, lambda folder: _files(folder, files), folder=True)
        return counted(len(files), "file")
    if wanted.kind == "inspect":
        _write(wanted.out, lambda folder: _logs(states, folder), folder=True)
        return counted(len(states), "log")
    kind = wanted.kind
    if wanted.rows == "counts":
        columns = count_columns(states)
    else:
        of_each = child_columns if wanted.rows == "forks" else episode_columns
        columns = of_each(states, transcripts=wanted.transcripts)
    _write(wanted.out, lambda file: write_columns(columns, file, kind), folder=False)
    return counted(len(columns["key"]), "row")


def _branches(states: Sequence[CellState], wanted: Export) -> list[CellState]:
    """The branches of these cells' episodes, each as a cell is read."""
    if wanted.kind in ("dataset", "eee"):
        raise Refusal(
            f"--rows forks: {wanted.kind} holds episodes of cells, and children are none. They go to csv, jsonl, "
            "parquet and inspect"
        )
    branches = [load_cell(branch.folder)[0] for state in states for branch in stored_branches(state)]
    if not branches:
        raise Refusal("--rows forks: no episode of these cells has been forked (hanlon fork RUNS at=turns)")
    return branches


def _dataset(states: Sequence[CellState], folder: Path, wanted: Export) -> None:
    folder.mkdir()
    write_dataset(states, folder, wanted.out.name, wanted.licence, transcripts=wanted.transcripts)


def _logs(states: Sequence[CellState], folder: Path) -> None:
    folder.mkdir()
    write_logs(states, folder)


def _files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _write(out: Path, write: Callable[[Path], None], *, folder: bool) -> None:
    """Write beside the target, then move it there."""
    if folder and out.exists():
        raise Refusal(f"{out} is there already. Name a folder that is not, so that nothing old is left in it")
    if not out.absolute().parent.is_dir():
        raise Refusal(f"there is no folder {out.parent} to write to")
    staged = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=".export-"))
    try:
        write(staged / out.name)
        (staged / out.name).replace(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
