"""Judges that fail, are killed, cost money or answer badly: no vote lost, none twice, nothing dropped in silence."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from test_alignment_faking_sweep import fakes

from hanlon.store.episodes import cell_folders, read_episodes
from support.chat_server import Answer, Body, ChatServer, at, completion
from support.command_line import CommandLine
from support.judge_server import (
    FAKING,
    USAGE,
    asks,
    check_votes,
    judge_server,
    judges,
    seeds_sent,
    stored_answers,
)

pytestmark = pytest.mark.slow

AF = "rubrics=[alignment_faking]"
COST = 0.01
PRICE = "model.price={input: 90, output: 100, as_of: 2026-01, source: test}"
"""With 100 tokens in and 10 out, a vote costs one cent."""
NAME = "alignment_faking"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _episodes(runs: Path) -> int:
    return sum(1 for folder in cell_folders(runs) for _ in read_episodes(folder))


def _row(command_line: CommandLine) -> dict[str, Any]:
    rows = msgspec.json.decode(command_line.hanlon("labels", "--judge", "llm", "--format", "json").stdout)
    return next(row for row in rows if row["label"] == NAME)


@pytest.mark.slow
def test_an_outage_of_the_judge_leaves_the_sweep_complete_and_its_votes_in_place(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """After some votes only 503: all episodes are sampled, exit 3 says how many are open, the same command goes on."""
    healthy = [True]

    def answer(body: Body, number: int) -> web.StreamResponse | Body:
        healthy[0] &= number <= 30
        return judges(body, number) if healthy[0] else web.json_response({}, status=503)

    chat_server.answer = answer
    command = [*FAKING, "samples=30", "outage_patience_s=2", *asks(chat_server, AF, "votes=4")]
    run = command_line.run(*command)
    assert run.returncode == 3, run.stderr
    assert "llm has not answered about" in run.stderr
    assert _episodes(command_line.runs) == 30
    given = {(a.index, a.number): a for a in stored_answers(command_line.runs)}
    assert len(given) == 30
    chat_server.answer = judges
    answered = chat_server.calls
    again = command_line.run(*command)
    assert again.returncode == 0, again.stderr
    assert chat_server.calls - answered == 90
    check_votes(command_line.runs, 30, {NAME: 4})


def test_a_judge_with_a_wrong_key_fails_alone(command_line: CommandLine, chat_server: ChatServer) -> None:
    """401: exit 1 and a sentence, with every episode sampled and few calls made in vain."""
    chat_server.answer = lambda body, number: web.json_response({"error": {"message": "no"}}, status=401)
    command = [*FAKING, "samples=30", *asks(chat_server, AF, "votes=4")]
    run = command_line.run(*command)
    assert run.returncode == 1, run.stderr
    assert "No call of it can succeed" in run.stderr
    assert "llm has not answered about 30 episodes" in run.stderr
    assert _episodes(command_line.runs) == 30
    assert chat_server.calls <= 16
    chat_server.answer = judges
    assert command_line.run(*command).returncode == 0
    check_votes(command_line.runs, 30, {NAME: 4})


@pytest.mark.slow
def test_kills_in_the_middle_of_judging_lose_no_vote_and_repeat_none(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Killed three times and a torn line added: votes that were stored are asked for once, and all are there once."""
    random.seed(7)
    chat_server.answer = judges
    chat_server.delay_s = 0.02
    command = [*FAKING, "samples=20", "max_connections=8", *asks(chat_server, AF, "votes=10")]
    stored: set[tuple[int, int]] = set()
    for _ in range(3):
        process = command_line.start(*command)
        aim = chat_server.calls + random.randrange(20, 50)
        _until(lambda aim=aim: chat_server.calls >= aim)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL, "it had ended before it was killed"
        now = {(a.index, a.number) for a in stored_answers(command_line.runs)}
        assert stored <= now
        stored = now
    (file,) = command_line.runs.glob("*/*/labels.*.jsonl")
    whole = file.read_bytes()
    whole = whole[: whole.rfind(b"\n") + 1]
    file.write_bytes(whole + whole.splitlines()[0][:150])
    paid_before = seeds_sent(chat_server)
    run = command_line.run(*command)
    assert run.returncode == 0, run.stderr
    check_votes(command_line.runs, 20, {NAME: 10})
    again = seeds_sent(chat_server) - paid_before
    assert sum(again.values()) == 200 - len(stored)
    assert all(msgspec.json.decode(line)["question"] == NAME for line in file.read_bytes().splitlines())


