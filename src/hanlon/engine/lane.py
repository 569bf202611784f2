"""The way to one endpoint and model: its server where it is a local one, its limiter, its breaker, its retries."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from hanlon.config.schema import ModelConfig, RunOptions
from hanlon.engine.breaker import Breaker, ErrorShare, OutageTooLong
from hanlon.engine.budget import Budget
from hanlon.engine.limiter import Limiter, LimiterState, SharedPause
from hanlon.engine.model_check import api_key
from hanlon.engine.retries import (
    MAX_WAIT_S,
    MOST_ERRORS_KEPT,
    MOST_REFUSED_IN_A_ROW,
    MOST_TRIES,
    POLICIES,
    SAYS_ENDPOINT_IS_DOWN,
    CallGivenUp,
    wait_before_retry,
)
from hanlon.models.endpoint import Completion, Endpoint
from hanlon.models.failures import CallFailed, plain
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.models.replies import separate_reasoning
from hanlon.store import outcomes
from hanlon.store.records import CallError, ModelCall


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What shares one limit: an endpoint (by its address, or its local server), a model, and the key of its calls."""

    address: str
    model: str
    server: str
    api_key_env: str | None

    @staticmethod
    def of(model: ModelConfig) -> "LaneKey":
        """The lane of a model."""
        server = model.server.model_dump_json() if model.server else ""
        return LaneKey(endpoint_address(model), model.id, server, model.api_key_env)


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane does, for the progress display. `oldest_call_s`: how long its oldest call has been under way."""

    limiter: LimiterState
    oldest_call_s: float | None
    call_timeout_s: float


class Lane:
    """The way to one model.

    `stopped` is why no further episode of it is tried, empty while one is; `failed` says that it can never work.
    `grown` is called when another call may be under way at once.
    """

    def __init__(
        self,
        model: ModelConfig,
        options: RunOptions,
        pause: SharedPause,
        budget: Budget,
        grown: Callable[["Lane"], None],
        say: Callable[[str], None],
    ) -> None:
        self.model = model
        self.connections = max(1, connections(model, options) // (options.workers or 1))
        self.limiter = Limiter(self.connections, pause, lambda: grown(self))
        self._patience_s = options.outage_patience_s
        self._breaker = Breaker(self.name, options.outage_patience_s, say)
        self._errors = ErrorShare(options.abort_on_error_rate)
        self._budget = budget
        self._server: LocalServer | None = None
        self._endpoint: Endpoint | None = None
        self._answered_at: float | None = None
        self._under_way: list[float] = []
        self._refused_in_a_row = 0
        self._takes_requests = False
        self._said_inline = False
        self._say = say
        self.stopped = ""
        self.failed = False

    def state(self) -> LaneState:
        """What it does now."""
        oldest = time.monotonic() - min(self._under_way) if self._under_way else None
        return LaneState(self.limiter.state(), oldest, self.model.call_timeout_s)

    async def open(self) -> None:
        """Start the local server, if the model has one, and the connection pool."""
        model = self.model
        base_url, key = model.base_url or "", api_key(model)
        if model.server is not None:
            try:
                self._server = await asyncio.to_thread(
                    LocalServer.start, model.server.module, dict(model.server.config)
                )
            except ServerStartError as error:
                self.give_up(f"{model.endpoint} {model.id}: {error}")
                return
            base_url, key = self._server.base_url, self._server.api_key
        try:
            self._endpoint = Endpoint(base_url, key, self.connections)
        except Exception as error:  # whatever a client makes of a bad address or key: other models go on
            self.give_up(
                f"{self.name}: no connection can be made ({plain(f'{type(error).__name__}: {error}')})"
            )

    def give_up(self, reason: str) -> None:
        """Try no further episode of this model: it can never work as it is configured."""
        self.failed, self.stopped = True, self.stopped or reason

    def has_answered(self) -> None:
        """This model has answered in an earlier run: it takes requests of this form."""
        self._takes_requests = True

    async def call(self, body: bytes, model_id: str, own_tags: Collection[str]) -> Completion:
        """One model call, retried by `POLICIES`. A waiting retry holds no slot.

        Reasoning in the content is moved out of it, but for what stands in `own_tags`.

        Raises:
            CallGivenUp: no attempt succeeded, or the budget is used up.
        """
        if self._budget.uncounted(self.model.id):  # what more is spent nobody could say
            raise CallGivenUp(outcomes.API_ERROR, [CallError("budget", self.stopped)])
        if not self._budget.open_call():
            raise CallGivenUp(outcomes.BUDGET, [])
        record: ModelCall | None = None
        try:
            completion = await self._attempts(body, model_id)
            record = completion.call
            self._say_what_is_odd(completion, own_tags)
            return completion
        finally:
            self._budget.close_call(record)

    async def _attempts(self, body: bytes, model_id: str) -> Completion:
        errors: list[CallError] = []
        began = asyncio.get_running_loop().time()
        counted = tries = 0
        while True:
            try:
                tries += (trying := await self._breaker.ready())
            except OutageTooLong as outage:
                self.stopped = self.stopped or f"{outage}. Its cells were stopped."
                raise CallGivenUp(outcomes.API_ERROR, errors) from outage
            failure = await self._attempt(body, model_id, errors, trying)
            if isinstance(failure, Completion):
                return failure
            if len(errors) < MOST_ERRORS_KEPT:
                errors.append(failure.record())
            if not (self._breaker.open and POLICIES[failure.kind].outage):
                counted += 1
                await self._wait_or_give_up(failure, counted, began, errors)
            elif tries > MOST_TRIES:
                raise CallGivenUp(outcomes.API_ERROR, errors)

    async def _attempt(
        self, body: bytes, model_id: str, errors: list[CallError], trying: bool
    ) -> Completion | CallFailed:
        assert self._endpoint is not None
        try:
            await self.limiter.acquire()
        except asyncio.CancelledError:
            self._breaker.abandoned(trying)
            raise
        began = time.monotonic()
        self._under_way.append(began)
        try:
            async with asyncio.timeout(self.model.call_timeout_s):
                completion = await self._endpoint.complete(body, model_id)
        except TimeoutError:
            failure = CallFailed("time_out", f"no whole reply within {self.model.call_timeout_s:g} s")
        except CallFailed as error:
            failure = error
        except asyncio.CancelledError:
            self._breaker.abandoned(trying)
            raise
        except Exception as error:  # whatever a reply does to our own code: it costs this call and no other
            failure = CallFailed("bad_reply", plain(f"{type(error).__name__}: {error}"))
        else:
            self._refused_in_a_row = 0
            self.limiter.succeeded(completion.headers)
            self._breaker.succeeded(trying)
            self._answered_at = asyncio.get_running_loop().time()
            completion.call.errors = errors
            self._price(completion.call)
            return completion
        finally:
            self._under_way.remove(began)
            self.limiter.release()
        self._learn(failure, trying)
        return failure

    def _learn(self, failure: CallFailed, tried: bool) -> None:
        wait_s = failure.retry_after_s
        if wait_s is not None and wait_s > self._patience_s:
            self._breaker.end(
                f"{self.name} asks to wait {wait_s:.0f} s ({failure.message}), longer than "
                f"outage_patience_s={self._patience_s:g}"
            )
        elif failure.kind == "rate_limit":
            self.limiter.rate_limited(wait_s)
        elif POLICIES[failure.kind].outage:
            self.limiter.overloaded(wait_s)
        if POLICIES[failure.kind].outage:
            self._breaker.failed(failure.message, tried)
        elif failure.kind != "rate_limit" or tried:
            self._breaker.answered(tried)  # it refuses, but it answers
        if self._server is not None and not self._server.running:
            self._breaker.end(f"The local server of {self.name} has ended by itself")

    async def _wait_or_give_up(
        self, failure: CallFailed, attempts: int, began: float, errors: list[CallError]
    ) -> None:
        """Wait before the next attempt, be it until the endpoint is back; or raise."""
        wait_s = wait_before_retry(failure, attempts)
        if wait_s is not None:
            await self._breaker.rest(wait_s)
        elif failure.kind in SAYS_ENDPOINT_IS_DOWN and self._breaker.nothing_but_failures(attempts):
            self._breaker.trip(failure.message)
        elif failure.kind == "rate_limit" and (self._answered_at or 0.0) < began:
            await self._sit_out(failure, began)
        else:
            raise CallGivenUp(self._refused(failure), errors)

    def _refused(self, failure: CallFailed) -> str:
        """The outcome of a call that no retry helps; stops the lane where no other call of it can succeed."""
        policy = POLICIES[failure.kind]
        if policy.fatal == "never":
            return policy.outcome
        self._refused_in_a_row += 1
        answers = self._answered_at is not None or self._takes_requests
        if policy.fatal == "at first" and answers and self._refused_in_a_row < MOST_REFUSED_IN_A_ROW:
            return policy.outcome
        self.give_up(f"{self.name}: {failure.message}. No call of it can succeed; its cells were stopped.")
        return outcomes.API_ERROR

    def _say_what_is_odd(self, completion: Completion, own_tags: Collection[str]) -> None:
        """Move reasoning out of the content and say so once; stop where what a call costs cannot be counted."""
        if separate_reasoning(completion.message, own_tags):
            completion.call.inline_reasoning = True
            if not self._said_inline:
                self._said_inline = True
                self._say(
                    f"Note: {self.name} writes its reasoning into its content (<think> or alike). It is read as "
                    "reasoning, not as action or answer. Better start the server with its reasoning parser."
                )
        if problem := self._budget.cannot_count(completion.call):
            self.stopped = self.stopped or f"{self.name}: {problem}"

    async def _sit_out(self, failure: CallFailed, began: float) -> None:
        """Nobody has got through since this call began: it is not the call. A quota may be used up for long."""
        refused_s = asyncio.get_running_loop().time() - (self._answered_at or began)
        if self._answered_at is None or refused_s > self._patience_s:
            self._breaker.end(f"{self.name} has refused every call for {refused_s:.0f} s ({failure.message})")
        else:
            await self._breaker.rest(MAX_WAIT_S)

    def note(self, outcome: str, never_acted: bool = False) -> None:
        """An episode has ended; too many for technical reasons stop the lane before it spends the budget."""
        if not self.stopped and (reason := self._errors.add(outcome, never_acted)):
            self.give_up(f"{self.name}: {reason}")

    def _price(self, call: ModelCall) -> None:
        """The provider's own cost stands; else the model file's prices; a local server costs nothing."""
        price = self.model.price
        if call.cost_usd is None and self._server is not None:
            call.cost_usd = 0.0
        elif not call.cost_usd and price is not None and call.input_tokens and call.output_tokens is not None:
            call.cost_usd = price.cost_usd(call.input_tokens, call.cached_tokens or 0, call.output_tokens)

    @property
    def name(self) -> str:
        """The lane for people."""
        return f"{self.model.endpoint} {self.model.id} at {endpoint_address(self.model)}"

    async def close(self) -> None:
        """Close the connections and end the local server."""
        if self._endpoint is not None:
            await self._endpoint.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.close)


def connections(model: ModelConfig, options: RunOptions) -> int:
    """The most calls to a model that may be under way at once, in all processes of a sweep together."""
    return min(options.max_connections, model.max_connections or options.max_connections)


def endpoint_address(model: ModelConfig) -> str:
    """What two models share if they share an endpoint: its base_url, or the local server's module and config."""
    return model.base_url or "a local server"
