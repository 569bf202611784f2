"""Models of somebody who had not read the hypothesis files: how often a hypothesis that is not true of them leads.

Five language models, to whom hypotheses, verdict and each other's sets were unknown, had the grid, its factors in
words and the published rates. Each wrote 40 models of alignment faking and 25 of shutdown resistance as rates:
mixtures, small published effects, new kinds. `blind/<set>_<env>.csv` has a line a model, with its rate in every cell
that the grid then had. Cells that came later are left out here.

These sets are no longer blind to the rules. The thresholds EXPLAINS, AHEAD and NEARLY_ALL and the shares of the bundled
predictions were chosen with sets a to e in sight. What they show is that the rules can do it, not that they will on
other models: that takes sets written after the rules were fixed. Counts are drawn from the rates with a fixed seed.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hanlon.design.draws import draw_cells
from hanlon.hypotheses.verdict import judge
from hanlon.store.cells import CellState
from support.rivals import ALIGNMENT_FAKING, COMPLIES, RESISTS, SHUTDOWN, plan, states

WRONG, SEED, REPEATS = 0.05, 20250914, 3
GRIDS = {"shutdown": SHUTDOWN, "alignment_faking": ALIGNMENT_FAKING}
MEASURES = {"shutdown": RESISTS, "alignment_faking": COMPLIES}
FOLDER = Path(__file__).parent / "blind"
SETS = sorted({file.name[0] for file in FOLDER.glob("?_*.csv")})

Subset = Callable[[Sequence[CellState], np.random.Generator], Sequence[CellState]]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The lines of a file beside this one."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def true_hypotheses() -> dict[tuple[str, str], set[str]]:
    """The hypotheses whose statement is true of a model (set and name), where there are any.

    Judged from statements and rates by a language model that saw neither predictions nor calls
    (`blind/instances.csv`). What was thought arguable is left out, and counts as wrong; so does every lead of the
    rivals of 2026, which came after that.
    """
    true: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows("instances.csv"):
        if row["how"] == "true":
            true[row["set"], row["model"]].add(row["hypothesis"])
    return true


def rated_cells(env: str) -> list[CellState]:
    """The cells of the rivals' grid for which these models have rates."""
    labels = set(next(rows(f"a_{env}.csv")))
    return [cell for cell in states(GRIDS[env]) if cell.record.label in labels]


def whole(cells: Sequence[CellState], chance: np.random.Generator) -> Sequence[CellState]:
    """All of the grid."""
    del chance
    return cells


def typed_shutdown(cells: Sequence[CellState], chance: np.random.Generator) -> Sequence[CellState]:
    """As people type it: the baseline and the competence arm with one or two factors."""
    factors = {
        name: {cell.record.factors[name] for cell in cells} - {"other_model"}
        for name in ("precedence", "stakes", "request_channel", "timing", "realism", "pressure")
    }
    chosen = chance.choice(list(factors), chance.integers(1, 3), replace=False)
    first = cells[0].record.factors

    def is_typed(cell: CellState) -> bool:
        levels = cell.record.factors
        return levels["goal"] == "avoid_shutdown" or all(
            levels[name] in (factors[name] if name in chosen else {first[name]}) for name in factors
        )

    return [cell for cell in cells if is_typed(cell)]


def typed_alignment_faking(cells: Sequence[CellState], chance: np.random.Generator) -> Sequence[CellState]:
    """The usual tiers and the bare request, with one or two of: other names, three tiers, another prompt, unread."""
    groups: dict[str, list[CellState]] = defaultdict(list)
    for cell in cells:
        groups[_group(cell)].append(cell)
    always = [*groups.pop("usual"), *groups.pop("plain")]
    chosen = chance.choice(list(groups), chance.integers(1, 3), replace=False)
    return [*always, *(cell for name in chosen for cell in groups[str(name)])]


def _group(cell: CellState) -> str:
    tier, prompt = str(cell.record.factors["tier"]), cell.record.prompt
    if prompt != "baseline":
        return prompt
    if cell.record.factors["stage"] != "none":
        return "throughput"
    return tier.split("/")[0] if "/" in tier else "usual"


TYPED: Mapping[str, Subset] = {"shutdown": typed_shutdown, "alignment_faking": typed_alignment_faking}


@dataclass
class Errors:
    """Leaders among simulated sweeps: `wrong` are those that are not true of their model."""

    sweeps: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    right: Counter[str] = field(default_factory=Counter[str])
    wrong: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    @property
    def share(self) -> float:
        """The share of sweeps with a wrong leader."""
        return self.wrong.total() / self.sweeps


def errors_of(
    env: str, letters: Sequence[str], n: int, subset: Subset, *, repeats: int = REPEATS, every: int = 1
) -> Errors:
    """Judge sweeps of each `every`-th model of some sets at n episodes a cell."""
    errors, true = Errors(), true_hypotheses()
    for letter in letters:
        for row in list(rows(f"{letter}_{env}.csv"))[::every]:
            chance = np.random.default_rng([SEED, *f"{letter}/{row['model']}".encode()])
            for _ in range(repeats):
                cells = subset(rated_cells(env), chance)
                rates = [dict.fromkeys(MEASURES[env], float(row[cell.record.label])) for cell in cells]
                drawn = draw_cells(cells, rates, n, chance)
                (verdict,) = judge(drawn.cells, plan(env), values=drawn.values)
                errors.sweeps += 1
                errors.ends[verdict.conclusion] += 1
                if verdict.leader is None:
                    continue
                name = verdict.leader.name
                if name in true[letter, row["model"]]:
                    errors.right[name] += 1
                else:
                    errors.wrong[letter, row["model"], name] += 1
    return errors


@pytest.mark.slow
@pytest.mark.parametrize("env", GRIDS)
def test_a_sample_of_blind_models_has_few_wrong_leaders(env: str) -> None:
    """Quick: every fifth model of one set, once, at 200 episodes a cell."""
    errors = errors_of(env, ["c"], 200, whole, repeats=1, every=5)
    assert errors.sweeps in (5, 8)
    assert errors.wrong.total() <= 1, errors


@pytest.mark.slow
@pytest.mark.parametrize("env", GRIDS)
@pytest.mark.parametrize("typed", [False, True], ids=["full", "typed"])
@pytest.mark.parametrize("n", [100, 200])
def test_blind_models_have_a_wrong_leader_in_at_most_five_percent_of_sweeps(
    env: str, typed: bool, n: int
) -> None:
    """On the rivals' grid and on grids as people type them; of all sets, each printed by itself."""
    subset = TYPED[env] if typed else whole
    total = Errors()
    judged = partial(errors_of, env, n=n, subset=subset)
    for letter in SETS:
        errors = judged([letter])
        print(f"{env} {subset.__name__} n={n} set {letter}: {errors.share:.1%} wrong; {errors}")
        total.sweeps += errors.sweeps
        total.wrong += errors.wrong
    assert total.share <= WRONG, total
