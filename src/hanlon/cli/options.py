"""Arguments and options that several commands have, and the cells that they name."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from hanlon.analysis.paragraphs import notes_below, paragraphs
from hanlon.analysis.tables import NoSuchColumn, TableFormat, TableView
from hanlon.cli.selection import Selection, named_cells
from hanlon.store.cells import CellState, in_grid_order, load_cells
from hanlon.store.problems import nearest


class RunFolder(click.Path):
    """A folder that is there. The answer to another has the nearest beside it."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The folder's path.

        Raises:
            BadParameter: there is no such folder.
        """
        folder = Path(value)
        if not folder.exists() and folder.parent.is_dir():
            beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
            self.fail(f"there is no folder '{value}'.{nearest(folder.name, beside)}", param, ctx)
        return super().convert(value, param, ctx)


RUNS = click.argument("runs", nargs=-1, type=RunFolder(), metavar="[RUNS]...")
MEASURES = click.option(
    "--measure", "measures", multiple=True, help="Another rate than the headline one; 'all' for all."
)
_SELECTION = (
    click.option("--cell", "cells", multiple=True, metavar="NAME",
                 help="This cell: its label, key, or how its folder begins; * stands for anything. May be repeated."),
    click.option("--model", "models", multiple=True, metavar="NAME",
                 help="This model, or those with this in their name. May be repeated."),
    click.option("--where", multiple=True, metavar="FACTOR=LEVEL",
                 help="A filter: cells of this level, or of these: stakes=none,replaced. May be repeated."),
)  # fmt: skip
_TABLE = (
    *_SELECTION,
    click.option("--columns", metavar="NAME,...", default="",
                 help="These columns, in this order; also those that only JSON and CSV have."),
    click.option("--sort", metavar="COLUMN", default="", help="By this column; -COLUMN downwards."),
    click.option("--notes", is_flag=True, help="Also how the numbers were made."),
    click.option("--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]),
                 default="table", help="json and csv hold every column.", show_default=True),
)  # fmt: skip

SWEEP = click.option(
    "--sweep", "sweep_id", metavar="ID", help="Which sweep: the name of runs/sweeps/<ID>.json."
)
HYPOTHESES = click.option(
    "--hypotheses",
    "judged_by",
    type=click.Choice(["registered", "files"]),
    default="registered",
    show_default=True,
    help="Those that the sweep wrote down before its first call, or conf/hypothesis as it is now (exploratory).",
)


@dataclass(frozen=True)
class TableOptions:
    """What the options say that every table has: which cells, which columns, which notes, and the format."""

    selection: Selection
    view: TableView
    notes: bool
    table_format: TableFormat

    @property
    def as_data(self) -> bool:
        """Whether rows are wanted for a program."""
        return self.table_format in ("json", "csv")

    def keys(self, states: Sequence[CellState]) -> set[str]:
        """The keys of the selected cells. A row is printed if it is about one of them."""
        return {state.record.key for state in self.selection.of(states)}

    def say_answer(self, answer: str) -> None:
        """Print the sentence that answers, above the tables; none beside data."""
        if self.as_data:
            return
        for line in paragraphs([answer]):
            click.echo(f"{line}\n")

    def say_notes(self, changing: Sequence[str], method: Sequence[str] = ()) -> None:
        """Print the notes that change how a table is read, and if they are wanted the others; none beside data."""
        if self.as_data:
            return
        for line in notes_below(changing, method, self.table_format, wanted=self.notes):
            click.echo(line)


def table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every table; it gets them as `chosen`."""

    @wraps(command)
    def with_options(
        *arguments: Any,
        cells: Sequence[str],
        models: Sequence[str],
        where: Sequence[str],
        columns: str,
        sort: str,
        notes: bool,
        table_format: TableFormat,
        **options: Any,
    ) -> None:
        view = TableView([name for name in columns.split(",") if name.strip()], sort)
        chosen = TableOptions(Selection(cells, models, where), view, notes, table_format)
        try:
            command(*arguments, chosen=chosen, **options)
        except NoSuchColumn as error:
            raise click.UsageError(f"--columns or --sort: {error}") from None

    return _with(_TABLE, with_options)


def selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that select cells; it gets them as `selection`."""

    @wraps(command)
    def with_options(
        *arguments: Any, cells: Sequence[str], models: Sequence[str], where: Sequence[str], **options: Any
    ) -> None:
        command(*arguments, selection=Selection(cells, models, where), **options)

    return _with(_SELECTION, with_options)


def _with(
    options: Sequence[Callable[[Callable[..., None]], Callable[..., None]]], command: Callable[..., None]
) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command


def only_cell(cells: Sequence[CellState], name: str | None, advice: str) -> CellState:
    """The one cell of that name; without a name, the only one."""
    matches = list(cells) if name is None else named_cells(cells, name)
    if len(matches) == 1:
        return matches[0]
    names = {text for state in cells for text in (state.record.label, state.record.key)}
    listed = "\n".join(f"  {s.folder.name}  {s.record.model}" for s in (matches or cells))
    matching = f"{len(matches)} cells match {name}" if matches else f"no cell matches {name}"
    problem = matching if name else f"there are {len(matches)} cells"
    hint = "" if matches else nearest(name or "", sorted(names)).rstrip()
    raise click.UsageError(f"{problem}{f'.{hint}' if hint else ''}; {advice}:\n{listed}")


def check_measures(cells: Sequence[CellState], measures: tuple[str, ...]) -> None:
    """Refuse a measure that no cell has."""
    measures_of_cells = {name for cell in cells for name in cell.record.measures}
    for name in set(measures) - measures_of_cells - {"all"}:
        raise click.BadParameter(
            f"no cell has the measure '{name}'. Measures: {', '.join(sorted(measures_of_cells))}, all"
        )


def load(runs: tuple[Path, ...]) -> list[CellState]:
    """The cells below the run folders, by model and in grid order; what is damaged there is named on stderr."""
    roots = runs or (Path("runs"),)
    cells, damaged = load_cells(roots)
    for line in damaged:
        print(line, file=sys.stderr)
    if not cells:
        folders = ", ".join(map(str, runs)) or "runs"
        raise click.UsageError(f"no cells in {folders}: a run folder holds <env>/<label>-<key>/cell.json")
    return in_grid_order(cells, roots)
