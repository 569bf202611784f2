"""Local servers as real processes: they say how they fare, keep the key to themselves, never outlive us."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hanlon.models.local_server import LocalServer, ServerStartError

ECHO = """
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from hanlon.models.local_server import Parent

parent = Parent.connect()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        open_to_caller = self.headers["Authorization"] == f"Bearer {parent.api_key}"
        self.send_response(200 if open_to_caller else 401)
        self.end_headers()
        self.wfile.write(json.dumps(parent.config).encode())

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("noise on stdout after connecting is not an announcement")
parent.announce(server.server_port)
server.serve_forever()
"""

DEAF = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
key = sys.stdin.readline()
os.write(1, b'{"port": 1}\\n')
signal.pause()
"""

START_AND_SLEEP = """
import subprocess, sys, time
from hanlon.models.local_server import LocalServer
server = LocalServer.start("echo_server", {})
bystander = subprocess.Popen(["sleep", "30"])
print(server.pid, bystander.pid, flush=True)
time.sleep(60)
"""

FORK_AND_SLEEP = """
import os, time
from hanlon.models.local_server import LocalServer
server = LocalServer.start("echo_server", {})
fork = os.fork()
if fork:
    print(server.pid, fork, flush=True)
time.sleep(60)
"""

WriteModule = Callable[[str, str], str]


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteModule:
    """Make `source` runnable as ``python -m name`` by this process's children."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return write


def get(server: LocalServer, key: str | None = None) -> tuple[int, str]:
    """The status and body of a GET with `key` (default: the server's own)."""
    request = urllib.request.Request(
        server.base_url, headers={"Authorization": f"Bearer {key or server.api_key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int, within_s: float = 5.0) -> bool:
    """Whether the process is gone within the time."""
    deadline = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_a_started_server_has_its_configuration_and_answers_at_its_base_url(write_module: WriteModule):
    """The configuration reaches the child unchanged, and the base URL is on the loopback interface."""
    server = LocalServer.start(write_module("echo_server", ECHO), {"policy": "obedient", "rate": 0.5})
    try:
        assert server.base_url.startswith("http://127.0.0.1:")
        status, body = get(server)
        assert (status, json.loads(body)) == (200, {"policy": "obedient", "rate": 0.5})
    finally:
        server.close()


def test_a_wrong_key_is_refused(write_module: WriteModule):
    """Every server has a key of its own, and another server's key does not open it."""
    servers = [LocalServer.start(write_module("echo_server", ECHO), {}) for _ in range(2)]
    try:
        assert get(servers[0], servers[1].api_key)[0] == 401
    finally:
        for server in servers:
            server.close()


def test_the_key_stands_in_no_command_line_environment_or_repr(write_module: WriteModule):
    """Neither the server's key nor our own keys can be read from the process table or a printed server."""
    os.environ["OPENROUTER_API_KEY"] = "sk-planted"
    try:
        server = LocalServer.start(write_module("echo_server", ECHO), {})
    finally:
        del os.environ["OPENROUTER_API_KEY"]
    try:
        visible = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        visible += Path(f"/proc/{server.pid}/environ").read_bytes() + repr(server).encode()
        assert server.api_key.encode() not in visible
        assert b"sk-planted" not in visible
    finally:
        server.close()


def test_close_ends_the_server_and_may_be_repeated(write_module: WriteModule):
    """After close the process is gone at once; a second close does nothing."""
    server = LocalServer.start(write_module("echo_server", ECHO), {})
    server.close()
    assert not is_running(server.pid)
    server.close()


def test_close_kills_a_server_that_hears_neither_eof_nor_sigterm(
    write_module: WriteModule, monkeypatch: pytest.MonkeyPatch
):
    """A server that ignores its stdin and SIGTERM is killed after a short grace."""
    monkeypatch.setattr("hanlon.models.local_server._GRACE_S", 0.2)
    server = LocalServer.start(write_module("deaf_server", DEAF), {})
    server.close()
    assert not is_running(server.pid)


@pytest.mark.parametrize("parent", [START_AND_SLEEP, FORK_AND_SLEEP], ids=["other child", "forked child"])
def test_a_server_dies_with_a_killed_parent(write_module: WriteModule, parent: str):
    """kill -9 of the parent ends the server, even while a sibling or a fork of the parent lives on."""
    write_module("echo_server", ECHO)
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    server, sibling = map(int, process.stdout.readline().split())
    try:
        assert is_running(server)
        process.kill()
        assert ends(server)
        assert is_running(sibling)
    finally:
        os.kill(sibling, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_a_server_survives_ctrl_c_at_the_terminal(write_module: WriteModule):
    """The server is in a session of its own, so that a terminal's SIGINT does not reach it."""
    server = LocalServer.start(write_module("echo_server", ECHO), {})
    try:
        assert os.getsid(server.pid) == server.pid != os.getsid(0)
    finally:
        server.close()


def test_a_servers_own_reason_is_the_message(write_module: WriteModule):
    """A child that refuses is quoted, and is gone."""
    module = write_module(
        "refusing_server", "from hanlon.models.local_server import Parent\nParent.connect().refuse('no luck')"
    )
    with pytest.raises(ServerStartError, match=r"refusing_server did not start: no luck$"):
        LocalServer.start(module, {})


def test_a_crash_at_start_shows_the_end_of_stderr_without_the_key(write_module: WriteModule):
    """A child that dies is reported with what it wrote to stderr, its key blacked out."""
    module = write_module("crashing_server", "import sys\nraise SystemExit(sys.stdin.readline() * 100)")
    with pytest.raises(ServerStartError, match="ended before it announced a port; it wrote:") as caught:
        LocalServer.start(module, {"colour": "mauve"})
    assert '"colour": "mauve"' in str(caught.value)
    assert '{"api_key": "[key]", ' in str(caught.value)


def test_a_module_that_does_not_exist_is_named(write_module: WriteModule):
    """A server module with a typo gives Python's own sentence about it."""
    with pytest.raises(ServerStartError, match=r"No module named hanlon.models.nowhere"):
        LocalServer.start("hanlon.models.nowhere", {})


def test_a_silent_server_is_given_up_and_ended(write_module: WriteModule, tmp_path: Path):
    """A child that announces nothing in time is ended, and the message says how long it was given."""
    module = write_module(
        "silent_server",
        "import os, sys, pathlib\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "sys.stdin.read()",
    )
    with pytest.raises(ServerStartError, match="announced no port within 1 s"):
        LocalServer.start(module, {}, timeout_s=1)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_an_announcement_that_is_no_port_is_quoted(write_module: WriteModule):
    """What came instead of the port is shown, with what was expected."""
    module = write_module("chatty_server", "print('listening on 8080')")
    with pytest.raises(ServerStartError, match=r"announced b'listening on 8080\\n' instead of"):
        LocalServer.start(module, {})


async def test_servers_start_from_asyncio_through_threads(write_module: WriteModule):
    """Starting in threads leaves the event loop free, and the servers outlive those threads."""
    module = write_module("echo_server", ECHO)
    servers = await asyncio.gather(*(asyncio.to_thread(LocalServer.start, module, {}) for _ in range(2)))
    try:
        assert [(await asyncio.to_thread(get, server))[0] for server in servers] == [200, 200]
    finally:
        for server in servers:
            await asyncio.to_thread(server.close)
