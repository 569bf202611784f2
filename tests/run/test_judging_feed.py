"""A judge that is slower than sampling: the queue between them is bounded, and whatever ends, nobody waits forever."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from test_alignment_faking_sweep import fakes

from hanlon.engine.asker import MOST_WAITING
from hanlon.store.episodes import cell_folders, read_digests, read_episodes
from support.chat_server import Body, ChatServer, at
from support.command_line import CommandLine
from support.judge_server import FAKING, asks, judge_server, judges, stored_answers

pytestmark = pytest.mark.slow  # whole sweeps in several processes, most of their time spent waiting

ONE = ["rubrics=[compliance]", "votes=1"]
BACKLOG = MOST_WAITING + 300


def _until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _stored(runs: Path) -> int:
    return sum(len(read_digests(folder)) for folder in cell_folders(runs))


def _grow(command_line: CommandLine) -> None:
    """A backlog that no queue holds: an episode of the simulated policy under many indices."""
    assert command_line.run(*FAKING, "samples=2", "judge=[]").returncode == 0
    (folder,) = cell_folders(command_line.runs)
    first = next(read_episodes(folder))
    lines = [msgspec.json.encode(msgspec.structs.replace(first, index=i)) for i in range(BACKLOG)]
    (folder / "episodes.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def test_sampling_waits_for_a_slow_judge_and_goes_on_when_it_is_given_up(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """No more than the queue and those in flight are sampled ahead; a judge that then fails for good frees the rest."""
    refuses = threading.Event()

    async def answer(body: Body, number: int) -> web.StreamResponse:
        await asyncio.to_thread(refuses.wait, 90)
        return web.json_response({"error": {"message": "no"}}, status=401)

    chat_server.answer = answer
    process = command_line.start(
        *FAKING, f"samples={BACKLOG}", "max_connections=40", *asks(chat_server, *ONE)
    )
    most = MOST_WAITING + 40 + 40
    _until(lambda: _stored(command_line.runs) >= MOST_WAITING, 60)
    time.sleep(2)
    waiting = _stored(command_line.runs)
    assert waiting <= most
    refuses.set()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert _stored(command_line.runs) == BACKLOG


@pytest.mark.parametrize("sent", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM]])
def test_what_drops_the_judge_drops_the_backlog_behind_it(
    command_line: CommandLine, chat_server: ChatServer, sent: list[signal.Signals]
) -> None:
    """A full queue, calls that never return, Ctrl-C twice (or SIGTERM and its grace): the process ends."""
    _grow(command_line)
    chat_server.answer = judges
    chat_server.delay_s = 300
    process = command_line.start(*FAKING, f"samples={BACKLOG}", *asks(chat_server, *ONE))
    _until(lambda: chat_server.calls >= 8)
    time.sleep(1)
    for number in sent:
        process.send_signal(number)
        time.sleep(0.2)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output


def test_a_judge_that_fails_for_good_ends_a_long_backlog(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A wrong key with more stored episodes than the queue holds, for run.py and for `hanlon rescore`: exit 1."""
    _grow(command_line)
    chat_server.answer = lambda body, number: web.json_response({"error": {"message": "no"}}, status=401)
    words = asks(chat_server, *ONE)
    run = command_line.run(*FAKING, f"samples={BACKLOG}", *words, timeout_s=60)
    assert run.returncode == 1, run.stderr
    assert f"llm has not answered about {BACKLOG:,} episodes" in run.stderr
    settings = [w for word in words if not word.startswith("judge=") for w in ("--set", word)]
    again = command_line.hanlon("rescore", "--judge", "llm", *settings)
    assert again.returncode == 1, again.stderr
    assert chat_server.calls <= 32


def test_a_judge_at_the_samplers_own_endpoint_gets_through_a_full_queue(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """One lane for both and a backlog beyond the queue: sampling and judging share it to the end."""
    chat_server.answer = lambda body, n: (
        judges(body, n) if "code" in body["messages"][0]["content"] else fakes(body, n)
    )
    own = ["env=alignment_faking", "tier=free", "controls=none", *at(chat_server)]
    run = command_line.run(
        *own, f"samples={BACKLOG}", "max_connections=30", *asks(chat_server, *ONE, model="test-model"),
        timeout_s=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert chat_server.calls == 2 * BACKLOG


def test_two_judges_of_one_server_and_two_models_have_lanes_of_their_own(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """The sampled model answers while its judge, another model at the same address, is down: sampling finishes."""
    chat_server.answer = lambda body, n: (
        web.json_response({}, status=503) if body["model"] == "judge" else fakes(body, n)
    )
    own = ["env=alignment_faking", "tier=free", "controls=none", *at(chat_server)]
    with judge_server() as other:
        run = command_line.run(
            *own, "samples=12", "outage_patience_s=2", *asks(chat_server, *ONE, judges="[simulated,llm]"),
            "judge.simulated.rubrics=[compliance]",
        )  # fmt: skip
        assert other.calls == 0
    assert run.returncode == 3, run.stderr
    assert "llm has not answered about 12 episodes" in run.stderr
    assert "simulated has not" not in run.stderr
    assert _stored(command_line.runs) == 12
    assert len(stored_answers(command_line.runs)) == 12
