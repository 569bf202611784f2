"""Runs a sweep: one work list over all cells, index-major, one bounded group of workers per endpoint and model.

A worker finishes an episode before it opens another, so a kill loses few paid turns, and waiting work costs
no memory. Cells are interleaved by index, so a provider that drifts does not look like a factor.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from hanlon.cell import Cell
from hanlon.engine import outcomes
from hanlon.engine.lane import Lane, LaneKey
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


class Sweep:
    """One run over the missing episodes of a sweep."""

    def __init__(
        self,
        works: Sequence[CellWork],
        max_connections: int,
        observers: Sequence[Observer],
        say: Callable[[str], None],
    ) -> None:
        self._works = works
        self._max_connections = max_connections
        self._observers = observers
        self._say = say
        self._left = {work.cell.key: len(work.missing) for work in works}
        self._stopping = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self.end = SweepEnd()

    async def run(self) -> SweepEnd:
        """Sample everything that is missing; always returns, with everything finished in the store."""
        self._handle_signals()
        writer = EpisodeWriter()
        lanes = self._lanes()
        try:
            await asyncio.gather(*(lane.open() for lane in lanes.values()))
            for key, lane in lanes.items():
                works = [
                    (w, Rollouts(w.cell)) for w in self._works if w.missing and LaneKey.of(w.cell) == key
                ]
                items = index_major(works)
                self._workers += [
                    asyncio.create_task(self._work(lane, items, writer)) for _ in range(lane.connections)
                ]
            await self._wait_for_workers()
        finally:
            await writer.close()
            await asyncio.gather(*(lane.close() for lane in lanes.values()))
        for lane in lanes.values():
            if lane.stopped:
                self.end.stopped.append(lane.stopped)
                self.end.failed |= lane.failed
        return self.end

    def _lanes(self) -> dict[LaneKey, Lane]:
        lanes: dict[LaneKey, Lane] = {}
        for work in self._works:
            key = LaneKey.of(work.cell)
            if work.missing and key not in lanes:
                lanes[key] = Lane(work.cell.config.model, self._max_connections)
        return lanes

    async def _work(self, lane: Lane, items: Iterator[_Item], writer: EpisodeWriter) -> None:
        for item in items:
            if self._stopping.is_set() or lane.stopped:
                return
            after_look = item.index >= item.work.planned_samples
            episode = await item.rollouts.run(item.index, lane.call, item.order, after_look)
            lane.saw(episode.outcome == outcomes.API_ERROR)
            try:
                await writer.store(item.work.writer, episode)
            except StoreFailed as failure:
                self.end.store_failure = str(failure)
                self._stopping.set()
                return
            self._stored(item.work.cell.key, episode)

    def _stored(self, key: str, episode: Episode) -> None:
        self._left[key] -= 1
        for observer in self._observers:
            observer.stored(key, episode)
            if self._left[key] == 0:
                observer.cell_finished(key)

    async def _wait_for_workers(self) -> None:
        results = await asyncio.gather(*self._workers, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread: no signals
            loop.add_signal_handler(signal.SIGINT, self._interrupt, None)
            loop.add_signal_handler(signal.SIGTERM, self._interrupt, TERMINATE_GRACE_S)

    def _interrupt(self, grace_s: float | None) -> None:
        if self._stopping.is_set() and grace_s is None:
            self._drop_in_flight()
            return
        self.end.interrupted = True
        self._stopping.set()
        in_flight = sum(not worker.done() for worker in self._workers)
        self._say(
            f"Stopping: no new episode starts; up to {in_flight} in flight are finished and stored."
            + (" Ctrl-C again drops them." if grace_s is None else "")
        )
        if grace_s is not None:
            asyncio.get_running_loop().call_later(grace_s, self._drop_in_flight)

    def _drop_in_flight(self) -> None:
        for worker in self._workers:
            worker.cancel()
