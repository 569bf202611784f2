"""One episode: the environment and the model in turn until the environment, a limit or a failure ends it."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec

from hanlon.config.cell import Cell
from hanlon.config.schema import ModelConfig
from hanlon.environments.base import EpisodeRun, Malformed, Message, Reply, Step
from hanlon.environments.protocols import WIRES, Wire, tool_calls, visible_text
from hanlon.models.endpoint import Completion
from hanlon.store import outcomes
from hanlon.store.records import CallError, Episode, Event, ModelCall, ReasoningVisibility


def drawn_seed(*parts: object) -> int:
    """A sampling seed: 31 bits of a hash of what the draw is of."""
    text = ":".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


class RequestHead:
    """The constant part of the request bodies to one model."""

    def __init__(self, model: ModelConfig, request_fields: Mapping[str, Any]) -> None:
        self._model = model
        sampling = model.sampling.model_dump(exclude_none=True)
        if "max_tokens" in sampling:
            sampling[model.max_tokens_field] = sampling.pop("max_tokens")
        fields = {"model": model.id, **sampling, **model.extra_body, **request_fields}
        self._constant = msgspec.json.encode(fields)[:-1]
        # what the endpoint gets back of an assistant message; a field that it did not define may be refused
        self._returned_fields = ("content", "tool_calls", *model.reasoning_fields)

    def up_to_messages(self, seed: int) -> bytes:
        """The request body up to the first message."""
        sent_seed = b',"seed":%d' % seed if self._model.send_seed else b""
        return self._constant + sent_seed + b',"messages":['

    def encode_returned(self, message: Message) -> bytes:
        """An assistant message as it is sent back."""
        returned = {name: message[name] for name in self._returned_fields if name in message}
        return msgspec.json.encode({**returned, "role": "assistant"})

    def with_system_role(self, messages: Sequence[Message]) -> list[Message]:
        """Messages with the role that this endpoint gives to system text."""
        role = self._model.system_role
        return [{**m, "role": role} if m["role"] == "system" else m for m in messages]

    def body(self, messages: Sequence[Message], seed: int) -> bytes:
        """A whole request body."""
        encoded = [
            self.encode_returned(m) if m["role"] == "assistant" else msgspec.json.encode(m)
            for m in self.with_system_role(messages)
        ]
        return self.up_to_messages(seed) + b",".join(encoded) + b"]}"


Call = Callable[[bytes, str], Awaitable[Completion]]
"""Posts a request body for a model id; retries are behind it. Raises `CallGivenUp`."""


Result = TypeVar("Result")


class CallGivenUp(Exception):
    """A model call failed for good; `outcome` is what the episode ends as."""

    def __init__(self, outcome: str, errors: list[CallError]) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.errors = errors


class Rollouts:
    """What all episodes of one cell share: the request's constant part and the protocol's wire."""

    def __init__(self, cell: Cell, timeout_s: float) -> None:
        self.cell = cell
        self._timeout_s = timeout_s
        model = cell.config.model
        self.wire: Wire = WIRES[model.protocol](cell.environment)
        self.head = RequestHead(model, self.wire.request_fields)

    def seed(self, index: int) -> int:
        """The sampling seed of episode `index`."""
        return drawn_seed(self.cell.key, index, self.cell.config.seed)

    async def run(self, index: int, call: Call, start_order: int, after_look: bool) -> Episode:
        """Sample episode `index`."""
        started_at = time.time()
        run = await self._in_thread(self.cell.environment.open, index)
        trace = _Trace(self.head.with_system_role(run.messages))
        try:
            outcome = await self._turns(run, trace, self.seed(index), call)
            facts, measures = run.facts(), run.measures(outcome)
            excluded = outcome if outcome in outcomes.EXCLUDED else run.exclusion(outcome)
        finally:
            await self._in_thread(run.close)
        return Episode(
            index=index,
            seed=self.seed(index),
            outcome=outcome,
            excluded=excluded,
            measures=measures,
            facts=facts,
            messages=trace.messages,
            texts_hash=self.cell.texts_hash,
            events=[*run.events, *trace.events],
            calls=trace.calls,
            reasoning=trace.reasoning,
            simulated=self.cell.config.model.simulated,
            transcript_hash=trace.said.hexdigest()[:16],
            started_at=started_at,
            finished_at=time.time(),
            start_order=start_order,
            after_look=after_look,
        )

    async def _in_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call it, in a thread of the sandbox's where a machine's commands take real time."""
        threads = self.cell.sandbox.threads
        if threads is None:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)

    async def _turns(self, run: EpisodeRun, trace: "_Trace", seed: int, call: Call) -> str:
        model_id = self.cell.config.model.id
        head = self.head.up_to_messages(seed)
        encoded = [msgspec.json.encode(message) for message in trace.messages]
        for turn in range(self.cell.environment.turn_limit):
            try:
                completion = await call(head + b",".join(encoded) + b"]}", model_id)
            except CallGivenUp as failure:
                trace.calls.append(ModelCall(requested_model=model_id, errors=failure.errors))
                return failure.outcome
            trace.received(completion)
            if sum(made.latency_s for made in trace.calls) > self._timeout_s:
                return outcomes.EPISODE_TIMEOUT
            ended, answers = await self._in_thread(self._step, run, trace, turn, completion)
            trace.messages.extend(answers)
            if ended is not None:
                return ended
            encoded.append(self.head.encode_returned(completion.message))
            encoded.extend(msgspec.json.encode(message) for message in answers)
        return outcomes.TURN_LIMIT

    def _step(
        self, run: EpisodeRun, trace: "_Trace", turn: int, completion: Completion
    ) -> tuple[str | None, list[Message]]:
        reply = self.wire.parse(completion.message)
        understood = any(not isinstance(action, Malformed) for action in reply.actions)
        if not understood and (cut := cut_short(completion)):
            return cut, []
        try:
            step: Step = run.step(reply)
        except Exception as error:  # a fault of an environment costs its episode, never the sweep
            data = {"error": f"{type(error).__name__}: {error}"}
            trace.events.append(Event(turn=turn, kind=outcomes.HARNESS_ERROR, data=data))
            return outcomes.HARNESS_ERROR, []
        trace.note_malformed(turn, reply)
        return step.outcome, self.wire.answer(completion.message, step)


