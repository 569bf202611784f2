"""Which failed call is tried again, how often, after what wait, and what the episode ends as if none succeeds."""

import random
from dataclasses import dataclass

from hanlon.engine import outcomes
from hanlon.models.failures import CallFailed, FailureKind


@dataclass(frozen=True, slots=True)
class Policy:
    """`retries` after the first attempt; the first wait, which doubles up to `MAX_WAIT_S`; the final outcome."""

    retries: int
    first_wait_s: float
    outcome: str = outcomes.API_ERROR
    fatal: bool = False
    """No call of this cell can succeed: stop the cell and say why."""
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
    "key": Policy(retries=0, first_wait_s=0, fatal=True),
    "payment": Policy(retries=0, first_wait_s=0, fatal=True),
    "not_found": Policy(retries=0, first_wait_s=0, fatal=True),
    "bad_request": Policy(retries=0, first_wait_s=0, fatal=True),
}


def wait_before_retry(failure: CallFailed, attempt: int) -> float | None:
    """Seconds to wait before attempt `attempt` + 1 (attempts count from 1); None: give up."""
    policy = POLICIES[failure.kind]
    if attempt > policy.retries:
        return None
    backoff = min(MAX_WAIT_S, policy.first_wait_s * 2 ** (attempt - 1))
    return max(failure.retry_after_s or 0.0, backoff * random.uniform(0.75, 1.0))
