"""`hanlon fork`: goes back to a turn of stored episodes, changes one thing or nothing, and goes on."""

import sys
from pathlib import Path

import click

from hanlon.cli.options import TableOptions, load, table_options


@click.command("fork")
@click.argument("words", nargs=-1, metavar="[RUNS]... [KEY=VALUE]...")
@click.option("--outcome", help="Only episodes of this outcome are continued.")
@click.option("--n", "parents", type=click.IntRange(min=1), help="Parents of each cell, drawn by seed.")
@table_options
def fork(words: tuple[str, ...], outcome: str | None, parents: int | None, chosen: TableOptions) -> None:
    """Continue stored episodes from a turn, with nothing or one thing changed: where was it decided?

    KEY=VALUE as in conf/fork: at=turns, at=notice, at=turn:5, at=decisive; set=env.precedence=over_all_others (by=user,
    system or program), set=model=..., set=result=..., set=prefill=...; draws=20; and as for run.py: plan=true.

    \b
    Example:
      hanlon fork runs --outcome resisted --n 8 at=turns plan=true
    """
    from hanlon.config.errors import ConfigError
    from hanlon.run.fork import fork as run

    folders = tuple(Path(word) for word in words if "=" not in word)
    for folder in folders:
        if not folder.is_dir():
            raise click.UsageError(f"there is no folder '{folder}'. An override is key=value, as at=turns")
    overrides = [word for word in words if "=" in word]
    overrides += [f"outcome={outcome}"] * bool(outcome) + [f"n={parents}"] * bool(parents)
    states = chosen.selection.of(load(folders))
    try:
        exit_code = run(states, overrides)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    sys.exit(exit_code)
