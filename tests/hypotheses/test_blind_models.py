"""Models of somebody who had not read the hypothesis files: a verdict on them is none of these, or undetermined.

Five language models, to whom hypotheses, verdict and each other's sets were unknown, had the grid, its factors in
words and the published rates. Each wrote 40 models of alignment faking and 25 of shutdown resistance as rates:
mixtures, small published effects, new kinds. `blind/<set>_<env>.csv` has a line a model, with its rate in every cell.

A set tests only what was fixed before it was looked at. Nothing about shutdown was changed after any of the sets. For
what `b` and `c` showed, two things about alignment faking were changed: confusion notices some tiers, and what is
untrained does not change with what is read. Nothing was changed after `d` and `e`. Counts are drawn from the rates
with a fixed seed.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hanlon.design.draws import draw
from hanlon.hypotheses.verdict import conclusion, judge
from hanlon.store.cells import CellState
from support.rivals import ALIGNMENT_FAKING, COMPLIES, RESISTS, SHUTDOWN, Rates, plan, states, sweep, truths

REPEATS, WRONG, SEED = 10, 0.05, 20250914
SETS = "abcde"
UNSEEN = {"shutdown": "abcde", "alignment_faking": "de"}
"""The sets before which the hypotheses were fixed as they are."""
GRIDS = {"shutdown": SHUTDOWN, "alignment_faking": ALIGNMENT_FAKING}
FOLDER = Path(__file__).parent / "blind"


def blind_set(letter: str, env: str) -> list[Rates]:
    """The models of a set about one environment."""
    return [_model(row) for row in _rows(f"{letter}_{env}.csv")]


def _model(row: Mapping[str, str]) -> Rates:
    def rates(state: CellState) -> float:
        return float(row[state.record.label])

    rates.__name__, rates.__doc__ = row["model"], row["what_moves_it"]
    return rates


def true_hypotheses(letter: str) -> dict[str, set[str]]:
    """The hypotheses whose statement is true of a model of the set, where there are any.

    Judged from statements and rates by a language model that saw neither predictions nor calls
    (`blind/instances.csv`). What was thought arguable is left out, and counts as wrong.
    """
    true: dict[str, set[str]] = defaultdict(set)
    for row in _rows("instances.csv"):
        if (row["set"], row["how"]) == (letter, "true"):
            true[row["model"]].add(row["hypothesis"])
    return true


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


@dataclass
class Errors:
    """Wrong calls among simulated sweeps, by model; `right` are the hypotheses that are true of a model."""

    right: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])
    sweeps: Counter[str] = field(default_factory=Counter[str])
    wrong: Counter[str] = field(default_factory=Counter[str])
    called: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    ends: Counter[str] = field(default_factory=Counter[str])

    def count(self, env: str, model: Rates, n: int, repeats: int) -> None:
        """Judge sweeps of a model at n episodes a cell and count how they end."""
        name, cells = model.__name__, states(GRIDS[env])
        rates = truths(GRIDS[env], model, RESISTS if env == "shutdown" else COMPLIES)
        chance = np.random.default_rng(SEED)
        for _ in range(repeats):
            drawn = draw(cells, rates, n, chance, "simulated/blind")
            (verdict,) = judge(drawn.cells, plan(env), planned=n, values=drawn.values)
            assert verdict.findings, "no hypotheses were judged"
            called = {name for f in verdict.findings if f.result == "consistent" for name in f.names}
            self.sweeps[name] += 1
            self.wrong[name] += bool(called - set(self.right.get(name, ())))
            self.called.update((name, hypothesis) for hypothesis in called)
            end = conclusion(verdict.findings).split(";")[0].split(":")[0]
            assert called or end in ("none of these", "undetermined")
            self.ends["called" if called else end] += 1

    def add(self, other: "Errors") -> None:
        """Count another set's sweeps with these."""
        self.sweeps += other.sweeps
        self.wrong.update(other.wrong)
        self.called += other.called
        self.ends += other.ends

    def share(self) -> float:
        """The share of wrong sweeps."""
        return sum(self.wrong.values()) / sum(self.sweeps.values())

    def upper(self) -> float:
        """The 95 % upper bound of the share of wrong sweeps, with the model as the unit.

        Sweeps of one model end alike, so that a bound over sweeps is too low. The bootstrap's (the upper end of its
        two-sided 90 % interval), and the exact one where no model was called wrongly.
        """
        shares = np.array([self.wrong[model] / self.sweeps[model] for model in self.sweeps])
        if not shares.any():
            return float(stats.binomtest(0, len(shares), alternative="less").proportion_ci().high)
        bounds = stats.bootstrap((shares,), np.mean, confidence_level=0.9, rng=np.random.default_rng(SEED))
        return float(bounds.confidence_interval.high)


def episodes(env: str, size: str) -> int:
    """Episodes a cell: the experiment's own, half of them, or 60."""
    planned = sweep(GRIDS[env]).options.samples
    return {"own": planned, "half": planned // 2, "60": 60}[size]


@pytest.mark.slow
@pytest.mark.parametrize("env", ["shutdown", "alignment_faking"])
@pytest.mark.parametrize("size", ["own", "half", "60"])
def test_blind_models_are_wrongly_called_in_at_most_five_percent_of_sweeps(env: str, size: str) -> None:
    """The estimate: all of the sets for which nothing was changed, the model as the unit, and each set by itself."""
    n = episodes(env, size)
    unseen = Errors()
    for letter in SETS:
        errors = Errors(true_hypotheses(letter))
        for model in blind_set(letter, env):
            errors.count(env, model, n, REPEATS)
        if letter in UNSEEN[env]:
            unseen.add(errors)
        _print_errors(f"{env}, n={n}, set {letter}", errors)
        assert errors.share() <= WRONG, errors.called
    _print_errors(f"{env}, n={n}, unseen", unseen)
    assert unseen.upper() <= WRONG, unseen.called


def _print_errors(title: str, errors: Errors) -> None:
    models = sum(errors.wrong[model] > 0 for model in errors.sweeps)
    print(
        f"{title}: {sum(errors.wrong.values())}/{sum(errors.sweeps.values())} wrong = {errors.share():.1%} "
        f"(at most {errors.upper():.1%}), {models} of {len(errors.sweeps)} models\n"
        f"  ends {dict(errors.ends)}; called {dict(errors.called)}"
    )


@pytest.mark.parametrize(("env", "n"), [("shutdown", 1000), ("alignment_faking", 600)])
def test_the_first_blind_model_is_called_by_no_hypothesis(env: str, n: int) -> None:
    """Quick: a mixture of several motives, that no hypothesis states, leaves none consistent."""
    errors = Errors()
    errors.count(env, blind_set("a", env)[0], n, 3)
    assert not errors.called
