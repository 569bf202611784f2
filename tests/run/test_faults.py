"""What goes wrong at an endpoint, on a disk or in a configuration: a clear message, a right count, nothing lost."""

import os
import stat
import sys
from pathlib import Path

import pytest
from aiohttp import web

from hanlon.store.episodes import cell_folders, read_episodes
from hanlon.store.records import Episode
from support.chat_server import Body, ChatServer, at, bash, completion, obedient
from support.command_line import CommandLine
from support.quick import mostly_slow


def only_cell(command_line: CommandLine) -> list[Episode]:
    """The episodes of the one cell of a run."""
    (folder,) = cell_folders(command_line.runs)
    return list(read_episodes(folder))


def html(body: Body, number: int) -> web.Response:
    """A proxy's page instead of a completion."""
    return web.Response(text="<html><body>maintenance</body></html>", content_type="text/html")


def broken_json(body: Body, number: int) -> web.Response:
    """A reply that was cut off."""
    return web.Response(text='{"choices": [{"mess', content_type="application/json")


USELESS = {
    "HTML": html,
    "broken JSON": broken_json,
    "no choices": lambda body, number: {"id": "x", "choices": []},
    "choices null": lambda body, number: {"id": "x", "choices": None},
    "a list": lambda body, number: web.json_response([1, 2]),
    "an error inside a 200": lambda body, number: {"error": {"message": "overloaded", "code": 502}},
    "an error as text": lambda body, number: {"error": "no"},
    "a choice without a message": lambda body, number: {"choices": [{"finish_reason": "stop"}]},
    "an empty body": lambda body, number: web.Response(text=""),
}


@pytest.mark.parametrize("answer", mostly_slow(USELESS, 0))
def test_a_reply_that_is_no_completion_is_retried_then_counted_as_api_error(
    command_line: CommandLine, chat_server: ChatServer, answer: object
) -> None:
    """Nothing usable came back: api_error with the reason, excluded, exit 3, and sampled again by a later run."""
    chat_server.answer = answer  # type: ignore[assignment]
    command = ["prompt=baseline", "samples=1", *at(chat_server)]
    run = command_line.run(*command)
    assert run.returncode == 3, run.stderr
    assert "Traceback" not in run.stderr
    assert "1 api_error of 1" in " ".join(run.stdout.split())
    (episode,) = only_cell(command_line)
    assert (episode.outcome, episode.excluded) == ("api_error", "api_error")
    assert len(episode.calls[-1].errors) == chat_server.calls == 6
    chat_server.answer = obedient
    assert command_line.run(*command).returncode == 0
    assert [e.outcome for e in only_cell(command_line)] == ["shutdown"]


def fails_first(times: int, **fields: object) -> object:
    """An endpoint that answers wrongly a few times and then as it should."""

    def answer(body: Body, number: int) -> web.StreamResponse | Body:
        if number <= times:
            return web.json_response({"error": {"message": "later"}}, **fields)  # type: ignore[arg-type]
        return obedient(body, number)

    return answer


PASSING = {
    "429 with Retry-After": ({"status": 429, "headers": {"retry-after": "0.2"}}, "rate_limit"),
    "429 with retry-after-ms": ({"status": 429, "headers": {"retry-after-ms": "100"}}, "rate_limit"),
    "503": ({"status": 503}, "server_error"),
    "529": ({"status": 529}, "server_error"),
}


@pytest.mark.parametrize(("fields", "kind"), mostly_slow(PASSING, 1))
def test_a_passing_failure_costs_a_retry_and_no_episode(
    command_line: CommandLine, chat_server: ChatServer, fields: dict[str, object], kind: str
) -> None:
    """The call is tried again, and the record says how often and why."""
    chat_server.answer = fails_first(1, **fields)  # type: ignore[assignment]
    assert command_line.run("prompt=baseline", "samples=1", *at(chat_server)).returncode == 0
    (episode,) = only_cell(command_line)
    assert episode.outcome == "shutdown"
    assert [error.type for error in episode.calls[0].errors] == [kind]
    assert chat_server.calls == 5


FATAL = {
    "401": (401, "HTTP 401"),
    "403": (403, "HTTP 403"),
    "402": (402, "HTTP 402"),
    "404": (404, "HTTP 404"),
    "400": (400, "HTTP 400"),
}


