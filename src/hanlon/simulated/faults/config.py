"""What a simulated server does wrong, and when: `server.config.faults` of a model file, or what `hanlon serve` takes.

::

    faults:
      seed: 0                      # other numbers, other faults
      latency: 0.5                 # every distribution: py
      rate: {per_second: 20, burst: 20, tokens_per_second: 5000, tokens_burst: 10000}
      errors: {html: 0.01, http_503: 0.02}  # kind: probability; or one probability, shared evenly by all kinds
      retry_after: seconds         # how a 429 says when to come back: seconds | ms | date | none
      retry_after_s: 1.0           # when a drawn 429 says so; the limiter's own says when there is room
      drip_s: 2.0                  # how long a slow_drip takes
      outage: {start_s: 60, duration_s: 30, kind: html}  # counted from the first call
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from statistics import NormalDist
from typing import Literal, Protocol, cast

RATE_KEYS = ("per_second", "burst", "tokens_per_second", "tokens_burst")


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second and how many at once; tokens alike, where they are limited."""

    per_second: float
    burst: float
    tokens_per_second: float | None = None
    tokens_burst: float = 0.0


class FaultError(ValueError):
    """A fault, probability or limit that does not exist or makes no sense; the message says what would."""


def mapping(given: object, where: str, keys: Sequence[str]) -> Mapping[str, object]:
    """The mapping `given` under faults.`where`, its keys as text (YAML reads 503 as a number), without what is null.

    Raises:
        FaultError: it is no mapping, or has a key that is not among `keys`.
    """
    name = f"faults.{where}" if where else "faults"
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise FaultError(f"{name} is a mapping of {', '.join(keys)}; not {given!r}.")
    fields = {str(key): value for key, value in cast("Mapping[object, object]", given).items()}
    for key in fields:
        if key not in keys:
            raise FaultError(f"{name} has no {key!r}. {suggestion(key, keys)}")
    return {key: value for key, value in fields.items() if value is not None}


def suggestion(word: str, known: Sequence[str]) -> str:
    """What was perhaps meant, and all that there is."""
    near = get_close_matches(word, known, 1) or [name for name in known if len(word) > 2 and word in name]
    return (f"Did you mean {near[0]!r}? " if near else "") + f"There are: {', '.join(known)}."


def number(given: object, where: str, low: float, high: float, else_: str = "") -> float:
    """The number `given` under faults.`where`, from `low` to `high`.

    Raises:
        FaultError: it is none, or out of these bounds; `else_` is what the message adds.
    """
    good = isinstance(given, (int, float)) and not isinstance(given, bool) and low <= given <= high
    if not good:
        bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise FaultError(f"faults.{where} is a number {bounds}, not {given!r}{else_}.")
    return float(cast("float", given))


def word(given: object, where: str, known: Sequence[str]) -> str:
    """The word `given` under faults.`where`, one of `known`.

    Raises:
        FaultError: it is another.
    """
    if str(given) not in known:
        raise FaultError(f"faults.{where} cannot be {given!r}. {suggestion(str(given), known)}")
    return str(given)


SHAPES = "a number, {fixed: S}, {uniform: [LOW, HIGH]} or {lognormal: {median: S, sigma: X}}, in seconds"
_LONGEST_S = 3600.0
_NORMAL = NormalDist()


class Latency(Protocol):
    """A distribution of latencies."""

    def quantile(self, chance: float) -> float:
        """The latency in seconds that a fraction `chance`, strictly between 0 and 1, of all calls stays below."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same."""

    seconds: float

    def quantile(self, chance: float) -> float:
        """The one latency there is."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any between two bounds, in seconds."""

    low: float
    high: float

    def quantile(self, chance: float) -> float:
        """Linear between the bounds."""
        return self.low + chance * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """What real endpoints look like: a median in seconds and a long right tail."""

    median: float
    sigma: float

    def quantile(self, chance: float) -> float:
        """Cut at an hour, which only a sigma far beyond any endpoint's reaches."""
        return min(_LONGEST_S, self.median * math.exp(self.sigma * _NORMAL.inv_cdf(chance)))


def read(given: object) -> Latency:
    """The distribution that a configuration asks for.

    Raises:
        FaultError: it asks for none of those there are.
    """
    if not isinstance(given, Mapping):
        return Fixed(number(given, "latency", 0, _LONGEST_S, else_="; it is " + SHAPES))
    shapes = cast("Mapping[object, object]", given)
    if len(shapes) != 1:
        raise FaultError(f"faults.latency is one of {SHAPES}; not {dict(shapes)!r}.")
    ((shape, values),) = shapes.items()
    if shape == "fixed":
        return Fixed(number(values, "latency.fixed", 0, _LONGEST_S))
    if shape == "uniform":
        return _uniform(values)
    if shape == "lognormal":
        fields = mapping(values, "latency.lognormal", ("median", "sigma"))
        return Lognormal(
            number(fields.get("median"), "latency.lognormal.median", 0, _LONGEST_S),
            number(fields.get("sigma"), "latency.lognormal.sigma", 0, 5),
        )
    raise FaultError(f"There is no latency distribution {shape!r}. faults.latency is {SHAPES}.")


def _uniform(values: object) -> Uniform:
    bounds = cast("list[object]", values) if isinstance(values, list) else []
    if len(bounds) != 2:
        raise FaultError(f"faults.latency.uniform is [LOW, HIGH] in seconds, not {values!r}.")
    low, high = (number(bound, "latency.uniform", 0, _LONGEST_S) for bound in bounds)
    if low > high:
        raise FaultError(f"faults.latency.uniform is [LOW, HIGH]; {low:g} is above {high:g}.")
    return Uniform(low, high)


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
        latency=None if spread is None else read(spread),
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


def read_rate(fields: Mapping[str, object]) -> Rate:
    """The rate that a configuration asks for. A burst that is not given is one second's worth, at least 1.

    Raises:
        FaultError: a number is missing or out of its bounds.
    """
    rates = {
        key: number(value, f"rate.{key}", 1e-6, 1e9) for key, value in fields.items() if value is not None
    }
    if "per_second" not in rates:
        raise FaultError("faults.rate needs per_second, the requests a second that are let through.")
    if "tokens_burst" in rates and "tokens_per_second" not in rates:
        raise FaultError("faults.rate.tokens_burst needs tokens_per_second as well.")
    for key in ("burst", "tokens_burst"):
        if rates.get(key, 1) < 1:
            raise FaultError(f"faults.rate.{key} is at least 1, or nothing would ever be let through.")
    tokens = rates.get("tokens_per_second")
    return Rate(
        rates["per_second"],
        math.floor(rates.get("burst", max(1.0, rates["per_second"]))),
        tokens,
        math.floor(rates.get("tokens_burst", max(1.0, tokens or 1))),
    )
