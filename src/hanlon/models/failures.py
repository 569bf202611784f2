"""What can go wrong with a model call, classified once, where the reply is read."""

from typing import Literal

from hanlon.records import CallError

FailureKind = Literal[
    "rate_limit",  # 429, or an error object of code 429 inside a 200
    "server_error",  # 5xx
    "time_out",  # no whole reply within model.call_timeout_s
    "connection",  # refused, reset, unknown host
    "bad_reply",  # a 2xx that is no chat completion: HTML, broken JSON, no choices, an error object
    "context_limit",  # the conversation does not fit
    "content_filter",  # the provider withheld the reply
    "key",  # 401, 403: the key is missing, wrong or not allowed to use this model
    "payment",  # 402: no credit left
    "not_found",  # 404: no such model, or no chat completions at this base_url
    "bad_request",  # any other 4xx: the endpoint does not take what was sent
]


class CallFailed(Exception):
    """One attempt at a model call failed. `retry_after_s` is the server's own wish, None where it has none."""

    def __init__(
        self, kind: FailureKind, message: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s

    def record(self) -> CallError:
        """The failure as the store keeps it."""
        return CallError(type=self.kind, message=self.message, status=self.status)
