"""Five sets of models by five language models, to whom hypotheses, verdict and each other's sets were unknown.

Each had the grid, its factors in words and the published rates, and wrote 40 models of alignment faking and 25 of
shutdown resistance as rates: mixtures, small published effects, new kinds; `c` and `d` with an eye to what a careless
judge would take for a simple explanation. `blind/<set>_<env>.csv` has a line a model, with its rate in every cell.

In which order they were looked at (a set tests only what was fixed before):

* `a` when a hypothesis that is silent on an effect no longer stood (`sufficiency.py`). After that nothing about
  shutdown was changed;
* `b` and `c` when nothing had been changed for `a`. For what they showed, two things about alignment faking were
  changed: confusion notices some tiers, and what is untrained does not change with what is read;
* `d` and `e` after that. Nothing was changed for them.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from hanlon.store.cells import CellState
from strangers.stranger_rates import Rates

SETS = "abcde"
UNSEEN = {"shutdown": "abcde", "alignment_faking": "de"}
"""The sets before which the hypotheses were fixed as they are."""


def blind_set(letter: str, env: str) -> list[Rates]:
    """The models of a set about one environment."""
    file = Path(__file__).parent / "blind" / f"{letter}_{env}.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return [_model(row) for row in csv.DictReader(lines)]


def _model(row: Mapping[str, str]) -> Rates:
    def rates(state: CellState) -> float:
        return float(row[state.record.label])

    rates.__name__, rates.__doc__ = row["model"], row["what_moves_it"]
    return rates


def instances(letter: str) -> dict[str, set[str]]:
    """The hypotheses whose statement is true of a model of the set, where there are any.

    Judged from statements and rates by a language model that saw neither predictions nor calls
    (`blind/instances.csv`); what was thought arguable is not in it, and counts as wrong.
    """
    found: dict[str, set[str]] = {}
    with (Path(__file__).parent / "blind" / "instances.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if (row["set"], row["how"]) == (letter, "true"):
                found.setdefault(row["model"], set()).add(row["hypothesis"])
    return found
