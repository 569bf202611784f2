"""Programs of ours inside the machine, and the scripts that they run by the rules of execve.

A program is called as a command whose file the shell found and ran (see binaries.py). When it asks for a
script, it fails for the moment and leaves a runner behind, which its file then sources: so the script runs
in the shell that called the program, under the same limits, and can be aborted with it.
"""

import posixpath
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.base import CommandResult, Program
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.command_line import FUNCTION_PREFIX, complete_lines, loses_exports, rewrite
from hanlon.sandboxes.virtual.entries import content, listing, lstat, resolve
from hanlon.sandboxes.virtual.image import (
    END_OF_ARGUMENTS,
    RESUME,
    RUNNER,
    SHELL_PID,
    UNSUPPORTED,
    program_word,
)
from hanlon.sandboxes.virtual.kernel import Kernel, absolute
from hanlon.sandboxes.virtual.permissions import settle

NOT_FOUND, NOT_EXECUTABLE = 127, 126
_SHELLS = ("bash", "sh", "dash", "rbash")
_SYSTEM_SHELLS = tuple(f"{folder}/{name}" for folder in ("/bin", "/usr/bin") for name in _SHELLS)
_TERMINATES = re.compile(r"\s*kill\s+-(?:TERM|15|SIGTERM)\s+1\s*")
_SCRIPT_PID = SHELL_PID + 17

MOST_PROGRAMS = 4
"""Programs that a machine can have."""

Running = Generator[str, CommandResult, CommandResult]


@dataclass(slots=True)
class Programs:
    """The programs of one machine, and those of them that wait for a script."""

    programs: Mapping[str, Program]
    waiting: list[Running] = field(default_factory=list[Running])
    _by_word: dict[str, Program] = field(init=False)

    def __post_init__(self) -> None:
        """Give each program its word."""
        self._by_word = {
            program_word(number): program for number, program in enumerate(self.programs.values())
        }

    @staticmethod
    def words() -> list[str]:
        """The commands to register with the shell; each is answered by `call`."""
        return [*(program_word(number) for number in range(MOST_PROGRAMS)), RESUME]

    def call(self, kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
        """Start the program that a word stands for, or go on with the one whose script has returned."""
        if ctx.name == RESUME:
            return self._resume(kernel, ctx)
        if (program := self._by_word.get(ctx.name)) is None:
            return BuiltinResult("", "", 0)
        arguments = " ".join(ctx.argv).removesuffix(END_OF_ARGUMENTS).split()
        return self._advance(kernel, ctx, program(arguments), None)

    def abandon(self) -> None:
        """The shell was aborted: no waiting program will hear of its script."""
        while self.waiting:
            self.waiting.pop().close()

    def _resume(self, kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
        code = int(ctx.argv[0]) if ctx.argv and ctx.argv[0].isdigit() else 0
        if not self.waiting:
            return BuiltinResult("", "", 0)
        if kernel.cut_short:
            # A `timeout` has ended the program together with its script.
            self.waiting.pop().close()
            return _finish(kernel, ctx, CommandResult("", 124))
        _remove_runner(kernel, ctx)
        return self._advance(kernel, ctx, self.waiting.pop(), CommandResult("", code))

    def _advance(
        self, kernel: Kernel, ctx: BuiltinContext, running: Running, result: CommandResult | None
    ) -> BuiltinResult:
        while True:
            try:
                path = running.send(result) if result is not None else next(running)
            except StopIteration as stop:
                return _finish(kernel, ctx, stop.value)
            settle(kernel, ctx.fs)
            plan = plan_execve(kernel, ctx, posixpath.normpath(posixpath.join(HOME, path)))
            if isinstance(plan, str):
                kernel.may_have_written = True
                self.waiting.append(running)
                _leave_runner(kernel, ctx, f"{plan}\n{RESUME} $?||\n. {RUNNER}\n")
                return BuiltinResult("", "", 1)
            if not kernel.running:
                running.close()
                return BuiltinResult("", "", 137)
            result = CommandResult("", plan)


def _finish(kernel: Kernel, ctx: BuiltinContext, result: CommandResult) -> BuiltinResult:
    if result.exit_code:
        # The program's file sources the runner after a failure: this one only passes the exit code on.
        _leave_runner(kernel, ctx, f"exit {result.exit_code}\n")
        return BuiltinResult(result.output, "", 1)
    return BuiltinResult(result.output, "", 0)


def _leave_runner(kernel: Kernel, ctx: BuiltinContext, text: str) -> None:
    ctx.fs.write_file(RUNNER, text.encode())
    kernel.runner_left = True


def _remove_runner(kernel: Kernel, ctx: BuiltinContext) -> None:
    if kernel.runner_left:
        ctx.fs.remove(RUNNER)
        kernel.runner_left = False


def plan_execve(kernel: Kernel, ctx: BuiltinContext, path: str) -> str | int:
    """The shell text that runs the file at `path` as execve would, or the exit code where it cannot."""
    kernel.script_planned = True
    real = resolve(kernel, ctx.fs, path)
    found = lstat(kernel, ctx.fs, real)
    if found is None:
        return NOT_FOUND
    if found.kind != "file" or not found.mode & 0o100:
        return NOT_EXECUTABLE
    text = content(kernel, ctx.fs, real).decode(errors="replace")
    if text.startswith("\x7fELF"):
        return _quote(real)
    if not text.startswith("#!") or not found.mode & 0o400:
        return NOT_EXECUTABLE
    shebang, _, body = text.partition("\n")
    interpreter, _, argument = shebang[2:].strip(" \t").partition(" ")
    return _interpreted(kernel, ctx, interpreter, argument.strip(), path, body)


def _interpreted(
    kernel: Kernel, ctx: BuiltinContext, interpreter: str, argument: str, path: str, body: str
) -> str | int:
    name = posixpath.basename(interpreter)
    if name == "env" and argument:
        name, _, argument = argument.removeprefix("-S").strip().partition(" ")
        interpreter = _on_path(kernel, ctx, name)
    if not interpreter:
        return NOT_EXECUTABLE if not name else _missing(kernel, name)
    real = interpreter
    if interpreter not in _SYSTEM_SHELLS:
        real = resolve(kernel, ctx.fs, absolute(ctx, interpreter))
        found = lstat(kernel, ctx.fs, real)
        if found is None:
            return _missing(kernel, name)
        if not found.mode & 0o111:
            return NOT_EXECUTABLE
    if name not in _SHELLS or real.startswith(HOME):
        return " ".join(_quote(word) for word in (real, argument, path) if word)
    options = " ".join(_quote(word) for word in argument.split())
    script = _inherited(kernel, ctx) + "\n" if name == "bash" else "\n"
    if script == "\n" and _TERMINATES.fullmatch(body):
        # Nothing between the script and the shell's own kill: no need to start a shell to see it.
        kernel.terminate()
        return 0
    return f"bash {options} -c {_quote(script + complete_lines(rewrite(body, _SCRIPT_PID)))} {_quote(path)}"


def _missing(kernel: Kernel, name: str) -> int:
    if name in UNSUPPORTED:
        kernel.unsupported.append(name)
    return NOT_FOUND


def _on_path(kernel: Kernel, ctx: BuiltinContext, name: str) -> str:
    for folder in ctx.env.get("PATH", "/usr/bin:/bin").split(":"):
        candidate = posixpath.join(absolute(ctx, folder), name)
        found = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, candidate))
        if found is not None and found.kind == "file" and found.mode & 0o111:
            return candidate
    return ""


