"""`hanlon verdict`: what is left of the hypotheses after a sweep."""

import sys
from pathlib import Path
from typing import Literal

import click

from hanlon.analysis.tables import TableFormat, render


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
    from hanlon.analysis.hypotheses.reading import load_sweep, stored_values
    from hanlon.analysis.hypotheses.registered import basis
    from hanlon.analysis.hypotheses.rows import verdict_rows
    from hanlon.analysis.hypotheses.verdict import judge
    from hanlon.analysis.hypotheses.words import verdict_notes, verdict_text
    from hanlon.config.errors import ConfigError
    from hanlon.registering import plans_for

    try:
        stored = load_sweep(runs or (Path("runs"),), sweep_id)
        environments = [cell.record.env for cell in stored.cells]
        found = basis(stored.record, plans_for(environments, None), use_current=judged_by == "files")
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    for line in stored.damaged:
        print(line, file=sys.stderr)
    values = stored_values(stored.cells)
    verdicts = [
        one
        for plan in found.plans
        for one in judge(
            [cell for cell in stored.cells if cell.record.env == plan.env],
            plan,
            planned=found.planned,
            values=values,
        )
    ]
    if not any(one.judged for one in verdicts):
        raise click.UsageError(
            f"sweep {stored.record.id} holds no contrast that any of its hypotheses speaks of: {len(stored.cells)} "
            f"cells of {', '.join(dict.fromkeys(environments)) or 'none that is stored'}. What they speak of: "
            "hanlon preregister"
        )
    if table_format in ("json", "csv"):
        click.echo(render(verdict_rows(verdicts, found.preregistered), [], table_format, title="verdict"))
        return
    for one in verdicts:
        click.echo(verdict_text(one, found.preregistered, table_format) + "\n")
    for line in verdict_notes(verdicts, found.notes):
        click.echo(line)
