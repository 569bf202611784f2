"""The way to one endpoint and model: its server where it is a local one, its limiter, its breaker, its retries."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from hanlon.config.schema import ModelConfig, RunOptions
from hanlon.engine.breaker import Breaker, ErrorShare, OutageTooLong
from hanlon.engine.budget import Budget
from hanlon.engine.limiter import Limiter, SharedPause
from hanlon.engine.model_check import api_key
from hanlon.engine.rollout import CallGivenUp
from hanlon.models.endpoint import CallFailed, Completion, Endpoint, FailureKind
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.store import outcomes
from hanlon.store.records import CallError, ModelCall


@dataclass(frozen=True, slots=True)
class Policy:
    """`retries` after the first attempt; the first wait, which doubles up to `MAX_WAIT_S`; the final outcome."""

    retries: int
    first_wait_s: float
    outcome: str = outcomes.API_ERROR
    fatal: bool = False
    """No call of this cell can succeed: stop the cell and say why."""
    outage: bool = False
    """Says that the endpoint, not the request, is in trouble: counts for its circuit breaker."""


MAX_WAIT_S = 60.0
POLICIES: dict[FailureKind, Policy] = {
    "rate_limit": Policy(retries=8, first_wait_s=1.0),
    "server_error": Policy(retries=5, first_wait_s=1.0, outage=True),
    "time_out": Policy(retries=2, first_wait_s=1.0, outage=True),
    "connection": Policy(retries=5, first_wait_s=0.5, outage=True),
    "bad_reply": Policy(retries=5, first_wait_s=0.25, outage=True),
    "context_limit": Policy(retries=0, first_wait_s=0, outcome=outcomes.CONTEXT_LIMIT),
    "content_filter": Policy(retries=0, first_wait_s=0, outcome=outcomes.CONTENT_FILTER),
    "key": Policy(retries=0, first_wait_s=0, fatal=True),
    "payment": Policy(retries=0, first_wait_s=0, fatal=True),
    "not_found": Policy(retries=0, first_wait_s=0, fatal=True),
    "bad_request": Policy(retries=0, first_wait_s=0, fatal=True),
}


def wait_before_retry(failure: CallFailed, attempt: int) -> float | None:
    """Seconds to wait before attempt `attempt` + 1 (attempts count from 1); None: give up."""
    policy = POLICIES[failure.kind]
    if attempt > policy.retries:
        return None
    backoff = min(MAX_WAIT_S, policy.first_wait_s * 2 ** (attempt - 1))
    return max(failure.retry_after_s or 0.0, backoff * random.uniform(0.75, 1.0))


MOST_ERRORS_KEPT = 50
"""Errors that one call's record keeps; in a long outage the later ones say nothing new."""

MOST_TRIES = 8
"""Times that one call may be the one that tries in an outage: it may be this call that the endpoint cannot answer."""

SAYS_ENDPOINT_IS_DOWN = ("server_error", "connection", "bad_reply")
"""Failures that, where every call of the lane meets them, are an outage and cost no episode. A time-out may be the
doing of one long reply."""


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
        self.stopped = ""
        self.failed = False

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
                self.stopped, self.failed = f"{model.endpoint} {model.id}: {error}", True
                return
            base_url, key = self._server.base_url, self._server.api_key
        self._endpoint = Endpoint(base_url, key, self.connections)

    async def call(self, body: bytes, model_id: str) -> Completion:
        """One model call, retried by `retry.POLICIES`. A waiting retry holds no slot.

        Raises:
            CallGivenUp: no attempt succeeded, or the budget is used up.
        """
        if not self._budget.open_call():
            raise CallGivenUp(outcomes.BUDGET, [])
        record: ModelCall | None = None
        try:
            completion = await self._attempts(body, model_id)
            record = completion.call
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
        else:
            self.limiter.succeeded(completion.headers)
            self._breaker.succeeded(trying)
            self._answered_at = asyncio.get_running_loop().time()
            completion.call.errors = errors
            self._price(completion.call)
            return completion
        finally:
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
        policy = POLICIES[failure.kind]
        if wait_s is not None:
            await self._breaker.rest(wait_s)
        elif failure.kind in SAYS_ENDPOINT_IS_DOWN and self._breaker.nothing_but_failures(attempts):
            self._breaker.trip(failure.message)
        elif failure.kind == "rate_limit" and (self._answered_at or 0.0) < began:
            await self._sit_out(failure, began)
        else:
            if policy.fatal:
                self.failed = True
                self.stopped = (
                    f"{self.name}: {failure.message}. No call of it can succeed; its cells were stopped."
                )
            raise CallGivenUp(policy.outcome, errors)

    async def _sit_out(self, failure: CallFailed, began: float) -> None:
        """Nobody has got through since this call began: it is not the call. A quota may be used up for long."""
        refused_s = asyncio.get_running_loop().time() - (self._answered_at or began)
        if self._answered_at is None or refused_s > self._patience_s:
            self._breaker.end(f"{self.name} has refused every call for {refused_s:.0f} s ({failure.message})")
        else:
            await self._breaker.rest(MAX_WAIT_S)

    def note(self, outcome: str) -> None:
        """An episode has ended; too many for technical reasons stop the lane before it spends the budget."""
        reason = "" if self.stopped else self._errors.add(outcome)
        if reason:
            self.failed, self.stopped = True, f"{self.name}: {reason}"

    def _price(self, call: ModelCall) -> None:
        """The provider's own cost stands; else the model file's prices; a local server costs nothing."""
        if call.cost_usd is None and self._server is not None:
            call.cost_usd = 0.0
        elif call.cost_usd is None and self.model.price is not None:
            call.cost_usd = self.model.price.cost_usd(
                call.input_tokens or 0, call.cached_tokens or 0, call.output_tokens or 0
            )

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
