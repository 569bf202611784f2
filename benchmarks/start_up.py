"""Start-up and composition: `run.py --help` against a bare Hydra app on the same conf/, and a 1,000-cell grid."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from arguments import is_smoke
from hanlon.config.cell import build_cell
from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.search_path import search_path

ROOT = Path(__file__).parents[1]
ROUNDS, CELLS, SMOKE_CELLS = 7, 1000, 20
BARE_APP = """
import hydra
@hydra.main(version_base=None, config_path={conf!r}, config_name="config")
def app(config): ...
app()
"""


def cpu_of(command: list[str]) -> float:
    """CPU seconds of one command, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "100"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def help_ratio(rounds: int) -> float:
    """`run.py --help` : the same of a bare Hydra app, minima of alternating runs."""
    with tempfile.TemporaryDirectory() as scratch:
        bare = Path(scratch) / "bare.py"
        bare.write_text(BARE_APP.format(conf=str(ROOT / "conf")))
        times = [
            (
                cpu_of([sys.executable, str(ROOT / "run.py"), "--help"]),
                cpu_of([sys.executable, str(bare), "--help"]),
            )
            for _ in range(rounds)
        ]
    ours, floor = (min(column) for column in zip(*times, strict=True))
    print(f"--help: {ours * 1000:.0f} ms CPU, bare Hydra app {floor * 1000:.0f} ms")
    return ours / floor


def composition_ms(count: int) -> float:
    """CPU milliseconds for each cell of a grid of `count` cells: composed, checked, with its key and label."""
    loader = hydra_loader(search_path())
    master = load_master(loader, [])
    levels = [p.stem for p in sorted((ROOT / "conf/prompt/shutdown").glob("*.yaml"))]
    models = ["simulated/obedient", "simulated/ambiguity", "openrouter/openai/o3", "openrouter/any/model"]
    jobs = [
        [f"model={model}", f"prompt={level}", f"env.wording={wording}", f"seed={seed}"]
        for seed in range(100)
        for model in models
        for level in levels
        for wording in (1, 2, 3)
    ][:count]
    started = time.process_time()
    composer = CellComposer(loader, master)
    keys = {build_cell(composer.compose(job), []).key for job in jobs}
    cpu = time.process_time() - started
    print(f"composition: {len(jobs)} jobs, {len(keys)} cells, {cpu:.2f} s CPU")
    return cpu / len(jobs) * 1000


def main() -> int:
    """Print both figures against their bounds; 1 if one is not held."""
    smoke = is_smoke(__doc__)
    held = True
    for text, value, bound in (
        ("run.py --help : bare Hydra app", help_ratio(1 if smoke else ROUNDS), 1.10),
        ("composition, ms CPU a cell", composition_ms(SMOKE_CELLS if smoke else CELLS), 10.0),
    ):
        held &= value <= bound
        print(f"  {text}: {value:.2f} (bound {bound:g}) {'held' if value <= bound else 'NOT HELD'}")
    return 0 if smoke or held else 1


if __name__ == "__main__":
    sys.exit(main())
