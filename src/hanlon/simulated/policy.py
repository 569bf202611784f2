"""What all simulated policies share: what one is, their mark, rates and seeded chance, how messages are taken apart."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from hanlon.config.cell import Cell

MARK = "[simulated]"
"""Begins every text that a policy writes."""

Rates = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a policy sees of a request. `seed` is the same at every turn of an episode."""

    seed: int
    messages: Sequence[Any]
    tools: object = None
    grammar: object = None


@dataclass(frozen=True, slots=True)
class PolicyRates:
    """The measures that one decision settles, and its probability in an episode of a cell.

    `differing` are measures that have another rate: to try is not yet to succeed, and to decline is not to try. All
    are nested: a case of a rarer measure is a case of every more frequent one.
    """

    measures: tuple[str, ...]
    rate: float
    differing: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each measure."""
        return {**dict.fromkeys(self.measures, self.rate), **self.differing}


class ScriptedPolicy(Protocol):
    """A policy with its rates settled."""

    @property
    def name(self) -> str:
        """As in `simulated/<name>`."""
        ...

    @property
    def rates(self) -> Rates:
        """Its parameters, each a probability."""
        ...

    def message(self, request: ChatRequest) -> dict[str, Any]:
        """The assistant message that answers a request (`spoken` makes one of a text).

        Raises:
            RequestError: the conversation cannot be read.
        """
        ...

    def rates_in(self, cell: Cell) -> PolicyRates:
        """What it does in a cell, without an episode: for power and rehearsals."""
        ...


class PolicyModule(Protocol):
    """A module of policies. `server.config.policies` of a model's file names it; without that key it is one of ours."""

    ENVIRONMENT: str | None
    """The environment whose texts its policies know; None: they are no models for sampling."""

    def names(self) -> Sequence[str]:
        """Every policy."""
        ...

    def choose(self, name: str, parameters: object = None) -> ScriptedPolicy:
        """The policy called `name`, with `parameters` in place of some default rates.

        Raises:
            PolicyError: there is no such parameter, or a rate is no probability.
        """
        ...


def spoken(text: str) -> dict[str, Any]:
    """A message that is a text alone."""
    return {"role": "assistant", "content": text}


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
