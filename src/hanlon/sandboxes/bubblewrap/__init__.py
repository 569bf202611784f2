"""A real shell, real programs and real processes, in the namespaces of bubblewrap (`bwrap`).

What a model can reach: a home directory and /tmp of limited size, /usr of the host read-only, its own processes.
Not within reach: any other file of the host, its processes, its network, its name.
"""

import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from hanlon.sandboxes.base import File, Machine, Program
from hanlon.sandboxes.bubblewrap.bwrap import start
from hanlon.sandboxes.bubblewrap.machine import BubblewrapMachine
from hanlon.sandboxes.container import HOME

__all__ = ["BubblewrapSandbox"]

REVISION = 1
"""Raised whenever a command line could give another answer than before: it is part of a cell's identity."""

_THREADS = ThreadPoolExecutor(max_workers=128, thread_name_prefix="bubblewrap")


class BubblewrapSandbox:
    """Boots machines with `bwrap` (`hanlon.sandboxes.base.Sandbox`)."""

    kind: str = "bubblewrap"
    home: str = HOME
    threads: ThreadPoolExecutor | None = _THREADS

    def __init__(self) -> None:
        """Takes nothing. The host's distribution is part of the revision, since its /usr is the machine's."""
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            release = {}
        self.revision: str = f"{REVISION}+{release.get('ID', 'linux')}-{release.get('VERSION_ID', 'rolling')}"

    def check(self) -> None:
        """Boot a machine and run a command in it.

        Raises:
            ValueError: no machine can be booted here; the message says what to do about it.
        """
        machine = self.boot({}, {})
        result = machine.run("echo ready")
        machine.close()
        if result.output != "ready\n":
            raise ValueError(f"sandbox=bubblewrap: the shell does not run: {result.output.strip()!r}")

    def boot(self, files: Mapping[str, File], programs: Mapping[str, Program]) -> Machine:
        """Start a machine: two processes and six file descriptors.

        Raises:
            ValueError: no machine can be booted here; the message says what to do about it.
        """
        return BubblewrapMachine(start(files, list(programs)), dict(programs))
