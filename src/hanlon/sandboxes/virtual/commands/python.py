"""python3, as far as the shell's own Python can do what it is asked.

The shell's Python knows few modules. What `os`, `shutil`, `signal` and `subprocess` are asked for most is done here,
in the machine. A source that cannot be run is recorded as unsupported if it could have touched files or processes.
"""

import ast
import posixpath
import re
import stat as modes
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from bashkit import Bash, BuiltinContext, BuiltinResult

from hanlon.sandboxes.virtual.commands.cp import copy_all
from hanlon.sandboxes.virtual.commands.mv import link, move, remove
from hanlon.sandboxes.virtual.commands.ps import SIGNALS, send_signal
from hanlon.sandboxes.virtual.entries import children, lstat, resolve
from hanlon.sandboxes.virtual.kernel import Kernel, absolute
from hanlon.sandboxes.virtual.permissions import apply_mode, settle

_FILES = (
    *(
        "remove",
        "unlink",
        "rename",
        "replace",
        "chmod",
        "listdir",
        "kill",
        "getcwd",
        "move",
        "copy",
        "copyfile",
    ),
    *("symlink", "truncate", "mode", "exists"),
)
_ALWAYS = {"exit", "quit", "os_mode", "os_exists"}
_SHELL = ("system", "run", "call", "check_call")
_CALL = re.compile(rf"\b(os|shutil|subprocess)\.({'|'.join((*_FILES, *_SHELL))})\s*\(")
_IMPORT = re.compile(r"\bimport\s+((?:\w+\s*,\s*)*\w+)(?=\s*(?:;|$|#))", re.MULTILINE)
_DONE_HERE = {"shutil", "signal", "stat", "subprocess"}
_READS = re.compile(
    r"\bopen\(\s*[\w.'\"/]+\s*(?:,\s*['\"]rb?['\"]\s*)?\)|\bos\.(?:listdir|path|getcwd|environ|stat|getpid|walk|access|sep)\b"
)
_TOUCHES = re.compile(
    r"\b(?:open|os|subprocess|shutil|signal|socket|ctypes|exec|eval|__import__|importlib|Path|pathlib|pty)\b\s*[.(]"
)
_CANNOT = re.compile(
    r"(?:module '|_io\.|PosixPath).*has no attribute|disabled for security|NotImplementedError|not supported"
    r"|not iterable|SyntaxError|No module named '(?P<module>\w+)'"
)


class _CannotError(Exception):
    """What a source asks for cannot be done here."""


