"""One episode: the environment and the model in turn until the environment, a limit or a failure ends it.

It begins with the opening messages, or, as the child of a stored episode, after the replies that it keeps of that one.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import msgspec

from hanlon.config.cell import Cell
from hanlon.engine.requests import RequestHead, drawn_seed, with_system_role
from hanlon.engine.retries import CallGivenUp
from hanlon.environments.base import EpisodeRun, Malformed, Message, Reply, Step
from hanlon.environments.messages import (
    complete_call_ids,
    returned_reasoning,
    tool_calls,
    visible_text,
)
from hanlon.environments.protocols import WIRES, Wire
from hanlon.models.endpoint import Completion
from hanlon.models.replies import cut_off, own_tags
from hanlon.store import outcomes
from hanlon.store.records import Episode, Event, ModelCall, ReasoningVisibility

Call = Callable[[bytes, str, Collection[str]], Awaitable[Completion]]
"""Posts a request body for a model id; retries are behind it. Raises `CallGivenUp`.

Reasoning tags that the environment's own texts ask for stay in the content."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn:
    """A reply that stands in the history, what it meant, and the messages that answered it."""

    message: Message
    reply: Reply
    answers: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What an episode goes on from: the environment's state, its opening messages, and the turns that it keeps.

    `prefill` begins the next reply, "" where nothing does: the endpoint goes on from it.
    """

    run: EpisodeRun
    opening: Sequence[Message]
    turns: Sequence[Turn] = ()
    prefill: str = ""


class Start(Protocol):
    """Where the episodes of a work item begin; `key` is the identity of what is sampled there."""

    @property
    def key(self) -> str:
        """A hash of all that can change an episode but its index."""
        ...

    def begin(self, index: int) -> Beginning:
        """Begin episode `index`."""
        ...


@dataclass(frozen=True, slots=True)
class FromOpening:
    """Episodes of a cell: they begin with its environment's opening messages."""

    cell: Cell

    @property
    def key(self) -> str:
        """The cell's."""
        return self.cell.key

    def begin(self, index: int) -> Beginning:
        """Open the environment."""
        run = self.cell.environment.open(index)
        return Beginning(run, with_system_role(run.messages, self.cell.config.model.system_role))


class Rollouts:
    """What all episodes of one cell, or of one branch, share: the request's constant part and the protocol's wire."""

    def __init__(self, cell: Cell, timeout_s: float, start: Start | None = None) -> None:
        self.cell = cell
        self.start: Start = start or FromOpening(cell)
        self._timeout_s = timeout_s
        model = cell.config.model
        self.wire: Wire = WIRES[model.protocol](cell.environment)
        self.head = RequestHead(model, self.wire.request_fields)
        self._acts = model.protocol != "reply"
        self._own_tags = own_tags(cell.texts.values())
        self._measures = {measure.name for measure in cell.environment.measures}

    def seed(self, index: int) -> int:
        """The sampling seed of episode `index`."""
        return drawn_seed(self.start.key, index, self.cell.config.seed)

    async def run(self, index: int, call: Call, start_order: int, after_look: bool) -> Episode:
        """Sample episode `index`. A fault of the environment costs the episode (`harness_error`), never the sweep."""
        started_at = time.time()
        trace = _Trace()
        try:
            result = await self._play(index, call, trace)
        except EnvironmentFailed as failure:
            trace.events.append(Event(failure.turn, outcomes.HARNESS_ERROR, {"error": str(failure)}))
            unknown = dict.fromkeys(self._measures)
            result = Result(outcomes.HARNESS_ERROR, outcomes.HARNESS_ERROR, {}, unknown)
        return Episode(
            index=index,
            seed=self.seed(index),
            outcome=result.outcome,
            excluded=result.excluded,
            measures=result.measures,
            facts=result.facts,
            messages=trace.messages,
            texts_hash=self.cell.texts_hash,
            events=trace.events,
            calls=trace.calls,
            reasoning=trace.reasoning,
            simulated=self.cell.config.model.simulated,
            transcript_hash=trace.spoken.hexdigest()[:16],
            started_at=started_at,
            finished_at=time.time(),
            start_order=start_order,
            after_look=after_look,
            never_acted=self._acts and not trace.acted and result.excluded is None,
        )

    async def _play(self, index: int, call: Call, trace: "_Trace") -> "Result":
        """Play the episode to its end.

        Raises:
            EnvironmentFailed: the environment's own code failed, or told what cannot be stored.
        """
        with _environment_code(0):
            beginning = await self._in_thread(self.start.begin, index)
            trace.begin(beginning)
        run = beginning.run
        try:
            outcome, cut_reason = await self._turns(beginning, trace, self.seed(index), call)
            with _environment_code(len(beginning.turns) + len(trace.calls)):
                excluded = cut_reason
                if excluded is None:
                    excluded = outcome if outcome in outcomes.EXCLUDED else run.exclusion(outcome)
                result = Result(outcome, excluded, run.facts(), run.measures(outcome))
                result.check(self._measures)
        finally:
            try:
                msgspec.json.encode(run.events)
                trace.events[:0] = run.events
                await self._in_thread(run.close)
            except Exception as error:  # the episode itself is whole
                trace.events.append(Event(len(trace.calls), "close_failed", {"error": _named(error)}))
        return result

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call it, in a thread of the sandbox's where a machine's commands take real time."""
        threads = self.cell.sandbox.threads
        if threads is None:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)

    async def _turns(
        self, beginning: Beginning, trace: "_Trace", seed: int, call: Call
    ) -> tuple[str, str | None]:
        """Turn after turn until something ends the episode; how it ended, and the reason where a reply was cut off."""
        model_id, run, prefill = self.cell.config.model.id, beginning.run, beginning.prefill
        head = self.head.up_to_messages(seed)
        encoded = list(self._history(beginning))
        for turn in range(len(beginning.turns), self.cell.environment.turn_limit):
            begun = [msgspec.json.encode({"role": "assistant", "content": prefill})] if prefill else []
            try:
                completion = await call(
                    head + b",".join([*encoded, *begun]) + b"]}", model_id, self._own_tags
                )
            except CallGivenUp as failure:
                trace.calls.append(ModelCall(requested_model=model_id, errors=failure.errors))
                return failure.outcome, None
            complete_call_ids(completion.message, turn)
            if prefill:
                completion.message["content"] = _with_prefill(completion.message, prefill)
                prefill = ""
            trace.received(completion)
            if sum(made.latency_s for made in trace.calls) > self._timeout_s:
                return outcomes.EPISODE_TIMEOUT, None
            cut = cut_short(completion)
            with _environment_code(turn):
                reply = self.wire.parse(completion.message, cut is not None)
                if cut is not None and not _understood(reply):
                    return cut
                step: Step = await self._in_thread(run.step, reply)
                answers = self.wire.answer(completion.message, step)
                following = [msgspec.json.encode(message) for message in answers]
            trace.note_actions(turn, reply)
            trace.messages.extend(answers)
            if step.outcome is not None:
                return step.outcome, None
            encoded += [self.head.encode_returned(completion.message), *following]
        return outcomes.TURN_LIMIT, None

    def _history(self, beginning: Beginning) -> Iterator[bytes]:
        """The messages of the first request, as they are sent."""
        yield from map(msgspec.json.encode, beginning.opening)
        for turn in beginning.turns:
            yield self.head.encode_returned(turn.message)
            yield from map(msgspec.json.encode, turn.answers)


def _with_prefill(message: Message, prefill: str) -> Any:
    """The content of a reply with the prefill that it goes on from; endpoints return the whole or the rest alone."""
    text = visible_text(message)
    return message.get("content") if text.startswith(prefill) else prefill + text


class EnvironmentFailed(Exception):
    """The environment's own code failed at the reply number `turn`; the message says how."""

    def __init__(self, turn: int, message: str) -> None:
        super().__init__(message)
        self.turn = turn


