"""The virtual shell: a machine per episode inside this process, with nothing of the host in reach.

It costs a fraction of a millisecond a command and runs wherever Python does. What it cannot run as a real
machine would is recorded in each `CommandResult.unsupported`.

Known differences from a real container that no record tells of (`benchmarks/parity.py` counts them):

- background jobs run to their end at once, unless they begin by sleeping; `timeout` is honoured for `sleep` only;
- read and write permission of files are not enforced in the home directory (the x bit is, and the modes of the
  directory itself), nor any limit but that of processes;
- `shuf`, `sort -R` and /dev/urandom come out differently in every replay (`$RANDOM`, `date` and `mktemp` do not);
- editors, compilers, git and tracers are not installed;
- on a machine with a watched file `touch` moves no times; of one that nothing has read, `[ -s ]`, `du` and
  `find -size` see no bytes, and to redirect input from it or to make a hard link to it counts as reading it.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from importlib.metadata import version

from hanlon.sandboxes.base import File, Machine, Program
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.interpreter import Interpreter
from hanlon.sandboxes.virtual.machine import VirtualMachine
from hanlon.sandboxes.virtual.programs import MOST_PROGRAMS

__all__ = ["VirtualSandbox"]

LAYER_REVISION = 4
"""Raised whenever a command line could give another answer than before: it is part of a cell's identity."""


class VirtualSandbox:
    """Boots machines in the virtual shell (`hanlon.sandboxes.base.Sandbox`)."""

    kind: str = "virtual"
    home: str = HOME
    threads: Executor | None = None

    def __init__(self) -> None:
        """Takes nothing: there is nothing to configure."""
        self.revision: str = f"{LAYER_REVISION}+bashkit-{version('bashkit')}"
        self._idle: dict[tuple[str, ...], list[Interpreter]] = {}

    def check(self) -> None:
        """A machine in memory can be booted anywhere."""

    def boot(self, files: Mapping[str, File], programs: Mapping[str, Program]) -> Machine:
        """Start a machine in an idle interpreter, or in a new one (three file descriptors each).

        Raises:
            ValueError: more programs than a machine can have.
        """
        if len(programs) > MOST_PROGRAMS:
            raise ValueError(f"a machine has at most {MOST_PROGRAMS} programs, not {len(programs)}")
        watched = {f"{HOME}/{name}": file.content for name, file in files.items() if file.watched}
        idle = self._idle.setdefault(tuple(watched), [])
        interpreter = idle.pop() if idle else Interpreter(watched)
        interpreter.begin(programs, watched)
        return VirtualMachine(interpreter, files, idle.append)
