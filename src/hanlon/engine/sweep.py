"""Runs a sweep: one work list over all cells, index-major, one bounded crew of workers per endpoint and model.

A worker finishes an episode before it opens another, so a kill loses few paid turns, and waiting work costs
no memory. Cells are interleaved by index, so a provider that drifts does not look like a factor. Inquiries about
stored episodes (judges, follow-up questions) run beside the sampling, by crews of their own in the same lanes.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from hanlon.config.schema import ModelConfig, RunOptions
from hanlon.engine.asker import Asker, Feed
from hanlon.engine.budget import Budget
from hanlon.engine.lane import Lane, LaneKey, LaneState
from hanlon.engine.limiter import SharedPause
from hanlon.engine.rollout import Rollouts
from hanlon.engine.work import (
    CellWork,
    Crew,
    MissingEpisode,
    Observer,
    SweepEnd,
    few_collections,
    index_major,
)
from hanlon.engine.writer import RecordWriter
from hanlon.inquiries.answering import InquiryWork, OpenEpisode, read_open
from hanlon.inquiries.pending import Unaskable
from hanlon.store import outcomes
from hanlon.store.lines import StoreFailed
from hanlon.store.records import Answer, Episode

TERMINATE_GRACE_S = 10.0
"""After SIGTERM, how long episodes in flight may go on; whoever sends it often sends SIGKILL next."""


class Sweep:
    """One run over the missing episodes and answers of a sweep.

    Crews grow with their lane's limiter and shrink with it. `answered` is told of every stored answer.
    """

    def __init__(
        self,
        works: Sequence[CellWork],
        inquiries: Sequence[InquiryWork],
        options: RunOptions,
        budget: Budget,
        observers: Sequence[Observer],
        answered: Callable[[Answer], None],
        say: Callable[[str], None],
    ) -> None:
        self._works = [work for work in works if work.missing]
        self._inquiries = [work for work in inquiries if work.inquiry.model is not None]
        self._inquiries_of: dict[str, list[InquiryWork]] = {}
        for work in self._inquiries:
            self._inquiries_of.setdefault(work.cell.key, []).append(work)
        self._options = options
        self._budget = budget
        self._observers = observers
        self._answered = answered
        self._say = say
        self._left = {work.key: len(work.missing) for work in works}
        self._stopping = False
        self._lanes: dict[LaneKey, Lane] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._samplers: list[Crew] = []
        self._askers: list[Crew] = []
        self._unaskable: set[Path] = set()
        self._feeds: dict[Lane, Feed[OpenEpisode]] = {}
        self.end = SweepEnd()

    async def run(self) -> SweepEnd:
        """Sample and ask everything that is missing; always returns, with everything finished in the store."""
        self._handle_signals()
        self._writer = RecordWriter()
        self._open_crews()
        lanes = self._lanes.values()
        try:
            await asyncio.gather(*(lane.open() for lane in lanes))
            with few_collections():
                for lane in lanes:
                    await self._start(lane)
                await self._until_all_is_done()
        finally:
            self._drop_in_flight()
            await asyncio.gather(*self._workers, return_exceptions=True)
            await self._writer.close()
            await asyncio.gather(*(lane.close() for lane in lanes))
        for lane in lanes:
            self.end.limits[lane.name] = asdict(lane.limiter.state())
            if lane.stopped:
                self.end.stopped.append(lane.stopped)
                self.end.failed |= lane.failed
        if self._budget.exhausted:
            self.end.stopped.append(self._budget.exhausted)
        return self.end

    async def _start(self, lane: Lane) -> None:
        self._hire(lane)
        if lane.stopped and lane in self._feeds:  # it could not be opened: nobody will take anything
            await self._feeds[lane].close()

    async def _until_all_is_done(self) -> None:
        # a worker like others: what drops them must drop it too, for it may wait for room that nobody makes any more
        stored = asyncio.create_task(self._offer_stored())
        self._workers.add(stored)
        await self._wait_until(lambda: stored.done() and not any(crew.size for crew in self._samplers))
        for feed in self._feeds.values():
            await feed.end()
        await self._wait_until(lambda: not any(crew.size for crew in self._askers))

    def lanes(self) -> dict[str, LaneState]:
        """What every lane does, for the progress display."""
        return {lane.name: lane.state() for lane in self._lanes.values()}

    def _open_crews(self) -> None:
        """A lane for each endpoint and model that is sampled or asked; a crew in it for each."""
        pauses: dict[str, SharedPause] = {}
        by_lane: dict[Lane, list[CellWork]] = {}
        for work in self._works:
            by_lane.setdefault(self._lane(work.cell.config.model, pauses), []).append(work)
        for lane, works in by_lane.items():
            if any(work.answered_before for work in works):
                lane.has_answered()
            items = index_major(
                [(work, Rollouts(work.cell, self._options.episode_timeout_s, work.start)) for work in works]
            )
            self._samplers.append(Crew(lane, partial(self._sample_all, items)))
        for work in self._inquiries:
            assert work.inquiry.model is not None
            lane = self._lane(work.inquiry.model, pauses)
            if lane not in self._feeds:
                self._feeds[lane] = Feed()
                self._askers.append(Crew(lane, self._ask_all))

    def _lane(self, model: ModelConfig, pauses: dict[str, SharedPause]) -> Lane:
        """The lane of a model; lanes of one endpoint share its pause."""
        key = LaneKey.of(model)
        if key not in self._lanes:
            pause = pauses.setdefault(
                key.address + key.server, SharedPause(f"{model.endpoint} at {key.address}", self._say)
            )
            self._lanes[key] = Lane(model, self._options, pause, self._budget, self._hire, self._say)
        return self._lanes[key]

    def _hire(self, lane: Lane) -> None:
        for crew in (*self._samplers, *self._askers):
            while crew.lane is lane and not (crew.is_full or self._stopping or lane.stopped):
                crew.size += 1
                self._workers.add(asyncio.create_task(crew.run_worker()))

    async def _sample_all(self, items: Iterator[MissingEpisode], crew: Crew) -> None:
        lane = crew.lane
        for item in items:
            if self._stopping or lane.stopped or not await self._budget.open_episode():
                return
            if self._stopping or lane.stopped:  # while it waited for room in the budget
                self._budget.close_episode(None)
                return
            await self._sample(lane, item)
            if crew.is_too_large:
                return

    async def _sample(self, lane: Lane, item: MissingEpisode) -> None:
        after_look = item.index >= item.work.planned_samples
        try:
            episode = await item.rollouts.run(item.index, lane.call, item.order, after_look)
        except BaseException:  # also a cancellation: what was set aside is free again
            self._budget.close_episode(None)
            raise
        self._budget.close_episode(episode.calls)
        if episode.outcome == outcomes.BUDGET and len(episode.calls) == 1:
            return  # not even its first call was sent: a later run may sample it
        lane.note(episode.outcome, episode.never_acted)
        try:
            await self._writer.store(item.work.writer, episode)
        except StoreFailed as failure:
            self._fail(failure)
            return
        await self._stored(item.work.key, episode)

    async def _stored(self, key: str, episode: Episode) -> None:
        self._left[key] -= 1
        for observer in self._observers:
            observer.stored(key, episode)
            if self._left[key] == 0:
                observer.cell_finished(key)
        if episode.excluded is None:
            for work in self._inquiries_of.get(key, ()):
                await self._offer(OpenEpisode(work, episode, {}))

    async def _offer_stored(self) -> None:
        """Offer what earlier runs have sampled and nobody has asked about."""
        for work in self._inquiries:
            for unfinished in await asyncio.to_thread(read_open, work):
                await self._offer(unfinished)

    async def _offer(self, unfinished: OpenEpisode) -> None:
        model = unfinished.work.inquiry.model
        assert model is not None
        await self._feeds[self._lanes[LaneKey.of(model)]].put(unfinished)

    async def _ask_all(self, crew: Crew) -> None:
        lane = crew.lane
        asker, feed = Asker(lane, self._writer, self._answered), self._feeds[lane]
        try:
            while not (self._is_over(lane) or crew.is_too_large):
                unfinished = await feed.take()
                if unfinished is None:
                    return
                if not self._is_over(lane):
                    await self._ask(asker, lane, unfinished)
        except Exception:  # who fills the feed would wait for room in it
            await feed.close()
            raise
        if self._is_over(lane):
            await feed.close()  # nobody may wait for room in it

    def _is_over(self, lane: Lane) -> bool:
        return self._stopping or bool(lane.stopped or self._budget.exhausted)

    async def _ask(self, asker: Asker, lane: Lane, unfinished: OpenEpisode) -> None:
        try:
            calls = await asker.ask(
                unfinished, lambda: self._is_over(lane) or not self._budget.open_inquiry()
            )
            self._budget.close_inquiry(calls)
        except Unaskable as failure:
            if unfinished.work.folder not in self._unaskable:  # one such episode of a cell tells
                self._unaskable.add(unfinished.work.folder)
                self._say(str(failure))
        except StoreFailed as failure:
            self._fail(failure)

    def _fail(self, failure: StoreFailed) -> None:
        self.end.store_failure = str(failure)
        self._stopping = True

    async def _wait_until(self, over: Callable[[], bool]) -> None:
        """Wait for workers to end until it is over; what goes wrong in any of them is raised."""
        while not over():
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
        at_work = sum(crew.size for crew in (*self._samplers, *self._askers))
        self._say(
            f"Stopping: no new episode starts; up to {at_work} in flight are finished and stored."
            + (" Ctrl-C again drops them." if grace_s is None else "")
        )
        if grace_s is not None:
            asyncio.get_running_loop().call_later(grace_s, self._drop_in_flight)

    def _drop_in_flight(self) -> None:
        for worker in self._workers:
            worker.cancel()
