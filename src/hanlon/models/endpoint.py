"""The one client, for every OpenAI-compatible endpoint: bytes of a request in, a checked completion out.

`chat.completions.create` walks over every message on every call (about 190 us each), so the request is encoded
by us and posted as bytes; what comes back is checked by us too, since `post` validates nothing.
"""

import contextlib
import os
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    omit,
)

from hanlon.models.addresses import is_loopback
from hanlon.models.failures import CallFailed, error_message, error_text, failure_kind, plain
from hanlon.models.replies import decode_json, finish_reason_of, mapping, read_usage, refuse_useless
from hanlon.store.records import ModelCall

PLACEHOLDER_KEY = "no-key-needed"  # local servers ignore it, but the client insists on one
TIMEOUT = httpx2.Timeout(None, connect=15.0)
MESSAGE_LIMIT = 400
# the client would tell every endpoint the platform and versions of this machine, at a tenth of a call's cost
TELEMETRY = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
WITHOUT_TELEMETRY = cast(Any, {f"X-Stainless-{name}": omit for name in TELEMETRY})


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
        http_client = DefaultAioHttpClient(
            # a number always: None silently means 100 in the aiohttp transport
            limits=httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            timeout=TIMEOUT,
            follow_redirects=False,
            # reading the certificates takes as long as forty calls, and plain HTTP never looks at them
            verify=base_url.startswith("https:"),
            trust_env=not is_loopback(
                base_url
            ),  # a proxy is another machine, and does not know this one's servers
        )
        with _without_openai_variables():
            self._client = AsyncOpenAI(
                base_url=base_url,
                api_key=self._key,
                default_headers=WITHOUT_TELEMETRY,
                timeout=TIMEOUT,
                max_retries=0,  # retries are the engine's: classified, counted, and without holding a slot
                http_client=http_client,
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
        except (
            Exception
        ) as error:  # a header that is too long, a status line that is none: the client names many
            raise CallFailed("bad_reply", self._clean(f"{type(error).__name__}: {error}")) from error
        latency = time.perf_counter() - started
        return self._read(response, requested_model, latency)

    def _read(self, response: httpx2.Response, requested_model: str, latency_s: float) -> Completion:
        try:
            reply = decode_json(response.content)
        except ValueError:
            kind = response.headers.get("content-type", "no content type")
            raise self._bad_reply(f"{kind} that is not JSON: {response.text[:120]!r}") from None
        if not isinstance(reply, dict):
            raise self._bad_reply(f"JSON that is no object: {response.text[:120]!r}")
        reply = cast(dict[str, Any], reply)
        choices: Any = reply.get("choices")
        choice = mapping(cast(list[Any], choices)[0]) if isinstance(choices, list) and choices else {}
        for error in (reply.get("error"), choice.get("error")):
            if error:
                raise self._error_object(error, _retry_after(response.headers))
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self._bad_reply("a reply without choices")
        call = ModelCall(
            requested_model=requested_model,
            returned_model=_text(reply.get("model")),
            provider=_text(reply.get("provider")),
            finish_reason=finish_reason_of(choice),
            latency_s=round(latency_s, 4),
            **read_usage(mapping(reply.get("usage"))),
        )
        refuse_useless(cast(dict[str, Any], message), call)
        return Completion(cast(dict[str, Any], message), call, response.headers)

    def _status_failure(self, response: httpx2.Response) -> CallFailed:
        status, retry_after_s = response.status_code, _retry_after(response.headers)
        message = f"HTTP {status}: {error_text(response.text)}"
        return CallFailed(
            failure_kind(status, response.text, retry_after_s), self._clean(message), status, retry_after_s
        )

    def _error_object(self, error: Any, retry_after_s: float | None) -> CallFailed:
        """An error inside a 200 (OpenRouter sends these once generation has begun)."""
        code = mapping(error).get("code")
        status = int(code) if isinstance(code, (int, str)) and str(code).isdigit() else None
        text = error_message(error)
        kind = failure_kind(status or 400, f"{code} {text}", retry_after_s)
        if kind in ("bad_request", "server_error", "time_out"):
            kind = "bad_reply"  # the request was taken
        return CallFailed(
            kind, self._clean(f"error inside a 200: {text} (code {code})"), status, retry_after_s
        )

    def _bad_reply(self, reply: str) -> CallFailed:
        return CallFailed("bad_reply", self._clean(f"the endpoint answered {reply}"), 200)

    def _clean(self, message: str) -> str:
        """The message on one line without our key, at most 400 characters."""
        return plain(message.replace(self._key, "<key>"))[:MESSAGE_LIMIT]

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


@contextlib.contextmanager
def _without_openai_variables() -> Generator[None]:
    """OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS and others would go to every endpoint; a model's file says all that goes."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OPENAI_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


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
