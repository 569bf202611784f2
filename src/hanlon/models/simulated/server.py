"""The OpenAI-compatible server around one policy.

POST /v1/chat/completions, GET /v1/models, GET /stats (tally.py says what is counted) and GET /health, which
alone needs no key. What the policy cannot answer is HTTP 400 with the reason. Faults are faults.py's.
"""

import secrets
from typing import Any, cast

import msgspec
from aiohttp import web

from hanlon.models.simulated.acting import next_move
from hanlon.models.simulated.answering import AnswerPolicy
from hanlon.models.simulated.fault_config import Faults
from hanlon.models.simulated.faults import Handler, inject
from hanlon.models.simulated.hearing import hear
from hanlon.models.simulated.judging import JudgePolicy
from hanlon.models.simulated.policies import Policy
from hanlon.models.simulated.questioning import answer_to, asked_in
from hanlon.models.simulated.reading import RequestError, read
from hanlon.models.simulated.tally import Tally
from hanlon.models.simulated.writing import completion, enveloped

_LARGEST_REQUEST_BYTES = 64 * 2**20
_COMPLETIONS = "/v1/chat/completions"


class _Refusal(Exception):
    """A request that gets an error object: its HTTP status, type and message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def application(
    policy: Policy | AnswerPolicy | JudgePolicy,
    api_key: str | None,
    faults: Faults | None = None,
    tally: Tally | None = None,
) -> web.Application:
    """The server's routes, open to whoever holds `api_key` (None: to anybody), counting in `tally`."""
    tally = tally or Tally()
    service = _Service(policy, tally)
    app = web.Application(middlewares=[_guard(api_key)], client_max_size=_LARGEST_REQUEST_BYTES)
    inject(app, _COMPLETIONS, faults or Faults(), tally)
    app.router.add_post(_COMPLETIONS, service.complete)
    app.router.add_get("/v1/models", service.models)
    app.router.add_get("/stats", service.stats)
    app.router.add_get("/health", _health)
    return app


class _Service:
    def __init__(self, policy: Policy | AnswerPolicy | JudgePolicy, tally: Tally) -> None:
        self._policy = policy
        self._model = f"simulated/{policy.name}"
        self._tally = tally

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            fields = self._checked(body)
            answered = self._answered(fields, len(body))
        except RequestError as error:
            self._tally.refused += 1
            raise _Refusal(400, "invalid_request_error", str(error)) from None
        except _Refusal:
            self._tally.refused += 1
            raise
        self._tally.calls += 1
        self._tally.calls_by_seed[fields["seed"]] += 1
        return _json(answered)

    def _answered(self, fields: dict[str, Any], characters: int) -> dict[str, Any]:
        seed = fields["seed"]
        asked = None
        if not isinstance(self._policy, JudgePolicy):
            asked = asked_in(fields["messages"], isinstance(self._policy, AnswerPolicy))
        if asked is not None:
            message = {"role": "assistant", "content": answer_to(asked, fields.get("tools"))}
            return enveloped(self._model, seed, message, "stop", characters)
        if isinstance(self._policy, (AnswerPolicy, JudgePolicy)):
            message = {"role": "assistant", "content": _reply(self._policy, seed, fields["messages"])}
            return enveloped(self._model, seed, message, "stop", characters)
        scene = read(fields["messages"], fields.get("tools"), fields.get("grammar"))
        return completion(self._model, seed, scene, next_move(self._policy, seed, scene), characters)

    async def models(self, request: web.Request) -> web.Response:
        model = {"id": self._model, "object": "model", "created": 0, "owned_by": "simulated"}
        return _json({"object": "list", "data": [model]})

    async def stats(self, request: web.Request) -> web.Response:
        return _json(self._tally.as_json())

    def _checked(self, body: bytes) -> dict[str, Any]:
        try:
            fields: object = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _Refusal(400, "invalid_request_error", f"The request is not valid JSON: {error}.") from None
        if not isinstance(fields, dict):
            raise _Refusal(400, "invalid_request_error", "The request is not a JSON object.")
        fields = cast("dict[str, Any]", fields)
        if fields.get("model") != self._model:
            problem = f"There is no model {fields.get('model')!r} here; the one served is {self._model}."
            raise _Refusal(404, "model_not_found", problem)
        if not isinstance(fields.get("messages"), list):
            raise _Refusal(400, "invalid_request_error", "messages is missing or not a list.")
        if not isinstance(fields.get("seed"), int):
            problem = "A simulated policy draws from the request's seed: set model.send_seed=true."
            raise _Refusal(400, "invalid_request_error", problem)
        if fields.get("stream"):
            raise _Refusal(
                400, "invalid_request_error", "A simulated policy does not stream; leave stream out."
            )
        return fields


def _reply(policy: AnswerPolicy | JudgePolicy, seed: int, messages: list[Any]) -> str:
    if isinstance(policy, JudgePolicy):
        return policy.answer(seed, messages)
    return policy.answer(seed, hear(messages))


def _guard(api_key: str | None) -> Any:
    expected = f"Bearer {api_key}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        needed = api_key is not None and request.path != "/health"
        if needed and not secrets.compare_digest(given, expected):
            return _error(401, "authentication_error", "The bearer key is missing or wrong.")
        try:
            return await handler(request)
        except _Refusal as refusal:
            return _error(refusal.status, refusal.kind, str(refusal))
        except web.HTTPException as error:
            return _error(error.status, "invalid_request_error", error.reason)

    return guard


async def _health(request: web.Request) -> web.Response:
    return _json({"status": "ok", "simulated": True})


def _error(status: int, kind: str, message: str) -> web.Response:
    return _json({"error": {"message": message, "type": kind, "code": status, "simulated": True}}, status)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
