"""Contrasts of cells that ask the same requests: by request, for an episode's request is drawn once for all cells."""

from hanlon.analysis.cells import CellState
from hanlon.analysis.comparison import Comparison
from hanlon.analysis.differences import Difference
from hanlon.analysis.gaps.differences import paired_difference, sign_flips
from hanlon.analysis.gaps.episodes import ByRequest, RequestCell, RequestEpisode, by_request, request_cells


class ByRequests:
    """A `hanlon.analysis.comparison.Pairing`. Reads each cell's episodes once, and compares each pair of cells once."""

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
