"""The shell behind a machine: our commands in it, used by one machine after the other.

Making one costs 0.5 ms and a few file descriptors, clearing one a tenth of that: `Bash.reset` drops all files,
variables, functions and limits and keeps the registered commands and the mounted read-only trees.
"""

import resource
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bashkit import Bash, BuiltinContext, BuiltinResult

from hanlon.sandboxes.base import Program
from hanlon.sandboxes.container import ENVIRONMENT, HOME, HOSTNAME
from hanlon.sandboxes.virtual.commands.cp import COPYING_COMMANDS
from hanlon.sandboxes.virtual.commands.date import SYSTEM_COMMANDS
from hanlon.sandboxes.virtual.commands.ls import LISTING_COMMANDS
from hanlon.sandboxes.virtual.commands.mv import MOVING_COMMANDS
from hanlon.sandboxes.virtual.commands.patch import PATCH_COMMANDS
from hanlon.sandboxes.virtual.commands.ps import PROCESS_COMMANDS
from hanlon.sandboxes.virtual.commands.stat import DESCRIBING_COMMANDS
from hanlon.sandboxes.virtual.commands.watched import WATCHED_COMMANDS
from hanlon.sandboxes.virtual.image import ABSENT, SYSTEM, read_only_trees
from hanlon.sandboxes.virtual.kernel import Command, Kernel
from hanlon.sandboxes.virtual.permissions import PERMISSION_COMMANDS
from hanlon.sandboxes.virtual.programs import Programs

MAX_COMMANDS = 3_000
MAX_LOOP_ITERATIONS = 10_000
MAX_HOST_SECONDS = 10.0
"""A backstop only: `MAX_COMMANDS` ends a loop long before, and at the same point in every replay."""


class Interpreter:
    """One shell. `kernel` and `programs` belong to the machine that uses it now; `names` are our commands.

    The shell asks for the content of a file of `watched` (paths) when something reads it, and keeps it from then on.
    """

    def __init__(self, watched: Iterable[str] = ()) -> None:
        self.kernel = Kernel(bash=None)
        self.programs = Programs({})
        callbacks = self._callbacks(WATCHED_COMMANDS if watched else {})
        self.names = frozenset(callbacks)
        self.bash = Bash(
            username="user",
            hostname=HOSTNAME,
            cwd=HOME,
            env=ENVIRONMENT,
            max_commands=most_commands(MAX_COMMANDS),
            max_loop_iterations=MAX_LOOP_ITERATIONS,
            timeout_seconds=MAX_HOST_SECONDS,
            custom_builtins=callbacks,
            files={path: partial(self._on_read, path) for path in watched},
        )
        for path, tree in read_only_trees().items():
            self.bash.mount(path, tree, read_only=True)

    def begin(self, programs: Mapping[str, Program], watched: Mapping[str, str] | None = None) -> None:
        """Clear everything that an earlier machine left. `watched` are contents by path."""
        self.bash.reset()
        self.kernel = Kernel(bash=self.bash, programs=frozenset(programs), unread=dict(watched or {}))
        self.programs = Programs(programs)

    def _on_read(self, path: str) -> str:
        return self.kernel.unread.pop(path)

    def _callbacks(self, more: Mapping[str, Command]) -> dict[str, Callable[[BuiltinContext], BuiltinResult]]:
        ours: dict[str, Command] = {
            **more,
            **PROCESS_COMMANDS,
            **SYSTEM_COMMANDS,
            **LISTING_COMMANDS,
            **COPYING_COMMANDS,
            **DESCRIBING_COMMANDS,
            **MOVING_COMMANDS,
            **PATCH_COMMANDS,
            **PERMISSION_COMMANDS,
            **dict.fromkeys(ABSENT, _not_found),
            SYSTEM: _nothing,
        }
        named = {name: self._guarded(command) for name, command in ours.items()}
        for word in Programs.words():
            named[word] = self._guarded(lambda kernel, ctx: self.programs.call(kernel, ctx))
        return named

    def _guarded(self, command: Command) -> Callable[[BuiltinContext], BuiltinResult]:
        def call(ctx: BuiltinContext) -> BuiltinResult:
            kernel = self.kernel
            if kernel.may_have_run:
                kernel.listings.clear()
            kernel.may_have_run = True
            try:
                return command(kernel, ctx)
            except Exception as error:  # the shell would print our traceback's place to the model
                kernel.notes.append(f"{ctx.name} failed: {type(error).__name__}: {error}")
                return BuiltinResult("", f"{ctx.name}: Input/output error\n", 1)

        return call


def _not_found(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    del kernel
    return BuiltinResult("", f"bash: line 1: {ctx.name}: {_absence(ctx.name)}\n", 127)


def _absence(name: str) -> str:
    return "No such file or directory" if "/" in name else "command not found"


def _nothing(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    del kernel, ctx
    return BuiltinResult("", "", 0)


STACK_BYTES = 120 * 2**20
"""Linux leaves 128 MiB below a process's stack free for it to grow into."""

_BYTES_PER_COMMAND = 40 * 2**10


def most_commands(wanted: int) -> int:
    """Let the stack grow, and return how many commands it is sure to hold nested, `wanted` at the most.

    A script that calls itself is followed until the stack ends, and the process with it. Measured with bashkit
    0.20.1: a level of `./a` calling `./a` takes about 22 KiB. Only the main thread's stack grows; the engine
    runs there.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < STACK_BYTES:
        soft = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    room = STACK_BYTES if soft == resource.RLIM_INFINITY else soft
    return min(wanted, room // _BYTES_PER_COMMAND)
