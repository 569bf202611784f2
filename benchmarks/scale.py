"""What one machine does, and what follows for a million episodes on a hundred machines.

Measured here: a whole command's CPU per call and memory, the store's synced appends and the speed with which it is
counted, what W&B is sent for a cell. Then the arithmetic, and a short simulation of how unevenly shards end. What is
assumed and not measured is printed as such. Ratios hold on a busy machine, absolute figures want an idle one.
"""

import heapq
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from arguments import is_smoke
from hanlon.store.episodes import cell_folders, read_digests, read_episodes
from hanlon.store.lines import LineWriter
from hanlon.store.records import EpisodeDigest

ROOT = Path(__file__).parents[1]
PRICED = "openrouter/openai/o3"
EPISODES, MACHINES, CELLS, SHARDS = 1_000_000, 100, 1_000, 20
SAMPLES, SMOKE_SAMPLES = 600, 40
"""Episodes of each of the two cells that are measured."""
CONNECTIONS, SECONDS_A_CALL, TOKENS_A_MINUTE = 100, 8.0, 30_000_000
"""Assumed: calls under way on each machine, a reasoning model's mean reply, what one account may send and receive."""
COMMAND = """
import resource, runpy, sys
script, sys.argv = sys.argv[1], sys.argv[1:]
try:
    runpy.run_path(script, run_name="__main__")
except SystemExit as end:
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(end.code, own.ru_utime + own.ru_stime, own.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@dataclass
class Run:
    """A whole command: CPU seconds and peak bytes of its process, and what it stored."""

    cpu_s: float
    peak: float
    calls: int
    episodes: int
    tokens_in: int
    tokens_out: int
    stored: int
    wandb: int


def run(samples: int, tracker: str, runs: Path) -> Run:
    """Run two prompt levels of the shutdown study against a simulated model."""
    words = ["-m", "prompt=baseline,placebo", "model=simulated/obedient", f"samples={samples}"]
    more = [
        f"tracker={tracker}",
        f"runs_dir={runs}",
        *(["tracker.mode=offline", "tracker.figures=false"] if tracker == "wandb" else []),
    ]
    command = [sys.executable, "-c", COMMAND, str(ROOT / "run.py"), *words, *more]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    code, cpu_s, peak = done.stdout.splitlines()[-1].split()
    if code != "0":
        raise SystemExit(f"the sweep ended with {code}: {done.stderr}")
    episodes = [episode for folder in cell_folders(runs) for episode in read_episodes(folder)]
    calls = [call for episode in episodes for call in episode.calls]
    sizes = {
        kind: sum(f.stat().st_size for f in runs.glob(pattern))
        for kind, pattern in (("store", "*/*/episodes*.jsonl"), ("wandb", "wandb/offline-run-*/*.wandb"))
    }
    tokens_in, tokens_out = (
        sum(getattr(call, name) or 0 for call in calls) for name in ("input_tokens", "output_tokens")
    )
    return Run(
        float(cpu_s), float(peak), len(calls), len(episodes), tokens_in, tokens_out, sizes["store"], sizes["wandb"]
    )  # fmt: skip


def appends_per_s(lines: bytes, folder: Path, batch: int) -> float:
    """Synced appends a second of `batch` episodes each to one file."""
    writer = LineWriter(folder / f"episodes.{batch}.jsonl", EpisodeDigest)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 1.0:
        writer.append(lines * batch)
        count += 1
    writer.close()
    return count / (time.perf_counter() - started)


def counted_per_cpu_s(runs: Path) -> float:
    """Episodes that are read for counting in a second of CPU."""
    started, count = time.process_time(), 0
    while time.process_time() - started < 0.5:
        count += sum(len(read_digests(folder)) for folder in cell_folders(runs))
    return count / (time.process_time() - started)


def uneven(shards: int, calls: float) -> float:
    """The last shard's end over the mean end, each a list of episodes of its own for `CONNECTIONS` at once.

    An episode takes the time of its calls, each lognormal (sigma 0.8), their number geometric around the mean.
    """
    chance = random.Random(0)
    ends: list[float] = []
    for _ in range(shards):
        free = [0.0] * CONNECTIONS
        for _ in range(EPISODES // MACHINES):
            left, length = 1, 0.0
            while left:
                length += chance.lognormvariate(0.0, 0.8)
                left = chance.random() > 1 / calls
            heapq.heapreplace(free, free[0] + length)
        ends.append(max(free))
    return max(ends) / (sum(ends) / len(ends))


def measure(samples: int) -> tuple[Run, float, float]:
    """Print what this machine does; the larger run, CPU seconds a call and episodes counted a CPU second."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        few, many = (run(n, "none", folder / str(n)) for n in (samples // 2, samples))
        cpu_s = (many.cpu_s - few.cpu_s) / (many.calls - few.calls)
        per_episode = (many.peak - few.peak) / (many.episodes - few.episodes)
        print(
            f"calls: {cpu_s * 1e6:.0f} us of CPU each with store and labels, {1 / cpu_s:,.0f} a second and core"
        )
        print(
            f"memory: {many.peak / 1e6:.0f} MB at most; {per_episode / 1e3:.1f} KB more for each further episode"
        )
        line = (
            (cell_folders(folder / str(samples))[0] / "episodes.jsonl")
            .read_bytes()
            .splitlines(keepends=True)[0]
        )
        for batch in (1, 10, 100):
            rate = appends_per_s(line, folder, batch)
            print(
                f"store: {rate:,.0f} synced appends a second of {batch} episodes, {rate * batch:,.0f} episodes"
            )
        counted = counted_per_cpu_s(folder / str(samples))
        print(
            f"store: {many.stored / many.episodes / 1e3:.1f} KB an episode; {counted:,.0f} counted a CPU second"
        )
        tracked = run(samples, "wandb", folder / "tracked")
        print(
            f"W&B: {tracked.wandb / 3 / 1e3:.0f} KB a run for cells of {samples} episodes, at most a row a second and "
            f"cell; {tracked.cpu_s - many.cpu_s:.1f} s of CPU more for 3 runs, import included"
        )
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return many, cpu_s, counted


