"""Waiting for what happens, however busy the machine is."""

import time
from collections.abc import Callable

HANGS_S = 240.0
"""Seconds after which nothing will happen any more: only a test that would hang meets this limit."""


def wait_until(condition: Callable[[], object], limit_s: float = HANGS_S) -> None:
    """Poll until a condition holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
