"""How many calls an endpoint takes at once, and how often: learnt from its answers (AIMD with slow start).

Concurrency grows only while it is used up, shrinks on 429, and rests on 5xx and time-outs: an overloaded
provider says nothing about our rate. Where a single connection is already too fast, concurrency cannot hold a
rate, so starts are paced as well: by the rate-limit headers where there are some, else by what went through
before a 429. Everything here runs on one event loop and needs no locks.
"""

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LOW = 0.5
"""Above this share of the bucket there is no need to pace."""
HORIZON_S = 60.0
"""What is left may be used up within this time: a bucket for a whole day is not to be kept half full."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def duration_s(text: str) -> float | None:
    """Seconds in `1h2m3.5s`, `20ms` or a plain number; None for anything else."""
    try:
        seconds = float(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * UNIT_S[unit] for number, unit in parts)


def refill_rate(headers: Mapping[str, str]) -> float | None:
    """Requests a second that the bucket allows, None while it is well filled or nothing is known."""
    try:
        limit = float(headers["x-ratelimit-limit-requests"])
        remaining = float(headers["x-ratelimit-remaining-requests"])
    except (KeyError, ValueError):
        return None
    reset_s = duration_s(headers.get("x-ratelimit-reset-requests", ""))
    if not reset_s or not 0.0 <= remaining <= LOW * limit < math.inf or remaining >= limit:
        return None
    return (limit - remaining) / reset_s + remaining / HORIZON_S


FIRST_LIMIT = 8
SHRINK = 0.7
COOL_DOWN_S = 5.0
"""A burst of 429s is one message: within this time it shrinks the limit once."""
GROWTH_PAUSE_S = 10.0
SATURATED = 0.8
PACE_BELOW_OBSERVED = 0.95
PACE_SHRINK = 0.9
PACE_GROWTH_PER_S = 0.02
PACE_BELOW_REFILL = 0.98
WINDOW_S = 5.0
DEFAULT_HOLD_S = 1.0


LONG_HOLD_S = 15.0
"""A wait that the person at the terminal is told of."""


def _keep_silent(text: str) -> None: ...


@dataclass
class SharedPause:
    """What the limiters of one endpoint share: until when the server has asked all callers to wait."""

    name: str = ""
    say: Callable[[str], None] = _keep_silent
    until: float = 0.0
    _said_until: float = 0.0

    def hold(self, now: float, seconds: float) -> None:
        """Let no call of this endpoint start within the next `seconds`."""
        self.until = max(self.until, now + seconds)
        if seconds >= LONG_HOLD_S and self.until >= self._said_until + LONG_HOLD_S:
            self._said_until = self.until
            self.say(f"{self.name} asks to wait {seconds:.0f} s; none of its calls starts before.")


@dataclass
class LimiterState:
    """What the limiter has come to, for the progress line and the sweep's record. Rates are calls a second."""

    limit: int
    in_flight: int
    waiting: int
    pace_per_s: float | None
    rate_limited: int
    highest_limit: int


