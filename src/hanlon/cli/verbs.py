"""The group of all verbs: its help by what one wants to do, and what was meant by a verb or an option that is none."""

import re
import shlex
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import click

SAME = 0.8
"""The least likeness, letter by letter, at which a name is taken for a misspelt one before any help is read."""


class Verbs(click.Group):
    """Verbs under headings. Their help shows the whole first sentence of each."""

    def add_section(self, heading: str, commands: Sequence[click.Command]) -> None:
        """Add verbs under a heading, in the order in which they are shown."""
        for command in commands:
            self.add_command(command)
        self.sections[heading] = commands

    @property
    def sections(self) -> dict[str, Sequence[click.Command]]:
        """The verbs of each heading."""
        return self.__dict__.setdefault("_sections", {})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the headings with their verbs."""
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(str(command.name), first_sentence(command)) for command in commands])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that was typed; overrides belong behind `run`."""
        verb, *rest = args
        if verb.startswith("-") or verb in self.commands:
            return super().resolve_command(ctx, args)
        overrides = args if "=" in verb else rest
        is_near = bool(get_close_matches(verb, self.commands, cutoff=SAME))
        if not is_near and overrides and all(map(_is_override, overrides)):
            ctx.fail(f"sweeps are run by: hanlon run -m {shlex.join(overrides)} (python run.py is the same)")
        described = [name for name, command in self.commands.items() if _says(first_sentence(command), verb)]
        if described and not is_near:
            raise click.UsageError(f"No such command '{verb}'. Did you mean '{described[0]}'?", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that was typed.

        Raises:
            UsageError: something is wrong with the words behind it.
        """
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            meant = next(_meant(error), None)
            if meant is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{meant}'?", error.ctx) from None


def _meant(error: click.NoSuchOption) -> Iterator[str]:
    """The options of which an unknown one is a value (`--csv`); where none is near, those described so (`--filter`)."""
    word = error.option_name.lstrip("-")
    options = [
        option
        for option in (error.ctx.command.params if error.ctx else ())
        if isinstance(option, click.Option)
    ]
    for option in options:
        if isinstance(option.type, click.Choice) and word in option.type.choices:
            yield f"{option.opts[-1]} {word}"
    if get_close_matches(
        error.option_name, [name for option in options for name in option.opts], cutoff=SAME
    ):
        return
    for option in options:
        if _says(option.help or "", word):
            yield option.opts[-1]


def _is_override(word: str) -> bool:
    return "=" in word and not word.startswith("-")


def _says(text: str, word: str) -> bool:
    """Whether a word stands in a text, in the singular or the plural."""
    return word.lower().removesuffix("s") in (
        part.removesuffix("s") for part in re.findall(r"\w+", text.lower())
    )


def first_sentence(command: click.Command) -> str:
    """The first paragraph of a verb's help, on one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the installed version, and the commit of the checkout where there is one."""
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        from hanlon.config.provenance import git_sha

        sha = git_sha()
        click.echo(f"hanlon {version('hanlon')}" + (f" ({sha})" if sha else ""))
        context.exit()
