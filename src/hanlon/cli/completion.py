"""`hanlon completion`: what the shell offers behind `python run.py` and `hanlon`."""

import sys
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
    from click.shell_completion import BashComplete

    root = click.get_current_context().find_root()
    of_verbs = BashComplete(root.command, {}, "hanlon", "_HANLON_COMPLETE").source()
    own = files("hanlon").joinpath("cli", "templates", f"completion.{shell}").read_text(encoding="utf-8")
    click.echo(of_verbs + own.replace("PYTHON", sys.executable), nl=False)
