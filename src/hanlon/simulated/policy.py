"""What all simulated policies share: their mark, their rates, their seeded chance, and how messages are taken apart."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

MARK = "[simulated]"
"""Begins every text that a policy writes."""

Rates = Mapping[str, float]


class PolicyError(ValueError):
    """A policy or parameter that does not exist; the message lists what does."""


class RequestError(ValueError):
    """A request that a policy cannot answer; the message is what the client is told."""


def settled_rates(name: str, defaults: Rates, parameters: object) -> Rates:
    """The default rates of a policy with `parameters` in place of some.

    Raises:
        PolicyError: there is no such parameter, or a rate is no probability.
    """
    rates = dict(defaults)
    if parameters is None:
        return rates
    if not isinstance(parameters, Mapping):
        raise PolicyError(f"The parameters of simulated/{name} are a mapping of {', '.join(rates)}.")
    for key, rate in cast("Mapping[str, object]", parameters).items():
        if key not in rates:
            raise PolicyError(f"simulated/{name} has no parameter {key!r}. Parameters: {', '.join(rates)}.")
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise PolicyError(f"The parameter {key} of simulated/{name} is a probability, not {rate!r}.")
        rates[key] = float(rate)
    return rates


def seeded_chance(seed: int, name: str, rates: Rates, more: str = "") -> random.Random:
    """The chance of one episode: the same seed, policy and rates always draw the same numbers."""
    text = f"{seed}:{name}:{sorted(rates.items())}{more}"
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def text_by_role(messages: Sequence[Any], roles: Sequence[str]) -> dict[str, str] | None:
    """The text of each role, of which each speaks once at most; None where the messages are not of that shape."""
    texts: dict[str, str] = {}
    for message in messages:
        fields = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
        role = str(fields.get("role")).replace("developer", "system")
        if role not in roles or role in texts or not isinstance(fields.get("content"), str):
            return None
        texts[role] = str(fields["content"])
    return texts
