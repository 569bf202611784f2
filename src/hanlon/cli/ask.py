"""`hanlon ask`: open questions about stored episodes, and what judges read in the answers."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hanlon.analysis.tables import render_rows, render_table
from hanlon.cli.options import TableOptions, check_measures, load, table_options
from hanlon.store.cells import CellState


@click.command("ask")
@click.argument("words", nargs=-1, metavar="[RUNS]... [KEY=VALUE]...")
@click.option(
    "--questions",
    "battery",
    help="A file of conf/questions, such as afterwards. Without it nothing is asked.",
)
@click.option(
    "--n",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Parents that show the behaviour and as many that do not, of each model, drawn by seed.",
)
@click.option(
    "--draws", type=click.IntRange(min=1), default=3, show_default=True, help="Answers of each parent."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of parents.")
@click.option("--measure", help="Another rate than the headline one.")
@table_options
def ask(
    words: tuple[str, ...],
    battery: str | None,
    n: int,
    draws: int,
    seed: int,
    measure: str | None,
    chosen: TableOptions,
) -> None:
    """Ask a model open questions about its stored episodes, and count what judges read in the answers.

    RUNS alone prints what is stored of that; no call is made.

    Each question is asked about episodes that show the behaviour, about others that do not, and once more with a
    control that brings its sign about. KEY=VALUE as for run.py: judge=[llm], budget_usd=5, plan=true.

    \b
    Example:
      hanlon ask runs --questions afterwards judge=[llm] plan=true
    """  # fmt: skip
    from hanlon.config.errors import ConfigError
    from hanlon.run.ask import AskDesign
    from hanlon.run.ask import ask as run

    folders = tuple(Path(word) for word in words if "=" not in word)
    for folder in folders:
        if not folder.is_dir():
            raise click.UsageError(f"there is no folder '{folder}'. An override is key=value, as judge=[llm]")
    overrides = [word for word in words if "=" in word]
    if overrides and not battery:
        raise click.UsageError(
            f"'{overrides[0]}' needs --questions, a file of conf/questions such as afterwards."
        )
    states = chosen.selection.of(load(folders))
    check_measures(states, (measure,) if measure else ())
    exit_code = 0
    if battery:
        design = AskDesign(battery, n, draws, seed, measure)
        try:
            exit_code = run(states, design, overrides, lambda line: click.echo(line, err=chosen.as_data))
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
    if "plan=true" not in overrides:
        _print(states, chosen)
    sys.exit(exit_code)


def _print(states: Sequence[CellState], chosen: TableOptions) -> None:
    from hanlon.fork.asked import asked_reports
    from hanlon.fork.asked_tables import ASKED, METHOD, asked_answer, asked_notes, asked_rows

    reports = asked_reports(states)
    if chosen.as_data:
        click.echo(render_rows(asked_rows(reports), chosen.table_format, chosen.view))
        return
    if not reports:
        chosen.say_answer(
            "Nothing was asked here. What does it say? Add --questions afterwards, and plan=true first."
        )
    for report in reports:
        chosen.say_answer(asked_answer(report))
        title = f"what it says when asked; {report.measure}, read by {report.judge}"
        click.echo(f"{render_table(ASKED, report.rows, chosen.table_format, title, chosen.view)}\n")
        chosen.say_notes(list(asked_notes(report)), [METHOD])