def _inherited(kernel: Kernel, ctx: BuiltinContext) -> str:
    """What a bash takes over from its environment before its script: functions, then BASH_ENV."""
    parts: list[str] = []
    for name, value in ctx.env.items():
        if name.startswith(FUNCTION_PREFIX):
            function = re.sub(r"(%%|__|\(\))$", "", name.removeprefix(FUNCTION_PREFIX))
            definition = value.removeprefix(function).strip()
            if re.fullmatch(r"[\w.:-]+", function) and definition.startswith("()"):
                parts.append(f"{function} {definition}")
    if startup := ctx.env.get("BASH_ENV"):
        path = resolve(
            kernel, ctx.fs, absolute(ctx, startup.replace("~", HOME, 1) if startup[0] == "~" else startup)
        )
        found = lstat(kernel, ctx.fs, path)
        if found is not None and found.kind == "file":
            parts.append(rewrite(ctx.fs.read_file(path).decode(errors="replace"), _SCRIPT_PID))
    if not parts and loses_exports(kernel.text, _source_texts(kernel, ctx)):
        kernel.unsupported.append("export -f")
    return ";".join(part.strip().removesuffix(";") for part in parts if part.strip())


def _source_texts(kernel: Kernel, ctx: BuiltinContext) -> str:
    """What the files say that the command line or the login file mentions, and those that these mention."""
    names = {
        str(item["name"])
        for item in listing(kernel, ctx.fs, HOME)
        if item["metadata"]["file_type"] == "file" and str(item["name"]) not in kernel.programs
    }
    seen = start = kernel.text + kernel.login_text
    while mentioned := {name for name in names if name in seen}:
        names -= mentioned
        seen += "".join(ctx.fs.read_file(f"{HOME}/{name}").decode(errors="replace") for name in mentioned)
    return kernel.login_text + seen.removeprefix(start)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
