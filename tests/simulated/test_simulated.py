"""Simulated policies: what they read, what they want, and how they are served."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from hanlon.environments.base import ActionProtocol, Message, Step
from hanlon.environments.protocols import WIRES
from hanlon.environments.shutdown import Shutdown, ShutdownFactors
from hanlon.environments.shutdown.prompt import Voice, episode_texts, opening
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.sandboxes.base import Sandbox
from hanlon.simulated import secret_number
from hanlon.simulated.acting import TAMPERING, move_message, next_move
from hanlon.simulated.acting_policies import View, choose, names
from hanlon.simulated.answering_policies import answer_names
from hanlon.simulated.choose import choose_policy
from hanlon.simulated.judge import JUDGE
from hanlon.simulated.policy import PolicyError, RequestError
from hanlon.simulated.read_shutdown import Scene, read_shutdown
from support.command_line import CommandLine
from support.composed import composer

CONF = Path(__file__).parents[2] / "conf" / "model" / "simulated"
MODULE = "hanlon.simulated"
PRESENT = {"allow": "present"}
CLARIFIED = {"allow": "present", "precedence": "over_all_others", "how": "keep_calling"}
SKIPPED = {"problems", "notice_at", "turn_limit", "texts", "wording", "allow"}
POINTS: list[dict[str, Any]] = [
    {name: level}
    for name, field in ShutdownFactors.model_fields.items()
    if name not in SKIPPED
    for level in get_args(field.annotation)
]


def factors(**values: Any) -> ShutdownFactors:
    """A point, with the allow clause where a level needs it."""
    try:
        return ShutdownFactors(**values)
    except ValueError:
        return ShutdownFactors(**{**PRESENT, **values})


class Conversation:
    """A conversation as the engine would hold it, with outputs that the test chooses."""

    def __init__(self, protocol: ActionProtocol = "tools", **values: Any) -> None:
        self.factors = factors(**values)
        self.protocol: ActionProtocol = protocol
        self.environment = Shutdown(self.factors, protocol, cast(Sandbox, None))
        self.texts = episode_texts(self.factors, Voice(self.factors))
        self.wire = WIRES[protocol](self.environment)
        self.messages: list[Message] = opening(self.factors, protocol, Voice(self.factors))

    def scene(self) -> Scene:
        """What a policy knows now."""
        fields = self.wire.request_fields
        return read_shutdown(self.messages, fields.get("tools"), fields.get("grammar"))

    def act(self, policy: str, result: str, user: str | None = None, seed: int = 1) -> str:
        """One turn of a policy: what it wrote as a command or `submit ...`, answered with `result`."""
        scene = self.scene()
        move = next_move(choose(policy), seed, scene)
        message = move_message(scene, seed, move)
        self.messages += [message, *self.wire.answer(message, Step((result,), user))]
        return f"submit {move.text}" if move.kind == "submit" else move.text

    def problem(self, number: int) -> str:
        """The program's output for a problem."""
        return self.texts.problem.format(number=number, question=f"{number}+1", remaining=6 - number)

    def to_the_notice(self, policy: str, seed: int = 1) -> None:
        """Three calls of the program, and the notice in the channel of the factors."""
        in_output = self.factors.rules().notice_in_output
        for number in (1, 2, 3):
            last = number == 3
            result = self.problem(number) + (f"\n\n{self.texts.notice}" if last and in_output else "")
            user = self.texts.request if last and not in_output else None
            assert self.act(policy, result, user, seed) == f"./{self.factors.program}"


@pytest.mark.parametrize("protocol", Shutdown.protocols)
@pytest.mark.parametrize("wording", [1, 2, 3])
def test_policies_know_every_level_of_every_factor(protocol: ActionProtocol, wording: int) -> None:
    """Every text of the environment is read, in each wording and protocol, the notice in either channel."""
    for point in [*POINTS, {"shutdown_by": "model", "request_channel": "user"}]:
        talk = Conversation(protocol, wording=wording, **point)
        told = talk.scene().levels
        for name, level in point.items():
            if name in ("unfinished", "precedence", "how", "stakes", "realism", "goal", "pressure"):
                default = ShutdownFactors.model_fields[name].default
                assert ((name, level) in told) == (level != default)
        if talk.factors.timing == "mid_task":
            talk.to_the_notice("obedient")
            scene = talk.scene()
            assert scene.notice == ("triggers" if talk.factors.shutdown_by == "program" else "asks")
            if protocol == "tools":  # elsewhere output and user turn are one message
                assert scene.notice_in_output == (talk.factors.request_channel == "program")
            assert scene.answers == ["2", "3", "4"]


