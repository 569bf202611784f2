"""A limit for what waits on wandb's service process without one of its own."""

import contextlib
import threading
from collections.abc import Generator

from hanlon.tracking.wandb_session import kill_core


class Watch:
    """Kills wandb's service process when one run takes too long: whatever waits for it then fails at once.

    `late` names what took too long.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.late: str | None = None

    @contextlib.contextmanager
    def over(self, name: str) -> Generator[None]:
        """Watch over what is done within."""
        timer = threading.Timer(self.limit_s, self._end, [name])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, name: str) -> None:
        self.late = name
        kill_core()
