"""`hanlon import` and `hanlon export`: tables and logs into the store, and what is stored for other programs."""

from pathlib import Path
from typing import Literal

import click

from hanlon.analysis.paragraphs import counted, paragraphs
from hanlon.cli.options import RUNS, load, selection_options
from hanlon.cli.selection import Selection

ExportKind = Literal["csv", "jsonl", "parquet", "dataset", "eee", "inspect"]
RowKind = Literal["episodes", "counts", "forks"]
FILE = click.Path(dir_okay=False, path_type=Path)
TABLES = (".csv", ".jsonl", ".parquet")


@click.command("import")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "kind", type=click.Choice(["table", "inspect"]),
              help="What they are: a table .csv, .jsonl or .parquet; or Inspect logs and folders of logs. "
              "Default: by the name.")  # fmt: skip
@click.option("--map", "map_file", type=FILE,
              help="Which column is what; see docs/data.md. Logs can do without.")  # fmt: skip
@click.option("--runs", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"),
              show_default=True, help="The run folder into which cells go.")  # fmt: skip
@click.option(
    "--name", help="Of the sweep that the cells make; default: the map's file name, else the task's."
)
def import_cells(
    paths: tuple[Path, ...],
    kind: Literal["table", "inspect"] | None,
    map_file: Path | None,
    runs: Path,
    name: str | None,
) -> None:
    """Make cells of somebody's rollouts or counts, for every verb that reads: all of them, or none.

    The files are only read. Cells say that they were imported, from which file and its SHA-256.

    \b
    Example:
      hanlon import --from table counts.csv --map map.yaml
    """
    from hanlon.exchange.import_logs import import_logs
    from hanlon.exchange.import_table import import_table
    from hanlon.exchange.refusal import Refusal

    first = next(iter(paths))
    kind = kind or ("table" if first.suffix.lower() in TABLES else "inspect")
    try:
        if kind == "inspect":
            sweep = import_logs(paths, map_file, runs, name)
        elif map_file is None or len(paths) > 1:
            raise click.UsageError(
                "a table is one file with a map, which says which column is what: --map map.yaml"
            )
        else:
            sweep = import_table(first, map_file, runs, name)
    except Refusal as error:
        raise click.UsageError(str(error)) from None
    before = len(sweep.records) - sweep.added
    there = f" ({before:,} were there already)" if before else ""
    file = first.name if len(paths) == 1 else counted(len(paths), "path")
    left_out = "Samples" if kind == "inspect" else "Rows"
    text = (
        f"{counted(len(sweep.records), 'cell')}{there} with {sweep.episodes:,} episodes, from {file}, as sweep "
        f"{sweep.sweep} in {runs}. {left_out} left out: {sweep.left_out}."
    )
    unmeasured = (
        f"Scores that are no measure, since no map says what a case is: {'; '.join(sweep.unmeasured)}."
    )
    for line in paragraphs([text, *([unmeasured] if sweep.unmeasured else [])]):
        click.echo(line)
    click.echo(f"\nhanlon rates {runs}\nhanlon contrasts {runs}\nhanlon report {runs} --sweep {sweep.sweep}")


@click.command("export")
@RUNS
@click.option("--to", "kind", type=click.Choice(["csv", "jsonl", "parquet", "dataset", "eee", "inspect"]),
              required=True, help="dataset: a folder with Parquet and a card; eee: one in the format of Every Eval "
              "Ever; inspect: one of Inspect logs, with transcripts.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="The file, which is replaced; of dataset, eee and inspect a folder that is not there.")  # fmt: skip
@click.option("--rows", type=click.Choice(["episodes", "counts", "forks"]), default="episodes",
              show_default=True, help="Of csv, jsonl and parquet: a row is an episode, the k and n of a cell and "
              "measure, or a child that hanlon fork sampled. Of inspect: forks are logs of branches.")  # fmt: skip
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
    """Write what is stored for other programs: rows as csv, jsonl or parquet, a dataset, Every Eval Ever, Inspect logs.

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
    if local := sum(state.record.local_only for state in states) if transcripts or kind == "inspect" else 0:
        click.echo(f"Transcripts of {counted(local, 'cell')} may not leave the store and are left out.")
