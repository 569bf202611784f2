"""Two cells compared by one measure: as independent episodes, or by the unit that they share.

Who knows that two cells share something (the same requests in both tiers) gives a `Pairing`, which returns None for
the cells that share nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hanlon.analysis.requests import RequestCell, RequestEpisode, by_request, request_cells
from hanlon.analysis.stats.by_request import ByRequest, paired_difference, sign_flips
from hanlon.analysis.stats.differences import Difference, difference, exact_test, fisher
from hanlon.store.cells import CellState
from hanlon.store.tally import Count


@dataclass(frozen=True, slots=True)
class Comparison:
    """The treated cell's rate minus the base's, and the two-sided p of no difference by the test named.

    `unit` is what was sampled independently: "episode", or for instance "request".
    """

    difference: Difference
    p: float
    test: str
    unit: str = "episode"


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


class ByRequests:
    """A `Pairing` by request. Reads each cell's episodes once, and compares each pair of cells once."""

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str, str, float], Comparison | None] = {}
        self._cells: dict[str, RequestCell | None] = {}
        self._values: dict[tuple[str, str], ByRequest] = {}

    def __call__(self, base: CellState, treated: CellState, measure: str, level: float) -> Comparison | None:
        """The treated cell's rate minus the base's over the requests of both; None where they share no request."""
        pair = (str(base.folder), str(treated.folder), measure, level)
        if pair not in self._compared:
            self._compared[pair] = self._compare(base, treated, measure, level)
        return self._compared[pair]

    def _compare(self, base: CellState, treated: CellState, measure: str, level: float) -> Comparison | None:
        first, second = self._by_request(treated, measure), self._by_request(base, measure)
        if not first or not second:
            return None
        found = paired_difference(first, second, level)
        p = sign_flips(first, second)
        if found.estimate is None or p is None:
            return None
        difference = Difference(found.estimate, found.lo, found.hi, level, found.method)
        return Comparison(difference, p, "sign flips by request", "request")

    def _by_request(self, state: CellState, measure: str) -> ByRequest:
        key = str(state.folder)
        if key not in self._cells:
            self._cells[key] = next(iter(request_cells([state])), None)
        cell = self._cells[key]
        if cell is None:
            return {}
        if (key, measure) not in self._values:

            def value(episode: RequestEpisode) -> bool | None:
                return episode.measures.get(measure)

            self._values[key, measure] = by_request(cell.countable, value)
        return self._values[key, measure]
