"""An event loop whose clock jumps to the next timer, so that minutes of waiting take no time."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any


class FakeClockLoop(asyncio.SelectorEventLoop):
    """Nothing that it waits for comes from outside, so it never really waits."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0
        real = self._selector.select

        def select(timeout: float | None = None) -> Any:
            if timeout is None:
                raise RuntimeError("everything waits for ever")
            self._now += timeout
            return real(0)

        self._selector.select = select

    def time(self) -> float:
        """Seconds of the fake clock."""
        return self._now


def on_fake_clock(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an asynchronous test on a fake clock."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            runner.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return run
