"""An endpoint that goes away for a while: the sweep pauses, tries, goes on, and no episode is lost to it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from hanlon.store.episodes import cell_folders, read_episodes
from support.chat_server import Body, ChatServer, at, obedient
from support.command_line import CommandLine
from support.fault_server import FaultServer, check_each_index_is_there_once, stored_lines


def html(body: Body, number: int) -> web.Response:
    """A gateway's page instead of a completion."""
    return web.Response(text="<html>back in a moment</html>", content_type="text/html")


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _interrupt_twice(process: "subprocess.Popen[str]") -> str:
    """Ctrl-C, a moment, Ctrl-C again: what was said, within seconds and with exit code 130."""
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 130, output
    assert "Ctrl-C again drops them" in output
    assert "Traceback" not in output
    return output


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in tasks for child in file.read_text().split()]


def _outcomes(runs: Path) -> set[str]:
    return {e.outcome for lines in stored_lines(runs).values() for e in lines}


def _sit_out(command_line: CommandLine, kind: str, start_s: float, duration_s: float, *options: str) -> None:
    """Run a sweep through an outage; it completes, tries little, says why once, and loses no episode."""
    outage = {"start_s": start_s, "duration_s": duration_s, "kind": kind}
    server = FaultServer({"latency": 0.05, "outage": outage})
    try:
        run = command_line.run("prompt=baseline", "samples=60", *server.model, *options, timeout_s=300)
        assert run.returncode == 0, run.stderr
        assert run.stderr.count("Pausing") == 1, run.stderr
        assert run.stderr.count("answers again") == 1, run.stderr
        assert server.tally.faults[kind] < 60
        assert "api_error" not in _outcomes(command_line.runs)
        check_each_index_is_there_once(command_line, 60, complete=True)
    finally:
        server.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["html", "http_503"])
def test_an_outage_costs_time_and_no_episode(command_line: CommandLine, kind: str) -> None:
    """Some seconds of nonsense in the middle: a pause, one call at a time, and on."""
    _sit_out(command_line, kind, 0.7, 5.0, "max_connections=8")


@pytest.mark.slow
def test_a_full_minute_of_html_costs_time_and_no_episode(command_line: CommandLine) -> None:
    """A minute of a gateway's web page is sat out."""
    _sit_out(command_line, "html", 0.7, 60.0, "max_connections=8")


@pytest.mark.slow
@pytest.mark.parametrize("connections", [1, 2])
def test_an_outage_costs_no_episode_with_few_connections(command_line: CommandLine, connections: int) -> None:
    """With one call at a time, too, the retries of one call do not run out unnoticed."""
    _sit_out(command_line, "html", 2.0, 20.0, f"max_connections={connections}")


@pytest.mark.slow
def test_an_outage_of_one_model_loses_none_of_its_episodes_while_another_answers(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Behind one address a single model may be down: its own breaker opens, whatever the others do."""
    began: list[float] = []

    def answer(body: Body, number: int) -> web.StreamResponse | Body:
        began.append(time.monotonic())
        down = body["model"] == "b" and 1.0 < time.monotonic() - began[0] < 12.0
        return html(body, number) if down else obedient(body, number)

    chat_server.answer = answer
    chat_server.delay_s = 0.1
    where = ["model=endpoint", f"model.base_url={chat_server.base_url}"]
    run = command_line.run("-m", *where, "model.id=a,b", "samples=120", "max_connections=4")
    assert run.returncode == 0, run.stderr
    assert _outcomes(command_line.runs) == {"shutdown"}


@pytest.mark.slow
def test_an_outage_beyond_the_patience_ends_the_sweep_with_its_reason(command_line: CommandLine) -> None:
    """Exit 3, how long nobody answered, what is missing and how to go on; the same command then completes."""
    outage = {"start_s": 0.7, "duration_s": 3600, "kind": "html"}
    server = FaultServer({"latency": 0.05, "outage": outage})
    command = ["prompt=baseline", "samples=200", "max_connections=8", *server.model, "outage_patience_s=4"]
    try:
        run = command_line.run(*command)
        assert run.returncode == 3, run.stderr
        assert "has not answered for" in run.stderr
        assert "the same command goes on from there" in run.stderr
        assert "abort_on_error_rate" not in run.stderr
        server.heal()
        assert command_line.run(*command).returncode == 0
        check_each_index_is_there_once(command_line, 200, complete=True)
    finally:
        server.close()


@pytest.mark.slow
def test_ctrl_c_during_an_outage_is_heard_at_once(command_line: CommandLine, chat_server: ChatServer) -> None:
    """The first Ctrl-C says what it waits for, the second ends the wait, whatever the pause."""
    chat_server.delay_s = 0.02
    chat_server.answer = lambda body, number: obedient(body, number) if number < 20 else html(body, number)
    process = command_line.start("prompt=baseline", "samples=100", *at(chat_server))
    _wait(lambda: chat_server.calls >= 20)
    time.sleep(2)
    assert "Pausing" in _interrupt_twice(process)


@pytest.mark.slow
def test_a_long_retry_after_is_said_waited_for_and_can_be_interrupted(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A 429 with Retry-After of 300 s: no call of the endpoint meanwhile, a sentence, and Ctrl-C works."""
    chat_server.answer = lambda body, number: web.json_response(
        {"error": {"message": "slow down"}}, status=429, headers={"retry-after": "300"}
    )
    process = command_line.start("prompt=baseline", "samples=100", *at(chat_server))
    _wait(lambda: chat_server.calls >= 1)
    time.sleep(1.5)
    calls = chat_server.calls
    assert calls <= 8
    time.sleep(1)
    assert chat_server.calls == calls
    assert "asks to wait 300 s" in _interrupt_twice(process)


def test_a_retry_after_beyond_the_patience_ends_the_sweep(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A quota that is used up until tomorrow is no reason to sit there: exit 3 with the endpoint's words."""
    chat_server.answer = lambda body, number: web.json_response(
        {"error": {"message": "daily limit"}}, status=429, headers={"retry-after": "86400"}
    )
    run = command_line.run("prompt=baseline", "samples=100", *at(chat_server))
    assert run.returncode == 3, run.stderr
    assert "asks to wait 86400 s" in run.stderr
    assert "daily limit" in run.stderr
    assert chat_server.calls <= 16


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the child in /proc")
def test_a_local_server_that_dies_is_named_and_nothing_is_lost(command_line: CommandLine) -> None:
    """The child ends in the middle: a sentence at once, exit 3, and the same command starts a new one."""
    slow = "++model.server.config.faults={latency: 0.1}"
    command = ["prompt=baseline", "samples=60", "model=simulated/ambiguity", slow]
    process = command_line.start(*command)
    _wait(lambda: any(list(read_episodes(f)) for f in cell_folders(command_line.runs)))
    (child,) = _children(process.pid)
    os.kill(child, signal.SIGKILL)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 3, output
    assert "has ended by itself" in output
    assert "Traceback" not in output
    assert command_line.run(*command).returncode == 0
    check_each_index_is_there_once(command_line, 60, complete=True)
