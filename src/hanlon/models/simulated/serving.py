"""Listening on loopback: for the child process of `__main__`, and for `hanlon serve` in the foreground."""

from collections.abc import Awaitable, Callable

from aiohttp import web

_HOST = "127.0.0.1"
_GRACE_S = 0.5


async def listen(
    app: web.Application, port: int, announce: Callable[[int], None], until: Awaitable[object]
) -> None:
    """Serve `app` on 127.0.0.1 at `port` (0: a free one, which `announce` is told) until `until` is done.

    Raises:
        OSError: the port is taken or not ours to take.
    """
    # with handler_cancellation, a client that goes away ends its hanging call
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
        announce(runner.addresses[0][1])
        await until
    finally:
        await runner.cleanup()
