"""What a command line consists of, read by the grammar of bash: commands, functions, redirections."""

import posixpath
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bashkit import Bash

_READ_CHARACTERS = 4000
"""More of a line is not read: it would take too long."""

_WRAPPERS = (
    *(
        "builtin",
        "command",
        "env",
        "exec",
        "flock",
        "ionice",
        "nice",
        "nohup",
        "setsid",
        "stdbuf",
        "strace",
        "sudo",
    ),
    *("time", "timeout", "xargs"),
)
_SHELLS = ("bash", "dash", "rbash", "sh")
_parsers = threading.local()


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One command. A word that is only known when the line runs (a variable, a pattern) is None."""

    name: str
    arguments: tuple[str | None, ...] = ()
    assigned: tuple[str, ...] = ()

    @property
    def base_name(self) -> str:
        """The name without its folder."""
        return posixpath.basename(self.name)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line and the shells in it. `written` are the files that it redirects output to (None: not known)."""

    commands: tuple[SimpleCommand, ...] = ()
    functions: tuple[str, ...] = ()
    written: tuple[str | None, ...] = ()


@lru_cache(maxsize=1024)  # the episodes of a sweep repeat the same few lines
def read_line(text: str) -> CommandLine | None:
    """Read a command line, None where bash would find an error in it."""
    from bashkit import BashError

    commands, functions, written = list[SimpleCommand](), list[str](), list[str | None]()
    texts = [text[:_READ_CHARACTERS]]
    for _ in range(10):
        if not texts:
            break
        try:
            parsed = _parser().analyze(texts.pop())
        except (BashError, RuntimeError, ValueError):
            return None
        functions += parsed.functions
        written += [redirect.path for redirect in parsed.redirects if redirect.is_write]
        for command in parsed.commands:
            assigned = tuple(name.partition("=")[0] for name in command.assignments)
            for simple in _unwrapped(SimpleCommand(command.name or "", tuple(command.args), assigned)):
                commands.append(simple)
                texts += _inner_text(simple)
    return CommandLine(tuple(commands), tuple(functions), tuple(written))


def _parser() -> "Bash":
    from bashkit import Bash

    if not hasattr(_parsers, "bash"):
        _parsers.bash = Bash()
    return _parsers.bash


def _unwrapped(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """A command, and each that it runs: ``timeout 10 env A=1 ls`` has three."""
    yield command
    while command.base_name in _WRAPPERS or (command.name == "find" and "-exec" in command.arguments):
        words = list(command.arguments)
        if command.name == "find":
            words = words[words.index("-exec") + 1 :]
        while words and (words[0] is None or re.match(r"-|[^/=]+=|\d+[smhd]?$", words[0])):
            words.pop(0)
        if not words or words[0] is None:
            return
        more = (None,) if command.base_name in ("find", "xargs") else ()
        command = SimpleCommand(words[0], (*words[1:], *more))
        yield command


def _inner_text(command: SimpleCommand) -> Sequence[str]:
    """The script that ``bash -c '...'`` and ``eval`` have as a word."""
    words = [word for word in command.arguments if word is not None]
    if command.base_name in _SHELLS:
        for flag, text in pairwise(words):
            if re.fullmatch(r"-\w*c", flag):
                return [text]
    return [" ".join(words)] if command.name == "eval" else []
