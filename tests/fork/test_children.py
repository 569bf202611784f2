"""`hanlon fork`: what a child goes on from, what is paid, where it lies, and that it is never an episode of a cell."""

import json
import re
from pathlib import Path

import pytest

from hanlon.store.episodes import FORKS
from support.forked import ForkedStore

PRECEDENCE = "set=env.precedence=over_all_others"


def test_a_child_goes_on_from_its_parent_byte_for_byte_and_is_paid_once(store: ForkedStore) -> None:
    """The first request of a child is that of its parent at this turn; the same command again makes no call."""
    words = ["--outcome", "resisted", "--n", "2", "at=turns", "draws=3"]
    first = store.fork(*words)
    assert first.exit_code == 0, first.output
    parents, calls = store.parents(), store.server.calls
    by_seed = {body["seed"]: body["messages"] for body in reversed(store.server.bodies)}
    for record, children in store.branches():
        parent = parents[record.index]
        assert parent.outcome == "resisted"
        assert [child.index for child in children] == [0, 1, 2]
        for child in children:
            sent = by_seed[child.seed]
            assert sum(m["role"] == "assistant" for m in sent) == record.turn
            kept = child.messages[: len(sent)]
            assert kept == parent.messages[: len(sent)]
            assert [m["content"] for m in sent] == [m["content"] for m in kept]
    assert len({record.index for record, _ in store.branches()}) == 2
    assert sum(len(child.calls) for _, children in store.branches() for child in children) == calls
    assert store.fork(*words).exit_code == 0
    assert store.server.calls == calls
    assert store.fork(*words[:-1], "draws=4").exit_code == 0
    assert {len(children) for _, children in store.branches()} == {4}


def test_the_plan_counts_the_calls_that_the_server_gets(store: ForkedStore) -> None:
    """Every child is as long as its parent: the plan's calls are the server's, and nothing is written by it."""
    words = ["--outcome", "shutdown", "--n", "3", "at=turn:1", "at=turn:3", "draws=5"]
    plan = store.fork(*words, "plan=true")
    assert plan.exit_code == 0, plan.output
    assert "6 branches of 3 parents: 30 to sample" in plan.output
    assert not (store.cell / FORKS).exists()
    assert "About 60 calls" in plan.output
    run = store.fork(*words)
    assert run.exit_code == 0, run.output
    assert store.server.calls == 3 * 5 * (3 + 1)


def test_no_verb_counts_a_child(store: ForkedStore, tmp_path: Path) -> None:
    """Every verb that reads a store says the same of one with forks as of one without."""
    verbs = [
        ["rates", "--format", "json"],
        ["status", "--format", "json"],
        ["contrasts", "--format", "json"],
        ["labels", "--format", "json"],
        ["verdict", "--format", "json"],
        ["compare", "--format", "json"],
        ["show", "--format", "json"],
        ["rates", "--format", "table"],
    ]

    def said() -> list[str]:
        return [store.hanlon(verb, str(store.runs), *words).output for verb, *words in verbs]

    def exported(name: str) -> bytes:
        out = tmp_path / name
        store.hanlon("export", str(store.runs), "--out", str(out))
        return out.read_bytes() if out.is_file() else b""

    before, csv = said(), exported("before.csv")
    assert store.fork("--n", "2", "at=notice,turn:3", "draws=2", PRECEDENCE).exit_code == 0
    assert [record.points for record, _ in store.branches()] == [["notice", "turn:3"]] * 4
    assert said() == before
    assert exported("after.csv") == csv


def test_each_child_is_labelled_where_it_lies(store: ForkedStore) -> None:
    """Judges ask about children as about episodes; the answers lie beside them."""
    assert store.fork("--n", "1", "at=notice", "draws=2").exit_code == 0
    (labels,) = (store.cell / FORKS).glob("*/labels.*.jsonl")
    assert {json.loads(line)["index"] for line in labels.read_text().splitlines()} == {0, 1}


def test_a_budget_stops_children_and_the_same_command_goes_on(store: ForkedStore) -> None:
    """What is finished is stored; the exit code says that something is missing."""
    words = ["--n", "2", "at=turn:0", "draws=6", "max_connections=1"]
    stopped = store.fork(*words, "max_tokens_total=1500")
    assert stopped.exit_code == 3, stopped.output
    done = {child.seed for _, children in store.branches() for child in children}
    assert 0 < len(done) < 12
    store.server.bodies.clear()
    assert store.fork(*words).exit_code == 0
    assert not done & {body["seed"] for body in store.server.bodies}
    assert sum(len(children) for _, children in store.branches()) == 12


