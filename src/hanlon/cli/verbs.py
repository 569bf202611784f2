"""The group of all verbs: its help by what one wants to do, and the answer to what belongs behind `run.py`."""

import shlex
from collections.abc import Sequence

import click


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
        """The verb that was typed; overrides belong behind `python run.py`."""
        if args[0] == "run" or ("=" in args[0] and not args[0].startswith("-")):
            overrides = shlex.join(args[1:] if args[0] == "run" else args)
            ctx.fail(f"hanlon reads and plans; sweeps are run by: python run.py -m {overrides}".rstrip())
        return super().resolve_command(ctx, args)


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
