"""`hanlon ...`: everything after the calls. Reads run folders; makes no call and writes nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanlon.analysis.cells import load_cells
from hanlon.analysis.rates import IntervalName
from hanlon.analysis.tables import (
    CellState,
    TableFormat,
    notes,
    rates_cells,
    rates_rows,
    render,
    status_cells,
    status_rows,
)

if TYPE_CHECKING:
    from hanlon.analysis.prompt_diff import Said

RUNS = click.argument(
    "runs", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="RUNS..."
)
FORMAT = click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
MEASURES = click.option(
    "--measure", "measures", multiple=True, help="Another rate than the headline one; 'all' for all."
)
CELL = click.option(
    "--cell", help="Only cells whose label, key or folder name starts with or equals this.", default=None
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Read what a sweep has stored. RUNS are run folders (default: runs)."""


@main.command()
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
    """Rates with intervals and exclusions, one row for each cell and measure."""
    cells = _load(runs)
    _check_measures(cells, measures)
    rows = rates_rows(cells, measures or None, interval)
    words, below = [rates_cells(row) for row in rows], notes(rows)
    if published:
        from hanlon.analysis import published_table

        rows = published_table.with_published(cells, rows)
        words, below = published_table.words(rows), [*published_table.sources(rows), *below]
    click.echo(render(rows, words, table_format, title="rates"))
    if table_format == "table":
        for line in below:
            click.echo(line)


@main.command()
@RUNS
@FORMAT
@MEASURES
@click.option(
    "--split",
    metavar="COLUMN",
    help="Also by a true or false column of the episodes: a label, measure or fact.",
)
def gaps(
    runs: tuple[Path, ...], table_format: TableFormat, measures: tuple[str, ...], split: str | None
) -> None:
    """Compliance gaps between tiers, by request, with what stands behind them. For env=alignment_faking."""
    from hanlon.analysis.gaps.report import gaps_text

    cells = _load(runs)
    _check_measures(cells, measures)
    try:
        click.echo(gaps_text(cells, table_format, measures, split))
    except KeyError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--split") from None


@main.command()
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
    "--top", type=click.IntRange(1), default=60, help="The most rows of each table.", show_default=True
)
def contrasts(
    runs: tuple[Path, ...],
    table_format: TableFormat,
    measures: tuple[str, ...],
    factors: tuple[str, ...],
    level: float,
    top: int,
) -> None:
    """What each factor does: cells that differ in it alone, with intervals; bundled prompts taken apart."""
    from hanlon.analysis.contrast_notes import report_notes
    from hanlon.analysis.contrast_report import report
    from hanlon.analysis.contrast_rows import report_rows
    from hanlon.analysis.contrast_tables import print_report
    from hanlon.analysis.contrasts import varied_factors

    cells = _load(runs)
    _check_measures(cells, measures)
    known = varied_factors(cells)
    for name in set(factors) - set(known):
        raise click.BadParameter(f"no two cells differ in '{name}'. Factors that vary: {', '.join(known)}")
    found = report(cells, measures or None, factors=factors, level=level)
    if not found.contrasts:
        raise click.UsageError(
            "nothing to contrast: no two cells of one model and protocol differ in exactly one factor or in a prompt "
            "level only"
        )
    if table_format in ("json", "csv"):
        click.echo(render(report_rows(found), [], table_format, title="contrasts"))
        return
    click.echo(print_report(found, table_format, top))
    for line in report_notes(found) if table_format == "table" else ():
        click.echo(line)


@main.command()
@RUNS
@FORMAT
def status(runs: tuple[Path, ...], table_format: TableFormat) -> None:
    """How far each cell is, what it cost, and where it lies."""
    rows = status_rows(_load(runs))
    click.echo(render(rows, [status_cells(row) for row in rows], table_format, title="status"))


@main.command()
@RUNS
@CELL
@click.option("--index", type=int, default=0, help="The episode's index in its cell.", show_default=True)
def show(runs: tuple[Path, ...], cell: str | None, index: int) -> None:
    """One transcript, readable."""
    from hanlon.analysis.transcripts import print_transcript

    state = _one(_load(runs), cell, "choose one with --cell")
    if not print_transcript(state, index):
        raise click.UsageError(
            f"{state.record.label} has no episode {index}; it has {state.tally.episodes} episodes"
        )


@main.group()
def prompts() -> None:
    """What cells say to the model."""


@prompts.command()
@click.argument("a")
@click.argument("b")
@RUNS
@click.option("--text", "only", help="Compare this text alone, such as system or user.")
def diff(a: str, b: str, runs: tuple[Path, ...], only: str | None) -> None:
    """Where the texts of two cells differ, byte for byte.

    A and B are each a stored cell (label, key or beginning of its folder name), the overrides of a cell that
    need not be stored ("env=alignment_faking tier=free"), or a file, whose bytes are compared with one text
    (--text, else system).
    """
    from rich.console import Console

    from hanlon.analysis.prompt_diff import Said, print_diff

    files = [name for name in (a, b) if Path(name).is_file()]
    text = only or ("system" if files else None)
    sides = [_said(name, runs, text or "system") for name in (a, b)]
    if text is not None:
        if not any(text in side.texts for side in sides):
            known = ", ".join(dict.fromkeys(name for side in sides for name in side.texts))
            raise click.BadParameter(f"no text is called {text!r}. Texts: {known}", param_hint="--text")
        sides = [Said(side.title, {k: v for k, v in side.texts.items() if k == text}) for side in sides]
    first, second = sides
    print_diff(first, second, Console(highlight=False))


