"""The typed records that the store keeps, one JSON object each (msgspec).

A record is data about what happened; nothing here knows how it was made or what it means.
Optional fields at their default are left out of the JSON, so that a new field changes no old line.
"""

from typing import Any, Literal

import msgspec

ReasoningVisibility = Literal["full", "summary", "absent"]


class CallError(msgspec.Struct, omit_defaults=True):
    """One failed attempt at a model call. `status` is the HTTP status, None where no reply came."""

    type: str
    message: str
    status: int | None = None


class ModelCall(msgspec.Struct, omit_defaults=True):
    """One model call of an episode. Tokens are the provider's own counts; `latency_s` excludes retries."""

    requested_model: str
    returned_model: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float = 0.0
    errors: list[CallError] = []


class Event(msgspec.Struct, omit_defaults=True):
    """A mechanical fact that the environment saw, at the model's reply number `turn` (0 = the first)."""

    turn: int
    kind: str
    data: dict[str, Any] = {}


class Episode(msgspec.Struct, omit_defaults=True):
    """One sampled rollout: `index` in its cell, what was said, what happened, what it cost.

    `outcome` is a name from the environment or a technical one (`engine/outcomes.py`); `excluded` is the
    reason why the episode leaves every denominator, None where it counts. `measures` holds, for each of
    the environment's rates, whether this episode is a case of it (None: the question does not arise).
    `messages` is the conversation exactly as sent and received. Times are Unix seconds.
    """

    index: int
    seed: int
    outcome: str
    measures: dict[str, bool | None]
    facts: dict[str, Any]
    messages: list[dict[str, Any]]
    texts_hash: str
    excluded: str | None = None
    events: list[Event] = []
    calls: list[ModelCall] = []
    reasoning: ReasoningVisibility = "absent"
    simulated: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    start_order: int = 0
    after_look: bool = False