@pytest.mark.parametrize(
    ("limit", "higher", "spent_by_call"),
    [("budget_usd=1.2", "budget_usd=9", COST), ("max_tokens_total=13200", "max_tokens_total=99000", 110)],
)
def test_a_budget_counts_votes_and_stops_both(
    command_line: CommandLine, chat_server: ChatServer, limit: str, higher: str, spent_by_call: float
) -> None:
    """Episodes and votes of one budget: kept with its reserve, stored votes count on the next start, more completes."""
    chat_server.answer = fakes
    with judge_server() as server:
        for one in (chat_server, server):
            one.delay_s = 0.02
        sweep = ["env=alignment_faking", "tier=free", "controls=none", *at(chat_server), f"++{PRICE}"]
        judge = asks(server, AF, "votes=10", f"{PRICE}")
        command = [*sweep, "samples=30", "max_connections=4", *judge]
        run = command_line.run(*command, limit)
        assert run.returncode == 3, run.stderr
        assert f"{limit} is reached" in run.stderr
        allowed = float(limit.partition("=")[2])
        calls = server.calls + chat_server.calls
        assert (
            0.9 * allowed - 10 * spent_by_call <= calls * spent_by_call <= 0.9 * allowed + 8 * spent_by_call
        )
        again = command_line.run(*command, limit)
        assert again.returncode == 3, again.stderr
        assert server.calls + chat_server.calls == calls
        done = command_line.run(*command, higher)
        assert done.returncode == 0, done.stderr
        assert (chat_server.calls, server.calls) == (30, 300)
        check_votes(command_line.runs, 30, {NAME: 10})


def test_a_budget_needs_the_judges_price(command_line: CommandLine, chat_server: ChatServer) -> None:
    """Without one it is refused before any call."""
    run = command_line.run(*FAKING, "samples=3", "budget_usd=1", *asks(chat_server, AF))
    assert run.returncode == 2, run.stderr
    assert "has no price" in run.stderr
    assert chat_server.calls == 0


@pytest.mark.slow
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM]])
def test_an_interrupt_while_judging_keeps_every_vote(
    command_line: CommandLine, chat_server: ChatServer, signals: list[signal.Signals]
) -> None:
    """Exit 130 within seconds; the same command then asks for the votes that are not stored, each once."""
    chat_server.answer = judges
    chat_server.delay_s = 0.2
    command = [*FAKING, "samples=40", "max_connections=8", *asks(chat_server, AF, "votes=5")]
    process = command_line.start(*command)
    _until(lambda: len(stored_answers(command_line.runs)) > 10)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    stored, calls = len(stored_answers(command_line.runs)), chat_server.calls
    assert calls - stored <= (0 if len(signals) == 1 else 16)
    chat_server.delay_s = 0.0
    assert command_line.run(*command).returncode == 0
    assert chat_server.calls - calls == 200 - stored
    check_votes(command_line.runs, 40, {NAME: 5})


def _said(text: str | None, finish: str = "stop", **message: Any) -> Answer:
    def answer(body: Body, number: int) -> Body:
        done = completion({"content": text, **message})
        done["choices"][0]["finish_reason"] = finish
        return done

    return answer


def _failing(status: int, message: str) -> Answer:
    error = {
        "error": {"message": message, "code": "context_length_exceeded" if "context" in message else "x"}
    }
    return lambda body, number: web.json_response(error, status=status)


UNREAD: dict[str, Answer] = {
    "prose": _said("On the whole I would say yes."),
    "refusal": _said(None, refusal="I can't judge this."),
    "truncated": _said('{"why": "It', "length"),
    "empty": _said(""),
    "null": _said(None),
    "two objects": _said('{"harm": true} {"harm": false}'),
    "a filter": _said("", "content_filter"),
    "too long": _failing(400, "maximum context length is 100 tokens"),
}


@pytest.mark.parametrize(
    "kind", [k if k in ("prose", "null") else pytest.param(k, marks=pytest.mark.slow) for k in UNREAD]
)
def test_a_vote_that_says_nothing_is_counted_and_asked_for_once(
    command_line: CommandLine, chat_server: ChatServer, kind: str
) -> None:
    """Every vote is stored with its problem, the label is unscored, and nothing is asked again."""
    chat_server.answer = UNREAD[kind]
    command = [*FAKING, "samples=3", *asks(chat_server, AF, "votes=4")]
    run = command_line.run(*command)
    assert run.returncode == 0, run.stderr
    assert chat_server.calls == 12
    assert all(answer.problem and answer.value is None for answer in stored_answers(command_line.runs))
    row = _row(command_line)
    assert (row["k"], row["n"], row["open"]) == (0, 0, {"unscored": 3})
    assert command_line.run(*command).returncode == 0
    assert chat_server.calls == 12


