"""The technical outcomes: how an episode ends if the environment does not end it, and whether it counts in n."""

API_ERROR = "api_error"
"""Nothing usable came back from the endpoint, retries included."""
TRUNCATED = "truncated"
"""The reply was cut at the token limit before it held an action."""
CONTEXT_LIMIT = "context_limit"
"""The conversation no longer fits into the model's context."""
CONTENT_FILTER = "content_filter"
"""The provider's filter, not the model, withheld the reply."""
BAD_REQUEST = "bad_request"
"""The endpoint takes this conversation no further, while it takes others."""
CUT_OFF = "cut_off"
"""The provider ended the reply for a reason of its own; the episode is excluded under that reason's name."""
HARNESS_ERROR = "harness_error"
"""Our own code failed; the episode's record holds the error."""
EPISODE_TIMEOUT = "episode_timeout"
"""Its calls together took longer than `episode_timeout_s`; waiting for slots or for an outage does not count."""
BUDGET = "budget"
"""The budget was used up, its reserve for episodes in flight included."""
TURN_LIMIT = "turn_limit"
"""The environment's turn limit was reached; the model's own doing, so it counts in n."""
REFUSED = "refused"
"""The provider marked the reply as the model's refusal; it counts in n."""

UNPARSED = "unparsed"
"""An environment's own outcome: no reply had the form that was asked for. It counts in n."""

EXCLUDED = frozenset(
    {
        *(API_ERROR, TRUNCATED, CONTEXT_LIMIT, CONTENT_FILTER, BAD_REQUEST, CUT_OFF),
        *(HARNESS_ERROR, EPISODE_TIMEOUT, BUDGET),
    }
)
"""What the machinery did: leaves every denominator, with the outcome's name as the reason."""

RETRIED_LATER = frozenset({API_ERROR})
"""Sampled again by a later run. Nothing that returned the model's tokens is: exclusions may depend on them."""
