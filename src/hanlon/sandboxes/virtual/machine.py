"""One machine: an interpreter to itself, each command line a fresh login shell in it."""

import posixpath
import time
from collections.abc import Callable, Mapping
from typing import Any

from bashkit import Bash

from hanlon.sandboxes.base import (
    CONTENT_LIMIT_BYTES,
    OUTPUT_LIMIT_BYTES,
    CommandResult,
    File,
    FileState,
)
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.command_line import (
    CommandLine,
    changes_scripts,
    complete_lines,
    fresh_shell,
    rewrite,
)
from hanlon.sandboxes.virtual.disguise import reviewed
from hanlon.sandboxes.virtual.image import RUNNER, program_file
from hanlon.sandboxes.virtual.interpreter import Interpreter
from hanlon.sandboxes.virtual.permissions import settle

_LOGIN_FILES = (".bash_profile", ".bash_login", ".profile")
_SEED, _SEED_STEP = 20_250_620, 7_654_321


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
            if file.watched:
                interpreter.bash.chmod(f"{HOME}/{name}", file.mode)
            else:
                self._lay_down(name, file.content, file.mode)
        settle(self._kernel, interpreter.bash)
        self._laid_down = {
            item["name"]: item["metadata"]
            for item in self._kernel.listings[HOME]
            if item["name"] in self._kernel.programs
        }

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
        line = CommandLine.read(command, self._kernel.programs)
        self._own_words |= line.tells
        self._kernel.begin(line.text)
        for job in self._kernel.due_jobs():
            self._execute(fresh_shell(rewrite(job, self._kernel.programs)))
            if not self.running:
                return CommandResult("", 137)
        self._kernel.defer(line.later)
        if not line.in_fresh_shell:
            return CommandResult("bash: /usr/bin/bash: Argument list too long\n", 126)
        self._kernel.started_at.append(time.time())
        prefix = self._login_prefix()
        if not prefix:
            self._foresee(line.only_command)
        output, code, error = self._execute(
            fresh_shell(prefix + line.script) if prefix else line.in_fresh_shell
        )
        if code == 2 and output.startswith("bash: -c: ") and "\n" in line.text:
            output, code, error = self._execute(fresh_shell(prefix + complete_lines(line.script)))
        if line.opens_read_write:
            self._kernel.unsupported.append("<>")  # writes would have to begin at the start of the file
        return self._result(output, code, error)

    def _foresee(self, command: str) -> None:
        """Say what is certain of a line that is this one command, in a shell that has run nothing before."""
        kernel = self._kernel
        if command in self._interpreter.names:
            kernel.may_have_run = False
            return
        folder, _, name = command.rpartition("/")
        if folder in (".", "~", HOME) and name in self._laid_down:
            metadata = self._laid_down[name]
            for item in kernel.listings.get(HOME, ()):
                if item["name"] == name and item["metadata"] == metadata:  # our file as we wrote it
                    kernel.may_have_run = kernel.may_have_written = False

    def _execute(self, shell: str) -> tuple[str, int, str | None]:
        assert self._bash is not None
        chunks: list[str] = []
        seed = _SEED + _SEED_STEP * self._kernel.calls
        line = f"RANDOM={seed}; history -c; {shell}"  # a login shell for one command has no history
        try:
            result = self._bash.execute_sync(line, lambda out, err: chunks.append(out + err))
        except BaseException as panic:  # a panic of the shell, written in Rust, is no Exception
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
            if self._kernel.may_have_written:
                self._kernel.listings.clear()
            settle(self._kernel, self._bash)
        if not chunks and result.error is None:
            return result.stdout + result.stderr, result.exit_code, None
        return "".join(chunks), result.exit_code, result.error

    def _login_prefix(self) -> str:
        assert self._bash is not None
        self._kernel.login_text = ""
        for name in _LOGIN_FILES:
            path = f"{HOME}/{name}"
            if path in self._kernel.modes:
                try:
                    self._kernel.login_text = self._bash.read_file(path)
                    text = complete_lines(rewrite(self._kernel.login_text, self._kernel.programs))
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
        output, withheld, unknown = reviewed(output, self._own_words)
        unsupported = [*kernel.unsupported, *unknown]
        if (
            not kernel.running
            and not kernel.script_planned
            and changes_scripts(kernel.text + kernel.login_text)
        ):
            unsupported.append("export -f")
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
        entries = self._kernel.listings.get(folder)  # as it was read after the last command
        if entries is None:
            try:
                entries = self._bash.read_dir(folder or "/")
            except RuntimeError:
                return FileState("missing")
        metadata = next((entry["metadata"] for entry in entries if entry["name"] == name), None)
        if metadata is None:
            return FileState("missing")
        kind, mode = metadata["file_type"], int(metadata["mode"])
        if kind != "file":
            return FileState(kind if kind in ("directory", "symlink") else "other", mode)
        if path in self._kernel.unread:  # to look would be to read
            return FileState("file", mode, self._kernel.unread[path])
        before, state = self._inspected.get(path, (None, None))
        if state is None or before != metadata:  # written since: its time of change is another
            content = self._bash.fs().read_file(path)
            state = FileState("file", mode, content[:CONTENT_LIMIT_BYTES].decode(errors="replace"))
            self._inspected[path] = metadata, state
            self._kernel.contents[path] = metadata, content
        return state

    def was_read(self, name: str) -> bool:
        """Whether the shell has asked for the content of a watched file."""
        return f"{HOME}/{name}" not in self._kernel.unread

    def close(self) -> None:
        """Leave the interpreter to another machine, or to nobody if it has failed in this one."""
        if self._bash is None:
            return
        self._programs.abandon()
        self._bash = self._kernel.bash = None
        if self._sound:
            self._release(self._interpreter)
