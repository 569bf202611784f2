"""`hanlon power`: what a sweep can show at its n, before any call, and the n that it needs."""

import click

from hanlon.analysis.tables import TableFormat
from hanlon.design.request_rates import REQUEST_SD


@click.command()
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
@click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
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
    from hanlon.config.command_line import compose_sweep
    from hanlon.config.errors import ConfigError
    from hanlon.design.least_n import find_n as search
    from hanlon.design.power_table import family_size, matrices_of, power_text
    from hanlon.design.rehearsal import stage
    from hanlon.design.rehearsal_tables import rehearsal_text, search_text
    from hanlon.hypotheses.files import plans_for

    try:
        sweep = compose_sweep(" ".join(overrides))
        plans = plans_for([cell.environment.name for cell in sweep.cells], sweep.options.hypotheses)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    matrices = matrices_of(sweep.states(), plans)
    if not family_size(matrices):
        raise click.UsageError("no hypothesis predicts anything of these cells; see conf/hypothesis")
    stages = [stage(sweep, plan, request_sd) for plan in plans] if find_n or rehearse else []
    if find_n:
        for one in stages:
            found = search(one, up_to, say=lambda line: click.echo(line, err=True))
            click.echo(search_text(found, sweep.overrides, table_format))
        return
    n = samples or sweep.options.samples
    click.echo(power_text(matrices, n, request_sd, table_format))
    if rehearse:
        for one in stages:
            rehearsed = [one.rehearse(policy, n, rehearse) for policy in one.truths]
            click.echo("\n" + rehearsal_text(one, rehearsed, table_format))


@click.command()
@click.argument("overrides", nargs=-1, required=True, metavar="OVERRIDES...")
def preregister(overrides: tuple[str, ...]) -> None:
    """The plan of a sweep as Markdown, for OSF: cells, n, hypotheses, predictions, stopping rule, analysis, hashes.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not. Makes no call and writes nothing.
    """
    from hanlon.config.command_line import compose_sweep
    from hanlon.config.errors import ConfigError
    from hanlon.design.preregistration import preregistration
    from hanlon.hypotheses.files import plans_for

    try:
        sweep = compose_sweep(" ".join(overrides))
        plans = plans_for([cell.environment.name for cell in sweep.cells], sweep.options.hypotheses)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    click.echo(preregistration(sweep, plans))
