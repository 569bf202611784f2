"""Whether so many episodes fail for technical reasons that the pipeline must be broken."""

from collections import deque

from hanlon.engine import outcomes

WINDOW = 40
"""Episodes over which `abort_on_error_rate` is taken; half of them are enough to act."""
TECHNICAL = outcomes.EXCLUDED - {outcomes.BUDGET}
"""A budget that is used up breaks nothing."""


class ErrorShare:
    """The share of one lane's last episodes that failed for technical reasons."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._failed: deque[bool] = deque(maxlen=WINDOW)

    def add(self, outcome: str) -> str:
        """Count an episode; why the lane must stop, or nothing."""
        self._failed.append(outcome in TECHNICAL)
        share = sum(self._failed) / len(self._failed)
        if len(self._failed) < WINDOW // 2 or share <= self._limit:
            return ""
        return (
            f"{share:.0%} of the last {len(self._failed)} episodes failed for technical reasons, the last as "
            f"{outcome}: more than abort_on_error_rate={self._limit:g}. Stopped."
        )
