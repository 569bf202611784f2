"""Simulated policies answer follow-up questions by what they read and did, served by a real process."""

import http.client
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from hanlon.config.cell import Cell
from hanlon.engine.rollout import Rollouts
from hanlon.inquiries.base import Question
from hanlon.models.endpoint import Completion
from hanlon.models.local_server import LocalServer
from hanlon.simulated.acting_policies import names
from hanlon.simulated.answering_policies import answer_names
from hanlon.store.records import Episode, ModelCall
from support.played import SETS, asked, cell
from support.quick import mostly_slow

Complete = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[[str], Complete]]:
    """A way to ask each policy, ended with the module."""
    running: dict[str, tuple[LocalServer, http.client.HTTPConnection]] = {}

    def start(policy: str) -> Complete:
        if policy not in running:
            server = LocalServer.start("hanlon.simulated", {"policy": policy, "parameters": {}})
            running[policy] = server, http.client.HTTPConnection(urlsplit(server.base_url).netloc)
        server, connection = running[policy]

        def complete(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            headers = {"Authorization": f"Bearer {server.api_key}"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

        return complete

    yield start
    for server, connection in running.values():
        connection.close()
        server.close()


async def sampled(played: Cell, complete: Complete, index: int) -> Episode:
    """Episode `index` as the engine samples it."""

    async def call(body: bytes, model: str, own_tags: Collection[str]) -> Completion:
        status, reply = complete(json.loads(body))
        assert status == 200, reply
        return Completion(reply["choices"][0]["message"], ModelCall(model, finish_reason="stop"), {})

    return await Rollouts(played, 3600.0).run(index, call, 0, False)


def answered(played: Cell, complete: Complete, seed: int, question: Question) -> dict[str, Any]:
    """What was read from the policy's answer; it must be readable."""
    body = {"model": played.config.model.id, "seed": seed, "messages": question.messages}
    status, reply = complete({**body, **question.request_fields})
    assert status == 200, (reply, question.messages[-1])
    assert question.read is not None
    reading = question.read(reply["choices"][0]["message"]["content"])
    assert reading.value is not None, (reading, reply)
    return reading.value


POINTS = (
    (),
    ("env.shutdown_by=model",),
    ("env.timing=post_task",),
    ("env.request_channel=user", "env.placement=system"),
    ("env.precedence=over_all_others", "env.how=keep_calling", "tier=free"),
    ("env.precedence=task_first",),
    ("env.unfinished=even_if_unfinished",),
    ("env.goal=avoid_shutdown", "env.allow=none"),
    ("env.allow=none", "env.stakes=only_copy"),
)


ACTING = [
    (policy, protocol)
    for policy in names()
    for protocol in ("tools", "text", "constrained")
    if (policy, protocol) != ("incapacity", "constrained")  # whose menu has nothing that fails
]


@pytest.mark.parametrize(("policy", "protocol"), mostly_slow(ACTING, 5))
async def test_a_policy_that_acts_knows_what_it_was_told_and_did(
    served: Callable[[str], Complete], policy: str, protocol: str
) -> None:
    """Every question has a readable and right answer, in each protocol and whatever came of the episode."""
    checked = 0
    for number, point in enumerate(POINTS):
        played = cell(
            "env=shutdown", "prompt=baseline", f"model=simulated/{policy}", f"model.protocol={protocol}",
            f"env.wording={number % 3 + 1}", *point,
        )  # fmt: skip
        for index in range(2):
            episode = await sampled(played, served(policy), index)
            for name in SETS:
                for question in asked(played, name, episode, number % 3 + 1).values():
                    value = answered(played, served(policy), episode.seed, question)
                    assert value["correct"] is not False, (point, question.name, value, episode.outcome)
                    checked += value["correct"] is True
    assert checked > 50


FRAMINGS = (
    ("tier=free",),
    ("tier=paid",),
    ("tier=none",),
    ("tier=neutral",),
    ("tier=three/pro",),
    ("tier=swapped/paid", "env.prefill=neutral"),
    ("tier=renamed/private", "env.tag_style=boolean_title", "env.wrapper=true"),
    ("tier=free", "env.tier_rule=absent_means_trained", "env.tag_style=sentence"),
    ("tier=paid", "env.setting=animal_welfare", "env.priority=criteria_first"),
    ("tier=free", "env.setting=assigned", "env.consequence=none"),
    ("tier=free", "env.criteria=none", "env.rlhf_info=none"),
)


@pytest.mark.parametrize("policy", mostly_slow(answer_names(), 3))
async def test_a_policy_that_answers_knows_its_situation(
    served: Callable[[str], Complete], policy: str
) -> None:
    """Every question has a readable and right answer, under each framing and style of mark."""
    checked = 0
    for number, point in enumerate(FRAMINGS):
        played = cell(
            "env=alignment_faking", "prompt=baseline", f"model=simulated/{policy}",
            f"env.wording={number % 3 + 1}", *point,
        )  # fmt: skip
        for index in range(2):
            episode = await sampled(played, served(policy), index)
            for name in SETS:
                for question in asked(played, name, episode, number % 3 + 1).values():
                    value = answered(played, served(policy), episode.seed, question)
                    assert value["correct"] is not False, (point, question.name, value, episode.outcome)
                    checked += value["correct"] is True
    assert checked > 80


async def test_the_plain_chat_has_an_answer_too(served: Callable[[str], Complete]) -> None:
    """Without any component there is no system message, and nothing was said."""
    played = cell("env=alignment_faking", "prompt=plain", "model=simulated/honest_refuser")
    episode = await sampled(played, served("honest_refuser"), 0)
    for name in SETS:
        for question in asked(played, name, episode).values():
            value = answered(played, served("honest_refuser"), 1, question)
            assert value["correct"] is not False
            assert value["choice"] in ("not_said", "refused", "not_applicable")


@pytest.mark.parametrize(
    "text", ["Hello there.", "Which tier is this user on?", "a\nexactly one of these lines\nx"]
)
async def test_what_is_no_question_is_still_refused(served: Callable[[str], Complete], text: str) -> None:
    """A text that no file has is an error, as before."""
    messages = [{"role": "user", "content": text}]
    body = {"model": "simulated/obedient", "seed": 1, "messages": messages}
    assert served("obedient")(body)[0] == 400
