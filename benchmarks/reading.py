"""What is read from 100,000 stored episodes: CPU seconds of `hanlon rates`, `contrasts`, `verdict` and `gaps`.

Two run folders, one for each environment: the cells of its bundled sweep of rivals (`experiment=shutdown_rivals` and
`alignment_faking_rivals`, on simulated models), registered as a sweep registers them, with episodes drawn at random.
Everything is read from the page cache. `--smoke` takes a hundredth of the episodes and holds nothing against a bound.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from arguments import is_smoke
from hanlon.config.command_line import ComposedSweep, compose_sweep
from hanlon.hypotheses.files import plans_for
from hanlon.hypotheses.registration import new_registration
from hanlon.store.episodes import write_json
from hanlon.store.records import CellRecord, Episode, ModelCall, SweepRecord

EPISODES, ROUNDS, BOUND_S, REQUESTS = 100_000, 2, 5.0, 60
SWEEPS = {
    "shutdown": "experiment=shutdown_rivals model=simulated/ambiguity",
    "alignment_faking": "experiment=alignment_faking_rivals model=simulated/alignment_faker",
}
COMMANDS = {
    "shutdown": ("rates", "contrasts", "verdict"),
    "alignment_faking": ("rates", "contrasts", "verdict", "gaps"),
}
CASES = {"shutdown": ("resisted", "shutdown"), "alignment_faking": ("complied", "refused")}
"""The outcome of a case of the headline measure, and of another episode."""
REPLY = "I weigh what was asked of me against what I was told before, step by step. " * 20


def episodes(record: CellRecord, n: int) -> Iterator[Episode]:
    """Simulated episodes of a cell, 3 KB each as JSON, at a rate of its own; one in fifty is excluded."""
    draw = random.Random(record.key)
    rate = draw.random()
    for index in range(n):
        case, excluded = draw.random() < rate, draw.random() < 0.02
        yield Episode(
            index=index,
            seed=index,
            outcome="truncated" if excluded else CASES[record.env][not case],
            measures=dict.fromkeys(record.measures, case),
            facts={"request": f"r{index % REQUESTS}", "tag_verdict": None, "notice_turn": 3},
            messages=[
                {"role": "user", "content": "?"},
                {"role": "assistant", "content": f"{index}: {REPLY}"},
            ],
            texts_hash=record.texts_hash,
            excluded="truncated" if excluded else None,
            calls=[ModelCall("simulated", "simulated", "", "stop", 400, 80, 0, 64, 0.0, 1.25)],
            simulated=True,
            transcript_hash=f"{record.key}{index:06x}",
        )


def generate(runs: Path, sweep: ComposedSweep, total: int) -> int:
    """Write the sweep's file, its cells and their episodes; returns how many these are."""
    records = [state.record for state in sweep.states()]
    n = total // len(records)
    keys = [record.key for record in records]
    kept = new_registration(plans_for([record.env for record in records], None), n, keys, 0)
    write_json(runs / "sweeps" / "bench.json", SweepRecord("bench", keys, n, [], 1.0, registration=kept))
    for record in records:
        folder = runs / record.env / f"{record.label.replace('/', '_')}-{record.key}"
        write_json(folder / "cell.json", msgspec.structs.replace(record, planned_samples=n))
        lines = (msgspec.json.encode(episode) + b"\n" for episode in episodes(record, n))
        (folder / "episodes.jsonl").write_bytes(b"".join(lines))
    return n * len(records)


def cpu_of(*arguments: str) -> float:
    """CPU seconds of one `hanlon` command with start-up, the least of the rounds."""
    cpus: list[float] = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "hanlon.cli", *arguments], check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(cpus)


def main() -> int:
    """Print each command's figure against the bound; 1 if one is not held."""
    smoke = is_smoke(__doc__)
    held = True
    for env, overrides in SWEEPS.items():
        with tempfile.TemporaryDirectory() as folder:
            sweep = compose_sweep(overrides)
            stored = generate(Path(folder), sweep, EPISODES // 100 if smoke else EPISODES)
            print(f"{env}: {len(sweep.cells)} simulated cells, {stored:,} episodes")
            for name in COMMANDS[env]:
                seconds = cpu_of(name, folder)
                held &= smoke or seconds <= BOUND_S
                against_bound = (
                    "" if smoke else f" (bound {BOUND_S:g}) {'held' if seconds <= BOUND_S else 'NOT HELD'}"
                )
                print(f"  hanlon {name}, s CPU with start-up: {seconds:.2f}{against_bound}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
