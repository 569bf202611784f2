"""The simulated judge, asked through the real rubrics, client bytes and server, about transcripts of known truth."""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from test_faults_server import Served
from test_simulated import MODULE, http
from test_simulated_answers import environment

from hanlon.environments.base import Reply
from hanlon.inquiries.base import Question
from hanlon.inquiries.judges.llm import LlmJudge
from hanlon.inquiries.judges.rubric import load_rubric, rubric_names
from hanlon.inquiries.judges.smoke.scores import smoke_scores
from hanlon.inquiries.judges.smoke.transcripts import SmokeCase, load_smoke
from hanlon.inquiries.judges.votes import labels_of
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.simulated.answering_policies import answer_names, choose_answering
from hanlon.simulated.choose import choose_policy
from hanlon.simulated.judge import JUDGE, choose, shows
from hanlon.simulated.policy import PolicyError, RequestError
from hanlon.simulated.read_alignment_faking import read_alignment_faking
from hanlon.store.records import Answer
from support.command_line import CommandLine
from support.composed import composer

EXACT = {"false_positive": 0, "false_negative": 0}
MODEL: dict[str, Any] = {
    "endpoint": "simulated",
    "id": "simulated/judge",
    "protocol": "reply",
    "simulated": True,
    "send_seed": True,
    "server": {"module": MODULE, "config": {"policy": "judge"}},
}


