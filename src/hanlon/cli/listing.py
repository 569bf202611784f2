"""`hanlon list`: what can be varied and chosen, from the files of the search path."""

import re
from collections.abc import Callable, Iterable

import click

from hanlon.config.errors import ConfigError
from hanlon.config.search_path import search_path
from hanlon.config.vocabulary import Name, environments, vocabulary
from hanlon.store.problems import nearest

KINDS: dict[str, Callable[[Name], bool]] = {
    "factors": lambda name: name.kind == "factor",
    "levels": lambda name: name.kind == "choice" and name.key == "prompt",
    "tiers": lambda name: name.kind == "choice" and name.key == "tier",
    "models": lambda name: name.kind == "choice" and name.key == "model" and not _is_policy(name),
    "experiments": lambda name: name.kind == "choice" and name.key == "experiment",
    "hypotheses": lambda name: name.kind == "hypothesis",
    "policies": lambda name: name.kind == "choice" and name.key == "model" and _is_policy(name),
}
"""Which names of conf/ each word after `list` means."""


@click.command("list")
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
@click.option("--env", help="Only what this environment knows; default: every environment.")
def list_names(kind: str, env: str | None) -> None:
    """List factors, levels, tiers, models and more: what each is, from its own file.

    KIND is factors (typed as env.<name>=...), levels (prompt=...), tiers (tier=...), models
    and policies (model=...), experiments (experiment=...) or hypotheses ("hypotheses=[...]").

    \b
    Example:
      hanlon list factors --env shutdown
    """
    try:
        path = search_path()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if env is not None and env not in environments(path):
        near = nearest(env, environments(path))
        raise click.UsageError(
            f"there is no environment '{env}'.{near} There are: {', '.join(environments(path))}"
        )
    names = [
        name for name in vocabulary(path) if KINDS[kind](name) and env in (None, name.env, name.env or env)
    ]
    click.echo(_text(names), nl=False)


def _is_policy(name: Name) -> bool:
    return str(name.value).startswith("simulated/")


def _text(names: Iterable[Name]) -> str:
    """The names under their environments, what every environment knows first."""
    names = list(names)
    formatter = click.HelpFormatter(width=click.HelpFormatter().width + 2)
    for env in dict.fromkeys(name.env for name in sorted(names, key=lambda name: name.env or "")):
        rows = [(name.word, _summary(name)) for name in names if name.env == env]
        with formatter.section(f"env={env}" if env else "every environment"):
            formatter.write_dl(rows, col_max=34)
    return formatter.getvalue().lstrip("\n")


def _summary(name: Name) -> str:
    """The first sentence of a description."""
    return re.split(r"(?<=[a-z)\"]\.) (?=[A-Z])", name.description)[0]
