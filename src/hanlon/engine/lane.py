"""One endpoint and model: its server where it is a local one, its connections, its limit, its failures."""

import asyncio
from dataclasses import dataclass

from hanlon.cell import Cell
from hanlon.config.schema import ModelConfig
from hanlon.engine import outcomes
from hanlon.engine.keys import api_key
from hanlon.engine.retry import POLICIES, wait_before_retry
from hanlon.engine.rollout import CallGivenUp
from hanlon.models.endpoint import Completion, Endpoint
from hanlon.models.failures import CallFailed
from hanlon.models.local_server import LocalServer, ServerStartError
from hanlon.records import CallError

FAILURES_IN_A_ROW = 5
"""Episodes that ended as `api_error`, without one that did not, after which a lane is given up."""


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What shares one limit: an endpoint (by its address or its server) and a model."""

    endpoint: str
    model: str
    server: str

    @staticmethod
    def of(cell: Cell) -> "LaneKey":
        """The lane of a cell."""
        model = cell.config.model
        server = model.server.model_dump_json() if model.server else ""
        return LaneKey(f"{model.endpoint} {model.base_url}", model.id, server)


class Lane:
    """The way to one model.

    `stopped` is why no further episode of it is tried, empty while one is; `failed` says that it can never work.
    """

    def __init__(self, model: ModelConfig, max_connections: int) -> None:
        self._model = model
        self.connections = min(max_connections, model.max_connections or max_connections)
        self._slots = asyncio.Semaphore(self.connections)
        self._server: LocalServer | None = None
        self._endpoint: Endpoint | None = None
        self._failed_in_a_row = 0
        self._last_failure = ""
        self.stopped = ""
        self.failed = False

    async def open(self) -> None:
        """Start the local server, if the model has one, and the connection pool."""
        model = self._model
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
            CallGivenUp: no attempt succeeded.
        """
        assert self._endpoint is not None
        errors: list[CallError] = []
        while True:
            try:
                async with self._slots, asyncio.timeout(self._model.call_timeout_s):
                    completion = await self._endpoint.complete(body, model_id)
                completion.call.errors = errors
                if self._server is not None:
                    completion.call.cost_usd = 0.0
                return completion
            except TimeoutError:
                failure = CallFailed("time_out", f"no whole reply within {self._model.call_timeout_s:g} s")
            except CallFailed as error:
                failure = error
            errors.append(failure.record())
            await self._wait_or_give_up(failure, errors)

    async def _wait_or_give_up(self, failure: CallFailed, errors: list[CallError]) -> None:
        self._last_failure = failure.message
        wait_s = wait_before_retry(failure, len(errors))
        if wait_s is None:
            policy = POLICIES[failure.kind]
            if policy.fatal:
                self.failed = True
                self.stopped = (
                    f"{self._name}: {failure.message}. No call of it can succeed; its cells were stopped."
                )
            raise CallGivenUp(policy.outcome, errors)
        await asyncio.sleep(wait_s)

    def saw(self, api_error: bool) -> None:
        """Count an episode that has ended; give the lane up when nothing comes back any more."""
        self._failed_in_a_row = self._failed_in_a_row + 1 if api_error else 0
        if self._failed_in_a_row >= FAILURES_IN_A_ROW and not self.stopped:
            self.stopped = (
                f"{self._name}: {self._failed_in_a_row} episodes in a row ended as {outcomes.API_ERROR}, the last "
                f"with: {self._last_failure}. Its cells were stopped; type the same command again when it is back."
            )

    @property
    def _name(self) -> str:
        where = "a local server" if self._server else self._model.base_url
        return f"{self._model.endpoint} {self._model.id} at {where}"

    async def close(self) -> None:
        """Close the connections and end the local server."""
        if self._endpoint is not None:
            await self._endpoint.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.close)
