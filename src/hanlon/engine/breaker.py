"""A circuit breaker per endpoint: when nearly everything fails, nobody calls; then one call tries, then all resume.

What fails during an outage is no retry of any episode: an outage of an hour costs time, not episodes.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

OPEN_AT = 12
"""Failures in a row, over all calls of the endpoint. At random failures of 60 % this happens once in 500 calls."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 120.0
PATIENCE_WITHOUT_SUCCESS_S = 12.0
"""An endpoint that has never answered is more likely misconfigured than down."""


class OutageTooLong(Exception):
    """The endpoint did not come back within the patience that the configuration gives it."""


class Breaker:
    """The breaker of one endpoint. `say` tells the person at the terminal."""

    def __init__(self, name: str, patience_s: float, say: Callable[[str], None]) -> None:
        self._name = name
        self._patience_s = patience_s
        self._say = say
        self._in_a_row = 0
        self._ever_succeeded = False
        self._opened_at: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._next_try = 0.0
        self._trying = False
        self._changed = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether calls are held back."""
        return self._opened_at is not None

    async def ready(self) -> None:
        """Return when this call may be made: at once, as the one that tries, or when the outage is over.

        Raises:
            OutageTooLong: patience has run out.
        """
        loop = asyncio.get_running_loop()
        while self._opened_at is not None:
            now = loop.time()
            patience = (
                self._patience_s
                if self._ever_succeeded
                else min(self._patience_s, PATIENCE_WITHOUT_SUCCESS_S)
            )
            if now - self._opened_at > patience:
                raise OutageTooLong(f"{self._name} has not answered for {now - self._opened_at:.0f} s")
            if not self._trying and now >= self._next_try:
                self._trying = True
                return
            self._changed.clear()
            wait = max(0.01, self._next_try - now) if not self._trying else 1.0
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def succeeded(self) -> None:
        """A call came back with something usable."""
        self._ever_succeeded = True
        self._in_a_row = 0
        if self._opened_at is not None:
            outage_s = asyncio.get_running_loop().time() - self._opened_at
            self._say(f"{self._name} answers again after {outage_s:.0f} s; going on.")
            self._opened_at = None
            self._pause_s = FIRST_PAUSE_S
        self._trying = False
        self._changed.set()

    def failed(self, why: str) -> None:
        """A call failed as calls do in an outage (5xx, time-out, no connection, no completion)."""
        now = asyncio.get_running_loop().time()
        self._in_a_row += 1
        if self._opened_at is not None:
            if self._trying:
                self._trying = False
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
                self._next_try = now + self._pause_s
                self._changed.set()
        elif self._in_a_row >= OPEN_AT:
            self._opened_at, self._next_try = now, now + self._pause_s
            self._say(
                f"{self._name}: the last {self._in_a_row} calls failed, the last of them with: {why}. Pausing; one "
                f"call tries every {FIRST_PAUSE_S:.0f} to {LONGEST_PAUSE_S:.0f} s."
            )

    def abandoned(self) -> None:
        """The call that was to try was cancelled: another may."""
        self._trying = False
        self._changed.set()
