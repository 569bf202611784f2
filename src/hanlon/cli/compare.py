"""`hanlon compare`: any two stored cells."""

from pathlib import Path

import click

from hanlon.analysis.contrasts.compare import (
    compare_cells,
    compared_answer,
    compared_columns,
    compared_method,
    compared_notes,
)
from hanlon.analysis.prompt_diff import cell_texts, print_diff, prompt_diff
from hanlon.analysis.rates_table import rates_columns, rates_rows
from hanlon.analysis.rates_text import notes
from hanlon.analysis.requests import stored_values
from hanlon.analysis.tables import render_table
from hanlon.analysis.views import views_of
from hanlon.cli.options import RUNS, TableOptions, load, only_cell, table_options
from hanlon.store.cells import CellState

ADVICE = "name one by its label, key or folder, or leave the others out with --model or --where"


@click.command()
@click.argument("first", metavar="CELL")
@click.argument("second", metavar="CELL")
@RUNS
@click.option("--measure", help="Another rate than the headline one.")
@click.option(
    "--level", type=click.FloatRange(0.5, 0.9999), default=0.95, help="Of the intervals.", show_default=True
)
@table_options
def compare(
    first: str, second: str, runs: tuple[Path, ...], measure: str | None, level: float, chosen: TableOptions
) -> None:
    """Compare any two cells: what differs, both rates, and the second against the first.

    A CELL is a label, a key or the beginning of its folder name. Cells that share requests are compared by request.

    \b
    Example:
      hanlon compare baseline priority_clarified runs
    """
    stored = chosen.selection.of(load(runs))
    cells = only_cell(stored, first, ADVICE), only_cell(stored, second, ADVICE)
    if cells[0] is cells[1]:
        raise click.UsageError(f"{first} and {second} are the same cell: {cells[0].folder}")
    measures = _measure(cells[0], measure), _measure(cells[1], measure)
    for cell in cells:
        if not cell.tally.episodes:
            raise click.UsageError(f"{cell.record.label} ({cell.record.key}) has no episodes")
    compared = compare_cells(cells, measures, stored_values(), level)
    columns = compared_columns(level)
    if chosen.as_data:
        click.echo(render_table(columns, [compared], chosen.table_format, "comparison", chosen.view))
        return
    rows = rates_rows(cells, list(dict.fromkeys(measures)))
    rows = [row for row in rows if row.rate.measure == measures[cells.index(row.cell)]]
    of_rates, of_compared = views_of(chosen.view, [rates_columns(), columns])
    chosen.say_answer(compared_answer(compared))
    if of_rates:
        click.echo(render_table(rates_columns(), rows, chosen.table_format, "rates", of_rates) + "\n")
    if of_compared:
        title = "second against first"
        click.echo(render_table(columns, [compared], chosen.table_format, title, of_compared) + "\n")
    chosen.say_notes([*compared_notes(compared), *notes(rows)], list(compared_method(compared)))
    click.echo()
    texts = cell_texts(cells[0].record), cell_texts(cells[1].record)
    if chosen.table_format == "markdown":
        click.echo("\n".join(["```diff", *prompt_diff(*texts), "```"]))
        return
    from rich.console import Console

    print_diff(*texts, Console(highlight=False))


def _measure(cell: CellState, measure: str | None) -> str:
    """The measure asked for, else the cell's headline one."""
    names = list(cell.record.measures)
    if measure is None:
        return names[0]
    if measure not in names:
        raise click.BadParameter(
            f"{cell.record.label} has no measure '{measure}'. Measures: {', '.join(names)}",
            param_hint="--measure",
        )
    return measure
