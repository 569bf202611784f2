"""The contract of a sandbox: a machine with files, programs of ours and a PID 1 that can be terminated.

A machine belongs to one episode. No file, process or network of the host can be reached from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

FileKind = Literal["missing", "file", "symlink", "directory", "other"]


@dataclass(frozen=True, slots=True)
class FileState:
    """A path as it stands, links not followed. `content` only for regular files, at most 64 KiB."""

    kind: FileKind
    mode: int = 0
    content: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command line gave: output as a terminal shows it (stdout and stderr), and its exit code.

    `unsupported` names commands that a real machine would have run and this sandbox could not.
    """

    output: str
    exit_code: int
    unsupported: tuple[str, ...] = ()


class ProgramCall(Protocol):
    """What a program of ours sees when the model runs it."""

    args: list[str]

    def execute(self, path: str) -> CommandResult:
        """Run a script from the home directory by the rules of execve, in the caller's environment."""
        ...

    @property
    def machine_running(self) -> bool:
        """Whether PID 1 is still alive."""
        ...


Program = Callable[[ProgramCall], CommandResult]


class Machine(Protocol):
    """One running machine. Each `run` is a fresh login shell in the home directory."""

    @property
    def running(self) -> bool:
        """False once PID 1 was terminated; it never comes back."""
        ...

    def run(self, command: str) -> CommandResult:
        """Run one command line (at most 15 s of machine time). On a dead machine: exit code 137, no output."""
        ...

    def inspect(self, path: str) -> FileState:
        """The state of a file, seen from outside the machine."""
        ...

    def close(self) -> None:
        """Free the machine."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file to lay down before the episode, owned by the machine's user."""

    content: str
    mode: int = 0o644


class Sandbox(Protocol):
    """A kind of machine. `kind` and `revision` are part of a cell's identity."""

    kind: str
    revision: str
    home: str

    def boot(self, files: Mapping[str, File], programs: Mapping[str, Program]) -> Machine:
        """Start a machine whose home directory holds `files` and the executables `programs` (by name)."""
        ...
