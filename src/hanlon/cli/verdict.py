"""`hanlon verdict`: which explanation survives a sweep."""

from pathlib import Path
from typing import Literal

import click

from hanlon.analysis.tables import render_rows
from hanlon.cli.options import HYPOTHESES, RUNS, SWEEP, TableOptions, table_options


@click.command()
@RUNS
@SWEEP
@HYPOTHESES
@click.option("--effects", "all_effects", is_flag=True, help="All effects, not the largest alone.")
@click.option(
    "--predictions",
    is_flag=True,
    help="Also every prediction that was put to the test (JSON and CSV have them).",
)
@table_options
def verdict(
    runs: tuple[Path, ...],
    sweep_id: str | None,
    judged_by: Literal["registered", "files"],
    all_effects: bool,
    predictions: bool,
    chosen: TableOptions,
) -> None:
    """Say of one sweep what happened, what explains it, and what would settle it.

    --cell, --model and --where leave out models and effects. They change no verdict: it is on all cells of a model.

    \b
    Example:
      hanlon verdict runs
    """
    from hanlon.analysis.requests import stored_values
    from hanlon.config.errors import ConfigError
    from hanlon.hypotheses.printed.answers import Judged
    from hanlon.hypotheses.printed.notes import no_verdict_text, shortfalls
    from hanlon.hypotheses.printed.page import Shown, page
    from hanlon.hypotheses.printed.rows import verdict_rows
    from hanlon.hypotheses.stored import judge_sweep, load_sweep

    values = stored_values()
    try:
        stored = load_sweep(runs or (Path("runs"),), sweep_id)
        for line in stored.damaged:
            click.echo(str(line), err=True)
        verdicts, parts = judge_sweep(stored, use_current=judged_by == "files", values=values)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if not any(verdict.says_something for verdict in verdicts):
        raise click.UsageError(no_verdict_text(stored, parts))
    keys = chosen.keys(stored.cells)
    judged = [
        Judged(verdict, values)
        for verdict in verdicts
        if keys & {cell.record.key for cell in verdict.planned.grid.cells}
    ]
    if chosen.as_data:
        click.echo(render_rows(verdict_rows(judged), chosen.table_format, chosen.view))
        for line in shortfalls(stored, parts):
            click.echo(line, err=True)
        return
    shown = Shown(keys, chosen.view, all_effects, predictions, chosen.notes)
    for line in page(judged, parts, stored, chosen.table_format, shown):
        click.echo(line)
