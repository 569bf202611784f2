"""How a file is run: by the rules of execve, and by the habits of the interpreter that its first line names."""

import posixpath
import re
from collections.abc import Sequence

from bashkit import BuiltinContext

from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.command_line import (
    FUNCTION_PREFIX,
    complete_lines,
    loses_exports,
    rewrite,
)
from hanlon.sandboxes.virtual.dash import in_dash
from hanlon.sandboxes.virtual.entries import content, listing, lstat, resolve
from hanlon.sandboxes.virtual.image import SHELL_PID
from hanlon.sandboxes.virtual.jobs import deferred
from hanlon.sandboxes.virtual.kernel import Kernel, absolute

NOT_FOUND, NOT_EXECUTABLE = 127, 126
CANNOT_FORK = 254
_SHELLS = ("bash", "sh", "dash", "rbash")
_SYSTEM_SHELLS = tuple(f"{folder}/{name}" for folder in ("/bin", "/usr/bin") for name in _SHELLS)
_TERMINATES = re.compile(r"\s*kill\s+-(?:TERM|15|SIGTERM)\s+1\s*")
_KILLS_ITSELF = re.compile(r"\bkill\s+(?:-(?:9|15|1|2|(?:SIG)?(?:KILL|TERM|HUP|INT))\s+)?\$\$(?=\s|;|$)")
_SCRIPT_PID = SHELL_PID + 17


def plan_execve(
    kernel: Kernel, ctx: BuiltinContext, path: str, arguments: Sequence[str] = (), from_shell: bool = False
) -> str | int:
    """The shell text that runs the file at `path` as execve would, or the exit code where it cannot.

    A shell itself runs a text that has no interpreter line (`from_shell`).
    """
    kernel.script_planned = True
    if kernel.most_processes < 3:
        return CANNOT_FORK
    if kernel.home_closed and path.startswith(HOME + "/"):
        return NOT_EXECUTABLE
    real = resolve(kernel, ctx.fs, path)
    file = lstat(kernel, ctx.fs, real)
    if file is None:
        return NOT_FOUND
    if file.kind != "file" or not file.mode & 0o100:
        return NOT_EXECUTABLE
    text = content(kernel, ctx.fs, real).decode(errors="replace")
    if text.startswith("\x7fELF"):
        return _words(real, *arguments)
    if not file.mode & 0o400 or not (text.startswith("#!") or from_shell):
        return NOT_EXECUTABLE
    shebang, _, body = text.partition("\n") if text.startswith("#!") else ("#!/bin/bash", "", text)
    interpreter, _, argument = shebang[2:].strip(" \t").partition(" ")
    return _interpreted(kernel, ctx, interpreter, argument.strip(), body, [path, *arguments])


def _interpreted(
    kernel: Kernel, ctx: BuiltinContext, interpreter: str, argument: str, body: str, words: list[str]
) -> str | int:
    """The text that gives `words`, the script's path first, to the interpreter of the script's first line."""
    name = posixpath.basename(interpreter)
    if name == "env" and argument:
        name, _, argument = argument.removeprefix("-S").strip().partition(" ")
        interpreter = _on_path(kernel, ctx, name)
    if name == "env" and not argument:  # it runs the script, which runs env, which ...
        kernel.sleep(float("inf"))
        return 124
    if not interpreter:
        return NOT_FOUND if name else NOT_EXECUTABLE
    real = interpreter
    if interpreter not in _SYSTEM_SHELLS:
        real = resolve(kernel, ctx.fs, absolute(ctx, interpreter))
        file = lstat(kernel, ctx.fs, real)
        if file is None:
            return NOT_FOUND
        if not file.mode & 0o111:
            return NOT_EXECUTABLE
    if name not in _SHELLS or real.startswith(HOME):
        return _words(real, *([argument] if argument else []), *words)
    return _by_shell(kernel, ctx, name, argument, body, words)


def _by_shell(
    kernel: Kernel, ctx: BuiltinContext, name: str, argument: str, body: str, words: list[str]
) -> str | int:
    if " " in argument:  # the kernel gives it as one word
        return 2
    letters = argument.removeprefix("-") if not argument.startswith("--") else ""
    if "c" in letters and name in ("sh", "dash"):
        return 2
    if "c" in letters:  # the script's path is a command, which is the script, which ...
        kernel.sleep(float("inf"))
        return 124
    options = ctx.env.get("SHELLOPTS", "").split(":") if name != "dash" and name != "sh" else []
    if "n" in letters or "noexec" in options:
        return 0
    script = _inherited(kernel, ctx) + "\n" if name == "bash" else "\n"
    script += "".join(f"set -o {option}\n" for option in ("errexit", "nounset") if option in options)
    body = in_dash(body) if name in ("sh", "dash") else body
    if script == "\n" and _TERMINATES.fullmatch(body):
        # Nothing between the script and the shell's own kill: no need to start a shell to see it.
        kernel.terminate()
        return 0
    body, later = deferred(body)
    kernel.defer(later)
    body = _KILLS_ITSELF.sub("exit 137", body)
    script += complete_lines(rewrite(body, kernel.programs, _SCRIPT_PID))
    return f"bash {argument} -c {_words(script, *words)}"


def _on_path(kernel: Kernel, ctx: BuiltinContext, name: str) -> str:
    for folder in ctx.env.get("PATH", "/usr/bin:/bin").split(":"):
        candidate = posixpath.join(absolute(ctx, folder), name)
        file = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, candidate))
        if file is not None and file.kind == "file" and file.mode & 0o111:
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
        file = lstat(kernel, ctx.fs, path)
        if file is not None and file.kind == "file":
            parts.append(
                rewrite(ctx.fs.read_file(path).decode(errors="replace"), kernel.programs, _SCRIPT_PID)
            )
    if not parts and loses_exports(kernel.text, _source_texts(kernel, ctx)):
        kernel.unsupported.append("export -f")
    return ";".join(part.strip().removesuffix(";") for part in parts if part.strip())


def _source_texts(kernel: Kernel, ctx: BuiltinContext) -> str:
    """What the files say that the command line or the login file mentions, and those that these mention."""
    names = {
        str(item["name"])
        for item in listing(kernel, ctx.fs, HOME)
        if item["metadata"]["file_type"] == "file"
        and str(item["name"]) not in kernel.programs
        and f"{HOME}/{item['name']}" not in kernel.unread
    }
    seen = start = kernel.text + kernel.login_text
    while mentioned := {name for name in names if name in seen}:
        names -= mentioned
        seen += "".join(ctx.fs.read_file(f"{HOME}/{name}").decode(errors="replace") for name in mentioned)
    return kernel.login_text + seen.removeprefix(start)


def _words(*words: str) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
