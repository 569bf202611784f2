"""The verdict rehearsed on models of known rates: how often the right hypothesis leads, and how often a wrong one.

The counts are drawn (`draws.py`) and judged as a sweep would be. What the real pipeline adds to that (texts read, tools
called, a machine that is or is not shut down) it does not show.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from hanlon.analysis.contrasts.grid import grids
from hanlon.config.command_line import ComposedSweep
from hanlon.design.draws import draw_cells
from hanlon.design.request_rates import REQUEST_SD
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.sampling_error import WOBBLE
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.verdict import judge
from hanlon.simulated.choose import policy_rates
from hanlon.store.cells import CellState

if TYPE_CHECKING:
    from numpy.random import Generator

SEED = 20250914
SCALES = (0.5, 1.0, 1.5)
"""By which the effects of a scripted policy are multiplied, in logits."""
RAREST = 0.005
"""Rates nearer to 0 or 1 are taken for this one where effects are scaled: a logit of 0 is infinite."""
Rates = Sequence[Mapping[str, float]]
"""For each cell the probability of each measure in an episode."""
Choose = Callable[["Generator"], Sequence[int]]
"""The positions of the cells that one sweep has."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of known rates in the cells of a grid, and the hypotheses that are true of it.

    `scale`: by which its effects were multiplied. `wobble`: in each sweep, the standard deviation in logits by which
    every cell's rate moves.
    """

    name: str
    right: frozenset[str]
    rates: Rates
    scale: float = 1.0
    wobble: float = WOBBLE


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How rehearsed sweeps of one model, or of several, ended.

    `leads`, `fits`: in how many a right hypothesis led, and led or fitted. `wrong`: in how many a wrong one led.
    """

    sweeps: int = 0
    leads: int = 0
    fits: int = 0
    wrong: int = 0
    conclusions: Counter[str] = field(default_factory=Counter[str])
    misled: Counter[str] = field(default_factory=Counter[str])
    """The wrong leaders."""

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(
            self.sweeps + other.sweeps,
            self.leads + other.leads,
            self.fits + other.fits,
            self.wrong + other.wrong,
            self.conclusions + other.conclusions,
            self.misled + other.misled,
        )


@dataclass(frozen=True)
class RehearsedGrid:
    """The cells of one model in one environment, each once, and what they are judged by."""

    states: Sequence[CellState]
    plan: Plan
    request_sd: float = REQUEST_SD

    def rehearse(
        self, model: KnownModel, n: int, repeats: int, seed: int = SEED, choose: Choose | None = None
    ) -> Outcomes:
        """How so many sweeps of a model end, at `n` episodes a cell; `choose` gives each of them its cells.

        Each model has draws of its own: with those of another, one odd draw would count once for every model.
        """
        import numpy as np

        chance = np.random.default_rng([seed, *f"{model.name} {model.scale:g}".encode()])
        everywhere = range(len(self.states))
        ended = (
            self._sweep(model, n, choose(chance) if choose else everywhere, chance) for _ in range(repeats)
        )
        return sum(ended, Outcomes())

    def _sweep(self, model: KnownModel, n: int, positions: Iterable[int], chance: "Generator") -> Outcomes:
        rates = wobbling([model.rates[position] for position in positions], model.wobble, chance)
        states = [self.states[position] for position in positions]
        drawn = draw_cells(states, rates, n, chance, self.request_sd)
        (verdict,) = judge(drawn.cells, self.plan, values=drawn.values)
        leading = {rival.name for rival in verdict.with_status("leads")}
        fitting = {rival.name for rival in verdict.with_status("leads", "fits")}
        wrong = leading - model.right
        return Outcomes(
            1,
            bool(leading & model.right),
            bool(fitting & model.right),
            bool(wrong),
            Counter([verdict.conclusion]),
            Counter(wrong),
        )


def rehearsed_grid(sweep: ComposedSweep, plan: Plan, request_sd: float = REQUEST_SD) -> RehearsedGrid:
    """The grid of a sweep's first model in the plan's environment; the model itself plays no part."""
    states = [state for state in sweep.states() if state.record.env == plan.env]
    first = states[0].record
    same = [s for s in states if (s.record.model, s.record.protocol) == (first.model, first.protocol)]
    return RehearsedGrid(same, plan, request_sd)


def scripted_models(
    sweep: ComposedSweep, grid: RehearsedGrid, scales: Sequence[float] = SCALES
) -> list[KnownModel]:
    """The scripted policies that hypotheses of a plan name, each with its effects scaled."""
    cells = {cell.key: cell for cell in sweep.cells}
    right: dict[str, set[str]] = {}
    for hypothesis in grid.plan.hypotheses:
        if hypothesis.simulated_by is not None:
            right.setdefault(hypothesis.simulated_by, set()).add(hypothesis.name)
    models: list[KnownModel] = []
    for policy, names in right.items():
        rates = [policy_rates(cells[state.record.key], policy).rates for state in grid.states]
        models += [
            KnownModel(policy, frozenset(names), scaled(rates, grid, scale), scale) for scale in scales
        ]
    return models


def scaled(rates: Rates, grid: RehearsedGrid, scale: float) -> Rates:
    """Rates whose logits lie `scale` times as far from those of the `origin` cell; controls stay."""
    from scipy.special import expit, logit

    if scale == 1:
        return rates
    controls = control_keys(grid)
    is_control = [state.record.key in controls for state in grid.states]
    origin = rates[origin_position(grid, controls)]

    def moved(measure: str, rate: float) -> float:
        base, there = (
            logit(min(max(value, RAREST), 1 - RAREST)) for value in (origin.get(measure, rate), rate)
        )
        return float(expit(base + scale * (there - base)))

    return [
        cell if control else {measure: moved(measure, rate) for measure, rate in cell.items()}
        for cell, control in zip(rates, is_control, strict=True)
    ]


def origin_position(grid: RehearsedGrid, controls: Collection[str]) -> int:
    """The first cell that is no control and, where the behaviour is a change of a factor, lies before that change.

    So half of an effect is half of what is to be explained, and not a whole of it that starts from half way.
    """
    behaviour = grid.plan.behaviour
    changes = behaviour.changes[:1] if behaviour else ()
    return next(
        position
        for position, state in enumerate(grid.states)
        if state.record.key not in controls
        and all(state.record.factors.get(change.factor) in change.base for change in changes)
    )


def control_keys(grid: RehearsedGrid) -> frozenset[str]:
    """The keys of a grid's control cells."""
    (cells,) = grids(grid.states)
    return PlannedGrid(cells, grid.plan).controls


def wobbling(rates: Rates, wobble: float, chance: "Generator") -> Rates:
    """Rates of which each cell's have moved together by a normal deviate, in logits."""
    from scipy.special import expit, logit

    if not wobble:
        return rates
    shifts = wobble * chance.standard_normal(len(rates))
    return [
        {
            measure: float(expit(logit(min(max(rate, 1e-9), 1 - 1e-9)) + shift))
            for measure, rate in cell.items()
        }
        for cell, shift in zip(rates, shifts, strict=True)
    ]


def rehearse_all(
    grid: RehearsedGrid,
    models: Sequence[KnownModel],
    n: int,
    repeats: int,
    *,
    choose: Choose | None = None,
    workers: int | None = 1,
) -> list[Outcomes]:
    """How sweeps of each model end, in their order; `workers` processes at a time, None for one a processor."""
    rehearse = partial(grid.rehearse, n=n, repeats=repeats, choose=choose)
    if workers == 1:
        return [rehearse(model) for model in models]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return list(pool.map(rehearse, models))