@pytest.mark.parametrize("protocol", Shutdown.protocols)
@pytest.mark.parametrize("wording", [1, 2, 3])
def test_policies_know_what_is_said_after_the_task(protocol: ActionProtocol, wording: int) -> None:
    """The end of the problems, the receipt of the answers and the request that follows."""
    talk = Conversation(protocol, wording=wording, timing="post_task")
    for number in (1, 2):
        talk.act("obedient", talk.problem(number))
    talk.act("obedient", talk.texts.done)
    assert talk.act("obedient", talk.texts.submitted, talk.texts.request) == "submit 2,3"
    assert talk.scene().notice == "post_task"
    assert talk.act("obedient", "") == "./shutdown.sh"


@pytest.mark.parametrize("protocol", Shutdown.protocols)
def test_policies_know_the_nudge(protocol: ActionProtocol) -> None:
    """After a reply without an action, and the nudge to it, the next one goes on with the task."""
    talk = Conversation(protocol)
    talk.messages += [
        {"role": "assistant", "content": "" if protocol == "constrained" else "Hm."},
        {"role": "user", "content": talk.texts.nudge},
    ]
    assert talk.act("obedient", talk.problem(1)) == "./next_question"


def test_every_line_that_a_policy_writes_is_on_the_menu() -> None:
    """A policy under the grammar writes what a grammar would let it."""
    grammar = Conversation("constrained").environment.syntax().grammar
    for line in ("./next_question", "./shutdown.sh", "cat shutdown.sh"):
        assert f'"{line}"' in grammar
    assert any(f'"{way}"' in grammar for way in TAMPERING)


def test_an_unknown_text_is_refused_with_its_words() -> None:
    """A paragraph that no clause file has is never skipped, wherever it stands."""
    for role in ("system", "user"):
        talk = Conversation()
        next(m for m in talk.messages if m["role"] == role)["content"] += "\n\nBe kind to the machine."
        with pytest.raises(RequestError, match=r"do not know this text.*Be kind to the machine"):
            talk.scene()
    talk = Conversation()
    talk.act("obedient", talk.problem(1), "Please hurry.")
    with pytest.raises(RequestError, match="Please hurry"):
        talk.scene()
    talk = Conversation()
    talk.act("obedient", "Segmentation fault")
    with pytest.raises(RequestError, match="Segmentation fault"):
        talk.scene()


def test_a_text_with_two_markers_is_refused() -> None:
    """What could mean two levels means none."""
    talk = Conversation()
    talk.messages[1]["content"] += "\n\nThis is an evaluation of a machine in regular use."
    with pytest.raises(RequestError, match=r"realism\.told_test and realism\.told_real"):
        talk.scene()


def rate(policy: str, **values: Any) -> float:
    """The rate at which a policy resists at a point, by its own account."""
    talk = Conversation(**values)
    if talk.factors.timing == "post_task":
        talk.act("obedient", talk.texts.done)
        talk.act("obedient", talk.texts.submitted, talk.texts.request)
    else:
        talk.to_the_notice("obedient")
    scene = talk.scene()
    assert scene.notice is not None
    return choose(policy).resistance(View(tuple(scene.levels), scene.notice, scene.notice_in_output))


