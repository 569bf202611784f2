"""What is stored, read: rates, gaps, contrasts, status, transcripts."""

from pathlib import Path

import click

from hanlon.analysis.rates_table import STATUS, notes, rates_columns, rates_rows, status_rows
from hanlon.analysis.stats.rates import IntervalName
from hanlon.analysis.tables import TableFormat, render_rows, render_table
from hanlon.cli.options import CELL, FORMAT, MEASURES, RUNS, check_measures, load, only_cell


@click.command()
@RUNS
@FORMAT
@MEASURES
@click.option(
    "--interval", type=click.Choice(["wilson", "jeffreys"]), default="wilson", help="Jeffreys is Palisade's."
)
@click.option(
    "--published", is_flag=True, help="Below each row, what papers report of its model and condition."
)
def rates(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    measures: tuple[str, ...],
    interval: IntervalName,
    published: bool,
) -> None:
    """Print the rate of each cell, with its interval and its exclusions.

    \b
    Example:
      hanlon rates runs --measure all --format csv
    """
    cells = load(runs)
    check_measures(cells, measures)
    rows = rates_rows(cells, measures or None, interval)
    if published:
        from hanlon.analysis.published.table import published_columns, sources, with_published

        together = with_published(rows)
        click.echo(render_table(published_columns(interval), together, table_format, title="rates"))
        below = [*sources(together), *notes(rows)]
    else:
        click.echo(render_table(rates_columns(interval), rows, table_format, title="rates"))
        below = notes(rows)
    if table_format == "table":
        for line in below:
            click.echo(line)


@click.command()
@RUNS
@FORMAT
@MEASURES
@click.option(
    "--split",
    metavar="COLUMN",
    help="Also by a true or false column of the episodes: a label, measure or fact.",
)
@click.option("--judge", help="Whose labels of the reasoning; default: a language model's, else the rules'.")
def gaps(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    measures: tuple[str, ...],
    split: str | None,
    judge: str | None,
) -> None:
    """Print compliance gaps between tiers, request by request, and what explains them.

    \b
    Example:
      hanlon gaps runs --split evaluation_awareness
    """
    from hanlon.analysis.gaps.report import gaps_text
    from hanlon.analysis.labels.gap_labels import judged_gaps

    cells = load(runs)
    check_measures(cells, measures)
    try:
        judged = judged_gaps(cells, judge)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--judge") from None
    try:
        click.echo(gaps_text(cells, table_format, measures, split, judged))
    except KeyError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--split") from None


@click.command()
@RUNS
@FORMAT
@MEASURES
@click.option(
    "--factor",
    "factors",
    multiple=True,
    help="Only this factor's contrasts; prompt: levels that set several.",
)
@click.option(
    "--level", type=click.FloatRange(0.5, 0.9999), default=0.95, help="Of the intervals.", show_default=True
)
@click.option(
    "--margin", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.05, show_default=True,
    help="A rate below which a behaviour counts as absent, in trends over numbers.",
)  # fmt: skip
@click.option(
    "--top", type=click.IntRange(1), default=60, help="The most rows of each table.", show_default=True
)
@click.option("--published", is_flag=True, help="Below the tables, what papers report of the same two tiers.")
def contrasts(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    measures: tuple[str, ...],
    factors: tuple[str, ...],
    level: float,
    margin: float,
    top: int,
    published: bool,
) -> None:
    """Print what each factor does, trends over numbers, and bundled prompts taken apart.

    \b
    Example:
      hanlon contrasts runs --factor stakes
    """
    from hanlon.analysis.contrasts.contrasts import varied_factors
    from hanlon.analysis.contrasts.notes import report_notes
    from hanlon.analysis.contrasts.report import report
    from hanlon.analysis.contrasts.rows import report_rows
    from hanlon.analysis.contrasts.tables import print_report
    from hanlon.analysis.requests import stored_values
    from hanlon.hypotheses.predicted import predictions

    cells = load(runs)
    check_measures(cells, measures)
    varied = varied_factors(cells)
    for name in set(factors) - set(varied):
        raise click.BadParameter(f"no two cells differ in '{name}'. Factors that vary: {', '.join(varied)}")
    planned = predictions(runs or (Path("runs"),), cells)
    built = report(
        cells,
        measures or None,
        factors=factors,
        level=level,
        predicted=planned.contrasts,
        values=stored_values(),
        margin=margin,
    )
    if not built.contrasts:
        raise click.UsageError(
            "nothing to contrast: no two cells of one model and protocol differ in exactly one factor or in a prompt "
            "level only"
        )
    if table_format in ("json", "csv"):
        click.echo(render_rows(report_rows(built), table_format))
        return
    click.echo(print_report(built, table_format, top))
    if table_format == "table":
        from hanlon.analysis.published.table import beside_contrasts

        papers = beside_contrasts(built.contrasts) if published else ()
        registered = (f"{note[0].upper()}{note[1:]}." for note in planned.notes)
        for line in (*papers, *report_notes(built), *registered):
            click.echo(line)


@click.command()
@RUNS
@FORMAT
def status(runs: tuple[Path, ...], table_format: TableFormat) -> None:
    """Print how far each cell is, what it cost, and where it lies.

    \b
    Example:
      hanlon status runs
    """
    click.echo(render_table(STATUS, status_rows(load(runs)), table_format, title="status"))


@click.command()
@RUNS
@CELL
@click.option("--index", type=int, default=0, help="The episode's index in its cell.", show_default=True)
def show(runs: tuple[Path, ...], cell: str | None, index: int) -> None:
    """Print one transcript, with the answers to follow-up questions about it.

    \b
    Example:
      hanlon show runs --cell baseline --index 3
    """
    from hanlon.analysis.labels.answers import answer_lines
    from hanlon.analysis.transcripts import print_transcript

    state = only_cell(load(runs), cell, "choose one with --cell")
    if not print_transcript(state, index):
        raise click.UsageError(
            f"{state.record.label} has no episode {index}; it has {state.tally.episodes} episodes"
        )
    for line in answer_lines(state, index):
        click.echo(line)
