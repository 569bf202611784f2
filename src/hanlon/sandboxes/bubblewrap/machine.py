"""One machine in bubblewrap: command lines go to its PID 1, and the task's programs ask the harness what to do.

A program is a process inside that connects to PID 1; PID 1 hands the connection out. So no path, port or
descriptor of the host is needed inside.
"""

import contextlib
import os
import posixpath
import select
import signal
import socket
import stat
import struct
import threading
import time
from array import array
from collections.abc import Generator
from dataclasses import dataclass

from hanlon.sandboxes.base import (
    CONTENT_LIMIT_BYTES,
    OUTPUT_LIMIT_BYTES,
    TIME_LIMIT_S,
    CommandResult,
    FileKind,
    FileState,
    Program,
)
from hanlon.sandboxes.bubblewrap.bwrap import Started
from hanlon.sandboxes.container import MAX_COMMAND_BYTES

GRACE_S = 0.3
"""How long a script may have returned before the machine counts as having outlived it: a signal takes time.

So long, too, a command line with jobs in the background is given after its end; a model takes longer to answer.
"""

KILL_AFTER_S = 1.0
"""Between the first signal to a command line that took too long and the one that it cannot ignore."""

_READ_BYTES = 64 * 1024
_KINDS: dict[int, FileKind] = {stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}


@dataclass(slots=True)
class _Call:
    """One running process of a program; `ran` is its script, `returned` the exit code, taken up at `due`."""

    connection: socket.socket
    running: Generator[str, CommandResult, CommandResult]
    ran: FileState | None = None
    returned: int = 0
    due: float = float("inf")


