"""`hanlon fork`: goes back to a turn of stored episodes, changes one thing or nothing, and goes on."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hanlon.analysis.tables import render_rows
from hanlon.cli.options import TableOptions, check_measures, load, table_options
from hanlon.store.cells import CellState


@click.command("fork")
@click.argument("words", nargs=-1, metavar="[RUNS]... [KEY=VALUE]...")
@click.option("--outcome", help="Only episodes of this outcome are continued.")
@click.option("--n", "parents", type=click.IntRange(min=1), help="Parents of each cell, drawn by seed.")
@click.option("--measure", help="Another rate than the headline one.")
@table_options
def fork(
    words: tuple[str, ...],
    outcome: str | None,
    parents: int | None,
    measure: str | None,
    chosen: TableOptions,
) -> None:
    """Continue stored episodes from a turn, with nothing or one thing changed, to find where it was decided.

    RUNS alone prints what is stored of that; no call is made.

    KEY=VALUE as in conf/fork: at=turns, at=notice, at=turn:5, at=decisive; set=env.precedence=over_all_others (by=user,
    system or program), set=model=..., set=result=..., set=prefill=...; draws=20; and as for run.py: plan=true.

    \b
    Example:
      hanlon fork runs --outcome resisted --n 8 at=turns plan=true
    """
    from hanlon.config.errors import ConfigError
    from hanlon.run.fork import fork as run

    folders = tuple(Path(word) for word in words if "=" not in word)
    for folder in folders:
        if not folder.is_dir():
            raise click.UsageError(f"there is no folder '{folder}'. An override is key=value, as at=turns")
    overrides = [word for word in words if "=" in word]
    overrides += [f"outcome={outcome}"] * bool(outcome) + [f"n={parents}"] * bool(parents)
    states = chosen.selection.of(load(folders))
    check_measures(states, (measure,) if measure else ())
    exit_code, planned_only = 0, "plan=true" in overrides
    if overrides:
        try:
            exit_code = run(states, overrides, lambda line: click.echo(line, err=chosen.as_data))
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
    if not planned_only:
        _print(states, chosen, measure)
    sys.exit(exit_code)


def _print(states: Sequence[CellState], chosen: TableOptions, measure: str | None) -> None:
    from hanlon.fork.jumps import fork_reports
    from hanlon.fork.tables import METHOD, fork_answer, fork_notes, fork_rows, fork_tables

    reports = fork_reports(states, measure)
    if chosen.as_data:
        click.echo(render_rows(fork_rows(reports), chosen.table_format, chosen.view))
        return
    if not reports:
        chosen.say_answer(
            "No episode here has been forked. Where was it decided? Add at=turns, and plan=true first."
        )
    for report in reports:
        chosen.say_answer(fork_answer(report))
        for table in fork_tables(report, chosen.table_format, chosen.view):
            click.echo(f"{table}\n")
        chosen.say_notes(list(fork_notes(report)), [METHOD])
