"""What a sweep works on: the missing episodes of all cells in one order, and the crews that take them."""

import gc
import traceback
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hanlon.config.cell import Cell
from hanlon.engine.lane import Lane
from hanlon.engine.rollout import Rollouts, Start
from hanlon.store.lines import LineWriter
from hanlon.store.records import Episode


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
    """What is left to do of one cell, or of the branch that `start` begins, and where it goes."""

    cell: Cell
    writer: LineWriter
    missing: Sequence[int]
    planned_samples: int
    """The n of the sweep that opened the cell: an index beyond it is sampled after a look at the rates."""
    answered_before: bool = False
    """Whether the cell's model answered a call in an earlier run."""
    start: Start | None = None

    @property
    def key(self) -> str:
        """The key under which its episodes are stored."""
        return self.start.key if self.start else self.cell.key


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
class MissingEpisode:
    """One episode to sample, and its place in the order of the sweep."""

    work: CellWork
    rollouts: Rollouts
    index: int
    order: int


@dataclass(eq=False)
class Crew:
    """The workers of one lane that do one kind of work: as many as its limiter allows calls."""

    lane: Lane
    work: Callable[["Crew"], Awaitable[None]]
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many workers as calls may be under way."""
        return self.size >= self.lane.limiter.limit

    @property
    def is_too_large(self) -> bool:
        """Whether the limit has shrunk below the number of workers."""
        return self.size > self.lane.limiter.limit

    async def run_worker(self) -> None:
        """Work as one more worker of this crew until the work ends or the crew shrinks."""
        try:
            await self.work(self)
        except (
            Exception
        ) as error:  # a fault of ours ends this model's share; the others go on, the table is printed
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.lane.give_up(
                f"{self.lane.name}: our own code failed, {type(error).__name__}: {error} "
                f"({Path(where.filename).name}, line {where.lineno}); its cells were stopped."
            )
        finally:
            self.size -= 1


def index_major(works: Sequence[tuple[CellWork, Rollouts]]) -> Iterator[MissingEpisode]:
    """The missing episodes of all cells: the first index of every cell, then the second of every cell, ..."""
    iterators = [(work, rollouts, iter(work.missing)) for work, rollouts in works]
    order = 0
    while iterators:
        remaining: list[tuple[CellWork, Rollouts, Iterator[int]]] = []
        for work, rollouts, indices in iterators:
            index = next(indices, None)
            if index is not None:
                yield MissingEpisode(work, rollouts, index, order)
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
