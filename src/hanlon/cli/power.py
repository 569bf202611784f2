"""`hanlon power`: what a sweep can show at its n, before any call, and the n that it needs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hanlon.analysis.tables import TableFormat
from hanlon.cli.options import FORMAT
from hanlon.design.request_rates import REQUEST_SD

if TYPE_CHECKING:
    from hanlon.config.command_line import ComposedSweep
    from hanlon.hypotheses.schema import Plan


@click.command(short_help="What a sweep can show, before it runs.")
@click.argument("overrides", nargs=-1, required=True, metavar="OVERRIDES...")
@click.option("--samples", type=click.IntRange(2), help="Another n than the sweep's.")
@click.option(
    "--rehearse",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="REPEATS",
    help="Also judge so many simulated sweeps of each scripted policy: how often the right hypothesis stands and each "
    "wrong one is ruled out.",
)
@click.option(
    "--find-n",
    is_flag=True,
    help="Search instead the least n at which, for every scripted policy, the right hypothesis is left standing alone.",
)
@click.option(
    "--up-to",
    type=click.IntRange(20),
    default=10_000,
    show_default=True,
    help="The most that --find-n tries.",
)
@click.option(
    "--request-sd",
    type=click.FloatRange(0, 3),
    default=REQUEST_SD,
    show_default=True,
    help="Where cells share requests: the standard deviation of their rates between requests, in logits.",
)
@FORMAT
def power(
    overrides: tuple[str, ...],
    samples: int | None,
    rehearse: int,
    find_n: bool,
    up_to: int,
    request_sd: float,
    table_format: TableFormat,
) -> None:
    """What a sweep can show: for each planned prediction the least effect, or margin, that it would see.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not. Makes no call and writes nothing.
    """
    from hanlon.design.least_n import find_n as search_n
    from hanlon.design.power_table import family_size, matrices_of, power_text
    from hanlon.design.rehearsal import rehearsal_setup
    from hanlon.design.rehearsal_tables import rehearsal_text, search_text

    sweep, plans = _planned(overrides)
    matrices = matrices_of(sweep.states(), plans)
    if not family_size(matrices):
        raise click.UsageError("no hypothesis predicts anything of these cells; see conf/hypothesis")
    setups = [rehearsal_setup(sweep, plan, request_sd) for plan in plans] if find_n or rehearse else []
    if find_n:
        for setup in setups:
            search = search_n(setup, up_to, say=lambda line: click.echo(line, err=True))
            click.echo(search_text(search, sweep.overrides, table_format))
        return
    n = samples or sweep.options.samples
    click.echo(power_text(matrices, n, request_sd, table_format))
    if rehearse:
        for setup in setups:
            rehearsals = [setup.rehearse(policy, n, rehearse) for policy in setup.policies]
            click.echo("\n" + rehearsal_text(setup, rehearsals, table_format))


@click.command(short_help="The plan of a sweep as Markdown.")
@click.argument("overrides", nargs=-1, required=True, metavar="OVERRIDES...")
def preregister(overrides: tuple[str, ...]) -> None:
    """The plan of a sweep as Markdown, for OSF: cells, n, hypotheses, predictions, stopping rule, analysis, hashes.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not. Makes no call and writes nothing.
    """
    from hanlon.config.errors import ConfigError
    from hanlon.design.preregistration import preregistration

    try:
        click.echo(preregistration(*_planned(overrides)))
    except ConfigError as error:
        raise click.UsageError(str(error)) from None


def _planned(overrides: Sequence[str]) -> "tuple[ComposedSweep, list[Plan]]":
    """The sweep of these overrides, and what it would be judged by."""
    from hanlon.config.command_line import compose_sweep
    from hanlon.config.errors import ConfigError
    from hanlon.hypotheses.files import plans_for

    try:
        sweep = compose_sweep(" ".join(overrides))
        return sweep, plans_for([cell.environment.name for cell in sweep.cells], sweep.options.hypotheses)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