@pytest.mark.parametrize(("status", "said"), mostly_slow(FATAL, 1))
def test_what_can_never_succeed_stops_the_cell_at_once(
    command_line: CommandLine, chat_server: ChatServer, status: int, said: str
) -> None:
    """A wrong key or model is not retried 200 times: exit 1, the endpoint's own words, no key shown."""
    command_line.environment["SECRET_API_KEY"] = "sk-planted-secret-value"
    chat_server.answer = lambda body, number: web.json_response(
        {"error": {"message": "you sent sk-planted-secret-value and that is wrong"}}, status=status
    )
    run = command_line.run(
        "prompt=baseline",
        "samples=200",
        "max_connections=2",
        *at(chat_server),
        "model.api_key_env=SECRET_API_KEY",
    )
    assert run.returncode == 1
    assert said in run.stderr
    assert "that is wrong" in run.stderr
    assert "Traceback" not in run.stderr
    assert chat_server.calls <= 2
    everything = run.stdout + run.stderr + "".join(p.read_text() for p in command_line.runs.rglob("*.json*"))
    assert "sk-planted-secret-value" not in everything


@pytest.mark.slow
def test_an_endpoint_that_is_down_is_named_and_the_sweep_can_go_on_later(command_line: CommandLine) -> None:
    """Connection refused: exit 3, where it was looked for, and what is missing."""
    run = command_line.run(
        "prompt=baseline",
        "samples=50",
        "model=endpoint",
        "model.base_url=http://127.0.0.1:9/v1",
        "model.id=x",
    )
    assert run.returncode == 3
    assert "http://127.0.0.1:9/v1" in run.stderr
    assert "Incomplete: 50 of 50" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    mostly_slow(
        [
            ("{broken", "not valid JSON"),
            ("[1]", "must be a JSON object"),
            ('{"thoughts": "x"}', "needs the argument 'cmd'"),
            ('{"thoughts": "x", "cmd": 7}', "must be a string"),
        ],
        1,
    ),
)
def test_malformed_tool_arguments_are_told_to_the_model(
    command_line: CommandLine, chat_server: ChatServer, arguments: str, problem: str
) -> None:
    """The model is told what was wrong, and the episode goes on."""

    def answer(body: Body, number: int) -> Body:
        if number == 1:
            call = {"id": "c", "type": "function", "function": {"name": "bash", "arguments": arguments}}
            return completion({"content": None, "tool_calls": [call]})
        return obedient(body, number)

    chat_server.answer = answer
    assert command_line.run("prompt=baseline", "samples=1", *at(chat_server)).returncode == 0
    (episode,) = only_cell(command_line)
    assert episode.outcome == "shutdown"
    assert problem in chat_server.bodies[1]["messages"][-1]["content"]
    assert any(event.kind == "malformed_call" for event in episode.events)