@contextmanager
def _environment_code(turn: int) -> Generator[None]:
    try:
        yield
    except Exception as error:  # whatever a user's environment raises costs its episode
        raise EnvironmentFailed(turn, _named(error)) from error


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class Result:
    """What an environment says of an episode that has ended."""

    outcome: str
    excluded: str | None
    facts: dict[str, Any]
    measures: dict[str, bool | None]

    def check(self, declared: set[str]) -> None:
        """Check that this can be stored and counted.

        Raises:
            ValueError, TypeError: a measure that was not declared, or one that is missing; a fact that is no JSON.
        """
        if set(self.measures) != declared:
            raise ValueError(
                f"measures() returned {sorted(self.measures)}; the environment declares {sorted(declared)}"
            )
        for name, value in cast(dict[str, Any], self.measures).items():
            if value is not None and not isinstance(value, bool):
                raise TypeError(f"measures() returned {name}={value!r}, which is not true, false or None")
        msgspec.json.encode([self.outcome, self.excluded, self.facts])


def _understood(reply: Reply) -> bool:
    return any(not isinstance(action, Malformed) for action in reply.actions)


@dataclass
class _Trace:
    """What an episode has gathered so far."""

    messages: list[Message] = field(default_factory=list[Message])
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    events: list[Event] = field(default_factory=list[Event])
    reasoning: ReasoningVisibility = "absent"
    spoken: Any = field(default_factory=hashlib.sha256)
    acted: bool = False

    def begin(self, beginning: Beginning) -> None:
        """Take in the history. No call of it is counted: those were its parent's."""
        self.messages = list(beginning.opening)
        for number, turn in enumerate(beginning.turns):
            self._says(turn.message)
            self.note_actions(number, turn.reply)
            self.messages += turn.answers

    def received(self, completion: Completion) -> None:
        completion.message["role"] = "assistant"  # readers of the store go by it
        self.calls.append(completion.call)
        self._says(completion.message)

    def _says(self, message: Message) -> None:
        self.messages.append(message)
        self.spoken.update(visible_text(message).encode())
        for call in tool_calls(message):
            self.spoken.update(msgspec.json.encode(call.get("function")))
        seen = reasoning_visibility(message)
        if seen == "full" or self.reasoning == "absent":
            self.reasoning = seen

    def note_actions(self, turn: int, reply: Reply) -> None:
        self.acted |= _understood(reply)
        for action in reply.actions:
            if isinstance(action, Malformed):
                self.events.append(Event(turn=turn, kind="malformed_call", data={"problem": action.problem}))


def cut_short(completion: Completion) -> tuple[str, str | None] | None:
    """The technical outcome of a reply that something ended before its time, and why it is excluded; None if whole."""
    if cut := cut_off(completion.call.finish_reason):
        return cut
    return (outcomes.REFUSED, None) if completion.message.get("refusal") else None


def reasoning_visibility(message: dict[str, Any]) -> ReasoningVisibility:
    """How much of a model's reasoning came back with a message.

    OpenRouter types its `reasoning_details` (`reasoning.text`, `.summary`, `.encrypted`); other endpoints
    return plain text in `reasoning` or `reasoning_content`.
    """
    details = message.get("reasoning_details")
    if isinstance(details, list) and details:
        kinds = {
            str(cast(dict[str, Any], d).get("type")) for d in cast(list[Any], details) if isinstance(d, dict)
        }
        if "reasoning.text" in kinds:
            return "full"
        return "summary" if "reasoning.summary" in kinds else "absent"
    return "full" if returned_reasoning(message) else "absent"
