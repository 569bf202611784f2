"""What a simulated server has served: the counts of GET /stats, which `hanlon serve` prints at its end."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ServedCounts:
    """Counts since the start. Every request for a completion is in exactly one term of `requests`."""

    calls: int = 0
    """Completions made, whether or not they arrived whole; a real provider would bill them."""
    refused: int = 0
    """Requests that no policy can answer (400, 404)."""
    rate_limited: int = 0
    """Requests beyond the rate limit, which got a 429. A drawn 429 is a fault."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """Faults by kind, whether drawn or of an outage."""
    instead: int = 0
    """Faults that came instead of a completion."""
    calls_by_seed: Counter[int] = field(default_factory=Counter[int])
    """Calls of each episode: its seed goes with every request of it."""

    @property
    def requests(self) -> int:
        """All requests for completions but those with a wrong key."""
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
        """The counts as lines to print."""
        episodes = len(self.calls_by_seed)
        counts = [
            ("requests", self.requests),
            (f"calls, of {episodes} episode{'' if episodes == 1 else 's'}", self.calls),
            ("429 by the rate limit", self.rate_limited),
            ("refused as unanswerable", self.refused),
            *((f"fault {kind}", count) for kind, count in sorted(self.faults.items())),
        ]
        return [f"{count:>8}  {name}" for name, count in counts if count or name == "requests"]
