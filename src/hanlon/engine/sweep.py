"""Runs a sweep: one work list over all cells, index-major, one bounded group of workers per endpoint and model.

A worker finishes an episode before it opens another, so a kill loses few paid turns, and waiting work costs
no memory. Cells are interleaved by index, so a provider that drifts does not look like a factor.
"""

import asyncio
import gc
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from hanlon.cell import Cell
from hanlon.config.schema import CellConfig
from hanlon.engine import outcomes
from hanlon.engine.budget import Budget
from hanlon.engine.lane import Lane, LaneKey
from hanlon.engine.limiter import Gate, LimiterState
from hanlon.engine.rollout import Rollouts
from hanlon.engine.store import CellWriter, StoreFailed
from hanlon.engine.writer import EpisodeWriter
from hanlon.records import Episode

TERMINATE_GRACE_S = 10.0
"""After SIGTERM, how long episodes in flight may go on; whoever sends it often sends SIGKILL next."""


class Observer(Protocol):
    """Is told what happens. Returns at once, never raises."""

    def stored(self, key: str, episode: Episode) -> None:
        """An episode is safely in the store."""
        ...

    def cell_finished(self, key: str) -> None:
        """No further episode of this cell comes in this run."""
        ...


@dataclass
class CellWork:
    """What is left to do of one cell, and where it goes."""

    cell: Cell
    writer: CellWriter
    missing: list[int]
    planned_samples: int
    """The n of the sweep that opened the cell: an index beyond it is sampled after a look at the rates."""


@dataclass
class SweepEnd:
    """How a sweep ended: what stopped it early, if anything did."""

    interrupted: bool = False
    stopped: list[str] = field(default_factory=list[str])
    """Why cells were given up; each a complete sentence."""
    failed: bool = False
    """Some of those cells can never succeed as they are configured."""
    store_failure: str | None = None
    limits: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """What each lane's limiter had come to."""


@dataclass
class _Item:
    work: CellWork
    rollouts: Rollouts
    index: int
    order: int


def index_major(works: Sequence[tuple[CellWork, Rollouts]]) -> Iterator[_Item]:
    """The missing episodes of all cells: the first index of every cell, then the second of every cell, ..."""
    iterators = [(work, rollouts, iter(work.missing)) for work, rollouts in works]
    order = 0
    while iterators:
        remaining: list[tuple[CellWork, Rollouts, Iterator[int]]] = []
        for work, rollouts, indices in iterators:
            index = next(indices, None)
            if index is not None:
                yield _Item(work, rollouts, index, order)
                order += 1
                remaining.append((work, rollouts, indices))
        iterators = remaining


