"""A value's hash, by which cells and judges are told apart, its JSON, and chances that depend on a text alone."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of a value's JSON, keys sorted (as text: YAML has others too)."""
    return hashlib.sha256(msgspec.json.encode(_text_keys(value), order="sorted")).hexdigest()[:16]


def as_json(value: Any) -> str:
    """A value as JSON, keys sorted, so that equal values have equal texts."""
    return msgspec.json.encode(value, order="sorted").decode()


def seeded_random(text: str) -> random.Random:
    """A generator of chances that are always the same for a text, on every machine."""
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_text_keys(item) for item in cast(Sequence[Any], value)]
    return value
