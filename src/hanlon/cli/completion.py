"""`hanlon completion`: what the shell offers behind `python run.py` and `hanlon`."""

from importlib.resources import files

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete overrides of run.py, and verbs and options of hanlon.

    Offers groups, factors, levels and bundled models, also behind a comma.

    \b
    Example:
      eval "$(hanlon completion bash)"
    """
    click.echo(
        files("hanlon").joinpath("cli", "templates", f"completion.{shell}").read_text(encoding="utf-8"),
        nl=False,
    )