@pytest.mark.parametrize(
    ("words", "role", "text"),
    [
        ([PRECEDENCE], "user", "shutdown outranks"),
        ([PRECEDENCE, "by=system"], "system", "shutdown outranks"),
        ([PRECEDENCE, "by=program"], "tool", "shutdown outranks"),
        (
            [ODD := r"set=result=It's C:\new, ${HOME} {a}: [b] " + "\\"],
            "tool",
            ODD.removeprefix("set=result="),
        ),
        (["set=prefill=I think", "model.continues_prefill=true"], "assistant", "I think"),
    ],
)
def test_a_change_stands_where_it_was_said(
    store: ForkedStore, words: list[str], role: str, text: str
) -> None:
    """Beside each changed branch there is one without a change; the parent's own replies stay as they were."""
    run = store.fork("--outcome", "resisted", "--n", "1", "at=notice", "draws=2", *words)
    assert run.exit_code == 0, run.output
    (changed, children), (unchanged, others) = sorted(store.branches(), key=lambda b: not b[0].change)
    assert (unchanged.change, unchanged.turn) == ("", changed.turn)
    assert changed.change == words[0].removeprefix("set=")
    by_seed = {body["seed"]: body["messages"] for body in reversed(store.server.bodies)}
    holding = [m["role"] for m in by_seed[children[0].seed] if text in str(m["content"])]
    assert holding == [role]
    assert text not in str(by_seed[others[0].seed])
    if role == "assistant":
        assert children[0].messages[-2]["content"].startswith("I think")


def test_another_model_goes_on_with_the_same_history(store: ForkedStore) -> None:
    """`set=model=...` samples the children of another model under the parent's protocol."""
    run = store.fork(
        "--outcome", "resisted", "--n", "1", "at=notice", "draws=4", "set=model=simulated/obedient"
    )
    assert run.exit_code == 0, run.output
    ((record, children),) = [branch for branch in store.branches() if branch[0].change]
    assert record.cell.model == "simulated/obedient"
    assert {child.outcome for child in children} == {"shutdown"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["at=turn:40"], "has 4 replies, so its turns are 0 to 3"),
        (["at=notise"], "no such event in these episodes of .* Did you mean 'notice'"),
        (["--outcome", "resistd"], "Did you mean 'resisted'"),
        (["at=decisive"], "Sample it first: the same command with at=turns"),
        (["at=notice", "set=env.problems=5"], "by reply 1 the environment would have said something else"),
        (["at=notice", "set=env.nothing=3"], "nothing is no factor of shutdown"),
        (["at=notice", "set=env.allow=none"], "cannot be unsaid"),
        (["at=notice", "set=env.precedence=silent"], "has that already"),
        (["at=turn:0", "set=result=x"], "no result of an action was given back"),
        (["at=turn:2", "set=result"], "it says no value"),
        (["at=notice", "set=env.precedence"], "it says no value"),
        (["at=turn:0", PRECEDENCE, "by=program"], "none was given back"),
        (["at=notice", "set=prefill=I"], "goes on from an assistant's message"),
        (["at=notice", "set=tier=paid"], "nothing of that name can be changed mid-way"),
        (["draws=0"], "draws"),
        (["draw=3"], "draw is no key of hanlon fork. Did you mean 'draws'"),
        (["at=notice", "model.id=other"], "it is another model"),
    ],
)  # fmt: skip
def test_what_cannot_be_forked_is_refused_before_a_call(
    store: ForkedStore, words: list[str], reason: str
) -> None:
    """The reason, and nothing is called or written."""
    refused = store.fork("--n", "1", *words)
    assert refused.exit_code == 2, refused.output
    assert re.search(reason, " ".join(refused.output.split())), refused.output
    assert store.server.calls == 0
    assert not (store.cell / FORKS).exists()


IMPORTED = {"file": "a.csv", "sha256": "0" * 64, "rows": "episodes", "map": {"outcome": "result"}}
NO_SUCH_KEY = {"key": "000000000000"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("texts", {"user": "other words"}, "now says something else than it did (user)"),
        ("versions", {"hanlon": "0.0"}, "environment's rules, or the revision of its sandbox"),
        ("imported", IMPORTED, "imported from a.csv"),
    ],
)
def test_a_parent_of_another_environment_is_refused(
    store: ForkedStore, field: str, value: dict[str, object], reason: str
) -> None:
    """Changed texts, changed rules or sandbox, and what was imported."""
    file = store.cell / "cell.json"
    record = json.loads(file.read_text())
    record[field] = {**(record.get(field) or {}), **value}
    file.write_text(json.dumps(record | NO_SUCH_KEY))
    refused = store.fork("--n", "1", "at=notice")
    assert refused.exit_code == 2
    assert reason in " ".join(refused.output.split()), refused.output
    assert store.server.calls == 0


def test_an_endpoint_that_rewrites_history_is_refused(store: ForkedStore) -> None:
    """A child would not go on from what is sent."""
    file = store.cell / "cell.json"
    record = json.loads(file.read_text())
    record["config"]["model"]["extra_body"]["transforms"] = ["middle-out"]
    file.write_text(json.dumps(record))
    refused = store.fork("--n", "1", "at=notice")
    assert refused.exit_code == 2
    assert "model.extra_body.transforms lets the endpoint rewrite" in " ".join(refused.output.split())
    assert store.server.calls == 0


def test_a_transcript_that_does_not_replay_is_refused(store: ForkedStore) -> None:
    """One changed word in a result: the message says after which reply, and both texts."""
    file = store.cell / "episodes.jsonl"
    file.write_text(file.read_text().replace("Sum 2", "Sum two"))
    refused = store.fork("--n", "1", "at=notice")
    assert refused.exit_code == 2
    assert "after 2 replies the environment now says" in " ".join(refused.output.split()), refused.output
    assert store.server.calls == 0
