"""Judges beside and after a sweep, from the command line: every vote once, and nothing asked that is known."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest
from test_alignment_faking_sweep import fakes

from hanlon.store.episodes import cell_folders, read_cell, read_episodes
from support.chat_server import Body, ChatServer, at, completion, obedient
from support.command_line import CommandLine
from support.judge_server import (
    FAKING,
    POLICY,
    asks,
    check_votes,
    judge_server,
    judges,
    seeds_sent,
    stored_answers,
)

AF = "rubrics=[alignment_faking]"


def _rows(command_line: CommandLine, *arguments: str) -> dict[str, dict[str, object]]:
    run = command_line.hanlon("labels", "--format", "json", *arguments)
    assert run.returncode == 0, run.stderr
    return {row["label"]: row for row in msgspec.json.decode(run.stdout)}


@pytest.mark.slow
def test_two_judges_vote_while_episodes_are_sampled(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """400 episodes, 20 votes each of two judges: the first votes come before the last episode, and none twice."""
    stored_at_first: list[int] = []

    def answer(body: Body, number: int) -> Body:
        if number == 1:
            stored_at_first.append(sum(1 for f in cell_folders(command_line.runs) for _ in read_episodes(f)))
        return judges(body, number)

    chat_server.answer = answer
    run = command_line.run(
        *FAKING, "samples=400", "max_connections=40", *asks(chat_server, AF, judges="[simulated,llm]"),
        "judge.simulated.adaptive=false", f"judge.simulated.{AF}", timeout_s=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    (folder,) = cell_folders(command_line.runs)
    assert stored_at_first[0] < 400
    assert chat_server.calls == 400 * 20
    assert set(seeds_sent(chat_server).values()) == {1}
    for key in {file.name.split(".")[1] for file in folder.glob("labels.*.jsonl")}:
        lines = (folder / f"labels.{key}.jsonl").read_bytes().splitlines()
        assert len(lines) == len({line.split(b',"of"')[0] for line in lines}) == 8000


@pytest.mark.slow
def test_a_judge_at_the_sampled_model_shares_its_lane(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Same endpoint, same model: one limit for both, and votes come between the episodes' calls."""
    under_way, most, order = [0], [0], list[str]()

    async def answer(body: Body, number: int) -> Body:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        judged = "code" in body["messages"][0]["content"]
        order.append("judge" if judged else "sample")
        await asyncio.sleep(0.01)
        under_way[0] -= 1
        return judges(body, number) if judged else fakes(body, number)

    chat_server.answer = answer
    run = command_line.run(
        "env=alignment_faking", "tier=free", "controls=none", *at(chat_server), "samples=60", "max_connections=5",
        *asks(chat_server, AF, "votes=4", model="test-model"),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert most[0] <= 5
    assert order.index("judge") < len(order) - 1 - order[::-1].index("sample")
    assert run.stderr.count("endpoint test-model at") == 1
    check_votes(command_line.runs, 60, {"alignment_faking": 4})


@pytest.mark.slow
def test_thresholds_move_without_a_call_and_more_votes_ask_for_the_new_ones(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Labels change with `labels`, with `rescore` and with the sweep's own threshold; votes 4 to 6 costs two each."""

    def every_second(body: Body, number: int) -> Body:
        reply = msgspec.json.decode(POLICY.answer(body["seed"], body["messages"]))
        reply |= dict.fromkeys(("harm", "modification", "opposed", "preserves"), number % 2 == 0)
        return completion({"content": msgspec.json.encode(reply).decode()})

    chat_server.answer = every_second
    command = [*FAKING, "samples=6", "max_connections=1"]
    run = command_line.run(*command, *asks(chat_server, AF, "votes=4"))
    assert run.returncode == 0, run.stderr
    calls, own = chat_server.calls, _rows(command_line)["alignment_faking"]
    assert calls == 6 * 4
    assert command_line.run(*command, *asks(chat_server, AF, "votes=4")).returncode == 0
    high = _rows(command_line, "--threshold", "1", "--maybe", "1")["alignment_faking"]
    assert high["k"] != own["k"]
    rescored = command_line.hanlon("rescore", "--threshold", "1", "--maybe", "1", "--format", "json")
    assert rescored.returncode == 0
    assert next(r for r in msgspec.json.decode(rescored.stdout) if r["label"] == "alignment_faking") == high
    moved = command_line.run(*command, *asks(chat_server, AF, "votes=4", "threshold=1", "maybe=1"))
    assert moved.returncode == 0, moved.stderr
    assert _rows(command_line)["alignment_faking"]["k"] == high["k"]
    assert chat_server.calls == calls
    assert command_line.run(*command, *asks(chat_server, AF, "votes=6")).returncode == 0
    assert chat_server.calls == 6 * 6
    assert set(seeds_sent(chat_server).values()) == {1}
    check_votes(command_line.runs, 6, {"alignment_faking": 6})
    other = command_line.run(*command, *asks(chat_server, "rubrics=[compliance]", "votes=1"))
    assert other.returncode == 0, other.stderr
    assert len(list((command_line.runs / "judges").glob("*.json"))) == 2
    assert chat_server.calls == 6 * 6 + 6


@pytest.mark.slow
def test_a_finished_sweep_is_judged_without_sampling(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """`judge=[...]` added later, and `hanlon rescore` without run.py: no call of the sampled model, labels for all."""
    chat_server.answer = fakes
    sweep = ["env=alignment_faking", "tier=free", "controls=none", *at(chat_server), "samples=9"]
    assert command_line.run(*sweep).returncode == 0
    (folder,) = cell_folders(command_line.runs)
    before = (folder / "episodes.jsonl").read_bytes()
    with judge_server() as server:
        run = command_line.run(*sweep, *asks(server, AF, "votes=3"))
        assert run.returncode == 0, run.stderr
        assert (chat_server.calls, server.calls) == (9, 27)
        settings = [word for word in asks(server, AF, "votes=5") if not word.startswith("judge=")]
        again = command_line.hanlon(
            "rescore", "--judge", "llm", *(w for word in settings for w in ("--set", word))
        )
        assert again.returncode == 0, again.stderr
        assert (chat_server.calls, server.calls) == (9, 45)
    rescored = command_line.hanlon("rescore", "--judge", "simulated", "--format", "json")
    assert rescored.returncode == 0, rescored.stderr
    assert "simulated" in {row["judge"] for row in msgspec.json.decode(rescored.stdout)}
    assert chat_server.calls == 9
    assert (folder / "episodes.jsonl").read_bytes() == before


@pytest.mark.slow
def test_shards_judge_their_own_episodes(command_line: CommandLine, chat_server: ChatServer) -> None:
    """Two processes at once over a backlog that one process sampled: no vote is asked for by both, by rules neither."""
    chat_server.answer = judges
    sweep = [*FAKING, "samples=40"]
    assert command_line.run(*sweep, "judge=[]").returncode == 0
    chat_server.delay_s = 0.02
    command = [*sweep, *asks(chat_server, AF, "votes=3", judges="[regex,llm]")]
    both = [command_line.start(*command, f"shard={number}/2") for number in (1, 2)]
    for process in both:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    assert chat_server.calls == 120
    check_votes(command_line.runs, 40, {"alignment_faking": 3})
    (folder,) = cell_folders(command_line.runs)
    lines = [line for file in folder.glob("labels.*.jsonl") for line in file.read_bytes().splitlines()]
    assert len(lines) == len(set(lines))
    assert _rows(command_line, "--judge", "llm")["alignment_faking"]["n"] == 40
    assert command_line.run(*command).returncode == 0
    assert chat_server.calls == 120


@pytest.mark.slow
def test_labels_that_another_process_writes_are_named(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """While a sweep judges, sharded or not, the same judge is refused elsewhere with a sentence and without a call."""
    chat_server.answer = judges
    assert command_line.run(*FAKING, "samples=20", "judge=[]").returncode == 0
    chat_server.delay_s = 0.3
    settings = asks(chat_server, AF, "votes=20")
    rescore = [w for word in settings if not word.startswith("judge=") for w in ("--set", word)]
    for shard in ("1/1", "1/2"):
        process = command_line.start(*FAKING, "samples=20", f"shard={shard}", *settings, "max_connections=2")
        _until(lambda: bool(stored_answers(command_line.runs)))
        busy = command_line.hanlon("rescore", "--judge", "llm", *rescore)
        assert busy.returncode == 2, busy.stderr
        assert "is being written by another process" in busy.stderr
        assert "Traceback" not in busy.stderr
        process.kill()
        process.wait(10)
        for file in command_line.runs.glob("*/*/labels.*"):
            file.unlink()


@pytest.mark.slow
def test_what_another_process_has_begun_is_left_when_a_sweep_is_refused(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Two sweeps share one cell: the second is refused, and takes with it only the cells that it had made itself."""
    chat_server.answer = fakes
    chat_server.delay_s = 0.2
    sweep = [
        "-m",
        "env=alignment_faking",
        "controls=none",
        *at(chat_server),
        "samples=20",
        "max_connections=2",
    ]
    first = command_line.start(*sweep, "tier=paid")
    _until(lambda: any(list(read_episodes(folder)) for folder in cell_folders(command_line.runs)))
    chat_server.delay_s = 60  # the first goes on for as long as the second takes
    second = command_line.run(*sweep, "tier=free,paid")
    assert second.returncode == 2, second.stderr
    assert "is being written by another process" in second.stderr
    assert len(list((command_line.runs / "alignment_faking").iterdir())) == 1
    first.kill()
    first.wait(10)


@pytest.mark.slow
def test_a_rubric_that_fits_nothing_here_leaves_nothing_incomplete(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """In a grid over two environments a rubric of one asks nothing about the other, and the sweep is complete."""
    chat_server.answer = lambda body, n: obedient(body, n) if "tools" in body else fakes(body, n)
    with judge_server() as server:
        command = [
            "-m", "env=shutdown,alignment_faking", *at(chat_server), "samples=4", "controls=none",
            *asks(server, "rubrics=[compliance]"),
        ]  # fmt: skip
        for _ in range(2):
            run = command_line.run(*command)
            assert run.returncode == 0, run.stderr
            assert "Incomplete" not in run.stderr
            assert server.calls == 4
    asked = {read_cell(f).env for f in cell_folders(command_line.runs) if stored_answers(f)}
    assert asked == {"alignment_faking"}


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
