"""Why a model call failed, read from what the endpoint answered: its status, its words, in the forms that occur."""

import re
from typing import Any, Literal, cast

import msgspec

from hanlon.store.records import CallError

FailureKind = Literal[
    "rate_limit",  # 429, or an error object of code 429 inside a 200
    "server_error",  # 5xx
    "time_out",  # no whole reply within model.call_timeout_s
    "connection",  # refused, reset, unknown host
    "bad_reply",  # a 2xx that is no chat completion: HTML, broken JSON, no choices, an error object
    "context_limit",  # the conversation does not fit
    "content_filter",  # the provider withheld the reply or refused the conversation
    "key",  # 401: the key is missing or wrong
    "forbidden",  # 403: the key may not use this model, or not for this conversation
    "payment",  # 402, or a quota that does not come back by waiting
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


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


CONTEXT = _words(
    r"context_length_exceeded|exceed_context_size|model_context_window_exceeded|string_above_max_length",
    r"prompt_too_long|maximum (context|model|input|prompt|sequence) (length|size)|max_model_len",
    r"(context|model) (window|length|size) (is |was )?(exceeded|overflow|too (small|long))",
    r"exceed\w* (the |this |its )?(model'?s? )?(maximum |available |allowed )?(context|sequence|input length)",
    r"(prompt|input|conversation|message\w*|request) (is |are |was )?(too long|too large)",
    r"too (long|large) for (the |this |requested )?(model|context)|larger than the context",
    r"longer than the (maximum|model)",
    r"exceed context limit|greater than (the context|max_seq_len)|context length \d+ is greater|range of input length",
    r"context.{0,20}overflows",
)
"""A conversation that does not fit, whatever the status is."""
CONTEXT_OF_400 = _words(
    r"(input|prompt) tokens?\b.{0,60}exceed|exceed\w*.{0,60}\btokens?\b|too many (input |prompt )?tokens",
    r"reduce (the )?(length|size)|inputs?`? tokens \+|token (count|limit).{0,40}exceed|token limit",
)
"""The same of a 400, where no rate limit speaks of tokens."""
OUTPUT_LIMIT = _words(
    r"max_(completion_|output_)?tokens\b(?!.{0,2}exceed context).{0,40}(too large|exceed|>)"
)
"""A sampling parameter of the model's file that is wrong for every call."""
FILTER = _words(
    r"content[_ ](filter|management|policy)|content exists risk|data_inspection_failed|responsible_?ai",
    r"moderation|usage polic|prohibited[_ ]content|inappropriate content|sensitive (content|words?|information)",
    r"violat\w+ .{0,40}(polic|guideline)|considered high risk|SensitiveContent|new_sensitive|safety_check",
    r"safety (system|filter|setting|polic|check|reason)|invalid_prompt",
    r"(input|prompt|request|content|message|output)s? (was|were|is|ha(s|ve) been) (flagged|blocked|filtered)",
)
QUOTA = _words(
    r"insufficient[_ ](quota|credits?|balance|funds)|billing_(hard_limit|not_active)|credit balance|out of credits",
    r"reached its .{0,20}spending limit|available credits|have any credits|in arrears|arrearage",
    r"account \S+ is suspended",
    r"(key|spending|billing) limit (exceeded|reached)|account (is )?(suspended|deactivated)|payment required",
)
"""What no waiting brings back. Of a per-minute limit some providers speak of a quota too, and name a wait."""
KEY = _words(
    r"api[_ ]?key.{0,20}(invalid|not valid|incorrect|missing|expired)|(invalid|incorrect|missing) api[_ ]?key"
)

STATUS_KINDS: dict[int, FailureKind] = {
    401: "key",
    402: "payment",
    403: "forbidden",
    404: "not_found",
    408: "time_out",
    413: "context_limit",
    429: "rate_limit",
    451: "content_filter",
}


def failure_kind(status: int, text: str, retry_after_s: float | None = None) -> FailureKind:
    """What a status and the endpoint's words mean together."""
    refused = 400 <= status < 500
    if (refused or status == 500) and CONTEXT.search(text) and not OUTPUT_LIMIT.search(text):
        return "context_limit"
    if status in (400, 422) and CONTEXT_OF_400.search(text) and not OUTPUT_LIMIT.search(text):
        return "context_limit"
    if refused and status != 429 and FILTER.search(text):
        return "content_filter"
    if refused and retry_after_s is None and QUOTA.search(text):
        return "payment"
    if status in (400, 403) and KEY.search(text):
        return "key"
    return STATUS_KINDS.get(status) or ("server_error" if status >= 500 else "bad_request")


def plain(text: str) -> str:
    """Text on one line, without characters that would steer a terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


MESSAGE_FIELDS = ("message", "msg", "detail", "error_description", "error_message", "errors", "title", "type")


def error_text(body: str) -> str:
    """What an error's body says: the message of its error object, of another usual field, or all of it."""
    try:
        return plain(error_message(msgspec.json.decode(body))) or "(no text)"
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return plain(body) or "(no text)"


def error_message(value: Any) -> str:
    """The message in a decoded error, however deep; with what a gateway passes on of its provider."""
    if isinstance(value, list) and value:
        return error_message(value[0])
    if not isinstance(value, dict):
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    fields = cast(dict[str, Any], value)
    if fields.get("error"):
        return error_message(fields["error"])
    message = next((error_message(fields[name]) for name in MESSAGE_FIELDS if fields.get(name)), "")
    metadata = fields.get("metadata")
    raw = cast(dict[str, Any], metadata).get("raw") if isinstance(metadata, dict) else None
    parts = [message, *([str(raw)] if raw else [])]
    return ": ".join(part for part in parts if part) or msgspec.json.encode(fields).decode()
