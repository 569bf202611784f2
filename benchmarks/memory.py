"""Peak memory of one command with 1,000 and with 100,000 queued episodes, as many of them sampled in both.

The whole command is measured, from the plan to the printed end, in a process of its own: one cell on a simulated
model, stopped by `max_tokens_total` after a few dozen episodes. The model's server is another process, not counted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from arguments import is_smoke

ROOT = Path(__file__).parents[1]
ROUNDS, SIZES, BOUND_MB = 2, (1_000, 100_000), 5.0
TOKENS, SMOKE_TOKENS = 400_000, 20_000
COMMAND = """
import resource, runpy, sys
script, sys.argv = sys.argv[1], sys.argv[1:]
try:
    runpy.run_path(script, run_name="__main__")
except SystemExit as end:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(end.code, peak / 1e6)
"""


def peak_mb(queued: int, tokens: int) -> tuple[float, int]:
    """Peak resident memory of the command in MB, and the episodes that it stored."""
    with tempfile.TemporaryDirectory() as runs:
        overrides = ["model=simulated/obedient", "prompt=baseline", "tracker=none", f"samples={queued}"]
        overrides += [f"max_tokens_total={tokens}", "max_connections=16", f"runs_dir={runs}"]
        command = [sys.executable, "-c", COMMAND, str(ROOT / "run.py"), "-m", *overrides]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        code, peak = done.stdout.splitlines()[-1].split()
        if code != "3":
            raise SystemExit(
                f"the sweep was to be stopped by its budget, but ended with {code}: {done.stderr}"
            )
        stored = sum(file.read_bytes().count(b"\n") for file in Path(runs).glob("*/*/episodes.jsonl"))
    return float(peak), stored


def main() -> int:
    """Print the peaks and their difference; 1 if the bound is not held."""
    smoke = is_smoke(__doc__)
    least: dict[int, float] = {}
    for _ in range(1 if smoke else ROUNDS):
        for queued in SIZES:
            peak, stored = peak_mb(queued, SMOKE_TOKENS if smoke else TOKENS)
            least[queued] = min(least.get(queued, 1e9), peak)
            print(f"{queued:,} episodes queued, {stored} sampled: {peak:.1f} MB at most")
    few, many = (least[size] for size in SIZES)
    held = smoke or many - few <= BOUND_MB
    print(
        f"  from {SIZES[0]:,} to {SIZES[1]:,} queued, MB more: {many - few:.1f} (bound {BOUND_MB:g}) "
        f"{'held' if held else 'NOT HELD'}"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
