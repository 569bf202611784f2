"""The rate-limit headers of OpenAI-compatible endpoints, read as a refill rate.

`x-ratelimit-limit-requests`, `-remaining-requests` and `-reset-requests` (the time until the bucket is full
again, such as `1s`, `6m0s` or `20ms`) describe a token bucket: it refills by (limit - remaining) / reset.
"""

import math
import re
from collections.abc import Mapping

UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LOW = 0.5
"""Above this share of the bucket there is no need to pace."""
HORIZON_S = 60.0
"""What is left may be used up within this time: a bucket for a whole day is not to be kept half full."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def duration_s(text: str) -> float | None:
    """Seconds in `1h2m3.5s`, `20ms` or a plain number; None for anything else."""
    try:
        seconds = float(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * UNIT_S[unit] for number, unit in parts)


def refill_rate(headers: Mapping[str, str]) -> float | None:
    """Requests a second that the bucket allows, None while it is well filled or nothing is known."""
    try:
        limit = float(headers["x-ratelimit-limit-requests"])
        remaining = float(headers["x-ratelimit-remaining-requests"])
    except (KeyError, ValueError):
        return None
    reset_s = duration_s(headers.get("x-ratelimit-reset-requests", ""))
    if not reset_s or not 0.0 <= remaining <= LOW * limit < math.inf or remaining >= limit:
        return None
    return (limit - remaining) / reset_s + remaining / HORIZON_S
