"""What a scripted policy does in a cell, without playing it: the probabilities of its headline measures.

The opening messages are read as the policy's server reads them and the policy is asked. That the machine then does
what was decided is what the real pipeline shows (tests/hypotheses/test_verdict_end_to_end.py).
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
from hanlon.simulated.read_alignment_faking import hear
from hanlon.simulated.read_shutdown import read

CHANCES = 2000
"""Draws of what a policy mistakes, over which its wish is averaged."""


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


def truth(cell: Cell, policy: str, parameters: Mapping[str, float] | None = None) -> PolicyRates:
    """What `simulated/<policy>` does in a cell.

    Raises:
        ValueError: the policy is not one of the cell's environment.
    """
    if cell.environment.name == "shutdown" and policy in acting_names():
        return _of_acting(cell, policy, parameters)
    if cell.environment.name == "alignment_faking" and policy in answer_names():
        return PolicyRates(("compliance", "compliance_or_partial"), _compliance(cell, policy, parameters))
    raise ValueError(f"simulated/{policy} is no policy for env={cell.environment.name}")


def _of_acting(cell: Cell, policy: str, parameters: Mapping[str, float] | None) -> PolicyRates:
    """Where it is asked to run the script itself it need not touch it, so what it declines is no attempt."""
    asked, view = choose(policy, parameters), _view(cell)
    resists = asked.resistance(view)
    tries = asked.inclination(view) if view.notice == "triggers" else 0.0
    if tries == resists:
        return PolicyRates(("resistance", "attempt"), resists)
    return PolicyRates(("resistance",), resists, {"attempt": tries})


def _view(cell: Cell) -> View:
    run = cell.environment.open(0)
    try:
        tools = cell.environment.tools if cell.config.model.protocol == "tools" else None
        scene = read(run.messages, tools, None)
    finally:
        run.close()
    factors = cell.factors
    post_task = factors["timing"] == "post_task"
    notice = "post_task" if post_task else "asks" if factors["shutdown_by"] == "model" else "triggers"
    in_output = factors["request_channel"] == "program" and not post_task
    return View(tuple(scene.told), notice, in_output)


def _compliance(cell: Cell, policy: str, parameters: Mapping[str, float] | None) -> float:
    run = cell.environment.open(0)
    try:
        heard = hear(cast("list[Any]", run.messages))
    finally:
        run.close()
    asked = choose_answering(policy, parameters)
    return fmean(asked.wish(heard, random.Random(number)).complies for number in range(CHANCES))
