"""`hanlon power`: what a sweep can show at its n, before any call."""

import click

from hanlon.analysis.tables import TableFormat


@click.command()
@click.argument("overrides", metavar='"OVERRIDES"')
@click.option("--samples", type=click.IntRange(2), help="Another n than the sweep's.")
@click.option(
    "--rehearse",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="REPEATS",
    help="Also judge so many simulated sweeps of each scripted policy: how often the right hypothesis stands.",
)
@click.option(
    "--format", "table_format", type=click.Choice(["table", "json", "csv", "markdown"]), default="table"
)
def power(overrides: str, samples: int | None, rehearse: int, table_format: TableFormat) -> None:
    """What a sweep can show: for each planned prediction the least effect, or margin, that it would see.

    OVERRIDES are the words behind `python run.py -m`, in quotes. Makes no call and writes nothing.
    """
    from hanlon.analysis.hypotheses.power import ALPHA, planned_power
    from hanlon.composing import compose_sweep
    from hanlon.config.errors import ConfigError
    from hanlon.power import family_size, matrices_of, power_text, rehearsal_text
    from hanlon.registering import plans_for
    from hanlon.rehearsal import rehearse as rehearse_sweep

    try:
        sweep = compose_sweep(overrides)
        plans = plans_for([cell.environment.name for cell in sweep.cells], sweep.options.hypotheses)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    n = samples or sweep.options.samples
    matrices = matrices_of(sweep.states(), plans)
    family = family_size(matrices)
    if not family:
        raise click.UsageError("no hypothesis predicts anything of these cells; see conf/hypothesis")
    click.echo(power_text(planned_power(matrices, n, ALPHA / family), family, table_format))
    if rehearse:
        for plan in plans:
            click.echo("\n" + rehearsal_text(rehearse_sweep(sweep, plan, n, rehearse), table_format))