class Limiter:
    """The slots of one endpoint and model. `grown` is called whenever another slot exists.

    Use: `await acquire()`, make the call, then `release()` and one of `succeeded`, `rate_limited`, `overloaded`.
    """

    def __init__(self, cap: int, pause: SharedPause, grown: Callable[[], None] = lambda: None) -> None:
        self._cap = cap
        self._pause = pause
        self._grown = grown
        self._limit = float(min(cap, FIRST_LIMIT))
        self._highest = int(self._limit)
        self._in_flight = 0
        self._slow_start = True
        self._shrunk_at = self._paused_until = self._next_start = float("-inf")
        self._pace: _Pace = _Pace()
        self._rate_limited = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Calls that may be under way at once now."""
        return int(self._limit)

    def state(self) -> LimiterState:
        """The state now."""
        return LimiterState(
            self.limit,
            self._in_flight,
            len(self._waiters),
            self._pace.per_s,
            self._rate_limited,
            self._highest,
        )

    async def acquire(self) -> None:
        """Wait for a slot; first come, first served."""
        now = asyncio.get_running_loop().time()
        if not self._waiters and self._startable(now):
            self._start(now)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        self._pump()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._in_flight -= 1
        self._pump()

    def succeeded(self, headers: Mapping[str, str]) -> None:
        """A call went through."""
        now = asyncio.get_running_loop().time()
        self._pace.went_through(now, refill_rate(headers))
        if now < self._paused_until or self._in_flight < SATURATED * self.limit:
            return
        before = self.limit
        self._limit = min(self._cap, self._limit + (1.0 if self._slow_start else 1.0 / self._limit))
        self._highest = max(self._highest, self.limit)
        if self.limit > before:
            self._grown()
            self._pump()

    def rate_limited(self, retry_after_s: float | None) -> None:
        """The endpoint answered 429: every waiting call of it waits, and fewer go at once afterwards."""
        now = asyncio.get_running_loop().time()
        self._rate_limited += 1
        self._pause.hold(now, DEFAULT_HOLD_S if retry_after_s is None else retry_after_s)
        self._slow_start = False
        if now - self._shrunk_at < COOL_DOWN_S:
            return
        self._shrunk_at = now
        self._pace.was_refused(now)
        self._limit = max(1.0, self._limit * SHRINK)

    def overloaded(self, retry_after_s: float | None) -> None:
        """A 5xx or a time-out: no growth for a while; where the server asks for a pause, everyone keeps it."""
        now = asyncio.get_running_loop().time()
        self._paused_until = now + GROWTH_PAUSE_S
        if retry_after_s:
            self._pause.hold(now, retry_after_s)

    def _startable(self, now: float) -> bool:
        return self._in_flight < self.limit and now >= self._opens_at()

    def _opens_at(self) -> float:
        return max(self._pause.until, self._next_start)

    def _start(self, now: float) -> None:
        self._in_flight += 1
        per_s = self._pace.current(now)
        if per_s is not None:
            self._next_start = max(self._next_start, now - 1.0 / per_s) + 1.0 / per_s

    def _pump(self) -> None:
        """Start every waiting call that may start; come back when time alone will let the next one."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiters and self._startable(now):
            turn = self._waiters.popleft()
            if not turn.done():
                self._start(now)
                turn.set_result(None)
        if self._waiters and self._in_flight < self.limit and self._timer is None:
            self._timer = loop.call_at(self._opens_at(), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._pump()


@dataclass
class _Pace:
    """Starts a second: None until the endpoint has refused a call or its headers say how fast it refills."""

    per_s: float | None = None
    _updated_at: float = 0.0
    _recent: deque[float] = field(default_factory=deque[float])

    def went_through(self, now: float, refill_per_s: float | None) -> None:
        self._recent.append(now)
        self._forget(now)
        if refill_per_s is not None:
            self.per_s, self._updated_at = refill_per_s * PACE_BELOW_REFILL, now

    def was_refused(self, now: float) -> None:
        self._forget(now)
        if self.per_s is not None:
            self.per_s *= PACE_SHRINK
        elif len(self._recent) > 1 and now > self._recent[0]:
            self.per_s = PACE_BELOW_OBSERVED * len(self._recent) / (now - self._recent[0])
        self._updated_at = now

    def _forget(self, now: float) -> None:
        """A rate is of the last seconds: one over a long hold would be far too low."""
        while self._recent and self._recent[0] < now - WINDOW_S:
            self._recent.popleft()

    def current(self, now: float) -> float | None:
        """The pace now: it creeps up for as long as nothing is refused."""
        if self.per_s is not None:
            self.per_s *= 1.0 + PACE_GROWTH_PER_S * max(0.0, now - self._updated_at)
            self._updated_at = now
        return self.per_s