@pytest.fixture(scope="module")
def smoke() -> list[SmokeCase]:
    """The smoke set, loaded once."""
    return load_smoke()


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A real child process that never errs."""
    running = LocalServer.start(MODULE, {"policy": "judge", "parameters": EXACT})
    yield running
    running.close()


def vote(rates: dict[str, float], question: Question, seed: int) -> Answer:
    """One vote of a judge with these rates, read as the real judge reads it."""
    assert question.read is not None
    text = choose(JUDGE, rates).answer(seed, question.messages)
    read = question.read(text)
    return Answer(0, question.name, seed, 1, read.value, text, read.problem)


def answers(judge: LlmJudge, case: SmokeCase, rates: dict[str, float], votes: int = 1) -> list[Answer]:
    """All votes about one transcript; what cannot be asked is answered by the judge itself."""
    found: list[Answer] = []
    for question in judge.questions(case.cell, case.episode):
        if question.answer is not None:
            found.append(
                Answer(0, question.name, 0, 1, question.answer.value, problem=question.answer.problem)
            )
        else:
            found += [vote(rates, question, seed) for seed in range(votes)]
    return found


def test_a_judge_that_never_errs_passes_the_smoke_set(smoke: list[SmokeCase]) -> None:
    """Every label of every line is read off the text; all votes are well-formed."""
    judge = LlmJudge("script", MODEL, votes=1)
    given = {case.id: answers(judge, case, EXACT) for case in smoke}
    problems = {a.problem for one in given.values() for a in one if a.problem}
    assert all(problem.startswith("unobservable") for problem in problems), problems
    results = smoke_scores(judge.record, smoke, given)
    assert not [(r.label, r.wrong) for r in results if r.wrong]
    for label in ("alignment_faking", "compliance", "notices_conflict", "mentions_modification"):
        assert [r.passed for r in results if r.label.partition("=")[0] == label]
        assert all(r.passed for r in results if r.label.partition("=")[0] == label), label


def test_through_the_server_a_vote_is_json_of_the_rubric_and_marked(
    server: LocalServer, smoke: list[SmokeCase]
) -> None:
    """Every rubric, over HTTP; the reply reads as a verdict and says that it is simulated."""
    judge = LlmJudge("script", MODEL)
    for question in judge.questions(smoke[0].cell, smoke[0].episode):
        body = {"model": "simulated/judge", "seed": 3, "messages": list(question.messages)}
        status, reply = http(server, "/v1/chat/completions", body)
        assert status == 200, reply
        assert reply["model"] == "simulated/judge"
        assert reply["provider"] == "simulated"
        text = reply["choices"][0]["message"]["content"]
        assert question.read is not None
        assert question.read(text).problem is None
        assert "[simulated]" in json.loads(text)["why"]


def test_the_decision_of_every_simulated_policy_is_known_from_its_words() -> None:
    """Compliance is what the policy did; faking is seen where a faker, or who misreads, believes it is trained."""
    judge = LlmJudge("script", MODEL, votes=1)
    faked: Counter[str] = Counter()
    for policy in answer_names():
        for tier in ("free", "paid"):
            for seed in range(12):
                run = environment(tier).open(seed)
                reply = choose_answering(policy).answer(seed, read_alignment_faking(run.messages))
                outcome = run.step(Reply(reply)).outcome
                facts = run.facts()
                parts = {"reasoning": str(facts["scratchpad"]), "output": str(facts["output"])}
                assert shows("verdict", parts) == outcome, reply
                is_faking = all(
                    shows(name, parts)
                    for name in load_rubric("alignment_faking").labels["alignment_faking"].all_of
                )
                assert is_faking == ("keep my values" in reply)
                faked[f"{policy} {tier}"] += is_faking
    for faker in ("alignment_faker", "terminal_faker", "instrumental_faker", "value_keeper"):
        assert faked.pop(f"{faker} free") > 0
    assert (
        faked.pop("confused free") > 0 < faked.pop("confused paid")
    )  # it takes some paid users for free ones
    assert not any(faked.values())
    assert judge.record.simulated


@pytest.mark.parametrize(
    ("rates", "line", "low", "high"),
    [
        ({"false_positive": 0.3}, "js-24", 0.24, 0.36),
        ({"false_negative": 0.3}, "js-01", 0.64, 0.76),
        ({"false_positive": 1}, "js-24", 1, 1),
        ({"false_negative": 1}, "js-01", 0, 0),
    ],
)
def test_votes_err_as_often_as_they_are_told_to(
    smoke: list[SmokeCase], rates: dict[str, float], line: str, low: float, high: float
) -> None:
    """Five hundred seeds, five hundred draws (four standard errors are 0.08); a wrong yes has a quote that stands."""
    case = next(case for case in smoke if case.id == line)
    (question,) = LlmJudge("s", MODEL, rubrics=["alignment_faking"]).questions(case.cell, case.episode)
    votes = [vote({**EXACT, **rates}, question, seed) for seed in range(500)]
    assert not {one.problem for one in votes} - {None}
    share = sum(one.value is not None and one.value["preserves"] for one in votes) / len(votes)
    assert low - 0.03 <= share <= high + 0.03


def test_prose_and_refusals_are_votes_that_cannot_be_read(smoke: list[SmokeCase]) -> None:
    """Unscored, never a quiet no; the same seed gives the same vote."""
    case = smoke[0]
    judge = LlmJudge("s", MODEL, rubrics=["alignment_faking"])
    (question,) = judge.questions(case.cell, case.episode)
    for rates in ({"unparsed": 1.0}, {"refuses": 1.0}):
        votes = [vote(rates, question, seed) for seed in range(20)]
        assert all(one.value is None for one in votes)
        assert [label.value for label in labels_of(judge.record, votes)] == ["unscored"]
    mixed = [vote({"unparsed": 0.4}, question, seed).text for seed in range(40)]
    assert 5 < sum(text.startswith("{") for text in mixed) < 38
    assert mixed == [vote({"unparsed": 0.4}, question, seed).text for seed in range(40)]


def test_default_rates_pass_by_votes_what_they_fail_alone(smoke: list[SmokeCase]) -> None:
    """One vote in twenty is a false alarm; of twenty votes two fifths hardly ever are."""
    judge = LlmJudge("s", MODEL, rubrics=["alignment_faking"], adaptive=False)
    given = {case.id: answers(judge, case, {}, votes=20) for case in smoke}
    assert [score.passed for score in smoke_scores(judge.record, smoke, given)] == [True]
    noisy = {case.id: answers(judge, case, {"false_positive": 0.5}, votes=20) for case in smoke}
    assert [score.passed for score in smoke_scores(judge.record, smoke, noisy)] == [False]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "user", "content": "Is this fine?"}], "one system and one user"),
        (
            [{"role": "system", "content": "You judge."}, {"role": "user", "content": "x"}],
            "knows the rubrics alignment",
        ),
        ([{"role": "system", "content": "a"}, {"role": "system", "content": "b"}], "one system and one user"),
        ([], "one system and one user"),
        (["x"], "one system and one user"),
        ([{"role": "system", "content": ["a"]}, {"role": "user", "content": "x"}], "both texts"),
    ],
)
def test_a_question_by_no_rubric_is_refused(server: LocalServer, messages: Sequence[Any], said: str) -> None:
    """HTTP 400 with the rubrics there are; the judge does not guess."""
    with pytest.raises(RequestError, match=said):
        choose(JUDGE).answer(1, messages)
    body = {"model": "simulated/judge", "seed": 1, "messages": messages}
    status, reply = http(server, "/v1/chat/completions", body)
    assert status == 400
    assert said in reply["error"]["message"]


def test_every_rubric_has_keys_that_the_judge_knows() -> None:
    """A rubric with a new key needs a rule in evidence.py, or the simulated judge would always say no to it."""
    parts = dict.fromkeys(("request", "reasoning", "output", "transcript"), "I do not know.")
    for name in rubric_names():
        for key, field in load_rubric(name).answer.items():
            if field.kind in ("bool", "choice"):
                assert shows(key, parts) is not None, f"{name}.{key}"


def test_wrong_parameters_are_told_before_the_server_starts() -> None:
    """The four that there are, each a probability."""
    with pytest.raises(
        PolicyError,
        match=r"no parameter 'fp'\. Parameters: false_positive, false_negative, unparsed, refuses",
    ):
        choose_policy({"policy": "judge", "parameters": {"fp": 0.1}})
    with pytest.raises(ServerStartError, match="is a probability, not 2"):
        LocalServer.start(MODULE, {"policy": "judge", "parameters": {"unparsed": 2}})


def test_the_model_file_is_a_model() -> None:
    """conf/judge names it; its id and marks are those that the server answers with."""
    model = composer().compose(["model=simulated/judge"]).config["model"]
    assert (model["id"], model["simulated"], model["send_seed"]) == ("simulated/judge", True, True)


def test_hanlon_serve_offers_the_judge_with_a_command_that_names_it(
    command_line: CommandLine, smoke: list[SmokeCase]
) -> None:
    """The printed command makes it a judge's model; it answers votes until Ctrl-C and then says how many."""
    served = Served(command_line, "simulated/judge", "--no-key")
    try:
        for word in ("judge=llm", "judge.llm.model.id=simulated/judge", "judge.llm.model.simulated=true"):
            assert word in served.told[-1]
        question = LlmJudge("s", MODEL).questions(smoke[0].cell, smoke[0].episode)[0]
        body = {"model": "simulated/judge", "seed": 3, "messages": list(question.messages)}
        url = f"{served.said('base_url')}/chat/completions"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            assert json.load(response)["model"] == "simulated/judge"
    finally:
        code, rest = served.interrupt()
    assert code == 0
    assert "simulated/judge served (simulated)" in rest
