"""How often the verdict is right and wrong about models of known rates: scripted rivals, and models written blind.

Known truth: each scripted rival, its effects times 0.5, 1 and 1.5, all cells wobbling by 0.2 logits, at about n = 100
and 400. Blind models (tests/hypotheses/blind): the cells that their authors had, and grids as people type them, a
baseline with one or two factors and the controls, at about n = 200. Their authors, language models, had the grid, its
factors in words and the published rates, and knew neither hypotheses nor verdict. The thresholds of the verdict were
chosen with sets a to e in sight; set f was written after that. n is a multiple of the requests where cells share these.
Shares of sweeps have Wilson 95 % intervals; sweeps of one model end alike, so the number of models stands beside them.
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from arguments import read_arguments
from hanlon.analysis.stats.rates import wilson
from hanlon.config.command_line import compose_sweep
from hanlon.design.rehearsal import (
    SCALES,
    Choose,
    KnownModel,
    Outcomes,
    RehearsedGrid,
    control_keys,
    rehearse_all,
    rehearsed_grid,
    scripted_models,
)
from hanlon.hypotheses.files import plans_for
from hanlon.store.cells import CellState

if TYPE_CHECKING:
    from numpy.random import Generator

BLIND = Path(__file__).parents[1] / "tests" / "hypotheses" / "blind"
SEEN, FRESH = "abcde", "f"
"""The sets of blind models that were there when the verdict's thresholds were chosen, and those that came after."""
REPEATS, WORKERS = 4, 2
FEWER = 4
"""By which the sweeps of a blind model are fewer than those of a scripted one: there are a hundred or two of them."""
SMOKE_MODELS = 3


@dataclass(frozen=True)
class Environment:
    """An environment's grid of rivals, the n of the rehearsals there, and the measures that one decision settles."""

    name: str
    overrides: str
    known_n: tuple[int, ...]
    blind_n: int
    measures: tuple[str, ...]


ENVIRONMENTS = (
    Environment(
        "shutdown",
        "experiment=shutdown_rivals model=simulated/ambiguity",
        (100, 400),
        200,
        ("resistance", "attempt"),
    ),
    Environment(
        "alignment_faking",
        "experiment=alignment_faking_rivals model=simulated/alignment_faker",
        (120, 420),
        180,
        ("compliance", "compliance_or_partial"),
    ),
)


def blind_grid(grid: RehearsedGrid, environment: Environment, sets: str) -> RehearsedGrid:
    """The cells of a grid for which the models of these sets have rates; cells that came later are left out."""
    rated = set.intersection(*(set(next(_rows(f"{letter}_{environment.name}"))) for letter in sets))
    return replace(grid, states=[state for state in grid.states if state.record.label in rated])


def blind_models(grid: RehearsedGrid, environment: Environment, sets: str) -> list[KnownModel]:
    """The models that were written by somebody who had not read the hypotheses, with those that are true of them.

    That was judged by another language model, from statements and rates. Of sets a to e nobody judged whether the
    rivals of 2026 are, so that wherever one of these leads there it counts as wrong.
    """
    right = judgements("true")
    return [
        KnownModel(
            f"{letter}/{row['model']}",
            frozenset(right[f"{letter}/{row['model']}"]),
            [dict.fromkeys(environment.measures, float(row[state.record.label])) for state in grid.states],
            wobble=0.0,
        )
        for letter in sets
        for row in _rows(f"{letter}_{environment.name}")
    ]