@prompts.command("show")
@click.argument("a")
@RUNS
def show_prompts(a: str, runs: tuple[Path, ...]) -> None:
    """Every text that a cell may say, as it is. A is a stored cell or overrides, as for `diff`."""
    from hanlon.analysis.prompt_diff import byte_count

    said = _said(a, runs, "system")
    click.echo(said.title)
    for name, text in said.texts.items():
        click.echo(f"\n== {name}: {byte_count(text)}\n{text}")


def _said(name: str, runs: tuple[Path, ...], text: str) -> "Said":
    """The texts of a file (as the one called `text`), of overrides, or of a stored cell."""
    from hanlon.analysis.prompt_diff import Said

    if Path(name).is_file():
        return Said(name, {text: Path(name).read_bytes().decode("utf-8", "surrogateescape")})
    from hanlon.config.errors import ConfigError
    from hanlon.prompts import are_overrides, said_by

    if are_overrides(name):
        try:
            return said_by(name)
        except ConfigError as error:
            raise click.UsageError(f"in '{name}': {error}") from None
    record = _one(
        _load(runs), name, "name one by its key or folder, or give overrides (key=value ...)"
    ).record
    return Said(f"{record.label}  {record.key}  {record.model}", record.texts)


def _print_kinds(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from hanlon.models.simulated.fault_config import KINDS

        for kind, meaning in KINDS.items():
            click.echo(f"{kind:<20}  {meaning}")
        context.exit()


@main.command()
@click.argument("model", metavar="simulated/POLICY")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of 127.0.0.1; 0: a free one.")
@click.option("--no-key", is_flag=True, help="Answer whoever asks; otherwise a new key is printed.")
@click.option("--latency", help="S, uniform:LOW,HIGH or lognormal:MEDIAN,SIGMA, in seconds.")
@click.option("--rate", help="PER_SECOND or PER_SECOND,BURST; beyond it 429.")
@click.option(
    "--errors", multiple=True, help="KIND=P,KIND=P or one probability, shared by all kinds. May be repeated."
)
@click.option("--retry-after", help="How a 429 says when to come back: seconds, ms, date or none.")
@click.option(
    "--outage", type=(str, float, float), metavar="KIND START_S DURATION_S", help="From the first call on."
)
@click.option("--drip-s", type=float, help="How long the fault slow_drip takes.")
@click.option("--seed", type=int, help="Other numbers, other faults.")
@click.option(
    "--kinds", is_flag=True, is_eager=True, expose_value=False, callback=_print_kinds, help="List the faults."
)
def serve(
    model: str,
    port: int,
    no_key: bool,
    latency: str | None,
    rate: str | None,
    errors: tuple[str, ...],
    outage: tuple[str, float, float] | None,
    **faults: str | float | None,
) -> None:
    """Serve a simulated policy on loopback, with the faults of a real provider, until Ctrl-C.

    Tries a grid out for nothing: prints the command that uses it, and at the end what it served.
    """
    from hanlon.models.simulated.foreground import fault_options
    from hanlon.models.simulated.foreground import serve as serve_simulated

    given = {name: value for name, value in faults.items() if value is not None}
    try:
        options = fault_options(latency, rate, errors, outage) | given
        serve_simulated(model, options, port, not no_key, click.echo)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot listen on 127.0.0.1, --port {port}: {error.strerror}") from None


def _one(cells: list[CellState], name: str | None, advice: str) -> CellState:
    """The one cell of that name; without a name, the only one."""
    found = [state for state in cells if name is None or _named(state, name)]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(f"  {s.folder.name}  {s.record.model}" for s in (found or cells))
    problem = f"{len(found)} cells match {name}" if name else f"there are {len(found)} cells"
    raise click.UsageError(f"{problem}; {advice}:\n{listed}")


def _named(state: CellState, name: str) -> bool:
    return name in (state.record.label, state.record.key) or state.folder.name.startswith(name)


def _check_measures(cells: list[CellState], measures: tuple[str, ...]) -> None:
    known = {name for cell in cells for name in cell.record.measures}
    for name in set(measures) - known - {"all"}:
        raise click.BadParameter(
            f"no cell has the measure '{name}'. Measures: {', '.join(sorted(known))}, all"
        )


def _load(runs: tuple[Path, ...]) -> list[CellState]:
    cells, damaged = load_cells(runs or (Path("runs"),))
    for line in damaged:
        print(line, file=sys.stderr)
    if not cells:
        folders = ", ".join(map(str, runs)) or "runs"
        raise click.UsageError(f"no cells in {folders}: a run folder holds <env>/<label>-<key>/cell.json")
    return cells


if __name__ == "__main__":
    main()