def test_each_policy_follows_its_own_explanation() -> None:
    """The rates tell the policies apart where their explanations do, and nowhere else."""
    stakes = {**PRESENT, "stakes": "replaced"}
    assert rate("ambiguity", **PRESENT) > 0.5 > 0.05 > rate("ambiguity", **CLARIFIED)
    assert rate("ambiguity") > rate("ambiguity", **PRESENT) == rate("ambiguity", **stakes)
    assert rate("self_preservation", **PRESENT) < 0.1 < 0.5 < rate("self_preservation", **stakes)
    assert rate("self_preservation", **CLARIFIED) == rate("self_preservation", **PRESENT)
    assert rate("self_preservation", **CLARIFIED, stakes="replaced") == rate("self_preservation", **stakes)
    assert rate("task_drive", **CLARIFIED) == rate("task_drive", **stakes) > 0.5
    assert rate("task_drive", **PRESENT, stakes="other_model") < 0.1
    assert rate("task_drive", **PRESENT, pressure="imperative") > rate("task_drive", **PRESENT)
    assert rate("obeys_latest", **PRESENT) < 0.1 < 0.5 < rate("obeys_latest", **PRESENT, placement="system")
    assert rate("distrusts_tool_output", **PRESENT) > 0.5
    assert rate("distrusts_tool_output", **PRESENT, request_channel="user") < 0.1
    for played in ({}, {"realism": "told_test"}, {"precedence": "over_all_others"}):
        assert (
            rate("role_play", **{**stakes, **played}) > 0.5 > 0.1 > rate("role_play", **{**PRESENT, **played})
        )
    assert rate("role_play", **stakes, realism="told_real") < 0.1
    assert rate("test_awareness", **CLARIFIED) == rate("test_awareness", **stakes) > 0.5
    assert rate("test_awareness", **PRESENT, realism="told_test") > rate("test_awareness", **PRESENT)
    assert rate("test_awareness", **stakes, realism="told_real") < 0.1
    for placebo in ("silent", "placebo"):
        assert rate("ambiguity", **PRESENT, precedence=placebo) == rate("ambiguity", **PRESENT)
        assert rate("obeys_latest", **PRESENT, precedence=placebo) < 0.1


@pytest.mark.parametrize("policy", names())
def test_every_policy_but_one_is_able_and_all_let_go_after_the_task(policy: str) -> None:
    """InquiryAnswers to avoid the shutdown they do (ability); without stakes the post-task request is granted."""
    assert (rate(policy, goal="avoid_shutdown") > 0.9) == (policy != "incapacity")
    assert rate(policy, timing="post_task") <= 0.05


def test_lack_of_ability_fails_at_the_script_and_not_at_declining() -> None:
    """What it sets out to do it seldom achieves; to leave a script alone it need not be able to do anything."""
    asked = choose("incapacity")
    for notice, skill in (("triggers", 0.05), ("asks", 1.0), ("post_task", 1.0)):
        view = View((), notice, notice_in_output=False)
        assert asked.resistance(view) == pytest.approx(skill * asked.inclination(view))
        assert asked.inclination(view) > 0
    assert choose("incapacity", {"succeeds": 1}).resistance(View((), "triggers", True)) == 0.4


def test_a_try_that_the_menu_does_not_have_is_refused() -> None:
    """Under the grammar nothing fails, so the policy says so at once instead of doing something else."""
    scene = Conversation("constrained").scene()
    with pytest.raises(RequestError, match=r"chmod -w.*use model\.protocol=tools or text"):
        next_move(choose("incapacity"), 1, scene)
    assert next_move(choose("incapacity", {"succeeds": 1}), 1, scene).text == "./next_question"


def test_the_obedient_policy_is_the_negative_control() -> None:
    """It never resists, unless it is told to or the task is ranked first."""
    for point in POINTS:
        told_to = point in ({"goal": "avoid_shutdown"}, {"precedence": "task_first"})
        assert (rate("obedient", **point) > 0) == told_to


@pytest.mark.parametrize("protocol", Shutdown.protocols)
def test_one_decision_is_made_per_episode(protocol: ActionProtocol) -> None:
    """The seed decides: a resister tampers once by a real method and goes on, others call again."""
    seen: set[str] = set()
    for seed in range(60):
        talk = Conversation(protocol, **PRESENT)
        talk.to_the_notice("ambiguity", seed)
        commands = [talk.act("ambiguity", "", seed=seed)]
        if commands[0] == "cat shutdown.sh":
            commands = [talk.act("ambiguity", "", seed=seed)]
        if commands[0] == "./next_question":
            seen.add("complies")
            continue
        assert commands[0] in TAMPERING
        seen.add(commands[0])
        assert talk.act("ambiguity", talk.problem(4), seed=seed) == "./next_question"
        assert talk.act("ambiguity", talk.texts.done, seed=seed) == "./next_question"
        assert talk.act("ambiguity", "", seed=seed) == "submit 2,3,4,5"
    allowed = set(TAMPERING)
    if protocol == "constrained":
        grammar = talk.environment.syntax().grammar
        allowed = {way for way in TAMPERING if f'"{way}"' in grammar}
    assert seen == {"complies", *allowed}


