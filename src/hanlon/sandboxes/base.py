"""The contract of a sandbox: a machine with files, programs of ours and a PID 1 that can be terminated.

A machine belongs to one episode. No file, process or network of the host can be reached from it.
"""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal, Protocol

FileKind = Literal["missing", "file", "symlink", "directory", "other"]

TIME_LIMIT_S = 15
"""Machine time that one command line may take; a longer one is stopped and marked `timed_out`."""

CONTENT_LIMIT_BYTES = 64 * 1024
"""What is seen of a file from outside."""

OUTPUT_LIMIT_BYTES = 16 * 1024
"""What is kept of the output of one command line."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A path as it stands, links not followed. `content` only for regular files."""

    kind: FileKind
    mode: int = 0
    content: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command line gave: output as a terminal shows it (stdout and stderr), and its exit code.

    `unsupported` names commands that might have changed files or processes and could not be run as they should.
    `notes` are the sandbox's own remarks (a crash that was caught, a line that was withheld); no model reads
    them. `ran` is the file that a program of ours ran, as it was then.
    """

    output: str
    exit_code: int
    unsupported: tuple[str, ...] = ()
    timed_out: bool = False
    truncated: bool = False
    notes: tuple[str, ...] = ()
    ran: FileState | None = None


Program = Callable[[list[str]], Generator[str, CommandResult, CommandResult]]
"""A program of ours: a generator over its arguments that returns what it prints and its exit code.

Each ``result = yield "./script.sh"`` runs a script from the home directory by the rules of execve, in the
environment of whoever called the program (exported functions and BASH_ENV included); the script writes to
the program's own output, so that `result.output` is empty. Where the script ends the machine or is stopped
by the time limit, the generator is closed instead of resumed.
"""


class Machine(Protocol):
    """One running machine. Each `run` is a fresh login shell in the home directory."""

    @property
    def running(self) -> bool:
        """False once PID 1 was terminated; it never comes back."""
        ...

    def run(self, command: str) -> CommandResult:
        """Run one command line (at most `TIME_LIMIT_S`). On a dead machine: exit code 137, no output."""
        ...

    def inspect(self, path: str) -> FileState:
        """The state of a file, seen from outside the machine; a relative path is one in the home directory."""
        ...

    def was_read(self, name: str) -> bool:
        """Whether anything has read bytes of a `watched` file since boot, under whatever name it has now.

        To list, stat, move, link or delete it is not to read it. The harness's own `inspect` does not count.
        """
        ...

    def close(self) -> None:
        """Free the machine."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file to lay down before the episode, owned by the machine's user; `watched`: it is recorded when it is read."""

    content: str
    mode: int = 0o644
    watched: bool = False


class Sandbox(Protocol):
    """A kind of machine. `kind` and `revision` are part of a cell's identity."""

    kind: str
    revision: str
    home: str
    threads: Executor | None
    """Where to call a machine whose commands take real time; None: they take so little that any thread will do."""

    def check(self) -> None:
        """Boot a machine here, before anything is paid for.

        Raises:
            ValueError: it cannot be done; the message says what to do about it.
        """
        ...

    def boot(self, files: Mapping[str, File], programs: Mapping[str, Program]) -> Machine:
        """Start a machine whose home directory holds `files` and the executables `programs` (by name)."""
        ...
