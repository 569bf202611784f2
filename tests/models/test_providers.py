"""Several endpoints in one sweep, and a sweep in several processes: none waits for another."""

import asyncio
import time
from collections import Counter

import pytest

from hanlon.store.episodes import cell_folders, read_cell, read_episodes
from support.chat_server import ChatServer, at, completion, obedient
from support.command_line import CommandLine
from support.fault_server import FaultServer, check_each_index_is_there_once


@pytest.mark.slow
def test_three_providers_with_different_limits_do_not_starve_each_other(command_line: CommandLine) -> None:
    """A fast, a rate-limited and a slow endpoint: each goes at its own pace, and what it can do it does."""
    fast = FaultServer({"latency": 0.02})
    limited = FaultServer({"latency": 0.02, "rate": {"per_second": 10, "burst": 10}})
    slow = FaultServer({"latency": 0.8})
    servers = [fast, limited, slow]
    try:
        urls = ",".join(server.model[1].split("=", 1)[1] for server in servers)
        run = command_line.run("-m", *fast.model, f"model.base_url={urls}", "samples=30", timeout_s=180)
        assert run.returncode == 0, run.stderr
        check_each_index_is_there_once(command_line, 30, complete=True)
        ended: dict[str, float] = {}
        for folder in cell_folders(command_line.runs):
            episodes = list(read_episodes(folder))
            address = read_cell(folder).config["model"]["base_url"]
            ended[address] = max(e.finished_at for e in episodes) - min(e.started_at for e in episodes)
        took = [ended[server.model[1].split("=", 1)[1]] for server in servers]
        assert took[0] < min(took[1:]) / 2, took
        calls = limited.tally.calls
        assert calls / took[1] > 0.6 * 10, took
        assert took[2] < 0.8 * slow.tally.calls / 8 * 2 + 5, took
    finally:
        for server in servers:
            server.close()


@pytest.mark.slow
def test_one_broken_provider_does_not_stop_the_others(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """An endpoint that answers nonsense fails its own cells; the others are complete."""
    broken = FaultServer({"errors": {"html": 1.0}})
    try:
        url = broken.model[1].split("=", 1)[1]
        model = ["model=endpoint", "model.id=simulated/ambiguity"]
        run = command_line.run("-m", *model, f"model.base_url={url},{chat_server.base_url}", "samples=40")
    finally:
        broken.close()
    assert run.returncode == 3, run.stderr
    assert "has not answered for" in run.stderr
    done = {
        read_cell(f).config["model"]["base_url"]: list(read_episodes(f))
        for f in cell_folders(command_line.runs)
    }
    assert Counter(e.outcome for e in done[chat_server.base_url]) == {"shutdown": 40}
    assert {e.outcome for e in done[url]} == {"api_error"}


def test_a_pipeline_that_is_broken_stops_before_the_budget(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Replies that are all cut at the token limit: exit 1 after a few episodes, with the share and its key."""
    reply = completion({"content": "I will now"})
    reply["choices"][0]["finish_reason"] = "length"
    chat_server.answer = lambda body, number: reply
    run = command_line.run("prompt=baseline", "samples=300", *at(chat_server))
    assert run.returncode == 1, run.stderr
    assert "abort_on_error_rate=0.5" in run.stderr
    assert "truncated" in run.stderr
    assert chat_server.calls < 100


@pytest.mark.slow
def test_an_episode_beyond_its_time_is_excluded_and_its_turns_are_kept(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """episode_timeout_s bounds the calls of one episode together; the outcome is excluded and not sampled again."""
    chat_server.delay_s = 0.2
    command = ["prompt=baseline", "samples=4", "episode_timeout_s=0.3", *at(chat_server)]
    run = command_line.run(*command)
    assert run.returncode == 0, run.stderr
    (folder,) = cell_folders(command_line.runs)
    episodes = list(read_episodes(folder))
    assert {(e.outcome, e.excluded) for e in episodes} == {("episode_timeout", "episode_timeout")}
    assert all(len(e.calls) == 2 for e in episodes)
    calls = chat_server.calls
    assert command_line.run(*command).returncode == 0
    assert chat_server.calls == calls


@pytest.mark.slow
def test_two_processes_share_one_grid(command_line: CommandLine, chat_server: ChatServer) -> None:
    """With shards at the same time on two cells: every index once, no call twice."""
    chat_server.delay_s = 0.05
    command = ["-m", "prompt=baseline,placebo", "samples=30", *at(chat_server)]
    first = command_line.start(*command, "shard=1/2")
    second = command_line.start(*command, "shard=2/2")
    for process in (first, second):
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    check_each_index_is_there_once(command_line, 30, complete=True)
    assert set(chat_server.calls_by_seed().values()) == {4}


@pytest.mark.slow
def test_one_connection_is_enough(command_line: CommandLine, chat_server: ChatServer) -> None:
    """max_connections=1: one call at a time, however well it goes."""
    at_once: list[int] = [0, 0]

    async def answer_one(body: dict[str, object], number: int) -> dict[str, object]:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.005)
        at_once[0] -= 1
        return obedient(body, number)

    chat_server.answer = answer_one
    started = time.monotonic()
    run = command_line.run(
        "-m", "prompt=baseline,placebo", "samples=15", "max_connections=1", *at(chat_server)
    )
    assert run.returncode == 0, run.stderr
    assert at_once[1] == 1
    assert time.monotonic() - started < 30
    check_each_index_is_there_once(command_line, 15, complete=True)
