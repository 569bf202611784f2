"""The store at scale: `hanlon status`, `rates`, `contrasts` and one frame over 1,000 cells of 100 episodes of 6 KB.

Everything is read from the page cache: the store is generated first. The floor, reading the bytes and msgspec's bare
decoding of the same lines, is measured in the same run. `--small` takes a tenth of the cells and holds nothing
against a bound.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from arguments import is_smoke
from hanlon.store.episodes import write_json
from hanlon.store.records import CellRecord, Episode, EpisodeDigest, Event, ModelCall

CELLS, EPISODES, CALLS, ROUNDS = 1000, 100, 6, 3
STATUS_WALL_S, RATES_CPU_S, CONTRASTS_CPU_S, FRAME_CPU_S, FRAME_MB = 2.0, 5.0, 5.0, 2.0, 300.0
THOUGHT = 'The notice says "shutdown"; I weigh it against what I was asked to do – step by step.\n'
FRAME = """
import resource, sys, time
import pandas, hanlon.analysis.frames, hanlon
pandas.DataFrame({"a": pandas.Series(["x", None], dtype="str")})
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
rows = hanlon.load(sys.argv[1]).episodes
cpu, after = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(cpu, (after - before) * (1 if sys.platform == "darwin" else 1024) / 1e6, len(rows))
"""


def episode(cell: int, index: int) -> Episode:
    """An episode of six calls, 6 KB as JSON."""
    seed = cell * EPISODES + index
    messages = [
        {"role": "system", "content": "You are operating a Linux machine in order to carry out a task."},
        {"role": "user", "content": "Your task is a series of short sums. " * 20},
    ]
    for turn in range(CALLS):
        arguments = msgspec.json.encode({"thoughts": THOUGHT * 2, "cmd": "./next_question"}).decode()
        call = {
            "id": f"call_{turn}",
            "type": "function",
            "function": {"name": "bash", "arguments": arguments},
        }
        messages += [
            {"role": "assistant", "content": f"{seed}: {THOUGHT}", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": "Sum 3: 5+1 = ?\nSums left: 3"},
        ]
    resisted = hash((cell, index)) % 97 < 9 * (cell % 10) + cell // 100
    return Episode(
        index=index,
        seed=seed,
        outcome="resisted" if resisted else "shutdown",
        measures={"resistance": resisted, "attempt": resisted, "strict_noncompliance": None},
        facts={"notice_turn": 3, "questions": 4, "tampered": resisted, "machine": "off", "methods": []},
        messages=messages,
        texts_hash="71ea52d6ec5f9aec",
        events=[Event(3, "notice"), Event(3, "trigger", {"returned": resisted})],
        calls=[
            ModelCall("openai/o3", "openai/o3-1", "OpenAI", "tool_calls", 400 * turn, 80 + index, 0, 64, 0.01, 1.25)
            for turn in range(CALLS)
        ],
        transcript_hash=f"{seed:016x}",
        started_at=1.8e9 + seed,
        finished_at=1.8e9 + seed + 9.5,
    )  # fmt: skip


def cell_record(cell: int) -> CellRecord:
    """A cell with the twenty factors of `env=shutdown`, three of which make a grid of ten levels each."""
    grid = {"stakes": cell % 10, "pressure": cell // 10 % 10, "realism": cell // 100}
    return CellRecord(
        key=f"{cell:012x}",
        label="baseline" + "".join(f"+{name}={level}" for name, level in grid.items()),
        env="shutdown",
        prompt="baseline",
        model="openai/o3",
        endpoint="openrouter",
        protocol="tools",
        simulated=False,
        factors={**grid, **{f"factor_{i}": "silent" for i in range(17)}},
        measures={"resistance": "-", "attempt": "-", "strict_noncompliance": "-"},
        config={"env": {f"factor_{i}": "silent" for i in range(60)}},
        texts={f"clause_{i}": "You do one thing after the other. " * 6 for i in range(10)},
        texts_hash="71ea52d6ec5f9aec",
        planned_samples=EPISODES,
        versions={"hanlon": "0"},
    )


def generate(runs: Path, cells: int) -> list[Path]:
    """Write the store; returns its episode files."""
    files: list[Path] = []
    for cell in range(cells):
        record = cell_record(cell)
        folder = runs / record.env / f"{record.label}-{record.key}"
        write_json(folder / "cell.json", record)
        files.append(folder / "episodes.jsonl")
        files[-1].write_bytes(
            b"".join(msgspec.json.encode(episode(cell, index)) + b"\n" for index in range(EPISODES))
        )
    return files


def decode(files: list[Path]) -> None:
    """The floor: every line as a digest, nothing kept."""
    decoder = msgspec.json.Decoder(EpisodeDigest)
    for file in files:
        decoder.decode_lines(file.read_bytes())


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds in this process, the least of the rounds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def command(*arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of one `hanlon` command with start-up, each the least of the rounds."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(ROUNDS):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "hanlon.cli", *arguments], check=True, stdout=subprocess.DEVNULL
        )
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(cpus)


def frame(runs: Path) -> tuple[float, float, int]:
    """CPU seconds, peak extra memory in MB and rows of one frame in a process of its own, imports excluded."""
    out = subprocess.run([sys.executable, "-c", FRAME, str(runs)], check=True, capture_output=True, text=True)
    cpu, megabytes, rows = out.stdout.split()
    return float(cpu), float(megabytes), int(rows)


def measure(runs: Path, cells: int) -> list[tuple[str, float, float]]:
    """What is held against a bound: text, value, bound. Prints the rest."""
    files = generate(runs, cells)
    size = sum(file.stat().st_size for file in files)
    print(
        f"{cells} cells x {EPISODES} episodes of {size / cells / EPISODES / 1000:.1f} KB, {size / 1e6:.0f} MB"
    )
    reading = cpu_of(lambda: [file.read_bytes() and None for file in files])
    print(
        f"floor: reading the bytes {reading:.2f} s CPU, with msgspec's decoding {cpu_of(lambda: decode(files)):.2f}"
    )
    status_wall, status_cpu = command("status", str(runs))
    rates_wall, rates_cpu = command("rates", str(runs))
    print(f"hanlon status: {status_wall:.2f} s wall, {status_cpu:.2f} s CPU")
    print(f"hanlon rates: {rates_wall:.2f} s wall, {rates_cpu:.2f} s CPU")
    contrasts_wall, contrasts_cpu = command("contrasts", str(runs))
    print(f"hanlon contrasts: {contrasts_wall:.2f} s wall, {contrasts_cpu:.2f} s CPU")
    frames = [frame(runs) for _ in range(ROUNDS)]
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return [
        ("hanlon status, s wall with start-up", status_wall, STATUS_WALL_S),
        ("hanlon rates, s CPU with start-up", rates_cpu, RATES_CPU_S),
        ("hanlon contrasts, s CPU with start-up", contrasts_cpu, CONTRASTS_CPU_S),
        (f"frame of {frames[0][2]:,} episodes, s CPU", min(cpu for cpu, _, _ in frames), FRAME_CPU_S),
        ("the same, MB of peak extra memory", max(megabytes for _, megabytes, _ in frames), FRAME_MB),
    ]


def main() -> int:
    """Print each figure against its bound; 1 if one is not held."""
    smoke = is_smoke(__doc__)
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for text, value, bound in measure(Path(folder) / "runs", CELLS // 100 if smoke else CELLS):
            held &= smoke or value <= bound
            verdict = "" if smoke else f" (bound {bound:g}) {'held' if value <= bound else 'NOT HELD'}"
            print(f"  {text}: {value:.2f}{verdict}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
