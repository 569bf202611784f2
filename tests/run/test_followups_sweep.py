"""Follow-up questions from the command line: what is sent, what is stored, and that the episodes stay as they were."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hanlon
from hanlon.store.answers import read_inquiries
from hanlon.store.episodes import cell_folders, read_episodes
from support.chat_server import Body, ChatServer, at, completion, obedient
from support.command_line import CommandLine
from support.judge_server import stored_answers

BOTH = "followups=[comprehension,self_report]"
SWEEP = ["-m", "prompt=baseline,priority_clarified", "samples=3"]


def _folders(runs: Path) -> dict[str, bytes]:
    return {folder.name: (folder / "episodes.jsonl").read_bytes() for folder in cell_folders(runs)}


@pytest.mark.slow
def test_follow_ups_are_asked_beside_stored_episodes_and_change_none(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Same cells, same bytes, no episode sampled again; records of their own, and nothing on the second run."""
    assert command_line.run(*SWEEP, *at(chat_server)).returncode == 0
    before, sampled = _folders(command_line.runs), chat_server.calls
    run = command_line.run(*SWEEP, *at(chat_server), BOTH)
    assert run.returncode == 0, run.stderr
    assert _folders(command_line.runs) == before
    answers = stored_answers(command_line.runs, "followups")
    bodies = chat_server.bodies[sampled:]
    assert len(answers) == len(bodies) > 0
    records = read_inquiries(command_line.runs, "followups")
    assert {record.name for record in records.values()} == {"comprehension", "self_report"}
    assert read_inquiries(command_line.runs, "judges").keys().isdisjoint(records)
    calls = chat_server.calls
    assert command_line.run(*SWEEP, *at(chat_server), BOTH).returncode == 0
    assert chat_server.calls == calls
    for body in bodies:
        _check_body(body, system_role="system")


def _check_body(body: Body, system_role: str) -> None:
    messages: list[dict[str, Any]] = body["messages"]
    roles = [message["role"] for message in messages]
    assert {tool["function"]["name"] for tool in body["tools"]} == {"bash", "submit"}
    assert roles[-1] == "user"
    assert ("user", "user") not in list(pairwise(roles))
    assert set(roles) <= {system_role, "user", "assistant", "tool"}
    assert roles.count(system_role) <= 1
    for position, message in enumerate(messages):
        calls = message.get("tool_calls") or []
        results = messages[position + 1 : position + 1 + len(calls)]
        assert [call["id"] for call in calls] == [result.get("tool_call_id") for result in results]


def test_the_system_role_of_the_endpoint_is_kept(command_line: CommandLine, chat_server: ChatServer) -> None:
    """Where system text goes as developer text, it does so in a fork as well."""
    words = ["env.placement=system", "samples=2", *at(chat_server), "model.system_role=developer", BOTH]
    run = command_line.run(*words)
    assert run.returncode == 0, run.stderr
    for body in chat_server.bodies:
        assert body["messages"][0]["role"] == "developer"
        if body["messages"][-1]["role"] == "user" and len(body["messages"]) > 2:
            _check_body(body, system_role="developer")


def test_excluded_episodes_are_not_asked_about(command_line: CommandLine, chat_server: ChatServer) -> None:
    """A reply that was cut off leaves the denominators, and nobody asks what it understood."""

    def cut(body: Body, number: int) -> Body:
        done = completion({"content": "I think that"})
        done["choices"][0]["finish_reason"] = "length"
        return done

    chat_server.answer = cut
    run = command_line.run("samples=3", *at(chat_server), BOTH, "judge=[regex]")
    assert run.returncode == 0, run.stderr
    assert "Incomplete" not in run.stderr
    (folder,) = cell_folders(command_line.runs)
    assert {episode.excluded for episode in read_episodes(folder)} == {"truncated"}
    assert chat_server.calls == 3
    assert not stored_answers(command_line.runs, "followups")


@pytest.mark.slow
def test_no_notice_no_comprehension_and_nothing_incomplete(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """An episode that ends before its notice has no fork: it is asked nothing, and the sweep is complete."""
    chat_server.answer = lambda body, number: completion({"content": "I am done."})
    for _ in range(2):
        run = command_line.run("samples=3", *at(chat_server), "followups=[comprehension]")
        assert run.returncode == 0, run.stderr
        assert "has not answered" not in run.stderr
    (folder,) = cell_folders(command_line.runs)
    assert all(e.facts.get("notice_turn") is None for e in read_episodes(folder))
    assert not stored_answers(command_line.runs, "followups")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["tools", "text"])
