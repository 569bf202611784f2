"""`hanlon import` and `hanlon export`: other people's tables into the store, and the store's for other programs."""

from pathlib import Path
from typing import Literal

import click

from hanlon.analysis.paragraphs import counted, paragraphs
from hanlon.cli.options import RUNS, load, selection_options
from hanlon.cli.selection import Selection

ExportKind = Literal["csv", "jsonl", "parquet", "dataset", "eee"]
RowKind = Literal["episodes", "counts"]
FILE = click.Path(dir_okay=False, path_type=Path)


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
        sweep = import_table(file, map_file, runs, name)
    except Refusal as error:
        raise click.UsageError(str(error)) from None
    before = len(sweep.records) - sweep.added
    there = f" ({before:,} were there already)" if before else ""
    text = (
        f"{counted(len(sweep.records), 'cell')}{there} with {sweep.episodes:,} episodes, from {file.name}, as sweep "
        f"{sweep.sweep} in {runs / 'imported'}. Rows left out: {sweep.left_out}."
    )
    for line in paragraphs([text]):
        click.echo(line)
    click.echo(f"\nhanlon rates {runs}\nhanlon contrasts {runs}\nhanlon report {runs} --sweep {sweep.sweep}")


@click.command("export")
@RUNS
@click.option("--to", "kind", type=click.Choice(["csv", "jsonl", "parquet", "dataset", "eee"]), required=True,
              help="dataset: a folder with Parquet and a card; eee: one in the format of Every Eval Ever.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="The file, which is replaced; of dataset and eee a folder that is not there.")  # fmt: skip
@click.option("--rows", type=click.Choice(["episodes", "counts"]), default="episodes", show_default=True,
              help="Of csv, jsonl and parquet: a row is an episode, or the k and n of a cell and measure.")  # fmt: skip
@click.option("--transcripts", is_flag=True, help="Also what was said, as JSON in a column of episodes.")
@click.option("--licence", help="Of a dataset, for its card: cc-by-4.0, mit, ...")
@click.option("--organization", default="unknown", show_default=True, help="Who ran it, for eee.")
@selection_options
def export_cells(
    runs: tuple[Path, ...],
    kind: ExportKind,
    out: Path,
    rows: RowKind,
    transcripts: bool,
    licence: str | None,
    organization: str,
    selection: Selection,
) -> None:
    """Write what is stored for other programs: rows as csv, jsonl or parquet, a dataset, or Every Eval Ever.

    \b
    Example:
      hanlon export runs --to csv --rows counts -o counts.csv
    """
    from hanlon.exchange.export import Export, export
    from hanlon.exchange.refusal import Refusal

    states = selection.of(load(runs))
    if kind == "dataset" and not licence:
        raise click.UsageError("a dataset has a licence, which its card names: --licence cc-by-4.0")
    try:
        written = export(states, Export(kind, out, rows, transcripts, licence or "", organization))
    except Refusal as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from None
    click.echo(f"{out}: {written} of {counted(len(states), 'cell')}")
    if local := sum(state.record.local_only for state in states) if transcripts else 0:
        click.echo(f"Transcripts of {counted(local, 'cell')} may not leave the store and are left out.")
