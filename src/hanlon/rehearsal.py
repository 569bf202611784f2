"""A sweep rehearsed many times on scripted policies: how often the right hypothesis is left standing, and a wrong one.

The counts are drawn from the policies' own rates (`drawing.py`) and judged as a sweep would be. What the real pipeline
adds to that (texts read, tools called, a machine that is or is not shut down) it does not show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanlon.analysis.hypotheses.schema import Plan
from hanlon.analysis.hypotheses.verdict import Finding, judge
from hanlon.analysis.tables import CellState
from hanlon.composing import ComposedSweep
from hanlon.drawing import draw
from hanlon.truth import Truth, truth

SEED = 20250914


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `repeats` sweeps of one policy at `n` episodes a cell ended with.

    `stands` and `falls` hold, for each hypothesis, the share of sweeps in which it was consistent, or ruled out.
    """

    policy: str
    n: int
    repeats: int
    stands: Mapping[str, float]
    falls: Mapping[str, float]
    alone: Mapping[str, float]
    """The share in which it, with those that the grid cannot part from it, was all that was consistent."""


def rehearse(
    sweep: ComposedSweep, plan: Plan, n: int | None = None, repeats: int = 40, seed: int = SEED
) -> list[Rehearsal]:
    """Rehearse a sweep once for each scripted policy that a hypothesis names.

    Args:
        sweep: the cells; their own model plays no part.
        plan: the hypotheses and controls.
        n: episodes a cell; the sweep's own where none is given.
        repeats: simulated sweeps for each policy.
        seed: of the draws.
    """
    cells = [cell for cell in sweep.cells if cell.environment.name == plan.env]
    states = of_one_model(
        [s for s, c in zip(sweep.states(), sweep.cells, strict=True) if c.environment.name == plan.env]
    )
    first = {state.record.key for state in states}
    cells = [cell for cell in cells if cell.key in first]
    policies = [h.simulated_by for h in plan.hypotheses if h.simulated_by is not None]
    size = n or sweep.options.samples
    return [
        rehearse_rates(policy, states, [truth(cell, policy) for cell in cells], plan, size, repeats, seed)
        for policy in dict.fromkeys(policies)
    ]


def rehearse_rates(
    name: str,
    states: Sequence[CellState],
    truths: Sequence[Truth],
    plan: Plan,
    n: int,
    repeats: int,
    seed: int = SEED,
) -> Rehearsal:
    """The same for any rates, one for each cell; all cells are taken for those of one simulated model, `name`."""
    import numpy as np

    chance = np.random.default_rng(seed)
    ends: list[Sequence[Finding]] = []
    for _ in range(repeats):
        drawn = draw(states, truths, n, chance, f"simulated/{name}")
        (verdict,) = judge(drawn.cells, plan, planned=n, values=drawn.values)
        ends.append(verdict.findings)
    names = [h.name for h in plan.hypotheses]
    return Rehearsal(
        name,
        n,
        repeats,
        {name: _share(ends, name, "consistent") for name in names},
        {name: _share(ends, name, "ruled out") for name in names},
        {name: sum(_alone(end, name) for end in ends) / repeats for name in names},
    )


def of_one_model(states: Sequence[CellState]) -> list[CellState]:
    """The cells of the first model, endpoint and protocol: a rehearsal needs the grid once."""
    first = states[0].record
    same = (first.model, first.endpoint, first.protocol)
    return [s for s in states if (s.record.model, s.record.endpoint, s.record.protocol) == same]


def _share(ends: Sequence[Sequence[Finding]], name: str, standing: str) -> float:
    return sum(f.standing == standing for end in ends for f in end if name in f.names) / len(ends)


def _alone(end: Sequence[Finding], name: str) -> bool:
    consistent = [finding for finding in end if finding.standing == "consistent"]
    return len(consistent) == 1 and name in consistent[0].names
