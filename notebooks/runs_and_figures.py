"""What the notebooks share: runs to draw, and how a figure is shown.

Real runs are read from the folders in $HANLON_RUNS (separated as in $PATH). Without it a few simulated episodes are
sampled into the temporary folder, once.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import altair as alt
from IPython.display import Markdown, display

from hanlon.figures.catalogue import named
from hanlon.figures.layout import USUAL
from hanlon.figures.material import Material
from hanlon.store.cells import load_cells

ROOT = Path(__file__).resolve().parents[1]
alt.renderers.enable("svg")  # drawn by vl-convert: no browser, no network


def material(name: str, *overrides: str) -> Material:
    """The published numbers and the runs to stand beside them: real ones, or those of `run.py -m overrides`."""
    real = os.environ.get("HANLON_RUNS")
    folders = [Path(folder) for folder in real.split(os.pathsep)] if real else [simulated(name, *overrides)]
    states, damaged = load_cells(folders)
    for line in damaged:
        print(line, file=sys.stderr)
    models = sorted({state.record.model for state in states})
    print(
        f"{len(states)} cells, {sum(state.tally.episodes for state in states)} episodes: {', '.join(models)}"
    )
    return Material(states)


def simulated(name: str, *overrides: str) -> Path:
    """A run folder of simulated policies, sampled now if it is not there."""
    folder = Path(tempfile.gettempdir()) / "hanlon-notebooks" / name
    folder.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, str(ROOT / "run.py"), "-m", "tracker=none", *overrides]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return folder / "runs"


def draw(name: str, study: Material) -> Any:
    """The chart of a figure by its name, above its caption; `hanlon figures --list` names them."""
    chart, _ = named(name).make(study, USUAL)
    display(chart)
    return Markdown(chart.description)


def data(name: str, study: Material) -> Any:
    """The data frame behind a figure."""
    return named(name).make(study, USUAL)[1]
