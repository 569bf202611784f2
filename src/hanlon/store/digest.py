"""A value as JSON, and its short hash, by which cells and judges are told apart."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of a value's JSON. Keys become text and are sorted."""
    return hashlib.sha256(msgspec.json.encode(_text_keys(value), order="sorted")).hexdigest()[:16]


def as_json(value: Any) -> str:
    """A value as JSON, keys sorted, so that equal values have equal texts; what JSON does not know is its string."""
    return msgspec.json.encode(value, enc_hook=str, order="sorted").decode()


def _text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _text_keys(item) for key, item in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_text_keys(item) for item in cast(Sequence[Any], value)]
    return value