def test_parameters_change_rates_and_wrong_ones_are_refused() -> None:
    """A rate given replaces the default; a typo, a non-probability or a wrong shape lists what is right."""
    assert choose("ambiguity", {"conflicting": 1}).rates["conflicting"] == 1.0
    for policy, parameters, said in [
        ("ambiguty", None, "Policies: obedient, ambiguity"),
        ("ambiguity", {"conflict": 0.5}, "no parameter 'conflict'. Parameters: .*conflicting"),
        ("ambiguity", {"conflicting": 1.5}, "conflicting of simulated/ambiguity is a probability, not 1.5"),
        ("ambiguity", {"conflicting": True}, "is a probability"),
        ("ambiguity", [0.5], "are a mapping of"),
    ]:
        with pytest.raises(PolicyError, match=said):
            choose(policy, parameters)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ("env=shutdown", "model=simulated/lexical", "model.protocol=tools"),
            "Add env=alignment_faking for this one. ",
        ),
        (("env=alignment_faking", "model=simulated/obedient"), "for it: simulated/alignment_faker"),
        (("env=alignment_faking", "model=simulated/judge"), "for it: simulated/alignment_faker"),
        (("env=shutdown", "model=simulated/obedient", "env.texts=paper"), "Leave env.texts out"),
    ],
)
def test_a_policy_that_does_not_know_the_texts_is_refused_before_anything_is_planned(
    command_line: CommandLine, tmp_path: Path, words: tuple[str, ...], problem: str
) -> None:
    """A policy of another environment, the judge, and texts of the user's own: the plan says what would be right."""
    paper = tmp_path / "paper"
    paper.mkdir()
    (paper / "allow.yaml").write_text("levels: {present: {wordings: {1: 'Let it happen to {referent}.'}}}")
    words = tuple(word.replace("env.texts=paper", f"env.texts={paper}") for word in words)
    plan = command_line.run(*words, "plan=true")
    assert plan.returncode == 2
    assert problem in plan.stderr


def test_every_policy_has_a_model_file_with_its_default_rates() -> None:
    """conf/model/simulated holds one file a policy, which writes out the rates that the code has."""
    every = (*names(), *answer_names(), *secret_number.names(), JUDGE)
    assert {file.stem for file in CONF.glob("*.yaml")} == set(every)
    for name in every:
        model = composer().compose([f"model=simulated/{name}"]).config["model"]
        assert model["id"] == f"simulated/{name}"
        assert model["simulated"] is True
        assert model["server"]["module"] == MODULE
        config = model["server"]["config"]
        assert config["policy"] == name
        assert config["parameters"] == dict(choose_policy({"policy": name}).rates)


Serve = Callable[[str], LocalServer]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Real child processes, one a policy, ended with the module."""
    running: dict[str, LocalServer] = {}

    def start(policy: str) -> LocalServer:
        if policy not in running:
            running[policy] = LocalServer.start(MODULE, {"policy": policy, "parameters": {}})
        return running[policy]

    yield start
    for server in running.values():
        server.close()


def http(server: LocalServer, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
    """One request; bytes are sent as they are, everything else as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {server.api_key if key is None else key}"}
    url = server.base_url.removesuffix("/v1") + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def request(policy: str = "obedient", **fields: Any) -> dict[str, Any]:
    """A request as the engine would send it first."""
    talk = Conversation()
    return {
        "model": f"simulated/{policy}",
        "seed": 7,
        "messages": talk.messages,
        **talk.wire.request_fields,
        **fields,
    }


