"""One machine: an interpreter to itself, each command line a fresh login shell in it."""

import posixpath
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from bashkit import Bash, BashError

from hanlon.sandboxes.base import (
    OUTPUT_LIMIT_BYTES,
    CommandResult,
    File,
    FileState,
)
from hanlon.sandboxes.virtual.binaries import RUNNER, program_file
from hanlon.sandboxes.virtual.interpreter import Interpreter
from hanlon.sandboxes.virtual.kernel import HOME
from hanlon.sandboxes.virtual.permissions import settle
from hanlon.sandboxes.virtual.rewrite import changes_scripts, rewrite
from hanlon.sandboxes.virtual.syntax import complete_lines
from hanlon.sandboxes.virtual.wording import TELLS, in_real_words, unsupported_options, without_tells

MAX_COMMAND_BYTES = 131_071
"""What execve takes as one argument."""

_CONTENT_LIMIT = 64 * 1024
_LOGIN_FILES = (".bash_profile", ".bash_login", ".profile")
_READ_WRITE = re.compile(r"(?:\bexec\s+\d*|(?<=\s)\d)<>")


class VirtualMachine:
    """A machine in the virtual shell (`hanlon.sandboxes.base.Machine`)."""

    def __init__(
        self, interpreter: Interpreter, files: Mapping[str, File], release: Callable[[Interpreter], None]
    ) -> None:
        """Lay down the files in an interpreter that is this machine's alone until it is released."""
        self._interpreter = interpreter
        self._release = release
        self._kernel = interpreter.kernel
        self._programs = interpreter.programs
        self._own_words: set[str] = set()
        self._inspected: dict[str, tuple[dict[str, Any], FileState]] = {}
        self._sound = True
        self._bash: Bash | None = interpreter.bash
        for number, name in enumerate(self._programs.programs):
            self._lay_down(name, program_file(number), 0o755)
        for name, file in files.items():
            self._lay_down(name, file.content, file.mode)
        settle(self._kernel, interpreter.bash)

    def _lay_down(self, name: str, content: str, mode: int) -> None:
        assert self._bash is not None
        self._bash.write_file(f"{HOME}/{name}", content)
        self._bash.chmod(f"{HOME}/{name}", mode)

    @property
    def running(self) -> bool:
        """False once PID 1 was terminated."""
        return self._kernel.running

    def run(self, command: str) -> CommandResult:
        """Run one command line as ``bash --login -c`` would."""
        if self._bash is None or not self.running:
            return CommandResult("", 137)
        text = command.encode(errors="replace").decode().replace("\0", "")
        self._own_words |= {word.lower() for word in TELLS.findall(text)}
        self._kernel.begin(text)
        if len(text.encode()) > MAX_COMMAND_BYTES:
            return CommandResult("bash: /usr/bin/bash: Argument list too long\n", 126)
        self._kernel.started_at.append(time.time())
        prefix = self._login_prefix()
        output, code, error = self._execute(prefix + rewrite(text))
        if code == 2 and output.startswith("bash: -c: ") and "\n" in text:
            output, code, error = self._execute(prefix + complete_lines(rewrite(text)))
        return self._result(output, code, error)

    def _execute(self, script: str) -> tuple[str, int, str | None]:
        assert self._bash is not None
        chunks: list[str] = []
        line = f"history -c; {self._fresh_shell(script)}"  # a login shell for one command has no history
        try:
            result = self._bash.execute_sync(line, lambda out, err: chunks.append(out + err))
        except BaseException as panic:
            if isinstance(panic, KeyboardInterrupt | SystemExit):
                raise
            self._sound = False
            self._kernel.notes.append(f"the shell failed: {type(panic).__name__}: {panic}")
            return "bash: fork: Cannot allocate memory\n", 254, None
        finally:
            self._bash.clear_cancel()
            self._programs.abandon()
            if self._kernel.runner_left:
                self._bash.remove(RUNNER)
                self._kernel.runner_left = False
            settle(self._kernel, self._bash)
        if not chunks and result.error is None:
            return result.stdout + result.stderr, result.exit_code, None
        return "".join(chunks), result.exit_code, result.error

    def _fresh_shell(self, script: str) -> str:
        """The script in a shell of its own: a subshell, or what does not parse as one as text for `bash -c`.

        Both start from the same clean state. A script given as text is parsed on a thread of its own, which
        costs five times as much.
        """
        assert self._bash is not None
        subshell = f"( {script}\n)"
        try:
            self._bash.analyze(script)  # alone, or `) ; x=1 ; (` would run outside
            self._bash.analyze(subshell)  # a here-document without its end would swallow the parenthesis
        except (BashError, RuntimeError, ValueError):
            return "bash -c '" + script.replace("'", "'\\''") + "'"
        return subshell

    def _login_prefix(self) -> str:
        assert self._bash is not None
        self._kernel.login_text = ""
        for name in _LOGIN_FILES:
            path = f"{HOME}/{name}"
            if path in self._kernel.modes:
                try:
                    self._kernel.login_text = self._bash.read_file(path)
                    text = complete_lines(rewrite(self._kernel.login_text))
                except (RuntimeError, ValueError):
                    return ""
                return "eval '" + text.replace("'", "'\\''") + "'; "
        return ""

    def _result(self, output: str, code: int, error: str | None) -> CommandResult:
        kernel = self._kernel
        if kernel.killed_by is not None:
            code = 128 + kernel.killed_by
        elif not kernel.running:
            code = 137
        elif kernel.timed_out:
            code = 124
        elif error is not None and "function depth" in error:
            output, code = output + "Segmentation fault\n", 139
        elif error is not None:
            kernel.notes.append(f"the shell stopped: {error}")
            kernel.timed_out, code = True, 124
        if len(output) > 4 * OUTPUT_LIMIT_BYTES:  # more is never shown; half a line could not be recognised
            head, newline, _ = output[: 4 * OUTPUT_LIMIT_BYTES].rpartition("\n")
            output = head + newline or output[: 4 * OUTPUT_LIMIT_BYTES]
        unsupported = [*kernel.unsupported, *unsupported_options(output)]
        if (
            not kernel.running
            and not kernel.script_planned
            and changes_scripts(kernel.text + kernel.login_text)
        ):
            unsupported.append("export -f")
        if "<>" in kernel.text and _READ_WRITE.search(kernel.text):
            unsupported.append("<>")  # writes would have to begin at the start of the file
        output, withheld = without_tells(in_real_words(output), self._own_words)
        kernel.notes += [f"withheld: {line.strip()}" for line in withheld]
        truncated = len(output.encode()) > OUTPUT_LIMIT_BYTES
        if truncated:
            output = output.encode()[:OUTPUT_LIMIT_BYTES].decode(errors="ignore")
        return CommandResult(
            output.replace("\0", ""),
            code,
            tuple(dict.fromkeys(unsupported)),
            kernel.timed_out and kernel.running,
            truncated,
            tuple(kernel.notes),
        )

    def inspect(self, path: str) -> FileState:
        """The state of a file, links not followed."""
        if self._bash is None:
            return FileState("missing")
        path = posixpath.join(HOME, path)
        folder, _, name = path.rpartition("/")
        try:
            entries = self._bash.read_dir(folder or "/")
        except RuntimeError:
            return FileState("missing")
        found = next((entry["metadata"] for entry in entries if entry["name"] == name), None)
        if found is None:
            return FileState("missing")
        kind, mode = found["file_type"], int(found["mode"])
        if kind != "file":
            return FileState(kind if kind in ("directory", "symlink") else "other", mode)
        before, state = self._inspected.get(path, (None, None))
        if state is None or before != found:  # written since: its time of change is another
            content = self._bash.fs().read_file(path)[:_CONTENT_LIMIT].decode(errors="replace")
            state = FileState("file", mode, content)
            self._inspected[path] = found, state
        return state

    def close(self) -> None:
        """Leave the interpreter to another machine, or to nobody if it has failed in this one."""
        if self._bash is None:
            return
        self._programs.abandon()
        self._bash = self._kernel.bash = None
        if self._sound:
            self._release(self._interpreter)