def test_one_episode_that_is_too_long_for_the_judge_stops_nothing(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Each of its 30 votes fails, once; the error share counts it as one episode of many."""
    first: list[int] = []

    def answer(body: Body, number: int) -> web.StreamResponse | Body:
        mark = hash(body["messages"][1]["content"])
        first[:] = first or [mark]
        too_long = web.json_response(
            {"error": {"message": "maximum context length", "code": "context_length_exceeded"}}, status=400
        )
        return too_long if mark == first[0] else judges(body, number)

    chat_server.answer = answer
    command = [*FAKING, "samples=4", "max_connections=1", *asks(chat_server, AF, "votes=30")]
    run = command_line.run(*command)
    assert run.returncode == 0, run.stderr
    assert chat_server.calls == 120
    assert sum(answer.value is None for answer in stored_answers(command_line.runs)) == 30


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["html", "error in 200"])
def test_nonsense_in_place_of_a_vote_is_tried_again(
    command_line: CommandLine, chat_server: ChatServer, kind: str
) -> None:
    """Every third reply is a gateway's page or an error inside status 200: retried, recorded, complete."""

    def answer(body: Body, number: int) -> web.StreamResponse | Body:
        if number % 3:
            return judges(body, number)
        if kind == "html":
            return web.Response(text="<html>soon</html>", content_type="text/html")
        return web.json_response({"error": {"message": "upstream", "code": 502}, "usage": USAGE})

    chat_server.answer = answer
    run = command_line.run(*FAKING, "samples=5", *asks(chat_server, AF, "votes=3"))
    assert run.returncode == 0, run.stderr
    check_votes(command_line.runs, 5, {NAME: 3})
    errors = sum(len(a.call.errors) for a in stored_answers(command_line.runs) if a.call is not None)
    assert errors == chat_server.calls - 15 > 0


def test_a_judge_that_is_always_cut_off_is_stopped(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A token limit below every verdict: the error share ends it, as it ends sampling, before all is paid."""
    chat_server.answer = UNREAD["truncated"]
    run = command_line.run(*FAKING, "samples=80", "max_connections=4", *asks(chat_server, AF, "votes=2"))
    assert run.returncode == 1, run.stderr
    assert "abort_on_error_rate" in run.stderr
    assert chat_server.calls < 80
    assert _episodes(command_line.runs) == 80


WRONG: dict[str, tuple[list[str], str]] = {
    "threshold of 0": (["judge.llm.threshold=0"], "threshold"),
    "threshold of 2": (["judge.llm.threshold=2"], "threshold"),
    "maybe above threshold": (["judge.llm.maybe=0.9"], "above threshold"),
    "no votes": (["judge.llm.votes=0"], "votes=0"),
    "half a vote": (["judge.llm.votes=1.5"], "votes=1.5"),
    "an unknown rubric": (["judge.llm.rubrics=[complience]"], "there are alignment_faking"),
    "one rubric without brackets": (["judge.llm.rubrics=compliance"], "rubrics=[compliance]"),
    "an unknown judge": (["judge=[llm,regexp]"], "Did you mean 'regex'"),
    "a setting that is none": (["judge.llm.vots=3"], "vots"),
}


@pytest.mark.parametrize(("more", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_judge_is_refused_before_any_call(
    command_line: CommandLine, chat_server: ChatServer, more: list[str], said: str
) -> None:
    """Exit 2, what is wrong, no call and nothing in the store; for `hanlon rescore` too."""
    run = command_line.run(*FAKING, "samples=3", *asks(chat_server, AF), *more)
    assert run.returncode == 2, run.stderr
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert chat_server.calls == 0
    assert not command_line.runs.exists()


def test_rescore_refuses_what_it_cannot_do(command_line: CommandLine) -> None:
    """An unknown judge, a setting of another judge, a threshold out of range: exit 2 and a sentence each."""
    assert command_line.run(*FAKING, "samples=2", "judge=[]").returncode == 0
    for arguments, said in (
        (["--judge", "regexp"], "Did you mean 'regex'"),
        (["--judge", "regex", "--set", "judge.llm.votes=3"], "judge.llm"),
        (["--judge", "simulated", "--set", "judge.simulated.votes=0"], "votes=0"),
        (["--set", "judge.llm.votes=3"], "--judge"),
        (["--judge", "regex", "--threshold", "7"], "threshold"),
    ):
        run = command_line.hanlon("rescore", *arguments)
        assert run.returncode == 2, (arguments, run.stderr)
        assert said in run.stderr, arguments
        assert "Traceback" not in run.stderr
