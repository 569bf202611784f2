"""What a simulated server does wrong, and when: `server.config.faults` of a model file, or what `hanlon serve` takes.

::

    faults:
      seed: 0                      # other numbers, other faults
      latency: 0.5                 # or {uniform: [LOW, HIGH]} or {lognormal: {median: S, sigma: X}}
      rate: {per_second: 20, burst: 20, tokens_per_second: 5000, tokens_burst: 10000}
      errors: {html: 0.01, http_503: 0.02}  # kind: probability; or one probability, shared evenly by all kinds
      retry_after: seconds         # how a 429 says when to come back: seconds | ms | date | none
      retry_after_s: 1.0           # when a drawn 429 says so; the limiter's own says when there is room
      drip_s: 2.0                  # how long a slow_drip takes
      outage: {start_s: 60, duration_s: 30, kind: html}  # counted from the first call

Each key may be left out or null. Times are in seconds.
"""

import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from hanlon.environments.validation import StrictModel, suggestion
from hanlon.store.problems import explain

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

_LONGEST_S = 3600.0
_NORMAL = NormalDist()

Seconds = Annotated[float, Field(ge=0, le=_LONGEST_S)]
Probability = Annotated[float, Field(ge=0, le=1)]
PerSecond = Annotated[float, Field(ge=1e-6, le=1e9)]
Burst = Annotated[float, Field(ge=1, le=1e9)]
"""What is let through at once. With less than one, nothing would ever be let through."""


class FaultError(ValueError):
    """A fault, probability or limit that does not exist or makes no sense; the message says what would."""


class _FaultModel(StrictModel):
    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, data: object) -> object:
        """A key that is null is a key that is not there."""
        if not isinstance(data, Mapping):
            return data
        return {
            key: value for key, value in cast("Mapping[object, object]", data).items() if value is not None
        }


class Lognormal(_FaultModel):
    """What real endpoints look like: a median in seconds and a long right tail."""

    median: Seconds
    sigma: Annotated[float, Field(ge=0, le=5)]


_SHAPES = "a number, {fixed: S}, {uniform: [LOW, HIGH]} or {lognormal: {median: S, sigma: X}}, in seconds"


def _two(bounds: object) -> object:
    if not isinstance(bounds, list) or len(cast("list[object]", bounds)) != 2:
        raise ValueError(f"is [LOW, HIGH] in seconds, not {bounds!r}")
    return cast("object", bounds)


class Latency(_FaultModel):
    """A distribution of latencies, of which one is set. A bare number is `fixed`."""

    fixed: Seconds | None = None
    uniform: Annotated[list[Seconds], BeforeValidator(_two)] | None = None
    lognormal: Lognormal | None = None

    @model_validator(mode="before")
    @classmethod
    def _number_is_fixed(cls, data: object) -> object:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return {"fixed": data}
        if not isinstance(data, Mapping) or len(cast("Mapping[str, object]", data)) != 1:
            raise ValueError(f"is one of {_SHAPES}; not {data!r}")
        return cast("object", data)

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Latency":
        if self.uniform is not None and self.uniform[0] > self.uniform[1]:
            raise ValueError("uniform is [LOW, HIGH]; {:g} is above {:g}".format(*self.uniform))
        return self

    def quantile(self, chance: float) -> float:
        """The latency that a fraction `chance`, strictly between 0 and 1, of all calls stays below, an hour at most."""
        if self.lognormal is not None:
            spread = math.exp(self.lognormal.sigma * _NORMAL.inv_cdf(chance))
            return min(_LONGEST_S, self.lognormal.median * spread)
        if self.uniform is not None:
            low, high = self.uniform
            return low + chance * (high - low)
        return self.fixed or 0.0


class Rate(_FaultModel):
    """Requests a second and how many at once; tokens alike, where they are limited."""

    per_second: PerSecond
    burst: Burst | None = None
    tokens_per_second: PerSecond | None = None
    tokens_burst: Burst | None = None

    @model_validator(mode="after")
    def _tokens_have_a_rate(self) -> "Rate":
        if self.tokens_burst is not None and self.tokens_per_second is None:
            raise ValueError("tokens_burst needs tokens_per_second as well")
        return self


def _kind_among(kinds: Iterable[str]) -> BeforeValidator:
    def check(kind: object) -> str:
        if str(kind) not in kinds:  # YAML reads 503 as a number
            raise ValueError(f"cannot be {kind!r}.{suggestion(str(kind), kinds)}")
        return str(kind)

    return BeforeValidator(check)


class Outage(_FaultModel):
    """A time in which nothing works: from `start_s` after the first call on, every call meets `kind`."""

    start_s: Annotated[float, Field(ge=0)] = 0
    duration_s: Annotated[float, Field(ge=0)]
    kind: Annotated[str, _kind_among(INSTEAD)] = "http_503"

    def covers(self, since_first_call_s: float) -> bool:
        """Whether it is on."""
        return self.start_s <= since_first_call_s < self.start_s + self.duration_s


def _shared_by_all_kinds(errors: object) -> object:
    if not isinstance(errors, (int, float)) or isinstance(errors, bool):
        return errors
    if not 0 <= errors <= 1:
        raise ValueError(f"is a probability from 0 to 1, or one for each kind; not {errors!r}")
    return dict.fromkeys(KINDS, errors / len(KINDS))


def _at_most_one(errors: dict[str, float]) -> dict[str, float]:
    if sum(errors.values()) > 1 + 1e-9:
        raise ValueError(f"its probabilities add up to {sum(errors.values()):g}, beyond 1")
    return errors


Errors = Annotated[
    dict[Annotated[str, _kind_among(KINDS)], Probability],
    BeforeValidator(_shared_by_all_kinds),
    AfterValidator(_at_most_one),
]


class Faults(_FaultModel):
    """All that goes wrong with one server. What is at its default does not happen."""

    seed: int = 0
    latency: Latency | None = None
    rate: Rate | None = None
    errors: Errors = Field(default_factory=dict[str, float])
    retry_after: Literal["seconds", "ms", "date", "none"] = "seconds"
    retry_after_s: Annotated[float, Field(ge=0, le=86_400)] = 1.0
    drip_s: Seconds = 2.0
    outage: Outage | None = None

    @property
    def none(self) -> bool:
        """Whether the server is faultless and answers at once."""
        return not (self.latency or self.rate or self.outage or any(self.errors.values()))


def read_faults(faults: Any) -> Faults:
    """The faults that a configuration asks for; None asks for none.

    Raises:
        FaultError: an unknown key or kind, a probability or time out of its bounds; what would be right.
    """
    try:
        return Faults.model_validate({} if faults is None else faults)
    except ValidationError as error:
        raise FaultError("; ".join(explain(error, Faults, prefix="faults.")) + ".") from None
