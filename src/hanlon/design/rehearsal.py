"""A sweep rehearsed many times on scripted policies: how often the right hypothesis is left standing, and a wrong one.

The counts are drawn from the policies' own rates (`draws.py`) and judged as a sweep would be. What the real pipeline
adds to that (texts read, tools called, a machine that is or is not shut down) it does not show.
"""

import gc
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from hanlon.analysis.contrasts.grid import grids
from hanlon.config.command_line import ComposedSweep
from hanlon.design.draws import draw
from hanlon.design.request_rates import REQUEST_SD
from hanlon.hypotheses.claims import results
from hanlon.hypotheses.matrix import Matrix, matrix_of
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.verdict import GridVerdict, judge
from hanlon.simulated.policy_rates import PolicyRates, policy_rates
from hanlon.store.cells import CellState

SEED = 20250914


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `repeats` sweeps of one policy at `n` episodes a cell ended with.

    `right` are the hypotheses that name the policy as the one that behaves as they say. `stands` and `falls` hold, for
    each hypothesis, the share of sweeps in which it was consistent, or ruled out.
    """

    policy: str
    n: int
    repeats: int
    stands: Mapping[str, float]
    falls: Mapping[str, float]
    alone: Mapping[str, float]
    """The share of sweeps in which nothing else was consistent.

    Hypotheses that the grid cannot tell from it do not count, nor those that are right about the same policy.
    """
    right: tuple[str, ...] = ()
    held: Mapping[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float])
    """The share in which each prediction of a right hypothesis held, by its name and the prediction's number."""


@dataclass(frozen=True, slots=True)
class PolicyPair:
    """A right hypothesis and a wrong one in one rehearsal. `opposed`: some contrast of the grid parts the two."""

    rehearsal: Rehearsal
    right: str
    wrong: str
    opposed: bool

    @property
    def wrong_falls(self) -> float:
        """The share of sweeps in which the wrong one was ruled out."""
        return self.rehearsal.falls[self.wrong]

    @property
    def wrong_stands(self) -> float:
        """The share of sweeps in which the wrong one was consistent."""
        return self.rehearsal.stands[self.wrong]


@dataclass(frozen=True)
class RehearsalSetup:
    """What a rehearsal of one grid needs besides n: its cells, each once, and each scripted policy's rates there."""

    plan: Plan
    states: Sequence[CellState]
    policies: Mapping[str, Sequence[PolicyRates]]
    request_sd: float = REQUEST_SD

    @cached_property
    def matrix(self) -> Matrix:
        """What the hypotheses predict of the grid."""
        (grid,) = grids(self.states)
        return matrix_of(grid, self.plan.hypotheses)

    def right(self, policy: str) -> tuple[str, ...]:
        """The hypotheses that name a policy as the one that behaves as they say."""
        return tuple(h.name for h in self.plan.hypotheses if h.simulated_by == policy)

    def rehearse(
        self,
        policy: str,
        n: int,
        repeats: int,
        seed: int = SEED,
        stop: Callable[[Rehearsal], bool] | None = None,
    ) -> Rehearsal:
        """So many sweeps of one policy; fewer where `stop`, called after each, has seen enough."""
        counted = _Results(self, policy, n)
        with _quick_collections():
            for verdict in self._verdicts(policy, n, repeats, seed):
                counted.add(verdict)
                if stop is not None and stop(counted.shares()):
                    break
        return counted.shares()

    def pairs(self, rehearsal: Rehearsal) -> list[PolicyPair]:
        """Each right hypothesis with each wrong one; what the grid cannot tell from a right one is not wrong."""
        unparted = {frozenset(pair) for pair in self.matrix.unparted}
        silent, right = set(self.matrix.silent), set(rehearsal.right)
        alike = {name for group in self.matrix.groups for name in group if right & set(group)}
        return [
            PolicyPair(
                rehearsal,
                name,
                wrong,
                not {name, wrong} & silent and frozenset((name, wrong)) not in unparted,
            )
            for name in rehearsal.right
            for wrong in rehearsal.stands
            if wrong not in alike
        ]

    def _verdicts(self, policy: str, n: int, repeats: int, seed: int) -> Iterator[GridVerdict]:
        import numpy as np

        chance = np.random.default_rng(seed)
        for _ in range(repeats):
            drawn = draw(
                self.states, self.policies[policy], n, chance, f"simulated/{policy}", self.request_sd
            )
            yield from judge(drawn.cells, self.plan, planned=n, values=drawn.values)


def rehearsal_setup(sweep: ComposedSweep, plan: Plan, request_sd: float = REQUEST_SD) -> RehearsalSetup:
    """The grid of a sweep with the scripted policies that its hypotheses name; the cells' own model plays no part."""
    cells = {cell.key: cell for cell in sweep.cells if cell.environment.name == plan.env}
    states = _of_one_model([state for state in sweep.states() if state.record.key in cells])
    names = dict.fromkeys(h.simulated_by for h in plan.hypotheses if h.simulated_by is not None)
    policies = {name: [policy_rates(cells[state.record.key], name) for state in states] for name in names}
    return RehearsalSetup(plan, states, policies, request_sd)


def _of_one_model(states: Sequence[CellState]) -> list[CellState]:
    """The cells of the first model, endpoint and protocol: a rehearsal needs the grid once."""
    first = states[0].record
    same = (first.model, first.endpoint, first.protocol)
    return [s for s in states if (s.record.model, s.record.endpoint, s.record.protocol) == same]


class _Results:
    """The results of a rehearsal's sweeps so far."""

    def __init__(self, setup: RehearsalSetup, policy: str, n: int) -> None:
        self._setup, self._policy, self._n, self._repeats = setup, policy, n, 0
        self._right = setup.right(policy)
        self._stands, self._falls, self._alone = Counter[str](), Counter[str](), Counter[str]()
        self._held = Counter[tuple[str, int]]()

    def add(self, verdict: GridVerdict) -> None:
        self._repeats += 1
        consistent = [finding.names for finding in verdict.findings if finding.result == "consistent"]
        for names in consistent:
            self._stands.update(names)
            self._alone.update(name for name in names if self._is_alone(name, consistent))
        for finding in verdict.findings:
            if finding.result == "ruled out":
                self._falls.update(finding.names)
        for name in self._right:
            by_number = results(verdict.judged, name)
            self._held.update((name, number) for number, result in by_number.items() if result == "held")

    def shares(self) -> Rehearsal:
        names = [h.name for h in self._setup.plan.hypotheses]
        stands, falls, alone = (
            {name: counts[name] / self._repeats for name in names}
            for counts in (self._stands, self._falls, self._alone)
        )
        predictions = ((claim.hypothesis.name, claim.number) for claim in self._setup.matrix.claims)
        held = {p: self._held[p] / self._repeats for p in predictions if p[0] in self._right}
        return Rehearsal(self._policy, self._n, self._repeats, stands, falls, alone, self._right, held)

    def _is_alone(self, name: str, consistent: Sequence[tuple[str, ...]]) -> bool:
        company = {name, *self._right} if name in self._right else {name}
        return all(company & set(names) for names in consistent)


@contextmanager
def _quick_collections() -> Generator[None]:
    """Keep existing objects out of garbage collection: statsmodels' Holm collects at every call."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
