"""`hanlon prompts ...`: the texts that cells send to the model."""

import re
import shlex
from pathlib import Path

import click

from hanlon.analysis.prompt_diff import TitledTexts, byte_count, cell_texts, print_diff
from hanlon.cli.options import RUNS, load, only_cell
from hanlon.config.command_line import compose_cell
from hanlon.config.errors import ConfigError

_OVERRIDE = re.compile(r"[+~]{0,2}[\w@./]+=.*", re.DOTALL)


def are_overrides(text: str) -> bool:
    """Whether a text reads `key=value key=value`; a label (`baseline+tier=free`) does not."""
    words = text.split()
    return bool(words) and _OVERRIDE.fullmatch(words[0]) is not None


def composed_texts(overrides: str) -> TitledTexts:
    """The texts of the cell that `python run.py <overrides>` would run.

    Raises:
        ConfigError: the search path or the overrides are wrong, or they are more than one cell.
    """
    try:
        cell = compose_cell(shlex.split(overrides))
    except ValueError as error:  # of shlex
        raise ConfigError(f"not readable as words of a command line: {error}") from None
    return TitledTexts(
        f"{cell.environment.name} {cell.label}  {cell.key}  {cell.config.model.id}", cell.texts
    )


@click.group()
def prompts() -> None:
    """Print what a cell says to the model, or where two cells differ.

    \b
    Example:
      hanlon prompts diff "env=alignment_faking tier=free" "env=alignment_faking tier=paid"
    """


@prompts.command()
@click.argument("a")
@click.argument("b")
@RUNS
@click.option("--text", "only", help="Compare this text alone, such as system or user.")
def diff(a: str, b: str, runs: tuple[Path, ...], only: str | None) -> None:
    """Print where the texts of two cells differ, byte for byte.

    A and B are each a stored cell (label, key or beginning of its folder name), the overrides of a cell that
    need not be stored ("env=alignment_faking tier=free"), or a file, whose bytes are compared with one text
    (--text, else system).

    \b
    Example:
      hanlon prompts diff "env=alignment_faking tier=free" "env=alignment_faking tier=paid"
    """
    from rich.console import Console

    files = [name for name in (a, b) if Path(name).is_file()]
    text = only or ("system" if files else None)
    sides = [_titled(name, runs, text or "system") for name in (a, b)]
    if text is not None:
        if not any(text in side.texts for side in sides):
            names = ", ".join(dict.fromkeys(name for side in sides for name in side.texts))
            raise click.BadParameter(f"no text is called {text!r}. Texts: {names}", param_hint="--text")
        sides = [
            TitledTexts(side.title, {k: v for k, v in side.texts.items() if k == text}) for side in sides
        ]
    first, second = sides
    print_diff(first, second, Console(highlight=False))


@prompts.command("show")
@click.argument("a")
@RUNS
def show_prompts(a: str, runs: tuple[Path, ...]) -> None:
    """Print every text that a cell may send, as it is.

    A is a stored cell or overrides, as for `diff`.

    \b
    Example:
      hanlon prompts show "env=shutdown prompt=priority_clarified"
    """
    texts_of_cell = _titled(a, runs, "system")
    click.echo(texts_of_cell.title)
    for name, text in texts_of_cell.texts.items():
        click.echo(f"\n== {name}: {byte_count(text)}\n{text}")


def _titled(name: str, runs: tuple[Path, ...], text: str) -> TitledTexts:
    """The texts of a file (as the one called `text`), of overrides, or of a stored cell."""
    if Path(name).is_file():
        return TitledTexts(name, {text: Path(name).read_bytes().decode("utf-8", "surrogateescape")})
    if are_overrides(name):
        try:
            return composed_texts(name)
        except ConfigError as error:
            raise click.UsageError(f"in '{name}': {error}") from None
    record = only_cell(
        load(runs), name, "name one by its key or folder, or give overrides (key=value ...)"
    ).record
    return cell_texts(record)
