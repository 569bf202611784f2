"""How long a simulated server takes to answer, as a distribution of seconds.

`read` takes what a configuration says: ``0.5`` (always), ``{fixed: 0.5}``, ``{uniform: [0.2, 1.0]}`` or
``{lognormal: {median: 0.8, sigma: 0.5}}``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol, cast

from hanlon.models.simulated.checking import FaultError, mapping, number

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