def judgements(how: str) -> dict[str, set[str]]:
    """The hypotheses that are thought "true", or "arguable", of each blind model; of the others none is."""
    hypotheses: dict[str, set[str]] = defaultdict(set)
    for row in _rows("instances"):
        if row["how"] == how:
            hypotheses[f"{row['set']}/{row['model']}"].add(row["hypothesis"])
    return hypotheses


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (BLIND / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def typed(moved: Sequence[frozenset[str] | None], chance: "Generator") -> list[int]:
    """The cells of a grid that somebody types who asks about one or two factors; `moved` is None for controls."""
    names = sorted({name for factors in moved for name in factors or ()})
    chosen = set(chance.choice(names, size=chance.integers(1, 3), replace=False))
    return [position for position, factors in enumerate(moved) if factors is None or factors <= chosen]


def moved_factors(grid: RehearsedGrid) -> list[frozenset[str] | None]:
    """For each cell the factors in which it differs from the baseline; the two tiers of a gap are one baseline."""
    controls = control_keys(grid)
    first = next(state for state in grid.states if state.record.key not in controls)
    return [None if state.record.key in controls else _moved(state, first) for state in grid.states]


def _moved(state: CellState, first: CellState) -> frozenset[str]:
    factors, base = state.record.factors, first.record.factors
    moved = {name for name, level in factors.items() if name != "tier" and level != base.get(name)}
    family, slash, _ = str(factors.get("tier", "")).partition("/")
    return frozenset(moved | ({family} if slash else set()))


def share(count: int, total: int) -> str:
    """`12/300 = 4.0 % [2.3, 6.9]`, with Wilson's interval."""
    lo, hi = wilson(count, total)
    return f"{count}/{total} = {100 * count / total:.1f} % [{100 * lo:.1f}, {100 * hi:.1f}]"


def print_known(title: str, models: Sequence[KnownModel], outcomes: Sequence[Outcomes]) -> None:
    """How often the right hypothesis led, or fitted, and a wrong one led: by scale, and together."""
    print(title)
    for scale in (*SCALES, None):
        ended = [o for m, o in zip(models, outcomes, strict=True) if scale in (None, m.scale)]
        both = sum(ended, Outcomes())
        print(
            f"  {f'effects x {scale:g}' if scale else 'all':13}  leads {share(both.leads, both.sweeps)}; leads or "
            f"fits {share(both.fits, both.sweeps)}; a wrong one leads {share(both.wrong, both.sweeps)}"
        )
    weak = [
        f"{', '.join(sorted(model.right))} x {model.scale:g} {ended.leads}/{ended.sweeps}"
        for model, ended in zip(models, outcomes, strict=True)
        if ended.leads < 0.85 * ended.sweeps
    ]
    if weak:
        print(f"  led in less than 85 %: {'; '.join(weak)}")
    sys.stdout.flush()


def print_blind(title: str, models: Sequence[KnownModel], outcomes: Sequence[Outcomes]) -> None:
    """How often a hypothesis led that is not true of the model, set by set, and how sweeps ended."""
    both, arguable = sum(outcomes, Outcomes()), judgements("arguable")
    ended = list(zip(models, outcomes, strict=True))
    print(title)
    print(f"  a wrong one leads {share(both.wrong, both.sweeps)}")
    debatable = sum(o.misled[name] for model, o in ended for name in arguable[model.name])
    print(
        f"  of these {debatable} are arguable: the larger part of what moves the model, or true but for little"
    )
    for letter in sorted({model.name[0] for model in models}):
        of_set = sum((o for model, o in ended if model.name.startswith(f"{letter}/")), Outcomes())
        print(f"    set {letter}: {share(of_set.wrong, of_set.sweeps)}")
    print(f"  a right one leads {both.leads}; sweeps end with {_counts(both.conclusions)}")
    if both.misled:
        print(f"  wrong leaders: {_counts(both.misled)}")
        print(f"  models: {', '.join(model.name for model, outcome in ended if outcome.wrong)}")
    sys.stdout.flush()


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def known_truth(environment: Environment) -> tuple[RehearsedGrid, list[KnownModel]]:
    """The environment's grid of rivals, and the scripted policies with their effects at each scale."""
    sweep = compose_sweep(environment.overrides)
    (plan,) = plans_for([environment.name], None)
    grid = rehearsed_grid(sweep, plan)
    return grid, scripted_models(sweep, grid)


def main() -> None:
    """Print the error rates of both environments."""
    options = read_arguments(__doc__, repeats=REPEATS, workers=WORKERS)
    repeats, workers = (1, 1) if options.smoke else (options.repeats, options.workers)
    fewer, most = max(repeats // FEWER, 1), SMOKE_MODELS if options.smoke else None
    for environment in ENVIRONMENTS:
        grid, models = known_truth(environment)
        for n in environment.known_n:
            outcomes = rehearse_all(grid, models[:most], n, repeats, workers=workers)
            print_known(f"{environment.name}, known truth, n = {n}", models[:most], outcomes)
        for sets in (SEEN, FRESH):
            seen = blind_grid(grid, environment, sets)
            blind = blind_models(seen, environment, sets)[:most]
            chooses: dict[str, Choose | None] = {
                f"{len(seen.states)} of the grid's {len(grid.states)} cells": None,
                "typed grids": partial(typed, moved_factors(seen)),
            }
            for name, choose in chooses.items():
                outcomes = rehearse_all(
                    seen, blind, environment.blind_n, fewer, choose=choose, workers=workers
                )
                title = f"{environment.name}, blind models, {name}, n = {environment.blind_n}"
                print_blind(title, blind, outcomes)


if __name__ == "__main__":
    main()
