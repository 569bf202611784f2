"""A provider's rate limit: token buckets for requests and for tokens, and their headers.

The headers are OpenAI's: the limit is the bucket's size, the reset is the time until it is full again, both
after the request that is being answered was counted. A request beyond the limit is refused and not counted.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

from hanlon.simulated.faults.config import Rate

_CHARACTERS_PER_TOKEN = 4


class TokenBucket:
    """Holds up to `burst` (one second's worth, at least 1), refilled at `per_second`. Full at the start."""

    def __init__(self, per_second: float, burst: float | None, clock: Callable[[], float]) -> None:
        self.per_second = per_second
        self.burst = math.floor(max(1.0, per_second) if burst is None else burst)
        self._clock = clock
        self._held: float = self.burst
        self._at = clock()

    def wait_s(self, amount: float = 1.0) -> float:
        """Seconds until `amount` can be taken; more than the whole bucket counts as the whole bucket."""
        self._refill()
        missing = min(amount, self.burst) - self._held
        return missing / self.per_second if missing > 1e-9 else 0.0  # rounding errors are no shortage

    def take(self, amount: float = 1.0) -> None:
        """Take `amount`. It is there if `wait_s` was 0."""
        self._held = max(0.0, self._held - amount)

    @property
    def remaining(self) -> int:
        """What is left, rounded down. As of the last `wait_s`."""
        return math.floor(self._held + 1e-9)

    @property
    def reset_s(self) -> float:
        """Seconds until it is full. As of the last `wait_s`."""
        return (self.burst - self._held) / self.per_second

    def _refill(self) -> None:
        now = self._clock()
        self._held = min(self.burst, self._held + max(0.0, now - self._at) * self.per_second)
        self._at = now


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether one request is let through (`wait_s` is 0), by which limit it waits, and the headers of its reply."""

    wait_s: float
    limit: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class RateLimit:
    """The limiter of one server."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = TokenBucket(rate.per_second, rate.burst, clock)
        self._tokens = None
        if rate.tokens_per_second is not None:
            self._tokens = TokenBucket(rate.tokens_per_second, rate.tokens_burst, clock)

    def admit(self, request_characters: int) -> Admission:
        """Count one request, or refuse it."""
        tokens = request_characters // _CHARACTERS_PER_TOKEN
        wait_s, limit = self._requests.wait_s(), "requests"
        if self._tokens is not None and (for_tokens := self._tokens.wait_s(tokens)) > wait_s:
            wait_s, limit = for_tokens, "tokens"
        if wait_s == 0:
            self._requests.take()
            if self._tokens is not None:
                self._tokens.take(tokens)
        return Admission(wait_s, limit, self._headers())

    def _headers(self) -> dict[str, str]:
        headers = _bucket_headers("requests", self._requests)
        return headers if self._tokens is None else headers | _bucket_headers("tokens", self._tokens)


def _bucket_headers(name: str, bucket: TokenBucket) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{name}": f"{bucket.burst}",
        f"x-ratelimit-remaining-{name}": str(bucket.remaining),
        f"x-ratelimit-reset-{name}": duration(bucket.reset_s),
    }


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: ``20ms``, ``1.2s``, ``6m0s``, ``1h2m0.5s``; whole milliseconds, rounded up."""
    milliseconds = _ceil(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def retry_after(style: str, wait_s: float) -> dict[str, str]:
    """The header that says when to come back, rounded up to what its style can express. ``none`` has no header."""
    if style == "seconds":
        return {"Retry-After": str(_ceil(wait_s))}
    if style == "ms":
        return {"Retry-After-Ms": str(_ceil(wait_s * 1000))}
    if style == "date":
        return {"Retry-After": formatdate(_ceil(time.time() + wait_s), usegmt=True)}
    return {}


def _ceil(number: float) -> int:
    return math.ceil(number - 1e-6)  # 3 / 0.1 seconds are 30, not 31