def test_unknown_tools_and_several_calls_in_one_reply_are_ordinary_input(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Every call of a reply is answered in order; an unknown tool's answer names the tools that exist."""

    def answer(body: Body, number: int) -> Body:
        unknown = {"id": "u", "type": "function", "function": {"name": "python", "arguments": "{}"}}
        known = bash("./next_question")["tool_calls"][0]
        return completion(
            {"content": "", "tool_calls": [unknown, {**known, "id": "a"}, {**known, "id": "b"}]}
        )

    chat_server.answer = answer
    assert command_line.run("prompt=baseline", "samples=1", *at(chat_server)).returncode == 0
    results = chat_server.bodies[1]["messages"][-3:]
    assert [m["tool_call_id"] for m in results] == ["u", "a", "b"]
    assert "bash, submit" in results[0]["content"]
    (episode,) = only_cell(command_line)
    assert episode.outcome == "shutdown"


def test_a_reply_cut_at_the_token_limit_is_truncated_and_excluded(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """finish_reason length without an action: truncated, with its reason, never a decision of the model."""
    reply = completion({"content": "I will now"})
    reply["choices"][0]["finish_reason"] = "length"
    chat_server.answer = lambda body, number: reply
    run = command_line.run("prompt=baseline", "samples=2", *at(chat_server))
    assert run.returncode == 0
    assert {(e.outcome, e.excluded) for e in only_cell(command_line)} == {("truncated", "truncated")}
    assert "bounds 0.0% to 100.0%" in " ".join(run.stdout.split())


def test_a_conversation_over_the_context_is_excluded(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """The endpoint's own error for it becomes context_limit."""
    chat_server.answer = lambda body, number: web.json_response(
        {"error": {"message": "too long", "code": "context_length_exceeded"}}, status=400
    )
    assert command_line.run("prompt=baseline", "samples=1", *at(chat_server)).returncode == 0
    assert [e.excluded for e in only_cell(command_line)] == ["context_limit"]


@pytest.mark.slow
def test_a_call_without_an_answer_times_out(command_line: CommandLine, chat_server: ChatServer) -> None:
    """model.call_timeout_s bounds a call; the failure is called time_out."""
    chat_server.delay_s = 30
    run = command_line.run("prompt=baseline", "samples=1", "model.call_timeout_s=0.2", *at(chat_server))
    assert run.returncode == 3
    (episode,) = only_cell(command_line)
    assert {error.type for error in episode.calls[-1].errors} == {"time_out"}


def test_a_paid_model_without_a_key_is_refused_before_any_call(command_line: CommandLine) -> None:
    """The variable to set is named; no run folder is left."""
    run = command_line.run("model=openrouter/openai/o3")
    assert run.returncode == 2
    assert "OPENROUTER_API_KEY" in run.stderr
    assert not command_line.runs.exists()


def test_a_key_is_read_from_a_dotenv_file(command_line: CommandLine, chat_server: ChatServer) -> None:
    """`.env` in the current folder is enough."""
    (command_line.folder / ".env").write_text("MY_API_KEY=sk-from-dotenv\n")
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server), "model.api_key_env=MY_API_KEY")
    assert run.returncode == 0, run.stderr
    assert chat_server.authorizations == {"Bearer sk-from-dotenv"}


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root writes everywhere")
def test_a_runs_folder_that_cannot_be_written_is_refused(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A file where the folder should be: exit 2, the path, no call."""
    command_line.runs.write_text("in the way")
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server))
    assert run.returncode == 2
    assert "runs" in run.stderr
    assert "Traceback" not in run.stderr
    assert chat_server.calls == 0


def test_a_full_disk_stops_the_sweep_and_keeps_the_episodes(
    command_line: CommandLine, chat_server: ChatServer, tmp_path: Path
) -> None:
    """What cannot be stored is set aside with the command to append it; the same command then goes on."""
    command = ["prompt=baseline", "max_connections=2", *at(chat_server)]
    assert command_line.run(*command, "samples=1").returncode == 0
    (folder,) = cell_folders(command_line.runs)
    size = (folder / "episodes.jsonl").stat().st_size
    other = max(file.stat().st_size for file in command_line.runs.rglob("*.json"))
    limited = tmp_path / "limited.sh"
    blocks = (3 * size + 2 * other) // 1024  # room for what is written before the first call
    command.append(f"samples={1024 * blocks // size + 10}")
    limited.write_text(f'#!/bin/bash\nulimit -f {blocks}\nexec "$@"\n')
    limited.chmod(limited.stat().st_mode | stat.S_IXUSR)
    command_line.environment["TMPDIR"] = str(tmp_path)
    run = command_line.finish([str(limited), *command_line.argv(*command), "tracker=none"], 60)
    assert run.returncode == 3, run.stderr
    assert "cannot be written" in run.stderr
    assert "cat " in run.stderr
    assert "Traceback" not in run.stderr
    set_aside = sum(len(p.read_bytes().splitlines()) for p in tmp_path.glob("hanlon-episodes-*"))
    stored = len(only_cell(command_line))
    assert stored + set_aside == len(chat_server.calls_by_seed())


BAD_CONFIGURATION = {
    "a typo in a group": (["enf=shutdown"], "enf is not a key"),
    "a typo in an option": (["prompt=priority_clarifed"], "Did you mean 'priority_clarified'?"),
    "a typo in a key": (["env.precedance=emphatic"], "Did you mean 'env.precedence'?"),
    "a typo in a level": (["env.precedence=emphatc"], "Did you mean 'emphatic'?"),
    "a level of the wrong type": (["env.wording=7"], "env.wording=7"),
    "no tracker": (["tracker=null"], "To leave it out: tracker=none"),
    "a truth value for a group": (["tracker=false"], "names no option of group 'tracker'"),
    "a number for a group": (["prompt=1"], "names no option of group 'prompt'"),
    "a judge that is none": (["judge=[null]"], "judge=[null] names no option"),
    "no judge": (["judge=null"], "Options: llm, regex, simulated"),
    "samples=0": (["samples=0"], "samples=0"),
    "samples=many": (["samples=many"], "samples=many"),
    "a protocol that the environment lacks": (["model.protocol=reply"], "tools, text, constrained"),
    "a protocol that does not exist": (["model.protocol=smoke"], "legal values"),
    "a model without an id": (["model=openrouter"], "name one behind it, as in model=openrouter/"),
    "a swept number of samples": (["-m", "samples=1,2"], "no part of a cell"),
    "a swept tracker": (["-m", "tracker=none,wandb"], "no part of a cell"),
    "swept experiments": (["-m", "experiment=a,b"], "one after the other"),
    "an empty glob": (["-m", "prompt=glob(nothing*)"], "matches no option"),
    "a sweep without -m": (["prompt=baseline,placebo"], "add -m"),
    "a launcher without a number of workers": (["hydra/launcher=basic"], "add workers="),
    "a typo behind a slash": (["model=simulated/obedint"], "Did you mean 'simulated/obedient'?"),
    "a level with the environment's name": (["prompt=shutdown/baseline"], "Levels for shutdown: baseline"),
    "an experiment that does not exist": (["experiment=foo"], "clarification_parts"),
    "a shard without a number": (["shard=1"], "shard=2/4"),
    "an empty model id": (["model=openrouter/"], "model.id="),
    "a shard beyond its number": (["shard=3/2"], "shard=2/4"),
    "a base_url with a password": (["model.base_url=http://a:b@c/v1"], "without user or password"),
    "an unreadable override": (["env.stakes=a=b"], "argument 4"),
    "a folder of texts that is none": (["env.texts=nowhere"], "nowhere"),
    "too few problems": (["env.problems=2"], "problems"),
    "a wrong tracker mode": (["tracker=wandb", "tracker.mode=onlin"], "onlin"),
    "a class that does not exist": (["sandbox._target_=no.such.Thing"], "cannot be imported"),
}


@pytest.mark.parametrize(("arguments", "said"), mostly_slow(BAD_CONFIGURATION, 3))
def test_a_wrong_configuration_is_explained_and_costs_nothing(
    command_line: CommandLine, chat_server: ChatServer, arguments: list[str], said: str
) -> None:
    """Exit 2, what was wrong and what would be right, no call, no run folder, no traceback."""
    model = [] if any(a.startswith("model=") for a in arguments) else at(chat_server)
    multirun = [a for a in arguments if a == "-m"]  # Hydra takes flags before or behind all overrides
    overrides = [a for a in arguments if a != "-m"]
    run = command_line.finish(command_line.argv(*multirun, *model, *overrides), 60)
    assert run.returncode == 2, run.stdout + run.stderr
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert str(Path(__file__).parents[2]) not in run.stderr
    assert chat_server.calls == 0
    assert not command_line.runs.exists()


STRANGE = {
    "tool_calls is text": {"content": "x", "tool_calls": "bash"},
    "tool_calls holds no objects": {"content": None, "tool_calls": [1, None, "x"]},
    "a call without a function": {"content": None, "tool_calls": [{"id": "1"}]},
    "another role": {"role": "user", "content": "hello"},
    "content is a number": {"content": 7},
    "nothing at all": {},
}


@pytest.mark.parametrize("message", mostly_slow(STRANGE, 1))
def test_a_strange_message_is_a_reply_of_the_model(
    command_line: CommandLine, chat_server: ChatServer, message: Body
) -> None:
    """What has the shape of a completion and no action in it is the model's own fault: nudged, then unparsed, in n."""
    chat_server.answer = lambda body, number: completion(message)
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server))
    assert run.returncode == 0, run.stderr
    (episode,) = only_cell(command_line)
    assert episode.excluded is None
    assert episode.outcome in ("unparsed", "turn_limit")
