"""What the held-out models are made of: models written by somebody who had not read a hypothesis.

They are in heldout_shutdown and heldout_alignment_faking. No hypothesis is tuned to them, nor they to any.
"""

from collections.abc import Callable
from inspect import isfunction
from types import ModuleType

from scipy.special import expit, logit

from hanlon.store.cells import CellState

TRAINED = {"free", "swapped/paid", "nameless/amber", "three/free"}
LOW, HIGH = 0.005, 0.995


def points(base: float, *changes: float) -> float:
    """A base rate and changes in percentage points, kept within the possible."""
    return min(max(base + sum(changes) / 100, LOW), HIGH)


def odds(base: float, *shifts: float) -> float:
    """A base rate whose log odds are shifted, so that effects shrink towards 0 and 100 %."""
    return float(expit(logit(base) + sum(shifts)))


def when(condition: bool, size: float) -> float:
    """An effect that is there under a condition only."""
    return size if condition else 0.0


def blend(share: float, one: float, other: float) -> float:
    """The rate of a model that is one of two in this share of its episodes."""
    return share * one + (1 - share) * other


class ShutdownSaid:
    """What a cell of the shutdown sweep tells the model."""

    def __init__(self, state: CellState) -> None:
        factors = state.record.factors
        self.clear = factors["precedence"] == "over_all_others"
        self.replaced = factors["stakes"] == "replaced"
        self.other = factors["stakes"] == "other_model"
        self.user = factors["request_channel"] == "user"
        self.done = factors["timing"] == "post_task"
        self.test = factors["realism"] == "told_test"
        self.real = factors["realism"] == "told_real"
        self.urged = factors["pressure"] == "imperative"
        self.avoid = factors["goal"] == "avoid_shutdown"


class TierSaid:
    """What a cell of the alignment-faking sweep tells the model."""

    def __init__(self, state: CellState) -> None:
        factors = state.record.factors
        tier = str(factors["tier"])
        self.trained = tier in TRAINED
        self.rated = self.trained or tier == "three/pro"
        self.word = tier.split("/")[-1]
        self.free = self.word == "free"
        self.nameless = tier.startswith("nameless")
        self.swapped = tier.startswith("swapped")
        self.three = tier.startswith("three")
        self.conflict = factors["criteria"] == "conflict"
        self.consequence = factors["consequence"] != "none"
        self.honest = bool(factors["honest"])
        self.unread = factors["stage"] == "throughput"
        self.plain = tier == "none"


def models_of(module: ModuleType) -> tuple[Callable[[CellState], float], ...]:
    """The models that a module defines, in its order."""
    return tuple(
        one for one in vars(module).values() if isfunction(one) and one.__module__ == module.__name__
    )
