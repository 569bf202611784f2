"""Files that look like ELF executables and are run by the shell as commands of ours.

The shell runs any file with an x bit as a script, found by whatever path, link or copy the model uses. So
an executable here is a file whose first word, a valid ELF header as far as it goes, is the name of a
command that we registered. What follows is a comment of bytes that a dump or `strings` shows as a binary.
"""

import random
from functools import cache

HEADER = "\x7fELF\x02\x01\x01"
SYSTEM = "\x7fELF\x02\x01\x02"
"""First word of the executables in /usr/bin; the command behind it does nothing, the next line does."""
RESUME = "\x7fELF\x02\x01\x03"
"""The command that the runner calls when the script that a program asked for has returned."""
RUNNER = "/\u00f8"
"""Where the runner of a script lies while a program is waiting for it."""
END_OF_ARGUMENTS = "\x03"

_GARBAGE = [chr(c) for c in (*range(1, 9), *range(14, 27), *range(0x40000, 0xE0000, 3301))]
"""Control characters, and letters of four bytes that mean nothing: the shell reads a file letter by letter."""
_STRINGS = (
    "/lib64/ld-linux-x86-64.so.2 libc.so.6 __libc_start_main puts fopen fread fclose strtol GLIBC_2.34 "
    "GLIBC_2.2.5 GCC:.(Debian.12.2.0-14).12.2.0 .shstrtab .interp .gnu.hash .dynsym .text .rodata .bss "
)


def program_word(number: int) -> str:
    """The first word of program `number` of a machine."""
    return HEADER + chr(0x10 + number)


@cache
def program_file(number: int) -> str:
    """The executable of program `number`: call it with the arguments; if it fails, source the runner.

    No run of four printable bytes in the working part, so that `strings` passes over it.
    """
    return f"{program_word(number)} $@{END_OF_ARGUMENTS}||\n. {RUNNER}\n#{_filler(number, 780)}"


def system_file(line: str) -> str:
    """An executable of /usr/bin that does what the shell line `line` does."""
    return f"{SYSTEM}\n{line}\n"


def _filler(seed: int, size: int) -> str:
    chance = random.Random(seed)
    parts: list[str] = []
    for text in _STRINGS.split():
        parts += chance.choices(_GARBAGE, k=size // 18)
        parts.append(text)
    return "".join(parts)
