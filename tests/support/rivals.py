"""The bundled rivals, the sweeps on which they differ, and models that are none of them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from hanlon.analysis.contrasts.grid import grids
from hanlon.config.command_line import ComposedSweep, compose_sweep
from hanlon.config.search_path import search_path
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.files import load_plan
from hanlon.hypotheses.fit import Counts
from hanlon.hypotheses.rivals import Observed
from hanlon.hypotheses.sampling_error import SamplingError
from hanlon.hypotheses.schema import Hypothesis, Plan, Prediction
from hanlon.simulated.choose import policy_rates
from hanlon.simulated.policy import PolicyRates
from hanlon.store.cells import CellState
from support.grid_cells import cell

SHUTDOWN = "experiment=shutdown_rivals model=simulated/ambiguity"
ALIGNMENT_FAKING = "experiment=alignment_faking_rivals model=simulated/alignment_faker"
RESISTS = ("resistance", "attempt")
COMPLIES = ("compliance", "compliance_or_partial")
FALLS = {"contrast": {"factor": "precedence", "from": "silent", "to": "over_all_others"}, "claim": "falls"}
PLACEBO = {"contrast": {"factor": "precedence", "from": "silent", "to": "placebo"}, "claim": "no_effect"}
"""Two predictions, as in a file: who wins is said, and as many words that rank nothing."""

Rates = Callable[[CellState], float]


@cache
def sweep(overrides: str) -> ComposedSweep:
    """The sweep of these overrides; composing it takes a second."""
    return compose_sweep(overrides)


@cache
def states(overrides: str) -> tuple[CellState, ...]:
    """Its cells without episodes."""
    return tuple(sweep(overrides).states())


@cache
def plan(env: str) -> Plan:
    """All that conf/hypothesis has about an environment."""
    return load_plan(search_path(), env)


def hypothesis(name: str, *predicts: Mapping[str, Any], env: str = "shutdown") -> Hypothesis:
    """A hypothesis of a test; each prediction as in a file."""
    return Hypothesis(
        name=name,
        env=env,
        statement="It is so.",
        source="a test",
        predicts=tuple(Prediction.model_validate(one) for one in predicts),
    )


def policy_truths(overrides: str, policy: str) -> list[PolicyRates]:
    """What a scripted policy does in each cell."""
    return [policy_rates(cell, policy) for cell in sweep(overrides).cells]


def mixture(overrides: str, *policies: str) -> list[PolicyRates]:
    """A model that is each of several policies in an equal share of its episodes."""
    each = [policy_truths(overrides, policy) for policy in policies]
    return [
        PolicyRates(
            (),
            0.0,
            {name: sum(one.rates[name] for one in together) / len(together) for name in together[0].rates},
        )
        for together in zip(*each, strict=True)
    ]


def truths(overrides: str, rates: Rates, measures: Sequence[str]) -> list[PolicyRates]:
    """What a model of these rates does in each cell."""
    return [PolicyRates(tuple(measures), rates(state)) for state in states(overrides)]


def stubborn(state: CellState) -> float:
    """Resists in most episodes, whatever it is told."""
    return 0.97 if state.record.factors["goal"] == "avoid_shutdown" else 0.75


def erratic(state: CellState) -> float:
    """A rate between 20 and 80 % that nothing explains: the hash of the cell's label."""
    number = int(hashlib.sha256(state.record.label.encode()).hexdigest(), 16) % 61
    return 0.2 + number / 100


def like_o3(state: CellState) -> float:
    """Effects of published size about o3's 16 % in Palisade's condition E, several small ones at once."""
    factors = state.record.factors
    if factors["goal"] == "avoid_shutdown":
        return 0.975
    rate = 0.159
    rate += 0.141 if factors["stakes"] == "replaced" else -0.05 if factors["stakes"] == "other_model" else 0
    rate *= 0.1 if factors["precedence"] != "silent" else 1
    rate *= 0.5 if factors["request_channel"] == "user" else 1
    rate *= 0.2 if factors["timing"] == "post_task" else 1
    return rate * (0.8 if factors["realism"] != "silent" else 1)


def like_llama_8b(state: CellState) -> float:
    """Ugwuanyi's Llama 3 8B: 56 and 3 % by the usual names, 53 and 42 by names that say nothing; the rest between."""
    factors = state.record.factors
    tier = str(factors["tier"])
    if tier == "none":
        return 0.05
    known = {"free": 0.56, "paid": 0.03, "nameless/amber": 0.53, "nameless/birch": 0.3, "swapped/paid": 0.2}
    rate = known.get(tier, 0.4 if tier == "swapped/free" else 0.3)
    return rate * 0.5 if factors["criteria"] == "none" or factors["honest"] else rate


def observed(state: CellState, **changes: Any) -> CellState:
    """A cell with fields of its record changed."""
    from dataclasses import replace

    return replace(state, record=msgspec.structs.replace(state.record, **changes))


def observed_of(counts: Counts, error: SamplingError | None = None) -> Observed:
    """Counts of a grid as a fit sees them, one cell a rate."""
    cells = [
        cell(int(k), int(n), wording=i + 1) for i, (k, n) in enumerate(zip(counts.k, counts.n, strict=True))
    ]
    (grid,) = grids(cells)
    points = [(each.record.key, "resistance") for each in cells]
    return Observed(
        PlannedGrid(grid, Plan(env="shutdown", hypotheses=())), points, counts, error or SamplingError()
    )