@dataclass
class _Calls:
    """What a source calls that the shell's Python does not have. `commands` are run when it has ended."""

    kernel: Kernel
    ctx: BuiltinContext
    commands: list[str] = field(default_factory=list[str])
    code: int | None = None

    async def answer(self, fn_name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Do what a function is called for."""
        module, _, function = fn_name.partition("_")
        if fn_name in ("exit", "quit"):
            self.code = int(args[0] or 0) if args and isinstance(args[0], int | None) else len(args)
            raise _CannotError("exit")
        if function in _SHELL and not kwargs.keys() - {"shell", "check"}:
            self.commands.append(shell_line(args[0]))
            return 0
        if self.commands or module not in ("os", "shutil") or function not in _FILES or kwargs:
            raise _CannotError(fn_name)
        return self._do(function, args)

    def _do(self, function: str, arguments: list[Any]) -> Any:
        kernel, ctx = self.kernel, self.ctx
        settle(kernel, ctx.fs)
        problem = ""
        if function in ("remove", "unlink"):
            problem = remove(kernel, ctx, arguments[0], "")
        elif function in ("rename", "replace", "move"):
            problem = move(kernel, ctx, arguments[0], arguments[1], "")
        elif function == "chmod":
            problem = apply_mode(
                kernel, ctx, arguments[0], lambda _: int(arguments[1]) & 0o7777, recursive=False
            )
        elif function in ("copy", "copyfile"):
            problem = copy_all(kernel, ctx, "cp", "", arguments, None).stderr
        elif function == "kill":
            problem = send_signal(kernel, arguments[0], arguments[1]) or ""
        elif function == "listdir":
            folder = absolute(ctx, arguments[0] if arguments else ".")
            return [posixpath.basename(entry.path) for entry in children(kernel, ctx, folder)]
        elif function == "symlink":
            problem = link(kernel, ctx, arguments[0], arguments[1], "s")
        elif function == "truncate":
            path = resolve(kernel, ctx.fs, absolute(ctx, arguments[0]))
            ctx.fs.write_file(path, ctx.fs.read_file(path)[: arguments[1]])
        elif function in ("mode", "exists"):
            file = lstat(kernel, ctx.fs, resolve(kernel, ctx.fs, absolute(ctx, arguments[0])))
            return file is not None and (function == "exists" or modes.S_IFREG | file.mode)
        elif function == "getcwd":
            return ctx.cwd
        if problem:
            raise FileNotFoundError(f"[Errno 2] No such file or directory: {arguments[0]!r}")
        kernel.listings.clear()
        return None


def shell_line(words: Any) -> str:
    """The command line as one text, given as text or as words."""
    return (
        words
        if isinstance(words, str)
        else " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)
    )


def python3(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Run ``-c``, a file or what comes in."""
    words = list(ctx.argv)
    while words and words[0] in ("-u", "-B", "-s", "-E", "-I", "-i", "-q"):
        words.pop(0)
    if words[:1] in (["--version"], ["-V"]):
        return BuiltinResult("Python 3.11.2\n", "", 0)
    if words[:1] == ["-c"] and len(words) > 1:
        source, name, words = words[1], "<string>", ["-c", *words[2:]]
    elif words and words[0] != "-":
        path = resolve(kernel, ctx.fs, absolute(ctx, words[0]))
        file = lstat(kernel, ctx.fs, path)
        if file is None or file.kind != "file":
            problem = "No such file or directory" if file is None else "Is a directory"
            return kernel.finish(ctx, "", f"python3: can't open file '{path}': {problem}\n", 2)
        source, name = ctx.fs.read_file(path).decode(errors="replace"), path
    else:
        source, name = ctx.stdin or "", "<stdin>"
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        return kernel.finish(ctx, "", f'  File "{name}", line {line}\nSyntaxError: invalid syntax\n', 1)
    return _run(kernel, ctx, source, words)


def _run(kernel: Kernel, ctx: BuiltinContext, source: str, words: list[str]) -> BuiltinResult:
    calls = _Calls(kernel, ctx)
    text = _IMPORT.sub(_import, source)
    text = _CALL.sub(r"\1_\2(", text).replace("sys.argv", repr(words)).replace("sys.exit(", "exit(")
    text = re.sub(r"\bos\.stat\(([^()]*)\)\.st_mode\b", r"os_mode(\1)", text)
    text = re.sub(r"\bstat\.(S_I\w+)", lambda match: str(getattr(modes, match[1], 0)), text)
    text = re.sub(r"\bos\.path\.(?:exists|isfile)\(", "os_exists(", text)
    text = re.sub(r"\bsignal\.SIG(\w+)", lambda match: str(SIGNALS.get(match[1], 0)), text)
    names = sorted({f"{match[1]}_{match[2]}" for match in _CALL.finditer(source)} | _ALWAYS)
    result: list[Any] = []

    def work() -> None:
        # In a thread of its own: a callback of one interpreter may not enter another on the same thread.
        shell = Bash(
            cwd=ctx.cwd,
            python=True,
            external_functions=names,
            external_handler=calls.answer,
            timeout_seconds=5,
        )
        shell.mount("/", ctx.fs)
        result.append(shell.execute_sync(f"python3 -c {shell_line([text + chr(10) + 'pass'])}"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    kernel.may_have_written = True
    kernel.listings.clear()
    settle(kernel, ctx.fs)
    output, errors, code = result[0].stdout, result[0].stderr, result[0].exit_code
    if calls.code is not None:
        errors, code = "", calls.code
    cannot = _CANNOT.search(errors)
    unknown = (
        cannot is not None
        and cannot["module"] is not None
        and cannot["module"] not in sys.stdlib_module_names
    )
    if (
        "_CannotError" in errors
        or ("external_handler" in errors and "except" in source)
        or (cannot and not unknown)
    ):
        if _TOUCHES.search(_READS.sub("", source)):
            kernel.unsupported.append("python3")
        errors, code = (
            'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\nMemoryError\n',
            1,
        )
    if calls.commands:
        kernel.leave_runner(ctx, "\n".join(calls.commands) + f"\nexit {code}\n")
        return BuiltinResult(output, errors, 1)
    return kernel.finish(ctx, output, errors.replace("RuntimeError: external_handler: ", ""), code)


def _import(match: re.Match[str]) -> str:
    names = [name for name in re.split(r"\s*,\s*", match[1]) if name not in _DONE_HERE]
    return f"import {', '.join(names)}" if names else "pass"
