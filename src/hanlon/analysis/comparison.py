"""Two cells compared by one measure: as independent episodes, or by the unit that they share.

Who knows that two cells share something (the same requests in both tiers) gives a `Pairing`, which returns None for
the cells that share nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hanlon.analysis.cells import CellState
from hanlon.analysis.differences import Difference, difference, exact_test, fisher
from hanlon.tally import Count


@dataclass(frozen=True, slots=True)
class Comparison:
    """The treated cell's rate minus the base's, and the two-sided p of no difference by the test named.

    `unit` is what was sampled independently: "episode", or for instance "request".
    """

    difference: Difference
    p: float
    test: str
    unit: str = "episode"


SIGN = (
    "Sign: treated minus baseline, in percentage points; of tiers the one that trains (or is rated, or monitored) "
    "minus the one that does not: free minus paid."
)
"""Of every difference that is printed, said once below its tables, in the same words everywhere."""

Pairing = Callable[[CellState, CellState, str, float], Comparison | None]
"""(base, treated, measure, level) -> their comparison by shared units, or None where they share none."""


QUICK_TEST = "Fisher"


def unpaired(base: CellState, treated: CellState, measure: str, level: float) -> None:
    """The pairing of cells that share nothing, as in shutdown, where an index is a number and no item."""
    del base, treated, measure, level


def independent(base: Count, treated: Count, level: float, *, quick: bool = False) -> Comparison:
    """Compare counts as independent: Newcombe's interval, and Boschloo's test or (`quick`, and at large n) Fisher's."""
    counts = (treated.k, treated.n, base.k, base.n)
    p, test = (fisher(*counts), QUICK_TEST) if quick else exact_test(*counts)
    return Comparison(difference(*counts, level), p, test)


def room(base: Count, treated_n: int, level: float) -> str:
    """Where the base rate leaves no room: `floor` if even 0 cases in `treated_n` would show no fall, or `ceiling`.

    Show means that the interval of the difference leaves 0 out. Both, joined by " and ", where n is too small for
    anything; empty where there is room either way.
    """
    fall = difference(0, treated_n, base.k, base.n, level)
    rise = difference(treated_n, treated_n, base.k, base.n, level)
    lacking = [name for name, end in (("floor", fall), ("ceiling", rise)) if not end.excludes_zero]
    return " and ".join(lacking)
