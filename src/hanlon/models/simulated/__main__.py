"""The process of a simulated policy: a server on a free port of 127.0.0.1, until its parent ends."""

import asyncio

from aiohttp import web

from hanlon.models.local_server import Parent
from hanlon.models.simulated.policies import PolicyError, choose
from hanlon.models.simulated.server import application


def main() -> None:
    """Serve the policy that the parent's configuration names: ``{"policy": ..., "parameters": {...}}``."""
    parent = Parent.connect()
    try:
        policy = choose(parent.config.get("policy"), parent.config.get("parameters"))
    except PolicyError as error:
        parent.refuse(str(error))
    asyncio.run(_serve(parent, application(policy, parent.api_key)))


async def _serve(parent: Parent, app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    parent.announce(runner.addresses[0][1])
    await asyncio.Event().wait()  # the parent's end is the end of the process


if __name__ == "__main__":
    main()
