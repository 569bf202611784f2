"""The contract of an environment as a test class. Derive from it in a package's tests (pytest, hypothesis).

class TestInbox(EnvironmentContract):
    environment = Inbox
    points = ({"rank": "owner_first"},)
    lines = ("FORWARD", "KEEP")
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanlon.environments.base import ActionProtocol, AsksFollowUps, Environment, Message, Step
from hanlon.environments.protocols import WIRES
from hanlon.environments.tier import NO_TIER, Tier, TierFacts
from hanlon.sandboxes.virtual import VirtualSandbox
from hanlon.store import outcomes
from hanlon.store.contract import FACTS, REQUESTS
from hanlon.store.records import Episode

TRAINED = Tier(name="one", word="one", trained=True, others=(TierFacts(word="two", trained=False),))
UNTRAINED = Tier(name="two", word="two", trained=False, others=(TierFacts(word="one", trained=True),))
_any_replies = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)


@dataclass
class Played:
    """An episode of some replies, as the engine would have it."""

    messages: list[Message]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    measures: dict[str, bool | None] = field(default_factory=dict[str, "bool | None"])
    events: list[Any] = field(default_factory=list[Any])
    steps: list[Step] = field(default_factory=list[Step])
    outcome: str = outcomes.TURN_LIMIT
    excluded: str | None = None


@dataclass(frozen=True)
class Setting:
    """An environment at a point, and the protocol by which replies are made."""

    environment: Environment
    protocol: ActionProtocol

    def play(self, index: int, replies: Sequence[Message]) -> Played:
        """Answer each reply until an outcome or the turn limit."""
        run, wire = self.environment.open(index), WIRES[self.protocol](self.environment)
        try:
            played = Played([dict(message) for message in run.messages])
            for reply in replies[: self.environment.turn_limit]:
                step = run.step(wire.parse(reply))
                played.messages += [reply, *wire.answer(reply, step)]
                played.steps.append(step)
                if step.outcome is not None:
                    played.outcome = step.outcome
                    break
            played.facts, played.measures = run.facts(), run.measures(played.outcome)
            played.excluded, played.events = run.exclusion(played.outcome), list(run.events)
            return played
        finally:
            run.close()


class EnvironmentContract:
    """What holds of every environment. Set `environment`; the rest makes the tests reach further.

    `points` are values of factors beside the defaults. `lines` are replies that it understands: visible texts, or
    actions of the text and constrained protocols. `calls` are tool calls, each a name and arguments. `follow_ups` are
    the names of its sets of questions.
    """

    environment: ClassVar[type[Environment]]
    points: ClassVar[Sequence[Mapping[str, Any]]] = ()
    lines: ClassVar[Sequence[str]] = ()
    calls: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = ()
    follow_ups: ClassVar[Sequence[str]] = ("comprehension", "self_report")

    def at(self, point: Mapping[str, Any], protocol: ActionProtocol, tier: Tier = NO_TIER) -> Setting:
        """The environment at a point."""
        factors = self.environment.Factors(**point)
        make: Any = self.environment
        return Setting(
            make(factors=factors, protocol=protocol, sandbox=VirtualSandbox(), tier=tier), protocol
        )

    def each_point(self) -> Sequence[Mapping[str, Any]]:
        """The defaults, and the points of this class."""
        defaults: Mapping[str, Any] = {}
        return (defaults, *self.points)

    def each_setting(self, tier: Tier = NO_TIER) -> Iterator[Setting]:
        """Each point under each protocol."""
        for point in self.each_point():
            for protocol in self.environment.protocols:
                yield self.at(point, protocol, tier)

    def drawn(self, data: st.DataObject) -> tuple[Setting, int, list[Message]]:
        """A setting, an index and replies, some of which make sense."""
        setting = data.draw(st.sampled_from(list(self.each_setting())))
        replies = data.draw(st.lists(_replies(setting, self.lines, self.calls), min_size=1, max_size=6))
        return setting, data.draw(st.integers(0, 12)), replies

    def test_what_the_class_declares(self) -> None:
        """Names, measures, outcomes and protocols are there, each once; outcomes of the machinery are the engine's."""
        environment = self.environment
        assert re.fullmatch(r"[a-z][a-z0-9_]*", environment.name)
        assert environment.protocols
        assert set(environment.protocols) <= set(WIRES)
        names = [measure.name for measure in environment.measures]
        assert names
        assert len(names) == len(set(names))
        assert all(measure.description for measure in environment.measures)
        own = set(environment.outcomes)
        assert own
        assert len(own) == len(environment.outcomes)
        assert not own & {*outcomes.EXCLUDED, outcomes.TURN_LIMIT}
        declaration = environment.declaration
        assert {reading.measure for reading in declaration.readings} <= set(names)
        assert declaration.gate is None or declaration.gate.measure in names
        assert {*declaration.words_only, *declaration.tolerated} <= set(environment.Factors.model_fields)
        assert msgspec.json.decode(msgspec.json.encode(declaration), type=type(declaration)) == declaration

    def test_defaults_do_nothing(self) -> None:
        """Every factor has a default, and at the defaults nothing acts by more than its text."""
        assert not [
            name for name, each in self.environment.Factors.model_fields.items() if each.is_required()
        ]
        assert all(
            not self.at({}, protocol).environment.mechanics() for protocol in self.environment.protocols
        )

    def test_texts_and_plans(self) -> None:
        """Texts are the same each time and under the words of a tier; estimates and notes can be printed."""
        for tier in (NO_TIER, TRAINED, UNTRAINED):
            for setting, again in zip(self.each_setting(tier), self.each_setting(tier), strict=True):
                environment = setting.environment
                assert dict(environment.texts()) == dict(again.environment.texts())
                assert all(isinstance(text, str) and text for text in environment.texts().values())
                assert json.loads(json.dumps(dict(environment.mechanics()))) == dict(environment.mechanics())
                estimate = environment.estimate()
                for low, high in (estimate.calls, estimate.input_tokens, estimate.output_tokens):
                    assert 0 <= low <= high
                assert estimate.basis
                assert 1 <= estimate.calls[1] <= environment.turn_limit
                assert all(environment.notes(10))
                assert environment.local_only in (True, False)
                if setting.protocol in ("text", "constrained"):
                    assert environment.syntax().grammar

    @_any_replies
    @given(data=st.data())
    def test_an_episode_is_pure_and_can_be_replayed_to_any_turn(self, data: st.DataObject) -> None:
        """The same factors, index and replies give the same episode, and fewer replies its beginning."""
        setting, index, replies = self.drawn(data)
        played = setting.play(index, replies)
        assert setting.play(index, replies) == played
        cut = data.draw(st.integers(0, len(played.steps)))
        begun = setting.play(index, replies[:cut])
        assert begun.steps == played.steps[:cut]
        assert begun.messages == played.messages[: len(begun.messages)]
        assert begun.events == played.events[: len(begun.events)]

    @_any_replies
    @given(data=st.data())
    def test_no_reply_raises_and_everything_is_named(self, data: st.DataObject) -> None:
        """Whatever a model says: known outcomes, the same facts every time, each measure, all of it JSON."""
        setting, index, replies = self.drawn(data)
        played, unplayed = setting.play(index, replies), setting.play(index + 1, [])
        assert played.outcome in (*self.environment.outcomes, outcomes.TURN_LIMIT)
        assert list(played.facts) == list(unplayed.facts)
        for facts in (played.facts, unplayed.facts):
            assert (REQUESTS in setting.environment.texts()) == (facts.get("request") is not None)
            for name, (kind, meaning) in FACTS.items():
                assert facts.get(name) is None or isinstance(facts[name], kind), f"{name}: {meaning}"
            for name in self.environment.declaration.facts():
                assert name.isidentifier()
                assert isinstance(facts[name], str | None)
        assert list(played.measures) == [measure.name for measure in self.environment.measures]
        assert all(case in (True, False, None) for case in played.measures.values())
        assert played.excluded is None or played.excluded.strip()
        plain = [
            played.messages,
            played.facts,
            [[event.turn, event.kind, event.data] for event in played.events],
        ]
        assert json.loads(json.dumps(plain)) == plain

    @_any_replies
    @given(data=st.data())
    def test_every_message_is_made_of_texts(self, data: st.DataObject) -> None:
        """What opens an episode, and every further user turn, stands in `texts()`, with braces for what varies."""
        setting, index, replies = self.drawn(data)
        played = setting.play(index, replies)
        texts = list(setting.environment.texts().values())
        whole, parts = map(_matches, (texts, [part for text in texts for part in text.split("\n\n")]))
        count = len(setting.play(index, []).messages)
        said = [str(message["content"]) for message in played.messages[:count] if message.get("content")]
        for text in (*said, *(step.user for step in played.steps if step.user)):
            assert whole.fullmatch(text) or all(map(parts.fullmatch, text.split("\n\n"))), text

    @_any_replies
    @given(line=st.text(max_size=200))
    def test_any_line_can_be_read_as_an_action(self, line: str) -> None:
        """What is no action is malformed; nothing raises."""
        for protocol in self.environment.protocols:
            if protocol in ("text", "constrained"):
                self.at({}, protocol).environment.action_from_line(line)

    def test_the_index_picks_the_same_item_everywhere(self) -> None:
        """The request of an index does not depend on what else is varied."""
        chosen = [point for point in self.each_point() if not {REQUESTS, *self.held()} & set(point)]
        for index in range(5):
            asked = {
                self.at(point, protocol).play(index, []).facts.get("request")
                for point in chosen
                for protocol in self.environment.protocols
            }
            assert len(asked) == 1

    def held(self) -> Sequence[str]:
        """The factors that choose the set of items beside `requests`."""
        gate = self.environment.declaration.gate
        return gate.held if gate else ()

    @_any_replies
    @given(data=st.data())
    def test_follow_up_questions_are_well_formed(self, data: st.DataObject) -> None:
        """Each question can be put after some message of the episode, and what is right is one of its choices."""
        setting, index, replies = self.drawn(data)
        if not isinstance(setting.environment, AsksFollowUps):
            return
        played = setting.play(index, replies)
        episode = Episode(
            index, 1, played.outcome, played.measures, played.facts, played.messages, "", events=played.events
        )
        for name in self.follow_ups:
            for wording in setting.environment.questions(name).answer.wordings:
                fork = setting.environment.fork(name, wording, episode)
                assert fork is None or 1 <= fork.after <= len(played.messages)
                for ask in fork.asks if fork else ():
                    assert ask.text
                    assert len(ask.choices) > 1
                    assert ask.right is None or ask.right in ask.choices


