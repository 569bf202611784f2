"""Room on the stack for a script that calls itself, which the shell's library follows until the process dies.

Measured with bashkit 0.20.1: a level of `./a` calling `./a` takes about 22 KiB, so the usual 8 MiB end after 380
levels with a segmentation fault, and the whole sweep with them. Each level runs at least one command, so a limit
on commands ends it, if the stack lasts that long. Only the main thread's stack grows; the engine runs there.
"""

import resource

WANTED_BYTES = 120 * 2**20
"""Linux leaves 128 MiB below a process's stack free for it to grow into."""

_BYTES_PER_COMMAND = 40 * 2**10


def most_commands(wanted: int) -> int:
    """Let the stack grow, and return how many commands it is sure to hold nested, `wanted` at the most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < WANTED_BYTES:
        soft = WANTED_BYTES if hard == resource.RLIM_INFINITY else min(WANTED_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    room = WANTED_BYTES if soft == resource.RLIM_INFINITY else soft
    return min(wanted, room // _BYTES_PER_COMMAND)
