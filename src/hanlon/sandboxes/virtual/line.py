"""What is known of a command line from its text alone, before it runs.

Episodes of a sweep give the same few command lines again and again, so that what was read is kept.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from hanlon.sandboxes.virtual.rewrite import rewrite
from hanlon.sandboxes.virtual.syntax import fresh_shell
from hanlon.sandboxes.virtual.wording import tells

MAX_COMMAND_BYTES = 131_071
"""What execve takes as one argument."""

_KEPT_CHARACTERS = 2000
_PLAIN = re.compile(r"\s*([\w./~-]+)(?:[ \t]+[\w./~=+:,@%*?-]+)*\s*")
_READ_WRITE = re.compile(r"(?:\bexec\s+\d*|(?<=\s)\d)<>")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line as it was read.

    Attributes:
        text: what the model wrote, as far as a command line can hold it.
        script: what the shell underneath gets in its place.
        in_fresh_shell: `script` in a shell of its own; empty where the text is too long to be run.
        tells: the tell words in it, in lower case.
        only_command: the first word of a line that is one command of plain words: before that command, or the
            file that it names, nothing runs.
        opens_read_write: it opens a file with ``<>``.
    """

    text: str
    script: str
    in_fresh_shell: str
    tells: frozenset[str]
    only_command: str
    opens_read_write: bool

    @classmethod
    def read(cls, command: str) -> "CommandLine":
        """Read a command line, or remember it from before if it is short."""
        return _kept(command) if len(command) <= _KEPT_CHARACTERS else _read(command)


def _read(command: str) -> CommandLine:
    text = command.encode(errors="replace").decode().replace("\0", "")
    script = rewrite(text)
    plain = _PLAIN.fullmatch(script)
    return CommandLine(
        text=text,
        script=script,
        in_fresh_shell=fresh_shell(script) if len(text.encode()) <= MAX_COMMAND_BYTES else "",
        tells=frozenset(word.lower() for word in tells(text)),
        only_command=plain[1] if plain else "",
        opens_read_write="<>" in text and _READ_WRITE.search(text) is not None,
    )


_kept = lru_cache(maxsize=1024)(_read)
