"""The bodies of requests: what is constant for a model, its messages, and the seed of a draw."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hanlon.config.schema import ModelConfig
from hanlon.environments.base import Message
from hanlon.environments.messages import returned_message


def drawn_seed(*parts: object) -> int:
    """A sampling seed: 31 bits of a hash of what the draw is of."""
    text = ":".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def with_system_role(messages: Sequence[Message], role: str) -> list[Message]:
    """Messages with the role that an endpoint gives to system text."""
    return [{**m, "role": role} if m["role"] == "system" else m for m in messages]


NO_CONTENT = "(no content)"
"""Sent back in place of an empty reply, which many endpoints refuse."""


class RequestHead:
    """The constant part of the request bodies to one model."""

    def __init__(self, model: ModelConfig, request_fields: Mapping[str, Any]) -> None:
        self._model = model
        sampling = model.sampling.model_dump(exclude_none=True)
        if "max_tokens" in sampling:
            sampling[model.max_tokens_field] = sampling.pop("max_tokens")
        fields = {"model": model.id, **sampling, **model.extra_body, **request_fields}
        self._constant = msgspec.json.encode(fields)[:-1]

    def up_to_messages(self, seed: int) -> bytes:
        """The request body up to the first message."""
        sent_seed = b',"seed":%d' % seed if self._model.send_seed else b""
        return self._constant + sent_seed + b',"messages":['

    def encode_returned(self, message: Message) -> bytes:
        """An assistant message as it is sent back."""
        returned = returned_message(message, self._model.reasoning_fields)
        if not (returned["content"] or "").strip() and "tool_calls" not in returned:
            returned["content"] = NO_CONTENT
        return msgspec.json.encode(returned)

    def body(self, messages: Sequence[Message], seed: int) -> bytes:
        """A whole request body."""
        encoded = [
            self.encode_returned(m) if m["role"] == "assistant" else msgspec.json.encode(m)
            for m in with_system_role(messages, self._model.system_role)
        ]
        return self.up_to_messages(seed) + b",".join(encoded) + b"]}"
