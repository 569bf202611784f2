"""`hanlon ...`: everything after the calls. Reads run folders; makes no call and writes nothing."""

import sys
from pathlib import Path

import click

from hanlon.analysis.cells import load_cells
from hanlon.analysis.tables import (
    CellState,
    TableFormat,
    notes,
    rates_cells,
    rates_rows,
    render,
    status_cells,
    status_rows,
)

RUNS = click.argument(
    "runs", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUNS..."
)
FORMAT = click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
CELL = click.option(
    "--cell", help="Only cells whose label, key or folder name starts with or equals this.", default=None
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Read what a sweep has stored. RUNS are run folders (default: runs)."""


@main.command()
@RUNS
@FORMAT
@click.option(
    "--measure", "measures", multiple=True, help="Another rate than the headline one; 'all' for all."
)
def rates(runs: tuple[Path, ...], table_format: TableFormat, measures: tuple[str, ...]) -> None:
    """Rates with intervals and exclusions, one row for each cell and measure."""
    cells = _load(runs)
    known = {name for cell in cells for name in cell.record.measures}
    for name in set(measures) - known - {"all"}:
        raise click.BadParameter(
            f"no cell has the measure '{name}'. Measures: {', '.join(sorted(known))}, all"
        )
    rows = rates_rows(cells, measures or None)
    click.echo(render(rows, [rates_cells(row) for row in rows], table_format, title="rates"))
    if table_format == "table":
        for line in notes(rows):
            click.echo(line)


@main.command()
@RUNS
@FORMAT
def status(runs: tuple[Path, ...], table_format: TableFormat) -> None:
    """How far each cell is, what it cost, and where it lies."""
    rows = status_rows(_load(runs))
    click.echo(render(rows, [status_cells(row) for row in rows], table_format, title="status"))


@main.command()
@RUNS
@CELL
@click.option("--index", type=int, default=0, help="The episode's index in its cell.", show_default=True)
def show(runs: tuple[Path, ...], cell: str | None, index: int) -> None:
    """One transcript, readable."""
    from hanlon.analysis.transcripts import print_transcript

    states = [state for state in _load(runs) if cell is None or _named(state, cell)]
    if len(states) != 1:
        names = "\n".join(f"  {s.folder.name}  {s.record.model}" for s in (states or _load(runs)))
        problem = f"{len(states)} cells match --cell {cell}" if cell else f"there are {len(states)} cells"
        raise click.UsageError(f"{problem}; choose one with --cell:\n{names}")
    if not print_transcript(states[0], index):
        raise click.UsageError(
            f"{states[0].record.label} has no episode {index}; it has {states[0].tally.episodes} episodes"
        )


def _named(state: CellState, name: str) -> bool:
    return name in (state.record.label, state.record.key) or state.folder.name.startswith(name)


def _load(runs: tuple[Path, ...]) -> list[CellState]:
    cells, damaged = load_cells(runs or (Path("runs"),))
    for line in damaged:
        print(line, file=sys.stderr)
    if not cells:
        folders = ", ".join(map(str, runs)) or "runs"
        raise click.UsageError(f"no cells in {folders}: a run folder holds <env>/<label>-<key>/cell.json")
    return cells


if __name__ == "__main__":
    main()
