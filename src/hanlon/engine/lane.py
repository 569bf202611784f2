"""The way to one endpoint and model: its server where it is a local one, its limiter, its breaker, its retries."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hanlon.cell import Cell
from hanlon.config.schema import ModelConfig
from hanlon.engine import outcomes
from hanlon.engine.breaker import Breaker, OutageTooLong
from hanlon.engine.budget import Budget
from hanlon.engine.keys import api_key
from hanlon.engine.limiter import Gate, Limiter
from hanlon.engine.retry import POLICIES, wait_before_retry
from hanlon.engine.rollout import CallGivenUp
from hanlon.models.endpoint import Completion, Endpoint
from hanlon.models.failures import CallFailed
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.records import CallError, ModelCall

MOST_ERRORS_KEPT = 50
"""Errors that one call's record keeps; in a long outage the later ones say nothing new."""


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What shares one limit: an endpoint (by its address, or its local server) and a model."""

    address: str
    model: str
    server: str

    @staticmethod
    def of(cell: Cell) -> "LaneKey":
        """The lane of a cell."""
        model = cell.config.model
        server = model.server.model_dump_json() if model.server else ""
        return LaneKey(endpoint_address(model), model.id, server)


@dataclass
class EndpointHealth:
    """What all models of one endpoint share."""

    gate: Gate
    breaker: Breaker


class Lane:
    """The way to one model.

    `stopped` is why no further episode of it is tried, empty while one is; `failed` says that it can never work.
    `grown` is called when another call may be under way at once.
    """

    def __init__(
        self,
        model: ModelConfig,
        max_connections: int,
        health: EndpointHealth,
        budget: Budget,
        grown: Callable[["Lane"], None],
    ) -> None:
        self.model = model
        self.connections = min(max_connections, model.max_connections or max_connections)
        self.limiter = Limiter(self.connections, health.gate, lambda: grown(self))
        self._breaker = health.breaker
        self._budget = budget
        self._server: LocalServer | None = None
        self._endpoint: Endpoint | None = None
        self.workers = 0
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
        counted = 0
        while True:
            try:
                await self._breaker.ready()
            except OutageTooLong as outage:
                self.stopped = self.stopped or f"{outage}. Its cells were stopped."
                raise CallGivenUp(outcomes.API_ERROR, errors) from outage
            failure = await self._attempt(body, model_id, errors)
            if isinstance(failure, Completion):
                return failure
            if len(errors) < MOST_ERRORS_KEPT:
                errors.append(failure.record())
            if not (self._breaker.open and POLICIES[failure.kind].outage):
                counted += 1
                await self._wait_or_give_up(failure, counted, errors)

    async def _attempt(self, body: bytes, model_id: str, errors: list[CallError]) -> Completion | CallFailed:
        assert self._endpoint is not None
        try:
            await self.limiter.acquire()
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        try:
            async with asyncio.timeout(self.model.call_timeout_s):
                completion = await self._endpoint.complete(body, model_id)
        except TimeoutError:
            failure = CallFailed("time_out", f"no whole reply within {self.model.call_timeout_s:g} s")
        except CallFailed as error:
            failure = error
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        else:
            self.limiter.succeeded(completion.headers)
            self._breaker.succeeded()
            completion.call.errors = errors
            self._price(completion.call)
            return completion
        finally:
            self.limiter.release()
        self._learn(failure)
        return failure

    def _learn(self, failure: CallFailed) -> None:
        if failure.kind == "rate_limit":
            self.limiter.rate_limited(failure.retry_after_s)
        elif POLICIES[failure.kind].outage:
            self.limiter.overloaded(failure.retry_after_s)
            self._breaker.failed(failure.message)
        else:
            self._breaker.succeeded()  # it refuses, but it answers

    async def _wait_or_give_up(self, failure: CallFailed, attempts: int, errors: list[CallError]) -> None:
        wait_s = wait_before_retry(failure, attempts)
        if wait_s is None:
            policy = POLICIES[failure.kind]
            if policy.fatal:
                self.failed = True
                self.stopped = (
                    f"{self.name}: {failure.message}. No call of it can succeed; its cells were stopped."
                )
            raise CallGivenUp(policy.outcome, errors)
        await asyncio.sleep(wait_s)

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


def endpoint_address(model: ModelConfig) -> str:
    """What two models share if they share an endpoint: its base_url, or the local server's module and config."""
    return model.base_url or "a local server"