class BubblewrapMachine:
    """A machine in bubblewrap (`hanlon.sandboxes.base.Machine`)."""

    def __init__(self, started: Started, programs: dict[str, Program]) -> None:
        self._started = started
        self._control = started.control
        self._programs = {content: programs[name] for name, content in started.executables.items()}
        self._calls: dict[int, _Call] = {}
        self._inspected: dict[str, FileState] = {}
        self._off = False
        self._in_use = threading.Lock()
        self._jobs_left = False

    @property
    def running(self) -> bool:
        """False once PID 1 was terminated."""
        if not self._off:
            try:
                self._off = not self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
            except OSError:
                self._off = True
        return not self._off

    def run(self, command: str) -> CommandResult:
        """Run one command line as ``bash --login -c`` would; real time passes."""
        with self._in_use:
            return self._run(command) if self.running else CommandResult("", 137)

    def _run(self, command: str) -> CommandResult:
        line = command.encode(errors="replace").replace(b"\0", b"")
        if len(line) > MAX_COMMAND_BYTES:
            return CommandResult("bash: /usr/bin/bash: Argument list too long\n", 126)
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            os.set_blocking(reader, False)
            self._control.sendmsg(
                [line or b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [writer]))]
            )
            os.close(writer)
            writer = -1
            return self._serve(reader)
        except (BrokenPipeError, ConnectionResetError):
            self._off = True
            return CommandResult("", 137)
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
            if self._off:
                for call in list(self._calls.values()):
                    self._drop(call)

    def _serve(self, reader: int) -> CommandResult:
        """Answer programs and gather output until the command line has ended, and shortly after for its programs."""
        output, code, reading, self._jobs_left = bytearray(), None, True, False
        end, signals = time.monotonic() + TIME_LIMIT_S, [signal.SIGKILL, signal.SIGTERM]
        while code is None or ((self._calls or self._jobs_left) and time.monotonic() < end):
            ready = self._wait_for(reader if reading else None, end)
            if reader in ready:
                reading = _take(reader, output)
            if self._control.fileno() in ready:
                code = self._hear_init(code)
                if self._off:
                    break
                end = end if code is None else min(end, time.monotonic() + GRACE_S)
            for number in ready & self._calls.keys():
                self._hear(self._calls[number])
            self._resume_due()
            if code is None and time.monotonic() >= end:
                if not signals:
                    break
                end = time.monotonic() + KILL_AFTER_S
                self._control.send(bytes([signals.pop()]))
        _take(reader, output)
        timed_out = len(signals) < 2 and not self._off
        if self._off:
            code = 137
        elif timed_out:
            code = 124
        truncated = len(output) > OUTPUT_LIMIT_BYTES
        text = (
            output[:OUTPUT_LIMIT_BYTES].decode(errors="ignore" if truncated else "replace").replace("\0", "")
        )
        return CommandResult(text, code or 0, timed_out=timed_out, truncated=truncated)

    def _wait_for(self, reader: int | None, end: float) -> set[int]:
        """The descriptors that something can be read from, once there is one or somebody's time has come."""
        poll = select.poll()
        for descriptor in (self._control.fileno(), *self._calls, *([] if reader is None else [reader])):
            poll.register(descriptor, select.POLLIN)
        next_time = min([end, *(call.due for call in self._calls.values())])
        return {number for number, _ in poll.poll(max(0.0, next_time - time.monotonic()) * 1000 + 1)}

    def _hear_init(self, code: int | None) -> int | None:
        """A message of PID 1: the shell has ended (J: not its jobs), a program has called, or the machine is off."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 8, 1)
        except OSError:
            message, descriptors = b"", []
        if not message:
            self._off = True
        elif descriptors:
            self._admit(socket.socket(fileno=descriptors[0]))
        elif message[:1] in b"XJ":
            self._jobs_left = message[:1] == b"J"
            status = os.waitstatus_to_exitcode(struct.unpack("i", message[1:])[0])
            return 128 - status if status < 0 else status
        return code

    def _admit(self, connection: socket.socket) -> None:
        """Start the program whose executable the caller runs. Another process that connects is not answered."""
        try:
            pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            with open(f"/proc/{pid}/exe", "rb") as file:
                program = self._programs.get(file.read(CONTENT_LIMIT_BYTES))
            with open(f"/proc/{pid}/cmdline", errors="replace") as file:
                arguments = file.read().split("\0")[1:-1]
        except OSError:
            program, arguments = None, []
        if program is None:
            connection.close()
            return
        call = self._calls[connection.fileno()] = _Call(connection, program(arguments))
        self._advance(call, None)

    def _hear(self, call: _Call) -> None:
        """A program says that its script has returned, or is gone."""
        try:
            message = call.connection.recv(8)
        except OSError:
            message = b""
        if not message:
            self._drop(call)
            return
        status = os.waitstatus_to_exitcode(struct.unpack("i", message[1:])[0])
        call.returned = 128 - status if status < 0 else status
        call.due = time.monotonic() + GRACE_S

    def _resume_due(self) -> None:
        for call in [call for call in self._calls.values() if call.due <= time.monotonic()]:
            if self.running:  # a machine that is off wins over a script that has returned
                call.due = float("inf")
                self._advance(call, CommandResult("", call.returned, ran=call.ran))

    def _advance(self, call: _Call, result: CommandResult | None) -> None:
        try:
            path = next(call.running) if result is None else call.running.send(result)
        except StopIteration as stop:
            ended: CommandResult = stop.value
            self._tell(call, b"P" + ended.output.encode())
            self._tell(call, b"E" + bytes([ended.exit_code]))
            self._drop(call)
        else:
            call.ran = self.inspect(posixpath.normpath(path))
            self._tell(call, b"S" + path.encode())

    def _tell(self, call: _Call, message: bytes) -> None:
        with contextlib.suppress(OSError):  # it was killed: its end is heard next
            call.connection.send(message)

    def _drop(self, call: _Call) -> None:
        del self._calls[call.connection.fileno()]
        call.running.close()
        call.connection.close()

    def inspect(self, path: str) -> FileState:
        """The state of a file of the home directory, links not followed; nothing in the machine can notice."""
        home = self._started.home
        last = self._inspected.get(path, FileState("missing"))
        try:
            status = os.stat(path, dir_fd=home, follow_symlinks=False)
        except PermissionError:  # the home directory was closed, to its own owner too
            return last
        except OSError:
            return FileState("missing")
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISREG(status.st_mode):
            return FileState(_KINDS.get(stat.S_IFMT(status.st_mode), "other"), mode)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOATIME
            descriptor = os.open(path, flags, dir_fd=home)
        except OSError:  # it may not be read, not by its owner either: its content is what it was
            content = last.content
        else:
            with os.fdopen(descriptor, "rb") as file, contextlib.ExitStack() as unnoticed:
                for watch in self._started.watched.values():
                    unnoticed.enter_context(watch.unnoticed())
                content = file.read(CONTENT_LIMIT_BYTES).decode(errors="replace")
        state = self._inspected[path] = FileState("file", mode, content)
        return state

    def was_read(self, name: str) -> bool:
        """Whether the kernel has told of a read."""
        return self._started.watched[name].was_read()

    def close(self) -> None:
        """Switch the machine off and wait until it is gone."""
        if self._started.process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            self._control.shutdown(
                socket.SHUT_RDWR
            )  # the machine goes off, and a `run` in another thread ends
        with self._in_use:
            self._off = True
            for call in list(self._calls.values()):
                self._drop(call)
            self._control.close()
            os.close(self._started.home)
            for watch in self._started.watched.values():
                watch.close()
            self._started.process.wait()


def _take(reader: int, output: bytearray) -> bool:
    """Add what can be read now to `output`, no more than is ever shown; False once nothing more can come."""
    try:
        while chunk := os.read(reader, _READ_BYTES):
            output += chunk[: max(0, OUTPUT_LIMIT_BYTES + 1 - len(output))]
    except BlockingIOError:
        return True
    return False