@contextmanager
def few_collections() -> Generator[None]:
    """A sweep makes many objects and few cycles; by default a tenth of its time goes to looking for them."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Sweep:
    """One run over the missing episodes of a sweep.

    A lane has as many workers as its limiter allows calls: they are hired as it grows and leave as it shrinks.
    """

    def __init__(
        self,
        works: Sequence[CellWork],
        options: CellConfig,
        budget: Budget,
        observers: Sequence[Observer],
        say: Callable[[str], None],
    ) -> None:
        self._works = works
        self._options = options
        self._budget = budget
        self._observers = observers
        self._say = say
        self._left = {work.cell.key: len(work.missing) for work in works}
        self._stopping = False
        self._workers: set[asyncio.Task[None]] = set()
        self._items: dict[Lane, Iterator[_Item]] = {}
        self.end = SweepEnd()

    async def run(self) -> SweepEnd:
        """Sample everything that is missing; always returns, with everything finished in the store."""
        self._handle_signals()
        self._writer = EpisodeWriter()
        self._items = self._lanes()
        try:
            await asyncio.gather(*(lane.open() for lane in self._items))
            with few_collections():
                for lane in self._items:
                    self._hire(lane)
                await self._wait_for_workers()
        finally:
            self._drop_in_flight()
            await asyncio.gather(*self._workers, return_exceptions=True)
            await self._writer.close()
            await asyncio.gather(*(lane.close() for lane in self._items))
        for lane in self._items:
            self.end.limits[lane.name] = asdict(lane.limiter.state())
            if lane.stopped:
                self.end.stopped.append(lane.stopped)
                self.end.failed |= lane.failed
        if self._budget.exhausted:
            self.end.stopped.append(self._budget.exhausted)
        return self.end

    def limits(self) -> dict[str, LimiterState]:
        """The state of every lane's limiter, for the progress display."""
        return {lane.name: lane.limiter.state() for lane in self._items}

    def _lanes(self) -> dict[Lane, Iterator[_Item]]:
        """A lane for each endpoint and model, with the items of its cells; lanes of one endpoint share its gate."""
        by_key: dict[LaneKey, list[CellWork]] = {}
        for work in self._works:
            if work.missing:
                by_key.setdefault(LaneKey.of(work.cell), []).append(work)
        gates: dict[str, Gate] = {}
        lanes: dict[Lane, Iterator[_Item]] = {}
        for key, works in by_key.items():
            model = works[0].cell.config.model
            gate = gates.setdefault(
                key.address + key.server, Gate(f"{model.endpoint} at {key.address}", self._say)
            )
            lane = Lane(model, self._options, gate, self._budget, self._hire, self._say)
            lanes[lane] = index_major([(work, Rollouts(work.cell)) for work in works])
        return lanes

    def _hire(self, lane: Lane) -> None:
        while lane.workers < lane.limiter.limit and not (self._stopping or lane.stopped):
            lane.workers += 1
            worker = asyncio.create_task(self._work(lane))
            self._workers.add(worker)

    async def _work(self, lane: Lane) -> None:
        try:
            for item in self._items[lane]:
                if self._stopping or lane.stopped or not await self._budget.open_episode():
                    return
                if self._stopping or lane.stopped:  # while it waited for room in the budget
                    self._budget.close_episode(None)
                    return
                await self._sample(lane, item)
                if lane.workers > lane.limiter.limit:
                    return
        finally:
            lane.workers -= 1

    async def _sample(self, lane: Lane, item: _Item) -> None:
        after_look = item.index >= item.work.planned_samples
        try:
            episode = await item.rollouts.run(item.index, lane.call, item.order, after_look)
        except BaseException:
            self._budget.close_episode(None)
            raise
        self._budget.close_episode(episode.calls)
        if episode.outcome == outcomes.BUDGET and len(episode.calls) == 1:
            return  # not even its first call was sent: a later run may sample it
        lane.note(episode.outcome)
        try:
            await self._writer.store(item.work.writer, episode)
        except StoreFailed as failure:
            self.end.store_failure = str(failure)
            self._stopping = True
            return
        self._stored(item.work.cell.key, episode)

    def _stored(self, key: str, episode: Episode) -> None:
        self._left[key] -= 1
        for observer in self._observers:
            observer.stored(key, episode)
            if self._left[key] == 0:
                observer.cell_finished(key)

    async def _wait_for_workers(self) -> None:
        while self._workers:
            done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)
            self._workers -= done
            for worker in done:
                if not worker.cancelled() and (error := worker.exception()):
                    raise error

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread: no signals
            loop.add_signal_handler(signal.SIGINT, self._interrupt, None)
            loop.add_signal_handler(signal.SIGTERM, self._interrupt, TERMINATE_GRACE_S)

    def _interrupt(self, grace_s: float | None) -> None:
        if self.end.interrupted and grace_s is None:
            self._drop_in_flight()
            return
        self.end.interrupted = self._stopping = True
        self._say(
            f"Stopping: no new episode starts; up to {len(self._workers)} in flight are finished and stored."
            + (" Ctrl-C again drops them." if grace_s is None else "")
        )
        if grace_s is not None:
            asyncio.get_running_loop().call_later(grace_s, self._drop_in_flight)

    def _drop_in_flight(self) -> None:
        for worker in self._workers:
            worker.cancel()
