"""The process of a simulated policy: a server on a free port of 127.0.0.1, until its parent ends."""

import asyncio

from hanlon.models.local_server import Parent
from hanlon.simulated.choose import choose_policy
from hanlon.simulated.faults.config import FaultError, read_faults
from hanlon.simulated.policy import PolicyError
from hanlon.simulated.server import application, listen


def main() -> None:
    """Serve the parent's configuration: ``{"policy": ..., "parameters": {...}, "faults": {...}}``."""
    parent = Parent.connect()
    try:
        policy = choose_policy(parent.config)
        faults = read_faults(parent.config.get("faults"))
    except (PolicyError, FaultError) as error:
        parent.refuse(str(error))
    app = application(policy, parent.api_key, faults)
    # the parent's end is the end of the process
    asyncio.run(listen(app, 0, parent.announce, until=asyncio.Event().wait()))


if __name__ == "__main__":
    main()