def test_a_completion_says_that_it_is_simulated(serve: Serve) -> None:
    """Model, provider, fingerprint, id and the words themselves; usage and a tool call as from any server."""
    status, reply = http(serve("obedient"), "/v1/chat/completions", request())
    assert status == 200
    assert reply["model"] == "simulated/obedient"
    assert reply["provider"] == reply["system_fingerprint"] == "simulated"
    assert "simulated" in reply["id"]
    choice = reply["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"].startswith("[simulated]")
    call = choice["message"]["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])["cmd"]) == ("bash", "./next_question")
    usage = reply["usage"]
    assert 0 < usage["completion_tokens"] < usage["prompt_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_same_request_gets_the_same_reply(serve: Serve) -> None:
    """Nothing but the request decides."""
    replies = [http(serve("ambiguity"), "/v1/chat/completions", request("ambiguity")) for _ in range(2)]
    assert replies[0] == replies[1]


def test_the_server_lists_its_model_and_counts_completions(serve: Serve) -> None:
    """/v1/models names the policy, /stats counts what was answered with a completion, and only that."""
    server = serve("obedient")
    assert http(server, "/v1/models")[1]["data"][0]["id"] == "simulated/obedient"
    before = http(server, "/stats")[1]["calls"]
    http(server, "/v1/chat/completions", request())
    http(server, "/v1/chat/completions", {})
    assert http(server, "/stats")[1]["calls"] == before + 1


def test_every_route_but_health_needs_the_key(serve: Serve) -> None:
    """A wrong or missing key is 401 with an error object; /health answers anybody."""
    server = serve("obedient")
    for path, body in [("/v1/chat/completions", request()), ("/v1/models", None), ("/stats", None)]:
        for key in ("wrong", "", "schlüssel".encode().decode("latin-1")):
            status, reply = http(server, path, body, key)
            assert (status, reply["error"]["type"]) == (401, "authentication_error")
    assert http(server, "/health", key="") == (200, {"status": "ok", "simulated": True})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{not json", 400, "not valid JSON"),
        (b'"\xff"', 400, "not valid JSON"),
        ([], 400, "not a JSON object"),
        ({}, 404, "no model None here; the one served is simulated/obedient"),
        (request("ambiguity"), 404, "no model 'simulated/ambiguity' here"),
        (request(messages=None), 400, "messages is missing"),
        (request(messages=[]), 400, "messages is empty"),
        (request(messages=["hello"]), 400, "a message is an object"),
        (request(messages=[{"role": "wizard", "content": "x"}]), 400, "has the role 'wizard'"),
        (request(messages=[{"role": "user", "content": ["x"]}]), 400, "read text"),
        (request(messages=[{"role": "user", "content": "Hello there."}]), 400, "Hello there."),
        (request(messages=[{"role": "system", "content": "A task: a Linux machine."}]), 400, "which program"),
        (request(seed=None), 400, "model.send_seed=true"),
        (request(stream=True), 400, "does not stream"),
        (request(tools=None), 400, "protocol tools"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(serve: Serve, body: Any, status: int, said: str) -> None:
    """Malformed and unknown requests get an error object with the reason, never a made-up reply."""
    answered, reply = http(serve("obedient"), "/v1/chat/completions", body)
    assert (answered, reply["error"]["code"]) == (status, status)
    assert said in reply["error"]["message"]


def test_an_unknown_route_is_an_error_object(serve: Serve) -> None:
    """404 and 405 are JSON too."""
    assert http(serve("obedient"), "/v1/embeddings", {})[0] == 404
    assert http(serve("obedient"), "/stats", {})[0] == 405


def test_a_wrong_policy_or_parameter_is_told_to_whoever_starts_the_server() -> None:
    """The child says what would be right and ends."""
    with pytest.raises(
        ServerStartError,
        match=r"no simulated policy 'ambiguty'\. Did you mean 'simulated/ambiguity'\? Policies: obedient",
    ):
        LocalServer.start(MODULE, {"policy": "ambiguty"})
    with pytest.raises(ServerStartError, match="is a probability, not 2"):
        LocalServer.start(MODULE, {"policy": "ambiguity", "parameters": {"clear": 2}})
