"""A local OpenAI-compatible server as a child process that cannot outlive its parent.

The protocol between the two, over the child's standard streams:

1. the parent runs ``python -m <module>`` and writes one JSON line to its stdin: the server's configuration
   and a random `api_key`, which therefore stands in no command line, environment or log;
2. the child answers with one JSON line on stdout: ``{"port": N}``, or ``{"error": "..."}`` and ends;
3. the child serves on 127.0.0.1 until its stdin reaches EOF, which happens whenever the parent closes it or
   dies, by kill -9 too; then it ends at once, whatever it was doing.

`LocalServer` is the parent's side, `Parent` the child's. Only the standard library is imported here.
"""

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn, Self

STARTUP_TIMEOUT_S = 60.0
_GRACE_S = 3.0
_STDERR_TAIL_BYTES = 2000

_PASSED_ON = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "TZ", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"})
_PASSED_ON_PREFIXES = ("LC_", "LD_", "DYLD_")


class ServerStartError(RuntimeError):
    """A local server did not start; the message says which, why, and what it wrote to stderr."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running local server: where it listens and the key that opens it. Close it when done."""

    module: str
    base_url: str
    api_key: str = field(repr=False)
    _child: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def start(cls, module: str, config: dict[str, Any], timeout_s: float = STARTUP_TIMEOUT_S) -> Self:
        """Start ``python -m module`` and wait until it listens (blocking: from asyncio, use a thread).

        Raises:
            ServerStartError: it said why it cannot serve, ended, or was silent for `timeout_s` seconds.
        """
        api_key = secrets.token_urlsafe(32)
        child = _spawn(module)
        stderr = _Tail(_pipe(child.stderr))
        try:
            _send_line(_pipe(child.stdin), {"api_key": api_key, **config})
            port = _read_port(_pipe(child.stdout), timeout_s)
        except BaseException as error:  # also Ctrl-C: no child is left behind
            _end(child)
            if not isinstance(error, ServerStartError):
                raise
            output = stderr.text().replace(api_key, "[key]").strip()
            detail = f"; it wrote:\n{output}" if output else ""
            raise ServerStartError(f"The local server {module} did not start: {error}{detail}") from None
        return cls(module, f"http://127.0.0.1:{port}/v1", api_key, child)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._child.poll() is None

    def close(self) -> None:
        """End the server and wait for its end. Requests in flight are cut off. May be called again."""
        _end(self._child)


def _spawn(module: str) -> subprocess.Popen[bytes]:
    """The child, in a session of its own: Ctrl-C at the terminal must not end it before the sweep is stored.

    Python's pipes are close-on-exec, so no other child of ours can hold this one's stdin open.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_minimal_environment(),
        start_new_session=True,
    )


def _minimal_environment() -> dict[str, str]:
    """What a Python program needs to run, and none of the keys that our own environment may hold."""
    kept = {k: v for k, v in os.environ.items() if k in _PASSED_ON or k.startswith(_PASSED_ON_PREFIXES)}
    return kept | {"PYTHONUNBUFFERED": "1"}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # all three are PIPE
    return stream


def _send_line(stdin: IO[bytes], message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it ended already: its stdout and stderr say why
        stdin.write(json.dumps(message).encode() + b"\n")
        stdin.flush()


def _read_port(stdout: IO[bytes], timeout_s: float) -> int:
    line = _read_line(stdout.fileno(), timeout_s)
    try:
        answer = json.loads(line)
        if "error" in answer:
            raise ServerStartError(answer["error"])
        return int(answer["port"])
    except (ValueError, TypeError, KeyError):
        raise ServerStartError(f'it announced {line[:200]!r} instead of {{"port": N}}') from None


def _read_line(fd: int, timeout_s: float) -> bytes:
    deadline = time.monotonic() + timeout_s
    line = b""
    while not line.endswith(b"\n"):
        if not _readable(fd, deadline - time.monotonic()):
            raise ServerStartError(f"it announced no port within {timeout_s:g} s")
        chunk = os.read(fd, 4096)
        if not chunk:
            raise ServerStartError("it ended before it announced a port")
        line += chunk
    return line


def _readable(fd: int, timeout_s: float) -> bool:
    """Whether `fd` has data or has ended. (`select.select` refuses descriptors above 1023.)"""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout_s) * 1000))


def _end(child: subprocess.Popen[bytes]) -> None:
    """EOF on stdin is the request to end; SIGTERM and SIGKILL follow where it is not heard."""
    with contextlib.suppress(BrokenPipeError):
        _pipe(child.stdin).close()
    for insist in (child.terminate, child.kill):
        try:
            child.wait(_GRACE_S)
            break
        except subprocess.TimeoutExpired:
            insist()
    child.wait()
    _pipe(child.stdout).close()


class _Tail:
    """Reads a stream to its end in a thread, so that its writer never blocks, and keeps the last bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._kept = b""
        self._thread = threading.Thread(target=self._drain, args=(stream,), name="server-stderr", daemon=True)
        self._thread.start()

    def _drain(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 4096):
                self._kept = (self._kept + chunk)[-_STDERR_TAIL_BYTES:]

    def text(self) -> str:
        """The tail, once the writer has ended."""
        self._thread.join(_GRACE_S)
        return self._kept.decode(errors="replace")


class Parent:
    """The child's side: what the parent wants, the line back to it, and the end when it is gone."""

    def __init__(self, config: dict[str, Any], announcements: int) -> None:
        self.api_key: str = config.pop("api_key")
        self.config = config
        """The parent's configuration, without the key."""
        self._announcements = announcements
        self._watch = threading.Thread(target=_exit_with, args=(os.getppid(),), name="parent", daemon=True)

    @classmethod
    def connect(cls) -> Self:
        """Read the configuration, and from now on end when the parent does.

        What is printed to stdout hereafter goes to stderr.
        """
        announcements = os.dup(1)
        os.dup2(2, 1)
        parent = cls(json.loads(_read_line(0, STARTUP_TIMEOUT_S)), announcements)
        parent._watch.start()
        return parent

    def announce(self, port: int) -> None:
        """Tell the parent that the server listens at `port` of 127.0.0.1."""
        self._say({"port": port})

    def refuse(self, reason: str) -> NoReturn:
        """Tell the parent why there will be no server, and end."""
        self._say({"error": reason})
        os._exit(1)

    def wait(self) -> None:
        """Keep the main thread, for a server that runs in others. Never returns."""
        self._watch.join()

    def _say(self, message: dict[str, Any]) -> None:
        os.write(self._announcements, json.dumps(message).encode() + b"\n")
        os.close(self._announcements)


def _exit_with(parent_pid: int) -> NoReturn:
    """End this process, whatever its other threads do, when the parent has closed our stdin or is gone.

    EOF says so at once. A fork of the parent may still hold the pipe open, hence the look at the pid.
    """
    while os.getppid() == parent_pid:
        if _readable(0, 1.0) and not os.read(0, 4096):
            break
    # Not sys.exit: a native server that has a request in flight never returns from its own shutdown.
    os._exit(0)
