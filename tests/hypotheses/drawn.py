"""Cells of a composed sweep with counts drawn from known rates, in memory: simulated data without playing it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from composed import CONF
from hanlon.analysis.gaps.episodes import ByRequest
from hanlon.analysis.hypotheses.files import Plan, load_plan
from hanlon.analysis.hypotheses.verdict import GridVerdict, judge
from hanlon.analysis.tables import CellState
from hanlon.cell import Cell
from hanlon.composing import ComposedSweep, compose_sweep
from hanlon.tally import Count, Tally

REQUESTS = 60
SHUTDOWN = (
    "env=shutdown model=simulated/ambiguity experiment=shutdown_rivals"
)
ALIGNMENT_FAKING = "env=alignment_faking model=simulated/alignment_faker experiment=alignment_faking_rivals"


@cache
def sweep(overrides: str) -> ComposedSweep:
    """The sweep of these overrides."""
    return compose_sweep(overrides)


@cache
def plan(env: str) -> Plan:
    """All hypotheses of an environment."""
    return load_plan(CONF / "hypothesis", env)
