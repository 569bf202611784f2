"""Arguments and options that several commands have, and the cells that they name."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

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
FORMAT = click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
MEASURES = click.option(
    "--measure", "measures", multiple=True, help="Another rate than the headline one; 'all' for all."
)
CELL = click.option(
    "--cell", help="The cell of this label or key, else the one whose folder begins so.", default=None
)

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


def only_cell(cells: list[CellState], name: str | None, advice: str) -> CellState:
    """The one cell of that name; without a name, the only one. A label or key stands before folders that begin so."""
    exact = [state for state in cells if name in (state.record.label, state.record.key)]
    matches = exact or [state for state in cells if name is None or state.folder.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    names = {text for state in cells for text in (state.record.label, state.record.key)}
    nearest = [] if matches else get_close_matches(name or "", sorted(names), n=1)
    listed = "\n".join(f"  {s.folder.name}  {s.record.model}" for s in (matches or cells))
    matching = f"{len(matches)} cells match {name}" if matches else f"no cell matches {name}"
    problem = matching if name else f"there are {len(matches)} cells"
    problem += "".join(f". Did you mean '{label}'?" for label in nearest)
    raise click.UsageError(f"{problem}; {advice}:\n{listed}")


def check_measures(cells: list[CellState], measures: tuple[str, ...]) -> None:
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
