"""What a simulated server has served: the counts of GET /stats and of the summary of `hanlon serve`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ServedCounts:
    """Counts since the start. Every request for completions is in exactly one of the terms of `requests`."""

    calls: int = 0
    """Completions made, which a real provider would bill, whether or not they arrived whole."""
    refused: int = 0
    """Requests that no policy can answer (400, 404)."""
    rate_limited: int = 0
    """Requests beyond the limit: 429 by the token bucket, not a drawn one."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """By kind, drawn ones and those of an outage."""
    instead: int = 0
    """Faults that came instead of a completion."""
    calls_by_seed: Counter[int] = field(default_factory=Counter[int])
    """Calls of each episode: its seed goes with every request of it."""

    @property
    def requests(self) -> int:
        """Requests for completions, whatever became of them; those with a wrong key not counted."""
        return self.calls + self.refused + self.rate_limited + self.instead

    def as_json(self) -> dict[str, Any]:
        """The body of GET /stats."""
        return {
            "calls": self.calls,
            "requests": self.requests,
            "refused": self.refused,
            "rate_limited": self.rate_limited,
            "faults": dict(sorted((+self.faults).items())),
            "calls_by_seed": {str(seed): calls for seed, calls in self.calls_by_seed.items()},
            "simulated": True,
        }

    def lines(self) -> list[str]:
        """The counts for people."""
        episodes = len(self.calls_by_seed)
        counts = [
            ("requests", self.requests),
            (f"calls, of {episodes} episode{'' if episodes == 1 else 's'}", self.calls),
            ("429 by the rate limit", self.rate_limited),
            ("refused as unanswerable", self.refused),
            *((f"fault {kind}", count) for kind, count in sorted(self.faults.items())),
        ]
        return [f"{count:>8}  {name}" for name, count in counts if count or name == "requests"]
