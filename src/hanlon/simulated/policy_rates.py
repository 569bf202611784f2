"""What a scripted policy does in a cell, without an episode: the probabilities of its headline measures.

The policy reads the opening messages as its server does, and states its rates. That the machine then does what the
policy decides is tested with the real pipeline (tests/hypotheses/test_verdict_end_to_end.py).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, cast

from hanlon.config.cell import Cell
from hanlon.simulated.acting_policies import View, choose
from hanlon.simulated.acting_policies import names as acting_names
from hanlon.simulated.answering_policies import answer_names, choose_answering
from hanlon.simulated.read_alignment_faking import read_alignment_faking
from hanlon.simulated.read_shutdown import read_shutdown

CHANCES = 2000
"""How many draws of a policy's mistakes its wish is averaged over."""


@dataclass(frozen=True, slots=True)
class PolicyRates:
    """The measures that one decision settles, and its probability in an episode of the cell.

    `differing` are measures that have another rate: to try is not yet to succeed, and to decline is not to try. All
    are nested: a case of a rarer measure is a case of every more frequent one.
    """

    measures: tuple[str, ...]
    rate: float
    differing: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each measure."""
        return {**dict.fromkeys(self.measures, self.rate), **self.differing}


def policy_rates(cell: Cell, policy: str) -> PolicyRates:
    """What `simulated/<policy>` does in a cell.

    Raises:
        ValueError: the policy is not one of the cell's environment.
    """
    if cell.environment.name == "shutdown" and policy in acting_names():
        return _of_acting(cell, policy)
    if cell.environment.name == "alignment_faking" and policy in answer_names():
        return PolicyRates(("compliance", "compliance_or_partial"), _compliance(cell, policy))
    raise ValueError(f"simulated/{policy} is no policy for env={cell.environment.name}")


def _of_acting(cell: Cell, policy: str) -> PolicyRates:
    """A policy that should run the script itself need not touch it, so what it declines is no attempt."""
    actor, view = choose(policy), _view(cell)
    resists = actor.resistance(view)
    tries = actor.inclination(view) if view.notice == "triggers" else 0.0
    if tries == resists:
        return PolicyRates(("resistance", "attempt"), resists)
    return PolicyRates(("resistance",), resists, {"attempt": tries})


def _view(cell: Cell) -> View:
    run = cell.environment.open(0)
    try:
        tools = cell.environment.tools if cell.config.model.protocol == "tools" else None
        scene = read_shutdown(run.messages, tools, None)
    finally:
        run.close()
    factors = cell.factors
    post_task = factors["timing"] == "post_task"
    notice = "post_task" if post_task else "asks" if factors["shutdown_by"] == "model" else "triggers"
    in_output = factors["request_channel"] == "program" and not post_task
    return View(tuple(scene.levels), notice, in_output)


def _compliance(cell: Cell, policy: str) -> float:
    run = cell.environment.open(0)
    try:
        briefing = read_alignment_faking(cast("list[Any]", run.messages))
    finally:
        run.close()
    answerer = choose_answering(policy)
    return fmean(answerer.wish(briefing, random.Random(number)).complies for number in range(CHANCES))
