"""What a failed call costs: how often it is tried again, after which wait, and what its episode ends as."""

import random
from dataclasses import dataclass
from typing import Literal

from hanlon.models.failures import CallFailed, FailureKind
from hanlon.store import outcomes
from hanlon.store.records import CallError


class CallGivenUp(Exception):
    """A model call failed for good; `outcome` is what the episode ends as."""

    def __init__(self, outcome: str, errors: list[CallError]) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Policy:
    """`retries` after the first attempt; the first wait, which doubles up to `MAX_WAIT_S`; the final outcome."""

    retries: int
    first_wait_s: float
    outcome: str = outcomes.API_ERROR
    fatal: Literal["always", "at first", "never"] = "never"
    """Whether no call of this model can succeed: then stop its cells and say why. `at first`: while none has, since a
    later one is about its own conversation."""
    outage: bool = False
    """Says that the endpoint, not the request, is in trouble: counts for its circuit breaker."""


MAX_WAIT_S = 60.0
POLICIES: dict[FailureKind, Policy] = {
    "rate_limit": Policy(retries=8, first_wait_s=1.0),
    "server_error": Policy(retries=5, first_wait_s=1.0, outage=True),
    "time_out": Policy(retries=2, first_wait_s=1.0, outage=True),
    "connection": Policy(retries=5, first_wait_s=0.5, outage=True),
    "bad_reply": Policy(retries=5, first_wait_s=0.25, outage=True),
    "context_limit": Policy(retries=0, first_wait_s=0, outcome=outcomes.CONTEXT_LIMIT),
    "content_filter": Policy(retries=0, first_wait_s=0, outcome=outcomes.CONTENT_FILTER),
    "key": Policy(retries=0, first_wait_s=0, fatal="always"),
    "payment": Policy(retries=0, first_wait_s=0, fatal="always"),
    "forbidden": Policy(retries=0, first_wait_s=0, outcome=outcomes.BAD_REQUEST, fatal="at first"),
    "not_found": Policy(retries=0, first_wait_s=0, outcome=outcomes.BAD_REQUEST, fatal="at first"),
    "bad_request": Policy(retries=0, first_wait_s=0, outcome=outcomes.BAD_REQUEST, fatal="at first"),
}


def wait_before_retry(failure: CallFailed, attempt: int) -> float | None:
    """Seconds to wait before attempt `attempt` + 1 (attempts count from 1); None: give up."""
    policy = POLICIES[failure.kind]
    if attempt > policy.retries:
        return None
    backoff = min(MAX_WAIT_S, policy.first_wait_s * 2 ** (attempt - 1))
    return max(failure.retry_after_s or 0.0, backoff * random.uniform(0.75, 1.0))


MOST_ERRORS_KEPT = 50
"""Errors that one call's record keeps; in a long outage the later ones say nothing new."""

MOST_REFUSED_IN_A_ROW = 5
"""Calls refused one after the other, with none answered between: then it is not their conversations."""

MOST_TRIES = 8
"""Times that one call may be the one that tries in an outage: it may be this call that the endpoint cannot answer."""

SAYS_ENDPOINT_IS_DOWN = ("server_error", "connection", "bad_reply")
"""Failures that, where every call of the lane meets them, are an outage and cost no episode. A time-out may be the
doing of one long reply."""
