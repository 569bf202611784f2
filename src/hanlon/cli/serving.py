"""`hanlon serve`: a simulated policy in the foreground."""

import click


def _print_kinds(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from hanlon.simulated.faults.config import KINDS

        for kind, meaning in KINDS.items():
            click.echo(f"{kind:<20}  {meaning}")
        context.exit()


@click.command()
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
    "--outage",
    type=(str, float, float),
    metavar="KIND START_S DURATION_S",
    help="A time in which every call gets this fault, counted from the first call.",
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

    \b
    Example:
      hanlon serve simulated/ambiguity --errors 0.05 --rate 20
    """
    from hanlon.simulated.serve import fault_options
    from hanlon.simulated.serve import serve as serve_simulated

    settings = {name: value for name, value in faults.items() if value is not None}
    try:
        options = fault_options(latency, rate, errors, outage) | settings
        serve_simulated(model, options, port, not no_key, click.echo)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot listen on 127.0.0.1, --port {port}: {error.strerror}") from None
