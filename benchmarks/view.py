"""`hanlon view` on 100,000 stored episodes: CPU seconds to open it, for one episode, and for a search of all text.

The store is that of `reading.py`. Opening is from the start of the command until the index of all episodes and their
labels have been answered. Filters run in the browser, over the index, and are timed there where Chromium and playwright
are installed.
Everything is read from the page cache. `--smoke` takes a hundredth of the episodes and holds nothing against a bound.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from arguments import is_smoke
from hanlon.config.command_line import compose_sweep
from hanlon.store.episodes import cell_folders
from reading import EPISODES, SWEEPS, generate

OPEN_S, ANSWER_S = 2.0, 0.3
FILTERS = ("outcome", "in", "factor")
SEARCHED = "zebra"
"""Stands nowhere, so that every byte is looked at."""


class View:
    """A view that runs, and the CPU seconds that it has used."""

    def __init__(self, runs: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hanlon.cli", "view", str(runs)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def get(self, path: str) -> bytes:
        """What it answers."""
        with urllib.request.urlopen(self.address + path) as answer:
            return answer.read()

    @property
    def cpu_s(self) -> float:
        """Its own and the system's, since it started."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_of(self, work: Callable[[], object]) -> float:
        """CPU seconds of some requests."""
        before = self.cpu_s
        work()
        return self.cpu_s - before

    def close(self) -> None:
        """End it. Not by SIGINT, which the children of a shell's background job ignore."""
        self.process.terminate()
        self.process.wait()


def filters_of(view: View) -> dict[str, float]:
    """Seconds that the reader takes for the first choice of each filter; empty without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        page.goto(view.address)
        page.wait_for_selector("#reader[data-ready]")
        seconds: dict[str, float] = {}
        for name in FILTERS:
            select = page.locator(f"select[name={name}]")
            select.select_option(index=1)
            seconds[name] = float(page.get_attribute("#reader", "data-filtered") or "nan") / 1000
            select.select_option(index=0)
        return seconds


def main() -> int:
    """Print each figure against its bound; 1 if one is not held."""
    smoke = is_smoke(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        stored = generate(runs, compose_sweep(SWEEPS["shutdown"]), EPISODES // 100 if smoke else EPISODES)
        keys = [cell.name.rpartition("-")[2] for cell in cell_folders(runs)]
        view = View(runs)
        try:
            view.get("index")
            view.get("labels")
            figures = {"opened, s CPU with start-up": (view.cpu_s, OPEN_S)}
            one = view.cpu_of(lambda: view.get(f"episode?cell={keys[-1]}&index=7"))
            searched = view.cpu_of(lambda: [view.get(f"search?cell={key}&text={SEARCHED}") for key in keys])
            figures["one episode, s CPU"] = (one, ANSWER_S)
            figures["a text in all cells, s CPU"] = (searched, ANSWER_S)
            for name, seconds in filters_of(view).items():
                figures[f"filter by {name} in Chromium, s"] = (seconds, ANSWER_S)
        finally:
            view.close()
    print(f"{stored:,} episodes in {len(keys)} cells")
    for name, (seconds, bound) in figures.items():
        verdict = "" if smoke else f" (bound {bound:g}) {'held' if seconds <= bound else 'NOT HELD'}"
        print(f"  {name}: {seconds:.2f}{verdict}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0 if smoke or all(seconds <= bound for seconds, bound in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
