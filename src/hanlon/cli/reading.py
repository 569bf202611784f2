"""What is stored, read: rates, gaps, contrasts, status."""

from pathlib import Path

import click

from hanlon.analysis.rates_table import STATUS, rates_columns, rates_rows, status_rows
from hanlon.analysis.rates_text import notes, rates_answer, status_answer
from hanlon.analysis.stats.rates import IntervalName
from hanlon.analysis.tables import render_rows, render_table
from hanlon.cli.options import MEASURES, RUNS, TableOptions, check_measures, load, table_options


@click.command()
@RUNS
@MEASURES
@click.option(
    "--interval", type=click.Choice(["wilson", "jeffreys"]), default="wilson", help="Jeffreys is Palisade's."
)
@click.option(
    "--published", is_flag=True, help="Below each row, what papers report of its model and condition."
)
@table_options
def rates(
    runs: tuple[Path, ...],
    measures: tuple[str, ...],
    interval: IntervalName,
    published: bool,
    chosen: TableOptions,
) -> None:
    """Print the rate of each cell, with its interval and its exclusions.

    \b
    Example:
      hanlon rates runs --measure all --format csv
    """
    cells = chosen.selection.of(load(runs))
    check_measures(cells, measures)
    rows = rates_rows(cells, measures or None, interval)
    if published:
        from hanlon.analysis.published.table import published_columns, sources, with_published

        together = with_published(rows)
        table = render_table(published_columns(interval), together, chosen.table_format, "rates", chosen.view)
        below = [*sources(together), *notes(rows)]
    else:
        table = render_table(rates_columns(interval), rows, chosen.table_format, "rates", chosen.view)
        below = notes(rows)
    chosen.say_answer(rates_answer(rows))
    click.echo(table)
    chosen.say_notes(below)


@click.command()
@RUNS
@MEASURES
@click.option(
    "--split",
    metavar="COLUMN",
    help="Also by a true or false column of the episodes: a label, measure or fact.",
)
@click.option("--judge", help="Whose labels of the reasoning; default: a language model's, else the rules'.")
@table_options
def gaps(
    runs: tuple[Path, ...],
    measures: tuple[str, ...],
    split: str | None,
    judge: str | None,
    chosen: TableOptions,
) -> None:
    """Print gaps between tiers, request by request, and what explains them.

    \b
    Example:
      hanlon gaps runs --split evaluation_awareness
    """
    from hanlon.analysis.gaps.report import gap_data, gap_page
    from hanlon.analysis.labels.gap_labels import judged_gaps

    cells = load(runs)
    check_measures(cells, measures)
    try:
        judged = judged_gaps(cells, judge)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--judge") from None
    wanted = (cells, judged, measures, split, chosen.keys(cells), chosen.table_format, chosen.view)
    try:
        if chosen.as_data:
            click.echo(gap_data(*wanted))
            return
        page = gap_page(*wanted)
    except KeyError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--split") from None
    chosen.say_answer(page.answer)
    for table in page.tables:
        click.echo(table)
    chosen.say_notes(page.changing, page.method)


@click.command()
@RUNS
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
@table_options
def contrasts(
    runs: tuple[Path, ...],
    measures: tuple[str, ...],
    factors: tuple[str, ...],
    level: float,
    margin: float,
    top: int,
    published: bool,
    chosen: TableOptions,
) -> None:
    """Print what each factor does, trends over numbers, and bundled prompts taken apart.

    \b
    Example:
      hanlon contrasts runs --factor stakes
    """
    from hanlon.analysis.contrasts.contrasts import varied_factors
    from hanlon.analysis.contrasts.notes import contrasts_answer, method_notes, report_notes
    from hanlon.analysis.contrasts.report import about, report
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
    built = about(built, chosen.keys(cells))
    if not built.contrasts:
        raise click.UsageError(
            "nothing to contrast: no two cells of one model and protocol differ in exactly one factor or in a prompt "
            "level only"
        )
    if chosen.as_data:
        click.echo(render_rows(report_rows(built), chosen.table_format, chosen.view))
        return
    from hanlon.analysis.published.table import beside_contrasts

    tables = print_report(built, chosen.table_format, top, chosen.view)
    chosen.say_answer(contrasts_answer(built))
    click.echo(tables)

    papers = beside_contrasts(built.contrasts) if published else ()
    registered = (f"{note[0].upper()}{note[1:]}." for note in planned.notes)
    chosen.say_notes([*papers, *report_notes(built), *registered], method_notes(built))


@click.command()
@RUNS
@table_options
def status(runs: tuple[Path, ...], chosen: TableOptions) -> None:
    """Print how far each cell is, what it cost, and where it lies.

    \b
    Example:
      hanlon status runs
    """
    rows = status_rows(chosen.selection.of(load(runs)))
    table = render_table(STATUS, rows, chosen.table_format, "status", chosen.view)
    chosen.say_answer(status_answer(rows))
    click.echo(table)
