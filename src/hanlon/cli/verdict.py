"""`hanlon verdict`: what is left of the hypotheses after a sweep."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from hanlon.analysis.tables import TableFormat, render

if TYPE_CHECKING:
    from hanlon.analysis.hypotheses.registered import Basis
    from hanlon.analysis.hypotheses.verdict import GridVerdict


@click.command()
@click.argument(
    "runs", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUNS..."
)
@click.option("--sweep", "sweep_id", metavar="ID", help="Which sweep: the name of runs/sweeps/<ID>.json.")
@click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
@click.option(
    "--hypotheses",
    "judged_by",
    type=click.Choice(["registered", "files"]),
    default="registered",
    show_default=True,
    help="Those that the sweep wrote down before its first call, or conf/hypothesis as it is now (exploratory).",
)
def verdict(
    runs: tuple[Path, ...],
    sweep_id: str | None,
    table_format: TableFormat,
    judged_by: Literal["registered", "files"],
) -> None:
    """What is left of the hypotheses after ONE sweep: each prediction held, failed or undetermined."""
    from hanlon.analysis.hypotheses.rows import verdict_rows
    from hanlon.analysis.hypotheses.words import verdict_notes, verdict_text
    from hanlon.config.errors import ConfigError

    try:
        verdicts, found = judge_runs(runs or (Path("runs"),), sweep_id, use_current=judged_by == "files")
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if table_format in ("json", "csv"):
        click.echo(render(verdict_rows(verdicts, found.preregistered), [], table_format, title="verdict"))
        return
    for one in verdicts:
        click.echo(verdict_text(one, found.preregistered, table_format) + "\n")
    for line in verdict_notes(verdicts, found.notes):
        click.echo(line)


def judge_runs(
    runs: Sequence[Path], sweep_id: str | None = None, *, use_current: bool = False
) -> tuple[list["GridVerdict"], "Basis"]:
    """The verdict on one stored sweep, for each model and protocol, and what it was judged by.

    Args:
        runs: run folders.
        sweep_id: which sweep; without it the only one.
        use_current: judge by conf/hypothesis as it is, not by what the sweep wrote down.

    Raises:
        ConfigError: there is no such sweep, or none of its hypotheses speaks of its cells.
    """
    from hanlon.analysis.hypotheses.reading import judge_by, load_sweep
    from hanlon.analysis.hypotheses.registered import basis
    from hanlon.config.errors import ConfigError
    from hanlon.registering import plans_for

    stored = load_sweep(runs, sweep_id)
    environments = dict.fromkeys(cell.record.env for cell in stored.cells)
    found = basis(stored.record, plans_for(list(environments), None), use_current=use_current)
    for line in stored.damaged:
        print(line, file=sys.stderr)
    verdicts = judge_by(stored.cells, found)
    if not any(one.judged for one in verdicts):
        raise ConfigError(
            f"sweep {stored.record.id} holds no contrast that any of its hypotheses speaks of: {len(stored.cells)} "
            f"cells of {', '.join(environments) or 'none that is stored'}. What they speak of: hanlon preregister"
        )
    return verdicts, found