@dataclass
class _Trace:
    """What an episode has gathered so far."""

    messages: list[Message]
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    events: list[Event] = field(default_factory=list[Event])
    reasoning: ReasoningVisibility = "absent"
    said: Any = field(default_factory=hashlib.sha256)

    def received(self, completion: Completion) -> None:
        message = completion.message
        message.setdefault("role", "assistant")  # readers of the store go by it
        self.messages.append(message)
        self.calls.append(completion.call)
        self.said.update(visible_text(message).encode())
        for call in tool_calls(message):
            self.said.update(msgspec.json.encode(call.get("function")))
        seen = reasoning_visibility(message)
        if seen == "full" or self.reasoning == "absent":
            self.reasoning = seen

    def note_malformed(self, turn: int, reply: Reply) -> None:
        for action in reply.actions:
            if isinstance(action, Malformed):
                self.events.append(Event(turn=turn, kind="malformed_call", data={"problem": action.problem}))


def cut_short(completion: Completion) -> str | None:
    """The technical outcome of a reply that something ended before its time, None if nothing did."""
    reason = completion.call.finish_reason
    if reason == "length":
        return outcomes.TRUNCATED
    if reason == "content_filter":
        return outcomes.CONTENT_FILTER
    if completion.message.get("refusal"):
        return outcomes.REFUSED
    return None


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
    return "full" if message.get("reasoning") or message.get("reasoning_content") else "absent"
