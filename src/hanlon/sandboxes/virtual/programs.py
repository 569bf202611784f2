"""Programs of ours inside the machine, and the scripts that they run by the rules of execve.

A program is called as a command whose file the shell found and ran (see image.py). When it asks for a
script, it fails for the moment and leaves a runner behind, which its file then sources: so the script runs
in the shell that called the program, under the same limits, and can be aborted with it.
"""

import posixpath
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.base import CommandResult, FileState, Program
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.commands.perl import perl
from hanlon.sandboxes.virtual.commands.python import python3
from hanlon.sandboxes.virtual.entries import state_of
from hanlon.sandboxes.virtual.execve import NOT_EXECUTABLE, NOT_FOUND, plan_execve
from hanlon.sandboxes.virtual.image import (
    CANNOT_EXECUTE,
    END_OF_ARGUMENTS,
    RESUME,
    RUN,
    RUN_WORD,
    RUNNER,
    program_word,
)
from hanlon.sandboxes.virtual.kernel import Command, Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settle

_INTERPRETERS: dict[str, Command] = {RUN_WORD + "python3": python3, RUN_WORD + "perl": perl}

MOST_PROGRAMS = 4
"""Programs that a machine can have."""

Running = Generator[str, CommandResult, CommandResult]


@dataclass(slots=True)
class Programs:
    """The programs of one machine, and those of them that wait for a script."""

    programs: Mapping[str, Program]
    waiting: list[tuple[Running, FileState]] = field(default_factory=list[tuple[Running, FileState]])
    _by_word: dict[str, Program] = field(init=False)

    def __post_init__(self) -> None:
        """Give each program its word."""
        self._by_word = {
            program_word(number): program for number, program in enumerate(self.programs.values())
        }

    @staticmethod
    def words() -> list[str]:
        """The commands to register with the shell; each is answered by `call`."""
        return [*(program_word(number) for number in range(MOST_PROGRAMS)), RESUME, RUN_WORD, *_INTERPRETERS]

    def call(self, kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
        """Start the program that a word stands for, or go on with the one whose script has returned."""
        if ctx.name == RESUME:
            return self._resume(kernel, ctx)
        if ctx.name == RUN_WORD:
            return _run_file(kernel, ctx)
        if ctx.name in _INTERPRETERS:
            return _INTERPRETERS[ctx.name](kernel, ctx)
        if kernel.home_closed:
            return kernel.finish(ctx, "", "bash: line 1: Permission denied\n", NOT_EXECUTABLE)
        if (program := self._by_word.get(ctx.name)) is None:
            return BuiltinResult("", "", 0)
        arguments = " ".join(ctx.argv).removesuffix(END_OF_ARGUMENTS).split()
        return self._advance(kernel, ctx, program(arguments), None)

    def abandon(self) -> None:
        """The shell was aborted: no waiting program will hear of its script."""
        while self.waiting:
            self.waiting.pop()[0].close()

    def _resume(self, kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
        code = int(ctx.argv[0]) if ctx.argv and ctx.argv[0].isdigit() else 0
        if not self.waiting:
            return BuiltinResult("", "", 0)
        if kernel.cut_short:
            # A `timeout` has ended the program together with its script.
            self.waiting.pop()[0].close()
            return kernel.finish(ctx, "", "", 124)
        _remove_runner(kernel, ctx)
        running, ran = self.waiting.pop()
        return self._advance(kernel, ctx, running, CommandResult("", code, ran=ran))

    def _advance(
        self, kernel: Kernel, ctx: BuiltinContext, running: Running, result: CommandResult | None
    ) -> BuiltinResult:
        while True:
            try:
                path = running.send(result) if result is not None else next(running)
            except StopIteration as stop:
                return kernel.finish(ctx, stop.value.output, "", stop.value.exit_code)
            settle(kernel, ctx.fs)
            path = posixpath.normpath(posixpath.join(HOME, path))
            ran = state_of(kernel, ctx.fs, path)
            plan = plan_execve(kernel, ctx, path)
            if isinstance(plan, str):
                kernel.may_have_written = True
                self.waiting.append((running, ran))
                kernel.leave_runner(ctx, f"{plan}\n{RESUME} $?||\n. {RUNNER}\n")
                return BuiltinResult("", "", 1)
            if not kernel.running or kernel.timed_out:
                running.close()
                return BuiltinResult("", "", 137)
            result = CommandResult("", plan, ran=ran)


def _run_file(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Run a file that the model's command line names by its path, as bash and execve would."""
    if not ctx.argv:  # the model has typed our word for it, which to the model is no command
        word = RUN.rpartition("/")[2]
        return kernel.finish(ctx, "", f"bash: line 1: {word}: command not found\n", NOT_FOUND)
    path, *arguments = ctx.argv
    if path == CANNOT_EXECUTE:
        return kernel.finish(ctx, "", f"{arguments[0]}\n", NOT_EXECUTABLE)
    settle(kernel, ctx.fs)
    plan = plan_execve(kernel, ctx, absolute(ctx, path), arguments, from_shell=True)
    if not kernel.running:
        return BuiltinResult("", "", 137)
    if isinstance(plan, str):
        kernel.may_have_written = True
        kernel.leave_runner(ctx, plan + "\n")
        return BuiltinResult("", "", 1)
    reason = "No such file or directory" if plan == NOT_FOUND else "Permission denied"
    return kernel.finish(ctx, "", f"bash: line 1: {path}: {reason}\n" if plan else "", plan)


def _remove_runner(kernel: Kernel, ctx: BuiltinContext) -> None:
    if kernel.runner_left:
        ctx.fs.remove(RUNNER)
        kernel.runner_left = False