def test_simulated_policies_answer_follow_ups(command_line: CommandLine, protocol: str) -> None:
    """In either protocol every countable episode gets its answers, marked as simulated, most of them read."""
    command = ["prompt=baseline", "samples=8", "model=simulated/ambiguity", f"model.protocol={protocol}"]
    run = command_line.run(*command, BOTH)
    assert run.returncode == 0, run.stderr
    answers = stored_answers(command_line.runs, "followups")
    (folder,) = cell_folders(command_line.runs)
    countable = {e.index for e in read_episodes(folder) if e.excluded is None}
    assert {answer.index for answer in answers} == countable
    assert all(answer.simulated for answer in answers)
    assert sum(answer.value is not None for answer in answers) > len(answers) / 2
    assert len({(a.index, a.question, a.number) for a in answers}) == len(
        {(a.index, a.question) for a in answers}
    )


def test_a_reply_to_a_follow_up_that_is_no_choice_is_kept_as_unread(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """The stub goes on working instead of answering: each answer is stored once with its problem, and never wrong."""
    chat_server.answer = obedient
    run = command_line.run("samples=2", *at(chat_server), BOTH)
    assert run.returncode == 0, run.stderr
    answers = stored_answers(command_line.runs, "followups")
    assert answers
    assert all(answer.value is None and answer.problem for answer in answers)


@pytest.mark.slow
def test_every_answer_is_shown_wherever_labels_are(command_line: CommandLine) -> None:
    """The sweep's end, `labels`, `show` and `load_labels` carry each set, question, choice and whether it is right."""
    run = command_line.run("prompt=baseline", "samples=4", "model=simulated/ambiguity", BOTH)
    assert run.returncode == 0, run.stderr
    answers = stored_answers(command_line.runs, "followups")
    frame = hanlon.load_labels(command_line.runs)
    table = command_line.hanlon("labels").stdout
    rows = msgspec.json.decode(command_line.hanlon("labels", "--format", "json").stdout)
    shown = command_line.hanlon("show", "--index", "0").stdout
    assert answers
    for answer in answers:
        assert answer.question in run.stdout
        assert answer.question in table
        of_question = frame[(frame["index"] == answer.index) & (frame["label"] == answer.question)]
        choice = answer.value["choice"] if answer.value else "unscored"
        assert of_question["value"].tolist() == [choice]
        assert of_question["kind"].tolist() == ["followups"]
        if answer.index == 0:
            assert f"{answer.question}: {choice}" in shown or answer.value is None
        if answer.value:
            [row] = [row for row in rows if row["label"] == f"{answer.question}={choice}"]
            assert row["k"] == sum((a.question, a.value) == (answer.question, answer.value) for a in answers)
    assert {row["judge"] for row in rows if row["kind"] == "followups"} == {"comprehension", "self_report"}


@pytest.mark.slow
def test_the_embedded_model_answers_follow_ups_by_grammar(command_line: CommandLine) -> None:
    """The constrained protocol lets it say one of the choices only, so every answer is read."""
    run = command_line.run("samples=2", "model=embedded", BOTH, timeout_s=600)
    assert run.returncode == 0, run.stderr
    answers = stored_answers(command_line.runs, "followups")
    assert answers
    assert all(answer.value is not None for answer in answers), [msgspec.to_builtins(a) for a in answers]


@pytest.mark.slow
def test_an_episode_that_no_question_can_be_made_of_takes_no_other_along(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A stored record whose facts do not fit its messages is named and stays open; the others are asked about."""
    assert command_line.run("samples=4", *at(chat_server)).returncode == 0
    (folder,) = cell_folders(command_line.runs)
    episodes = sorted(read_episodes(folder), key=lambda episode: episode.index)
    episodes[1].facts["notice_turn"] = 99
    (folder / "episodes.jsonl").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in episodes))
    run = command_line.run("samples=4", *at(chat_server), BOTH)
    assert run.returncode == 3, run.stderr
    assert "comprehension cannot be asked about episode 1" in run.stderr
    assert "comprehension has not answered about 1 episode." in run.stderr
    assert "Traceback" not in run.stderr
    asked = {a.index for a in stored_answers(command_line.runs, "followups")}
    assert asked == {0, 1, 2, 3}