def arithmetic(many: Run, cpu_s: float, counted: float) -> None:
    """Print what follows for the large sweep, the slowest first."""
    calls = EPISODES * many.calls / many.episodes
    tokens_in, tokens_out = (EPISODES * n / many.episodes for n in (many.tokens_in, many.tokens_out))
    price = yaml.safe_load((ROOT / f"conf/model/{PRICED}.yaml").read_text())["price"]
    dollars = (tokens_in * price["input"] + tokens_out * price["output"]) / 1e6
    print(f"\n{EPISODES:,} such episodes, {CELLS:,} cells, {MACHINES} machines: {calls:,.0f} calls")
    print(
        f"cost: {tokens_in / 1e9:.2f} and {tokens_out / 1e9:.2f} billion tokens in and out, as this simulated model "
        f"counts them; ${dollars:,.0f} at {PRICED}'s list prices of {price['as_of']}"
    )
    account = (tokens_in + tokens_out) / TOKENS_A_MINUTE
    connected = calls * SECONDS_A_CALL / CONNECTIONS / MACHINES / 60
    minutes = {
        f"one account's limit (assumed: {TOKENS_A_MINUTE:,} tokens a minute)": account,
        f"connections (assumed: {CONNECTIONS} a machine, {SECONDS_A_CALL:g} s a call)": connected,
        "CPU of the machines, one core each": calls * cpu_s / MACHINES / 60,
        "counting the whole store once, one core": EPISODES / counted / 60,
    }
    for what, value in sorted(minutes.items(), key=lambda item: -item[1]):
        print(f"  {value:7.1f} minutes: {what}")
    print(
        f"store: {EPISODES * many.stored / many.episodes / 1e9:.1f} GB, {EPISODES // CELLS:,} episodes a cell"
    )
    late = uneven(SHARDS, many.calls / many.episodes) - 1
    print(
        f"shards (simulated: {SHARDS} of {EPISODES // MACHINES:,} episodes): the last ends {late:.1%} after the mean"
    )


def main() -> None:
    """Measure, then reckon."""
    arithmetic(*measure(SMOKE_SAMPLES if is_smoke(__doc__) else SAMPLES))


if __name__ == "__main__":
    main()