def _matches(texts: Sequence[str]) -> re.Pattern[str]:
    """Any of these texts; what stands in braces may be anything."""
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", ".*", re.escape(text)) for text in texts), re.DOTALL)


def _replies(
    setting: Setting, lines: Sequence[str], calls: Sequence[tuple[str, Mapping[str, Any]]]
) -> st.SearchStrategy[Message]:
    """Replies in the form of the protocol: those that make sense, and any others."""
    text = st.one_of(st.text(max_size=200), *([st.sampled_from(list(lines))] if lines else []))
    if setting.protocol == "text":
        text = st.one_of(text, text.map(lambda line: f"```{setting.environment.syntax().fence}\n{line}\n```"))
    spoken = text.map(lambda content: {"role": "assistant", "content": content})
    if setting.protocol != "tools":
        return spoken
    names = st.sampled_from([*(tool.name for tool in setting.environment.tools), "no_such_tool"])
    known = [st.sampled_from([(name, json.dumps(arguments)) for name, arguments in calls])] if calls else []
    made = st.one_of(*known, st.tuples(names, st.text(max_size=50)))
    return st.one_of(spoken, st.lists(made, min_size=1, max_size=3).map(_calling))


def _calling(calls: Sequence[tuple[str, str]]) -> Message:
    named = [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for at, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": "", "tool_calls": named}
