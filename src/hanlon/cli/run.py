"""`hanlon run`: a sweep, from any folder."""

import sys

import click


@click.command(
    "run",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED)
def run(overrides: tuple[str, ...]) -> None:
    """Run a sweep, as `python run.py` does: OVERRIDES are its words, -m and --help too."""
    from hanlon.run.main import main

    sys.argv = [sys.argv[0], *overrides]
    sys.exit(main())
