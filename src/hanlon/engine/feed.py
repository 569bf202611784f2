"""Episodes on their way from the store to those who ask about them."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 2000
"""Whoever would add more waits: an inquiry that is slower than sampling slows it, and memory stays flat."""


class Feed(Generic[T]):
    """A bounded queue that can be ended (what waits is still taken) or closed (what waits is dropped)."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, item: T) -> None:
        """Add an item once there is room; a feed that has ended takes nothing more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or len(self._waiting) < MOST_WAITING)
            if not self._ended:
                self._waiting.append(item)
                self._changed.notify_all()

    async def take(self) -> T | None:
        """The next item once there is one, None once none will come."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or bool(self._waiting))
            item = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return item

    async def end(self) -> None:
        """Nothing more is put in."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Nothing more is taken out: what waits stays unasked, for a later run."""
        async with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
