"""`hanlon power`: what a sweep can show at its n, before any call, and the n that it needs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hanlon.cli.options import TableOptions, table_options
from hanlon.design.request_rates import REQUEST_SD

if TYPE_CHECKING:
    from hanlon.config.command_line import ComposedSweep
    from hanlon.design.leading_n import LeadingN
    from hanlon.design.power import ChangePower
    from hanlon.hypotheses.schema import Plan


class _Rates(click.ParamType):  # pyright: ignore[reportMissingTypeArgument] generic since click 8.3
    """Rates as fractions, with commas between them."""

    name = "rates"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            rates = tuple(float(rate) for rate in str(value).split(","))
        except ValueError:
            rates = ()
        if not rates or not all(0 <= rate <= 1 for rate in rates):
            self.fail(f"{value!r} are no rates: fractions from 0 to 1, as 0.055,0.2", param, ctx)
        return rates


@click.command()
@click.argument("overrides", nargs=-1, metavar="OVERRIDES...")
@click.option("--samples", type=click.IntRange(2), help="Another n than the sweep's.")
@click.option(
    "--base",
    type=_Rates(),
    default="0.2,0.5",
    show_default=True,
    metavar="RATE,...",
    help="Base rates where none is published.",
)
@click.option("--rates", type=_Rates(), metavar="RATE,RATE", help="Only two rates: n for them, power at n.")
@click.option(
    "--n-for",
    type=click.Choice(["leads"]),
    help="Rehearse the verdict instead: the least n at which the right hypothesis leads.",
)
@click.option("--repeats", type=click.IntRange(1), default=10, show_default=True, help="Of each rehearsal.")
@click.option(
    "--up-to", type=click.IntRange(20), default=1000, show_default=True, help="The most of --n-for."
)
@click.option(
    "--request-sd",
    type=click.FloatRange(0, 3),
    default=REQUEST_SD,
    show_default=True,
    help="Where cells share requests: the standard deviation of their rates between requests, in logits.",
)
@table_options
def power(
    overrides: tuple[str, ...],
    samples: int | None,
    base: tuple[float, ...],
    rates: tuple[float, ...] | None,
    n_for: str | None,
    repeats: int,
    up_to: int,
    request_sd: float,
    chosen: TableOptions,
) -> None:
    """Say what a sweep can show: the least change of each level, and the n for a published one.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not; --rates needs none. Makes no call and writes
    nothing.

    \b
    Example:
      hanlon power "experiment=shutdown_rivals model=openrouter/openai/o3"
    """
    from hanlon.design.cell_pairs import Unit
    from hanlon.design.leading_n import leading_n
    from hanlon.design.power import change_powers, rates_text
    from hanlon.design.request_rates import request_count

    if rates is not None and len(rates) != 2:
        raise click.UsageError("--rates takes two rates with a comma and no blank between them: 0.055,0.2")
    if not overrides:
        if rates is None or n_for:
            raise click.UsageError(
                "OVERRIDES are missing: the words behind `python run.py -m`, or give --rates"
            )
        chosen.say_answer(rates_text(*rates, samples or 100, Unit()))
        return
    sweep, plans = _planned(overrides)
    states, n = sweep.states(), samples or sweep.options.samples
    if n_for:
        for plan in plans:
            found = leading_n(
                sweep, plan, repeats, up_to, request_sd, lambda line: click.echo(line, err=True)
            )
            _print_leading(found, sweep.overrides, chosen)
    elif rates is not None:
        chosen.say_answer(rates_text(*rates, n, Unit(request_count(states[0].record), request_sd)))
    else:
        keys = chosen.keys(states)
        powers = change_powers(states, n, base, request_sd)
        _print_powers([power for power in powers if keys & power.keys], n, chosen)


def _print_powers(powers: "Sequence[ChangePower]", n: int, chosen: TableOptions) -> None:
    from hanlon.design.power import power_answer, power_notes, power_table

    if not powers and not chosen.as_data:
        chosen.say_answer(power_answer(powers, n))
    else:
        table = power_table(powers, n, chosen.table_format, chosen.view)
        chosen.say_answer(power_answer(powers, n))
        click.echo(table)
        chosen.say_notes([], list(power_notes(powers)))


def _print_leading(found: "LeadingN", overrides: Sequence[str], chosen: TableOptions) -> None:
    from hanlon.design.leading_n import LEADING_NOTES, leading_answer, leading_table

    if not found.rungs or not chosen.as_data:
        chosen.say_answer(leading_answer(found, overrides))
    if found.rungs:
        click.echo(leading_table(found, chosen.table_format, chosen.view))
        chosen.say_notes([], LEADING_NOTES)


@click.command()
@click.argument("overrides", nargs=-1, required=True, metavar="OVERRIDES...")
def preregister(overrides: tuple[str, ...]) -> None:
    """Write the plan of a sweep as Markdown, for OSF: cells, n, predictions, stopping rule, hashes.

    OVERRIDES are the words behind `python run.py -m`, in quotes or not. Makes no call and writes nothing.

    \b
    Example:
      hanlon preregister "experiment=shutdown_rivals" > plan.md
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
