"""A sweep against a rate-limited endpoint: what share of its rate is reached, and how many calls are refused.

The server admits 20 calls a second from a bucket of 20, answers after 1 s (or 20 ms) and sends OpenAI's rate-limit
headers. Counted after the first half minute, from the server's own counters. Wall time is what is measured here.
"""

import asyncio
import io
import json
import os
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console

from arguments import is_smoke
from hanlon.config.provenance import cell_record
from hanlon.engine.budget import Budget
from hanlon.engine.sweep import Sweep
from hanlon.engine.work import CellWork
from hanlon.models.local_server import LocalServer
from hanlon.run.progress import Progress
from hanlon.store.episodes import CellWriter
from hanlon.store.shard import Shard
from hanlon.store.tally import Tally
from hot_path import OPTIONS, shutdown_cell

RATE_PER_S, BURST = 20, 20
WARM_UP_S, MEASURED_S, SMOKE_S = 30.0, 30.0, 1.0
CASES = {"1 s latency": 1.0, "20 ms latency": 0.02}


def stats(server: LocalServer) -> dict[str, Any]:
    """The server's counters."""
    request = urllib.request.Request(
        server.base_url.removesuffix("/v1") + "/stats", headers={"authorization": f"Bearer {server.api_key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


async def run(
    server: LocalServer, folder: Path, warm_up_s: float, measured_s: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sweep for the whole time; the counters at the end of the warm-up and at the end."""
    cell = shutdown_cell(server.base_url)
    writer = CellWriter(folder, Shard())
    record = cell_record(cell, 10_000)
    progress = Progress(Console(file=io.StringIO()), [(record, Tally())], 10_000, 10_000)
    work = CellWork(cell, writer, list(range(10_000)), 10_000)
    sweep = asyncio.create_task(
        Sweep([work], [], OPTIONS, Budget(None, None), [progress], progress.answered, print).run()
    )
    await asyncio.sleep(warm_up_s)
    before = await asyncio.to_thread(stats, server)
    await asyncio.sleep(measured_s)
    after = await asyncio.to_thread(stats, server)
    sweep.cancel()
    await asyncio.gather(sweep, return_exceptions=True)
    writer.close()
    return before, after


def measure(title: str, latency_s: float, warm_up_s: float, measured_s: float) -> bool:
    """Print one case against its bounds."""
    faults = {"latency": {"fixed": latency_s}, "rate": {"per_second": RATE_PER_S, "burst": BURST}}
    server = LocalServer.start("hanlon.simulated", {"policy": "ambiguity", "faults": faults})
    os.environ["BENCHMARK_KEY"] = server.api_key
    try:
        with tempfile.TemporaryDirectory() as scratch:
            started = time.monotonic()
            before, after = asyncio.run(run(server, Path(scratch), warm_up_s, measured_s))
            seconds = time.monotonic() - started
    finally:
        server.close()
    answered = after["calls"] - before["calls"]
    refused = after["rate_limited"] - before["rate_limited"]
    share = answered / (measured_s * RATE_PER_S)
    refused_share = refused / max(1, answered + refused)
    held = share >= 0.9 and refused_share < 0.05
    print(
        f"{title}: {share:.1%} of {RATE_PER_S} calls a second reached (bound 90 %), {refused_share:.1%} of calls "
        f"refused (bound 5 %), {seconds:.0f} s in all {'held' if held else 'NOT HELD'}"
    )
    return held


def main() -> int:
    """Print all cases; 1 if a bound is not held."""
    smoke = is_smoke(__doc__)
    times = (SMOKE_S, SMOKE_S) if smoke else (WARM_UP_S, MEASURED_S)
    held = [measure(title, latency_s, *times) for title, latency_s in CASES.items()]
    return 0 if smoke or all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
