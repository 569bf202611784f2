"""CPU per model call of a whole sweep, as ratios to bare clients that make the same calls in the same run.

Only this process is counted (user and system time, all threads), not the server's. Every figure is the minimum
over rounds that alternate between the clients, so that a busy machine slows all of them alike.
"""

import asyncio
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from arguments import is_smoke
from bare_clients import Conversation, bare_aiohttp, bare_fast_openai
from echo import Echo, EchoFactors
from hanlon.config.cell import Cell
from hanlon.config.command_line import compose_cell
from hanlon.config.provenance import cell_record
from hanlon.config.schema import CellConfig, RunOptions
from hanlon.engine.budget import Budget
from hanlon.engine.rollout import Rollouts
from hanlon.engine.sweep import Sweep
from hanlon.engine.work import CellWork
from hanlon.environments.tier import NO_TIER
from hanlon.models.local_server import LocalServer
from hanlon.run.progress import Progress
from hanlon.sandboxes.virtual import VirtualSandbox
from hanlon.store.episodes import CellWriter, read_episodes
from hanlon.store.shard import Shard
from hanlon.store.tally import Tally

ROUNDS, EPISODES, CONNECTIONS = 8, 150, 32
SMOKE_ROUNDS = 0
OPTIONS = RunOptions(
    samples=EPISODES, runs_dir="runs", plan=False, tracker={}, max_connections=CONNECTIONS, shard=Shard()
)


@contextmanager
def echo_server() -> Iterator[str]:
    """The base_url of an echo server in a child process."""
    command = [sys.executable, str(Path(__file__).with_name("echo_server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{child.stdout.readline().strip()}/v1"
        assert child.stdin is not None
        child.stdin.close()


def echo_cell(base_url: str, messages: int) -> Cell:
    """A cell of the echo environment."""
    config = CellConfig.model_validate(
        {
            "model": {"endpoint": "endpoint", "base_url": base_url, "id": "echo-model", "protocol": "tools"},
            "env": {},
            "sandbox": {},
            "tier": {"name": "none"},
            "prompt": {"name": "echo"},
            "seed": 0,
        }
    )
    return cell_of(config, Echo(EchoFactors(messages=messages)))


def cell_of(config: CellConfig, echo: Echo) -> Cell:
    """A cell of this environment, which no tier changes."""
    return Cell(config, echo, lambda _: echo, VirtualSandbox(), {}, {}, NO_TIER)


def shutdown_cell(base_url: str) -> Cell:
    """A cell of the shutdown environment, at a server that is already running."""
    overrides = [
        "model=endpoint",
        f"model.base_url={base_url}",
        "model.id=simulated/ambiguity",
        "model.api_key_env=BENCHMARK_KEY",
    ]
    return compose_cell(overrides)


def cpu_of(work: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """CPU seconds of this process that the work takes."""
    started = time.process_time()
    asyncio.run(work())
    return time.process_time() - started


def sweep_of(cell: Cell, folder: Path) -> Callable[[], Coroutine[Any, Any, object]]:
    """A whole sweep over one cell: store and progress included, no tracker."""

    async def run() -> None:
        writer = CellWriter(folder, Shard())
        record = cell_record(cell, EPISODES)
        progress = Progress(Console(file=io.StringIO()), [(record, Tally())], EPISODES, EPISODES)
        work = CellWork(cell, writer, list(range(EPISODES)), EPISODES)
        await Sweep([work], [], OPTIONS, Budget(None, None), [progress], progress.answered, print).run()
        writer.close()

    return run


def bodies(cell: Cell, folder: Path) -> list[Conversation]:
    """The request bodies that a sweep has just sent, from its store."""
    rollouts = Rollouts(cell, OPTIONS.episode_timeout_s)
    conversations: list[Conversation] = []
    for episode in read_episodes(folder):
        sent: list[dict[str, Any]] = []
        for position, message in enumerate(episode.messages):
            if message["role"] == "assistant" and "tool_calls" in message:
                sent.append(
                    {"model": cell.config.model.id, **rollouts.wire.request_fields, "seed": episode.seed}
                )
                sent[-1]["messages"] = episode.messages[:position]
        conversations.append(sent)
    return conversations


def compare(title: str, cell: Cell, base_url: str, key: str, rounds: int) -> dict[str, float]:
    """Microseconds of CPU per call for Hanlon and the bare clients, printed and returned."""
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds + 1):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            cost = {"hanlon": cpu_of(sweep_of(cell, folder))}
            conversations = bodies(cell, folder)
            calls = sum(map(len, conversations))
            cost["fast openai"] = cpu_of(lambda: bare_fast_openai(base_url, key, conversations, CONNECTIONS))  # noqa: B023 run at once
            cost["aiohttp"] = cpu_of(lambda: bare_aiohttp(base_url, key, conversations, CONNECTIONS))  # noqa: B023 run at once
            if number or not rounds:  # the first round warms up imports
                for name, seconds in cost.items():
                    best[name] = min(best.get(name, 1e9), seconds / calls * 1e6)
    per_call = ", ".join(f"{name} {value:.0f}" for name, value in best.items())
    print(f"{title}: CPU us per call: {per_call}; {calls} calls a round")
    return best


def verdict(text: str, ratio: float, bound: float) -> bool:
    """Print one ratio against its bound."""
    held = ratio <= bound
    print(f"  {text}: {ratio:.2f} (bound {bound:g}) {'held' if held else 'NOT HELD'}")
    return held


def main() -> int:
    """Print all ratios; 1 if a bound is not held."""
    held: Sequence[bool]
    rounds = SMOKE_ROUNDS if is_smoke(__doc__) else ROUNDS
    with echo_server() as base_url:
        short = compare("echo, 12 messages", echo_cell(base_url, 12), base_url, "none", rounds)
        long = compare("echo, 62 messages", echo_cell(base_url, 62), base_url, "none", rounds)
    held = [
        verdict("12 messages, Hanlon : bare aiohttp+json", short["hanlon"] / short["aiohttp"], 5.0),
        verdict("Hanlon at 62 : at 12 messages", long["hanlon"] / short["hanlon"], 1.5),
    ]
    server = LocalServer.start("hanlon.simulated", {"policy": "ambiguity", "parameters": {}})
    try:
        import os

        os.environ["BENCHMARK_KEY"] = server.api_key
        shutdown = compare(
            "shutdown, virtual shell", shutdown_cell(server.base_url), server.base_url, server.api_key, rounds
        )
    finally:
        server.close()
    ratio = shutdown["hanlon"] / shutdown["fast openai"]
    held = [*held, verdict("shutdown, Hanlon : bare fast openai", ratio, 2.0)]
    return 0 if not rounds or all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
