"""`hanlon import` and `hanlon export`: other people's tables into the store, and the store's for other programs."""

from pathlib import Path

import click

from hanlon.analysis.paragraphs import counted, paragraphs

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE, metavar="FILE")
@click.option("--from", "kind", type=click.Choice(["table"]), default="table", show_default=True,
              help="What the file is: a table .csv, .jsonl or .parquet.")  # fmt: skip
@click.option("--map", "map_file", type=FILE, required=True, help="Which column is what; see docs/data.md.")
@click.option("--runs", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"),
              show_default=True, help="The run folder into which cells go.")  # fmt: skip
@click.option("--name", help="Of the sweep that the cells make; default: the map's file name.")
def import_cells(file: Path, kind: str, map_file: Path, runs: Path, name: str | None) -> None:
    """Make cells of somebody's rollouts or counts, for every verb that reads: all of them, or none.

    The file is only read. Cells say that they were imported, from which file and its SHA-256.

    \b
    Example:
      hanlon import --from table counts.csv --map map.yaml
    """
    from hanlon.exchange.import_table import import_table
    from hanlon.exchange.refusal import Refusal

    del kind  # the only one
    try:
        made = import_table(file, map_file, runs, name)
    except Refusal as error:
        raise click.UsageError(str(error)) from None
    cells = counted(len(made.records), "cell")
    there = (
        "" if made.added == len(made.records) else f" ({len(made.records) - made.added:,} were there already)"
    )
    rows = "counts" if made.records[0].imported and made.records[0].imported.rows == "counts" else "episodes"
    text = (
        f"{cells}{there} with {made.episodes:,} episodes, from {file.name} with {rows} as rows, as sweep {made.sweep} "
        f"in {runs / 'imported'}. Rows left out: {made.left_out}."
    )
    for line in paragraphs([text]):
        click.echo(line)
    click.echo(f"\nhanlon rates {runs}\nhanlon contrasts {runs}\nhanlon report {runs} --sweep {made.sweep}")
