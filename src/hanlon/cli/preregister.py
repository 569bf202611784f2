"""`hanlon preregister`: the plan of a sweep as Markdown, before any call."""

import click


@click.command()
@click.argument("overrides", nargs=-1, required=True, metavar="OVERRIDES...")
def preregister(overrides: tuple[str, ...]) -> None:
    """The plan of a sweep as Markdown, for OSF: cells, n, hypotheses, predictions, stopping rule, analysis, hashes.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not. Makes no call and writes nothing.
    """
    from hanlon.analysis.hypotheses.files import plans_for
    from hanlon.composing import compose_sweep
    from hanlon.config.errors import ConfigError
    from hanlon.preregistration import preregistration

    try:
        sweep = compose_sweep(" ".join(overrides))
        plans = plans_for([cell.environment.name for cell in sweep.cells], sweep.options.hypotheses)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    click.echo(preregistration(sweep, plans))
