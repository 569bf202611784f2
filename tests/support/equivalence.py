"""The claim that two rates are equal within a margin, as two one-sided tests."""

from collections.abc import Callable
from functools import partial

from hanlon.analysis.stats.differences import Difference, difference
from hanlon.analysis.stats.equivalence import p_above, p_below

Interval = Callable[[float], Difference]


def newcombe(k1: int, n1: int, k2: int, n2: int) -> Interval:
    """Newcombe's interval of the difference of two rates, at any confidence level."""
    return partial(difference, k1, n1, k2, n2)


def equivalence_p(interval: Interval, margin: float) -> float:
    """The p that a difference lies within the margin: the larger one of the two tests'."""
    return max(p_below(interval, margin), p_above(interval, -margin))
