"""The one client, for every OpenAI-compatible endpoint: bytes of a request in, a checked completion out.

`chat.completions.create` walks over every message on every call (about 190 us each), so the request is encoded
by us and posted as bytes; what comes back is checked by us too, since `post` validates nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, cast

import httpx2
import msgspec
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    omit,
)

from hanlon.store.records import CallError, ModelCall

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


PLACEHOLDER_KEY = "no-key-needed"  # local servers ignore it, but the client insists on one
TIMEOUT = httpx2.Timeout(None, connect=15.0)
MESSAGE_LIMIT = 400
# the client would tell every endpoint the platform and versions of this machine, at a tenth of a call's cost
TELEMETRY = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
WITHOUT_TELEMETRY = cast(Any, {f"X-Stainless-{name}": omit for name in TELEMETRY})
STATUS_KINDS: dict[int, FailureKind] = {
    401: "key",
    403: "key",
    402: "payment",
    404: "not_found",
    429: "rate_limit",
}
CONTEXT_MARKS = ("context_length_exceeded", "exceed_context_size_error", "maximum context length")


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply: the assistant message exactly as received, the call's record, the response's headers."""

    message: dict[str, Any]
    call: ModelCall
    headers: Mapping[str, str]


class Endpoint:
    """A connection pool to one base_url with one key. Close it in the loop that used it.

    How long a whole call may take is the caller's to bound; only connecting has a limit here.
    """

    def __init__(self, base_url: str, api_key: str | None, max_connections: int) -> None:
        self._key = api_key or PLACEHOLDER_KEY
        self._url = (
            f"{base_url}/chat/completions"  # absolute: the client then parses it once, not three times
        )
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=self._key,
            default_headers=WITHOUT_TELEMETRY,
            timeout=TIMEOUT,
            max_retries=0,  # retries are the engine's: classified, counted, and without holding a slot
            http_client=DefaultAioHttpClient(
                # a number always: None silently means 100 in the aiohttp transport
                limits=httpx2.Limits(
                    max_connections=max_connections, max_keepalive_connections=max_connections
                ),
                timeout=TIMEOUT,
                follow_redirects=False,
                # reading the certificates takes as long as forty calls, and plain HTTP never looks at them
                verify=base_url.startswith("https:"),
            ),
        )

    async def complete(self, body: bytes, requested_model: str) -> Completion:
        """Post one chat completion request and check what comes back.

        Raises:
            CallFailed: anything but a completion with one assistant message.
        """
        started = time.perf_counter()
        try:
            response = await self._client.post(
                self._url,
                cast_to=httpx2.Response,
                content=body,
            )
        except APITimeoutError as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):  # a reset, too, is called that
                raise CallFailed("connection", self._clean(str(error.__cause__))) from error
            raise CallFailed("time_out", "no reply in time") from error
        except APIConnectionError as error:
            raise CallFailed("connection", self._clean(str(error.__cause__ or error))) from error
        except APIStatusError as error:
            raise self._status_failure(error.response) from error
        latency = time.perf_counter() - started
        return self._read(response, requested_model, latency)

    def _read(self, response: httpx2.Response, requested_model: str, latency_s: float) -> Completion:
        try:
            reply = msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            kind = response.headers.get("content-type", "no content type")
            raise self._bad_reply(f"{kind} that is not JSON: {response.text[:120]!r}") from None
        if not isinstance(reply, dict):
            raise self._bad_reply(f"JSON that is no object: {response.text[:120]!r}")
        reply = cast(dict[str, Any], reply)
        if reply.get("error"):
            raise self._error_object(reply["error"])
        choices: Any = reply.get("choices")
        choice = _mapping(cast(list[Any], choices)[0]) if isinstance(choices, list) and choices else {}
        if choice.get("error"):
            raise self._error_object(choice["error"])
        if not isinstance(choice.get("message"), dict):
            raise self._bad_reply("a reply without choices")
        call = _model_call(reply, choice, requested_model, latency_s)
        return Completion(choice["message"], call, response.headers)

    def _status_failure(self, response: httpx2.Response) -> CallFailed:
        text = response.text
        status = response.status_code
        kind = STATUS_KINDS.get(status) or ("server_error" if status >= 500 else "bad_request")
        if status < 500 and any(mark in text for mark in CONTEXT_MARKS):
            kind = "context_limit"
        elif status == 408:
            kind = "time_out"
        message = f"HTTP {status}: {_error_text(text)}"
        return CallFailed(kind, self._clean(message), status, _retry_after(response.headers))

    def _error_object(self, error: Any) -> CallFailed:
        """An error inside a 200 (OpenRouter sends these once generation has begun)."""
        fields = cast(dict[str, Any], error) if isinstance(error, dict) else {"message": str(error)}
        code = fields.get("code")
        status = code if isinstance(code, int) else None
        message = f"error inside a 200: {fields.get('message', '')} (code {code})"
        kind: FailureKind = STATUS_KINDS.get(status or 0) or "bad_reply"
        return CallFailed(kind, self._clean(message), status)

    def _bad_reply(self, reply: str) -> CallFailed:
        return CallFailed("bad_reply", self._clean(f"the endpoint answered {reply}"), 200)

    def _clean(self, message: str) -> str:
        """The message without our key, at most 400 characters."""
        return message.replace(self._key, "<key>")[:MESSAGE_LIMIT]

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _model_call(
    reply: dict[str, Any], choice: dict[str, Any], requested_model: str, latency_s: float
) -> ModelCall:
    usage = _mapping(reply.get("usage"))
    cost = usage.get("cost")
    return ModelCall(
        requested_model=requested_model,
        returned_model=_text(reply.get("model")),
        provider=_text(reply.get("provider")),
        finish_reason=_text(choice.get("finish_reason")),
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(_mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        reasoning_tokens=_count(_mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cost_usd=float(cost) if isinstance(cost, (int, float)) else None,
        latency_s=round(latency_s, 4),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _error_text(body: str) -> str:
    try:
        error = _mapping(msgspec.json.decode(body.encode())).get("error")
    except msgspec.DecodeError:
        return " ".join(body.split())[:200]
    return str(_mapping(error).get("message") or error)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds to wait by the server's wish: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        return None if value is None else max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError):
        return None
