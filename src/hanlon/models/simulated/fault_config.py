"""What a simulated server does wrong, and when: `server.config.faults` of a model file, or what `hanlon serve` takes.

::

    faults:
      seed: 0                      # other numbers, other faults
      latency: 0.5                 # every distribution: latency.py
      rate: {per_second: 20, burst: 20, tokens_per_second: 5000, tokens_burst: 10000}
      errors: {html: 0.01, http_503: 0.02}  # kind: probability; or one probability, shared evenly by all kinds
      retry_after: seconds         # how a 429 says when to come back: seconds | ms | date | none
      retry_after_s: 1.0           # when a drawn 429 says so; the limiter's own says when there is room
      drip_s: 2.0                  # how long a slow_drip takes
      outage: {start_s: 60, duration_s: 30, kind: html}  # counted from the first call
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from hanlon.models.simulated import latency
from hanlon.models.simulated.checking import FaultError, mapping, number, word
from hanlon.models.simulated.latency import Latency
from hanlon.models.simulated.rate_limit import RATE_KEYS, Rate, read_rate

INSTEAD: Mapping[str, str] = {
    "http_429": "too many requests, with Retry-After",
    "http_429_bare": "too many requests, without Retry-After",
    "http_500": "internal server error",
    "http_502": "bad gateway",
    "http_503": "service unavailable",
    "http_529": "overloaded",
    "hang": "no answer until the client closes the connection",
    "reset": "the connection is reset in the middle of the headers",
    "html": "200 with a web page",
    "error_in_200": "200 with an error object",
}
"""The faults that come instead of a completion: none is made, so that none would be billed."""

LOST: Mapping[str, str] = {
    "reset_body": "the connection is reset in the middle of the completion",
    "bad_json": "the completion is cut off, as if it were whole",
    "empty_choices": "the completion has no choices",
    "slow_drip": "the completion comes byte by byte, over drip_s seconds",
}
"""The faults on the way back: a completion was made, and a real provider would bill it."""

ODD: Mapping[str, str] = {
    "malformed_arguments": "the arguments of the tool call are broken JSON",
    "mistyped_arguments": "the arguments of the tool call are lists where the tool takes text",
    "several_calls": "the tool call stands there twice",
    "wrong_model": "another model's name is returned",
}
"""Completions that arrive and are not what was asked for. The first three need a reply with a tool call."""

KINDS: Mapping[str, str] = {**INSTEAD, **LOST, **ODD}
"""Every fault and what it is."""

RetryAfter = Literal["seconds", "ms", "date", "none"]

_RETRY_AFTER = ("seconds", "ms", "date", "none")

KEYS = ("seed", "latency", "rate", "errors", "retry_after", "retry_after_s", "drip_s", "outage")
"""All that a configuration may say; each may be left out or null."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which nothing works: from `start_s` after the first call on, every call meets `kind`."""

    start_s: float
    duration_s: float
    kind: str

    def covers(self, since_first_call_s: float) -> bool:
        """Whether it is on."""
        return self.start_s <= since_first_call_s < self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Faults:
    """All that goes wrong with one server. What is at its default does not happen."""

    seed: int = 0
    latency: Latency | None = None
    rate: Rate | None = None
    errors: Mapping[str, float] = field(default_factory=dict[str, float])
    retry_after: RetryAfter = "seconds"
    retry_after_s: float = 1.0
    drip_s: float = 2.0
    outage: Outage | None = None

    @property
    def none(self) -> bool:
        """Whether the server is faultless and answers at once."""
        return not (self.latency or self.rate or self.outage or any(self.errors.values()))


def read_faults(given: object) -> Faults:
    """The faults that a configuration asks for.

    Raises:
        FaultError: an unknown key or kind, a probability or time out of its bounds; what would be right.
    """
    fields = mapping(given, "", KEYS)
    seed = fields.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise FaultError(f"faults.seed is a whole number, not {seed!r}.")
    spread, rate, outage = (fields.get(key) for key in ("latency", "rate", "outage"))
    return Faults(
        seed=seed,
        latency=None if spread is None else latency.read(spread),
        rate=None if rate is None else read_rate(mapping(rate, "rate", RATE_KEYS)),
        errors=_errors(fields.get("errors")),
        retry_after=cast(
            "RetryAfter", word(fields.get("retry_after", "seconds"), "retry_after", _RETRY_AFTER)
        ),
        retry_after_s=number(fields.get("retry_after_s", 1.0), "retry_after_s", 0, 86_400),
        drip_s=number(fields.get("drip_s", 2.0), "drip_s", 0, 3600),
        outage=None if outage is None else _outage(outage),
    )


def _errors(given: object) -> dict[str, float]:
    if isinstance(given, (int, float)):
        share = number(given, "errors", 0, 1) / len(KINDS)
        return dict.fromkeys(KINDS, share)
    errors = {
        kind: number(probability, f"errors.{kind}", 0, 1)
        for kind, probability in mapping(given, "errors", tuple(KINDS)).items()
    }
    if sum(errors.values()) > 1 + 1e-9:
        raise FaultError(f"The probabilities of faults.errors add up to {sum(errors.values()):g}, beyond 1.")
    return errors


def _outage(given: object) -> Outage:
    fields = mapping(given, "outage", ("start_s", "duration_s", "kind"))
    return Outage(
        start_s=number(fields.get("start_s", 0), "outage.start_s", 0, math.inf),
        duration_s=number(fields.get("duration_s"), "outage.duration_s", 0, math.inf),
        kind=word(fields.get("kind", "http_503"), "outage.kind", tuple(INSTEAD)),
    )
