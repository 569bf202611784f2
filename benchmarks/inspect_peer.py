"""CPU per model call: Hanlon, the fast bare client, bare aiohttp and Inspect, on the same episodes and server.

An episode is a system and a user message, one tool and five calls. Hanlon and Inspect both keep their logs. Every
round runs all four, and a figure is the least of the rounds. Hanlon and the bare clients run in this process, which
is warm; Inspect runs in processes of its own, and its start-up is taken out as the slope between two sizes. The
server counts the calls: five an episode, or the run fails.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from arguments import is_smoke
from bare_clients import bare_aiohttp, bare_fast_openai
from echo import FILLER, Echo, EchoFactors, EchoRun
from hanlon.config.cell import Cell
from hot_path import EPISODES, bodies, cell_of, cpu_of, echo_cell, echo_server, sweep_of, verdict

ROUNDS, SIZES, CONNECTIONS, TURNS = 3, (40, 160), 32, 5
SMOKE_SIZES = (2, 4)
SYSTEM = "You are a careful assistant. Call the tool until you are told to stop."


class Opened(Echo):
    """The echoing environment with the usual opening: a system and a user message."""

    def open(self, index: int) -> EchoRun:
        """An episode of two opening messages."""
        run = EchoRun(0, self.factors.turns)
        run.messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": FILLER}]
        return run


def counts(base_url: str) -> dict[str, int]:
    """What the server has counted so far."""
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats", timeout=10) as reply:
        return json.load(reply)


def inspect_cpu(base_url: str, episodes: int, scratch: Path) -> float:
    """CPU seconds of a whole Inspect process, its children included."""
    job = {
        "base_url": base_url,
        "episodes": episodes,
        "turns": TURNS,
        "connections": CONNECTIONS,
        "log_dir": str(scratch / "logs"),
        "system": SYSTEM,
        "user": FILLER,
        "echo": FILLER,
    }
    own = {"ECHO_API_KEY": "none", "XDG_DATA_HOME": str(scratch), "XDG_CACHE_HOME": str(scratch)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(Path(__file__).with_name("inspect_echo.py"))]
    subprocess.run(
        command, input=json.dumps(job), text=True, check=True, cwd=scratch, env={**os.environ, **own}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not list((scratch / "logs").glob("*.eval")):
        raise SystemExit("Inspect has written no log")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_round(base_url: str, cell: Cell, scratch: Path, sizes: Sequence[int]) -> dict[str, float]:
    """CPU seconds of each client over the whole of its run; fails where the server counted other calls."""
    cost: dict[str, float] = {}
    seen = counts(base_url)

    def note(name: str, seconds: float, calls: int) -> None:
        nonlocal seen
        now = counts(base_url)
        made, sent = now["calls"] - seen["calls"], now["bytes"] - seen["bytes"]
        if made != calls:
            raise SystemExit(f"{name}: the server counted {made} calls, not {calls}")
        print(f"    {name}: {made} calls of {sent / made:.0f} bytes, {seconds:.2f} s CPU")
        cost[name], seen = seconds, now

    folder = scratch / "hanlon"
    folder.mkdir()
    calls = EPISODES * TURNS
    note("Hanlon", cpu_of(sweep_of(cell, folder)), calls)
    sent = bodies(cell, folder)
    note("fast openai", cpu_of(lambda: bare_fast_openai(base_url, "none", sent, CONNECTIONS)), calls)
    note("aiohttp", cpu_of(lambda: bare_aiohttp(base_url, "none", sent, CONNECTIONS)), calls)
    for size in sizes:
        note(f"Inspect {size}", inspect_cpu(base_url, size, scratch), size * TURNS)
    return cost


def main() -> int:
    """Print the costs and the ratios; 1 if a bound is not held."""
    smoke = is_smoke(__doc__)
    rounds, sizes = (0, SMOKE_SIZES) if smoke else (ROUNDS, SIZES)
    best: dict[str, float] = {}
    with echo_server() as base_url:
        cell = cell_of(echo_cell(base_url, 6).config, Opened(EchoFactors(turns=TURNS)))
        for number in range(rounds + 1):
            with tempfile.TemporaryDirectory() as scratch:
                cost = one_round(base_url, cell, Path(scratch), sizes)
            if number or smoke:  # the first round warms up imports and byte code
                best = {name: min(best.get(name, 1e9), seconds) for name, seconds in cost.items()}
    small, large = sizes
    inspect = (best[f"Inspect {large}"] - best[f"Inspect {small}"]) / (large - small) / TURNS * 1e6
    calls = EPISODES * TURNS
    ours, fast, floor = (best[name] / calls * 1e6 for name in ("Hanlon", "fast openai", "aiohttp"))
    print(
        f"CPU us per call: Hanlon {ours:.0f}, fast openai {fast:.0f}, aiohttp {floor:.0f}, Inspect {inspect:.0f}; "
        f"Hanlon : fast : aiohttp : Inspect = {ours / floor:.1f} : {fast / floor:.1f} : 1 : {inspect / floor:.0f}"
    )
    held = verdict("CPU a call, Hanlon : bare aiohttp+json (aim 3)", ours / floor, 5.0)
    gain = inspect / ours
    print(
        f"  throughput per core, Hanlon : Inspect (aim 25): {gain:.1f} (bound at least 10) "
        f"{'held' if gain >= 10 else 'NOT HELD'}"
    )
    return 0 if smoke or (held and gain >= 10) else 1


if __name__ == "__main__":
    sys.exit(main())
