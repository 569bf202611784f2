"""`hanlon verdict`: what is left of the hypotheses after a sweep."""

from pathlib import Path
from typing import Literal

import click

from hanlon.analysis.tables import TableFormat, render_rows
from hanlon.cli.options import FORMAT, RUNS


@click.command(short_help="What one sweep leaves of the hypotheses.")
@RUNS
@click.option("--sweep", "sweep_id", metavar="ID", help="Which sweep: the name of runs/sweeps/<ID>.json.")
@FORMAT
@click.option(
    "--hypotheses",
    "judged_by",
    type=click.Choice(["registered", "files"]),
    default="registered",
    show_default=True,
    help="Those that the sweep wrote down before its first call, or conf/hypothesis as it is now (exploratory).",
)
@click.option(
    "--contexts",
    "each_context",
    is_flag=True,
    help="Also a row for each context of a prediction (JSON and CSV always have them).",
)
def verdict(
    runs: tuple[Path, ...],
    sweep_id: str | None,
    table_format: TableFormat,
    judged_by: Literal["registered", "files"],
    each_context: bool,
) -> None:
    """What is left of the hypotheses after ONE sweep: each prediction held, failed or undetermined."""
    from hanlon.config.errors import ConfigError
    from hanlon.hypotheses.printed.notes import no_verdict_text, shortfalls
    from hanlon.hypotheses.printed.rows import verdict_rows
    from hanlon.hypotheses.printed.tables import report_lines
    from hanlon.hypotheses.stored import judge_sweep, load_sweep

    try:
        stored = load_sweep(runs or (Path("runs"),), sweep_id)
        for line in stored.damaged:
            click.echo(str(line), err=True)
        verdicts, parts = judge_sweep(stored, use_current=judged_by == "files")
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if not any(verdict.judged for verdict in verdicts):
        raise click.UsageError(no_verdict_text(stored, parts))
    if table_format in ("json", "csv"):
        click.echo(render_rows(verdict_rows(verdicts), table_format))
        for line in shortfalls(stored, parts):
            click.echo(line, err=True)
        return
    for line in report_lines(verdicts, parts, stored, table_format, each_context=each_context):
        click.echo(line)
