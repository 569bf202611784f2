"""A circuit breaker per endpoint and model: when nearly everything fails, nobody calls; then one call tries, then all.

What fails during an outage is no retry of any episode: an outage of an hour costs time, not episodes. It is one
per model, since behind one address a single model may be down while the others answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from hanlon.store import outcomes

OPEN_AT = 12
"""Failures in a row, over all calls of the lane. At random failures of 60 % this happens once in 500 calls."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 120.0
PATIENCE_WITHOUT_SUCCESS_S = 12.0
"""An endpoint that has never answered is more likely misconfigured than down."""


class OutageTooLong(Exception):
    """The endpoint did not come back within the patience that the configuration gives it."""


class Breaker:
    """The breaker of one lane. `say` tells the person at the terminal."""

    def __init__(self, name: str, patience_s: float, say: Callable[[str], None]) -> None:
        self._name = name
        self._patience_s = patience_s
        self._say = say
        self._in_a_row = 0
        self._ever_succeeded = False
        self._opened_at: float | None = None
        self._ended = ""
        self._over = asyncio.Event()
        self._pause_s = FIRST_PAUSE_S
        self._next_try = 0.0
        self._trying = False
        self._changed = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether calls are held back."""
        return self._opened_at is not None

    @property
    def patience_s(self) -> float:
        """How long an outage may last."""
        if self._ever_succeeded:
            return self._patience_s
        return min(self._patience_s, PATIENCE_WITHOUT_SUCCESS_S)

    async def ready(self) -> bool:
        """Return when this call may be made; True where it is the one that tries.

        Raises:
            OutageTooLong: patience has run out.
        """
        loop = asyncio.get_running_loop()
        while self._opened_at is not None and not self._ended:
            now = loop.time()
            if now - self._opened_at > self.patience_s:
                self.end(f"{self._name} has not answered for {now - self._opened_at:.0f} s")
                break
            if not self._trying and now >= self._next_try:
                self._trying = True
                return True
            self._changed.clear()
            due = self._opened_at + self.patience_s if self._trying else self._next_try
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, due - now)):
                    await self._changed.wait()
        if self._ended:
            raise OutageTooLong(self._ended)
        return False

    def succeeded(self, tried: bool) -> None:
        """A call came back with something usable; `tried`: it was the one that `ready` let through to try."""
        self._ever_succeeded = True
        self.answered(tried)

    def answered(self, tried: bool) -> None:
        """The endpoint is there, if only to refuse. One that began before the outage does not say that it is over."""
        if self._opened_at is None:
            self._in_a_row = 0
        elif tried:
            self._in_a_row = 0
            outage_s = asyncio.get_running_loop().time() - self._opened_at
            self._say(f"{self._name} answers again after {outage_s:.0f} s; going on.")
            self._opened_at = None
            self._pause_s = FIRST_PAUSE_S
            self._trying = False
            self._changed.set()

    def failed(self, why: str, tried: bool) -> None:
        """A call failed as calls do in an outage."""
        self._in_a_row += 1
        if self._opened_at is None:
            if self._in_a_row >= OPEN_AT:
                self.trip(why)
        elif tried:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._next_try = asyncio.get_running_loop().time() + self._pause_s
            self.abandoned(tried)

    def nothing_but_failures(self, calls: int) -> bool:
        """Whether an endpoint that has answered before has failed at least the last `calls` calls."""
        return self._ever_succeeded and self._in_a_row >= calls

    def trip(self, why: str) -> None:
        """Hold all calls back."""
        now = asyncio.get_running_loop().time()
        self._opened_at, self._next_try = now, now + self._pause_s
        self._say(
            f"{self._name}: the last {self._in_a_row} calls failed, the last of them with: {why}. Pausing; one "
            f"call tries every {FIRST_PAUSE_S:.0f} to {LONGEST_PAUSE_S:.0f} s."
        )

    def abandoned(self, tried: bool) -> None:
        """The call is over without telling anything of the endpoint: if it was to try, another may."""
        if tried:
            self._trying = False
            self._changed.set()

    def end(self, why: str) -> None:
        """No call is to be made any more: `ready` raises."""
        self._ended = self._ended or why
        self._over.set()
        self._changed.set()

    async def rest(self, seconds: float) -> None:
        """Wait, but not for an endpoint that is given up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()


WINDOW = 40
"""Episodes over which `abort_on_error_rate` is taken; half of them are enough to act."""
TECHNICAL = outcomes.EXCLUDED - {outcomes.BUDGET}
"""A budget that is used up breaks nothing."""


class ErrorShare:
    """The share of one lane's last episodes that failed for technical reasons or never acted in their protocol."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._failed: deque[bool] = deque(maxlen=WINDOW)

    def add(self, outcome: str, never_acted: bool) -> str:
        """Count an episode; why the lane must stop, or nothing."""
        self._failed.append(outcome in TECHNICAL or never_acted)
        share = sum(self._failed) / len(self._failed)
        if len(self._failed) < WINDOW // 2 or share <= self._limit:
            return ""
        return (
            f"{share:.0%} of the last {len(self._failed)} episodes failed for technical reasons or never acted in "
            f"the protocol, the last as {outcome}: more than abort_on_error_rate={self._limit:g}. Stopped."
        )
