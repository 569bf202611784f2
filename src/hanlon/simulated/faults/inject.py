"""The middleware that lets a simulated server fail as real ones do.

A request meets, in this order: the outage, if one is on; the rate limit; and one fault or none, drawn with the
latency from the seed, the request's bytes and how often this request has failed before. The same sweep
therefore meets the same drawn faults, whatever the order of its calls; outage and rate limit depend on time.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from hanlon.simulated.faults.config import INSTEAD, ODD, Faults
from hanlon.simulated.faults.rate_limit import Admission, RateLimit, retry_after
from hanlon.simulated.faults.replies import error_reply, instead, spoiled
from hanlon.simulated.served import ServedCounts

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LIMIT_HEADERS = "hanlon-limit-headers"
_DRAWN_BITS = 32


def inject(app: web.Application, path: str, faults: Faults, tally: ServedCounts) -> None:
    """Let POST requests to `path` meet `faults`, counted in `tally`. Costs nothing where there are none."""
    if faults.none:
        return
    faulty = _Faulty(faults, tally)

    @web.middleware
    async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != path or request.method != "POST":
            return await handler(request)
        return await faulty.answer(request, handler)

    app.middlewares.append(fail)
    if faults.rate is not None:
        app.on_response_prepare.append(_add_limit_headers)


async def _add_limit_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set them on every reply that met the limit, errors included."""
    response.headers.update(request.get(_LIMIT_HEADERS, ()))


class _Faulty:
    """Decides what happens to each request."""

    def __init__(self, faults: Faults, tally: ServedCounts) -> None:
        self._faults = faults
        self._tally = tally
        self._limit = RateLimit(faults.rate) if faults.rate else None
        self._draws = _Draws(faults)
        self._first_call_at: float | None = None

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        if self._in_outage():
            assert self._faults.outage is not None
            return await self._instead(self._faults.outage.kind, request)
        if self._limit is not None:
            admission = self._limit.admit(len(body))
            request[_LIMIT_HEADERS] = admission.headers
            if admission.wait_s > 0:
                self._tally.rate_limited += 1
                return self._refuse(admission)
        kind, latency_s = self._draws.next(body)
        if kind is not None and kind in INSTEAD:
            if kind != "hang":
                await _pass(latency_s)
            return await self._instead(kind, request)
        completion = await handler(request)  # before the wait: a provider bills what it was sent
        await _pass(latency_s)
        return completion if kind is None else await self._spoil(kind, request, completion)

    def _in_outage(self) -> bool:
        if self._faults.outage is None:
            return False
        now = time.monotonic()
        if self._first_call_at is None:
            self._first_call_at = now
        return self._faults.outage.covers(now - self._first_call_at)

    def _refuse(self, admission: Admission) -> web.Response:
        message = f"Rate limit reached for {admission.limit}. Try again in {admission.wait_s:.3f} s"
        headers = retry_after(self._faults.retry_after, admission.wait_s)
        return error_reply(429, admission.limit, message, "rate_limit_exceeded", headers)

    async def _instead(self, kind: str, request: web.Request) -> web.StreamResponse:
        self._tally.faults[kind] += 1
        self._tally.instead += 1
        return await instead(kind, request, retry_after(self._faults.retry_after, self._faults.retry_after_s))

    async def _spoil(
        self, kind: str, request: web.Request, completion: web.StreamResponse
    ) -> web.StreamResponse:
        assert isinstance(completion, web.Response)
        self._tally.faults[kind] += 1
        reply = await spoiled(kind, request, completion, self._faults.drip_s)
        if reply is None:
            self._tally.faults[kind] -= 1
        return reply or completion


async def _pass(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


class _Draws:
    """Chance, fixed by the seed: the n-th attempt at a request always meets the same fault."""

    def __init__(self, faults: Faults) -> None:
        self._key = str(faults.seed).encode()
        self._latency = faults.latency
        self._kinds = [(kind, probability) for kind, probability in faults.errors.items() if probability > 0]
        self._failed: dict[bytes, int] = {}  # only requests that the client may be trying again

    def next(self, body: bytes) -> tuple[str | None, float]:
        """The fault of this attempt, None for none, and its latency in seconds."""
        request = hashlib.blake2b(body, digest_size=16).digest()
        attempt = self._failed.get(request, 0)
        drawn = hashlib.blake2b(request + self._key, digest_size=8, salt=attempt.to_bytes(8, "big")).digest()
        kind = self._kind(_chance(drawn[:4]))
        if kind is None or kind in ODD:  # it will be answered; asked again, it is answered alike
            self._failed.pop(request, None)
        else:
            self._failed[request] = attempt + 1
        return kind, self._latency.quantile(_chance(drawn[4:])) if self._latency else 0.0

    def _kind(self, chance: float) -> str | None:
        for kind, probability in self._kinds:
            if chance < probability:
                return kind
            chance -= probability
        return None


def _chance(drawn: bytes) -> float:
    """The drawn bytes as a number strictly between 0 and 1."""
    return (int.from_bytes(drawn, "big") + 0.5) / 2**_DRAWN_BITS
