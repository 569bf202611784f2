"""Reading a configuration's values, with a message that names the key and what would be right."""

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import cast


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
