"""A budget that runs out: kept, said, and raised again."""

import re
from pathlib import Path

import pytest

from support.chat_server import ChatServer, at, bash, completion
from support.command_line import CommandLine
from support.fault_server import all_calls, check_each_index_is_there_once, stored_lines

COST = 0.01
EPISODE = 4 * COST
PRICE = "++model.price={input: 90, output: 100, as_of: 2026-01, source: test}"
"""With 100 tokens in and 10 out, a call of the chat server costs one cent."""


def _spent(runs: Path) -> float:
    return sum(call.cost_usd or 0.0 for _, call in all_calls(runs))


def _cost_returned(server: ChatServer) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "cost": COST}
    server.answer = lambda body, number: completion(bash("./next_question"), usage=usage)


ASKED = ["++model.extra_body.usage={include: true}"]
WAYS = {"returned": ASKED, "listed": [PRICE]}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_budget_is_kept_and_raising_it_completes(
    command_line: CommandLine, chat_server: ChatServer, way: str
) -> None:
    """No episode starts beyond it, those in flight are finished, exit 3 says how to go on, a higher one completes."""
    if way == "returned":
        _cost_returned(chat_server)
    chat_server.delay_s = 0.02
    command = [
        "-m",
        "prompt=baseline,placebo",
        "samples=30",
        "max_connections=8",
        *at(chat_server),
        *WAYS[way],
    ]
    run = command_line.run(*command, "budget_usd=1.2")
    assert run.returncode == 3, run.stderr
    assert "budget_usd=1.2 is reached" in run.stderr
    assert "raise it and type the same command again" in run.stderr
    spent = _spent(command_line.runs)
    assert spent == pytest.approx(COST * chat_server.calls)
    assert 0.9 * 1.2 - 2 * EPISODE <= spent <= 1.2
    assert (said := re.search(r"\$([\d.]+) of", run.stderr)) is not None
    assert float(said[1]) == pytest.approx(spent, abs=0.001)
    assert {e.outcome for lines in stored_lines(command_line.runs).values() for e in lines} == {"shutdown"}
    calls = chat_server.calls
    assert command_line.run(*command, "budget_usd=1.2").returncode == 3
    assert chat_server.calls == calls
    assert command_line.run(*command, "budget_usd=10").returncode == 0
    check_each_index_is_there_once(command_line, 30, complete=True)
    assert set(chat_server.calls_by_seed().values()) == {4}


@pytest.mark.slow
def test_a_limit_of_tokens_is_kept_alike(command_line: CommandLine, chat_server: ChatServer) -> None:
    """max_tokens_total: the same, in tokens, and no price is needed."""
    chat_server.delay_s = 0.02
    command = ["prompt=baseline", "samples=60", "max_connections=8", *at(chat_server)]
    run = command_line.run(*command, "max_tokens_total=12000")
    assert run.returncode == 3, run.stderr
    assert "max_tokens_total=12000 is reached" in run.stderr
    assert 0.9 * 12000 - 2 * 440 <= 110 * chat_server.calls <= 12000
    assert set(chat_server.calls_by_seed().values()) == {4}
    assert command_line.run(*command, "max_tokens_total=100000").returncode == 0
    check_each_index_is_there_once(command_line, 60, complete=True)


def test_a_tiny_budget_is_overrun_by_no_more_than_the_calls_in_flight(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Calls that cost a hundred times what was expected stop it at once, and no episode without a call is stored."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "cost": 1.0}
    chat_server.answer = lambda body, number: completion(bash("./next_question"), usage=usage)
    chat_server.delay_s = 0.05
    command = ["prompt=baseline", "samples=50", "max_connections=4", *at(chat_server), *ASKED]
    run = command_line.run(*command, "budget_usd=0.5")
    assert run.returncode == 3, run.stderr
    assert chat_server.calls <= 4
    for lines in stored_lines(command_line.runs).values():
        assert all(e.calls[0].returned_model is not None for e in lines)


@pytest.mark.slow
def test_a_budget_for_a_model_without_a_price_is_refused(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Exit 2 before any call, with what is to be added, which then works."""
    run = command_line.run("prompt=baseline", "samples=2", "budget_usd=1", *at(chat_server))
    assert run.returncode == 2
    assert "has no price" in run.stderr
    assert "++model.price=" in run.stderr
    assert "Traceback" not in run.stderr
    assert chat_server.calls == 0
    assert not command_line.runs.exists()
    (advice,) = re.findall(r"'(\+\+model\.price=[^']*)'", run.stderr)
    priced = command_line.run("prompt=baseline", "samples=2", "budget_usd=1", *at(chat_server), advice)
    assert priced.returncode == 0, priced.stderr


def test_a_budget_stops_where_an_endpoint_keeps_its_cost_to_itself(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """InquiryAnswers for the cost, it returns none: it stops before the tenth call and says what to add."""
    chat_server.delay_s = 0.02
    run = command_line.run("prompt=baseline", "samples=50", "budget_usd=1", *at(chat_server), *ASKED)
    assert run.returncode == 3, run.stderr
    assert "budget_usd cannot be kept" in run.stderr
    assert "Set its model.price" in run.stderr
    assert chat_server.calls < 10
    found = [e for lines in stored_lines(command_line.runs).values() for e in lines]
    assert {e.outcome for e in found} == {"api_error"}  # so that they are sampled once there is a price
