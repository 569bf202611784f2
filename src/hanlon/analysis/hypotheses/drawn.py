"""Simulated counts in memory: cells as if models of known rates had run them, for power and for rehearsals.

Nothing is played: each episode is a draw from its cell's rate. Where cells share requests, the episodes go round the
requests as the environment's do, and the rates differ from request to request (`hanlon.analysis.request_rates`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hanlon.analysis.cells import CellState
from hanlon.analysis.gaps.episodes import ByRequest
from hanlon.analysis.request_rates import REQUEST_SD, cases_by_request, request_count
from hanlon.tally import Count, Tally

if TYPE_CHECKING:
    from numpy.random import Generator


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cells with drawn counts, and their values by request where they have requests."""

    cells: list[CellState]
    _values: Mapping[tuple[str, str], ByRequest]

    def values(self, cell: CellState, measure: str) -> ByRequest | None:
        """The values of a cell by request; None where its environment has no requests."""
        return self._values.get((cell.record.key, measure))


def draw_cells(
    states: Sequence[CellState],
    measures: Sequence[Sequence[str]],
    rates: Sequence[float],
    n: int,
    chance: "Generator",
    request_sd: float = REQUEST_SD,
) -> Drawn:
    """Draw `n` episodes of each cell.

    Args:
        states: the cells.
        measures: of each cell, the measures that one decision settles.
        rates: of each cell, its probability in an episode.
        n: episodes of each cell.
        chance: where the draws come from.
        request_sd: the standard deviation between requests, in logits.
    """
    shifts = {size: chance.standard_normal(size) for size in _sizes(states)}
    transcripts = {str(index) for index in range(n)}
    cells: list[CellState] = []
    values: dict[tuple[str, str], ByRequest] = {}
    for state, names, rate in zip(states, measures, rates, strict=True):
        size = request_count(state.record)
        if size is None:
            k = int(chance.binomial(n, rate))
        else:
            cases, episodes = cases_by_request(rate, n, shifts[size], request_sd, chance)
            k, own = int(cases.sum()), _values(cases.tolist(), episodes.tolist())
            values |= {(state.record.key, name): own for name in names}
        tally = Tally(episodes=n, measures={name: Count(k, n) for name in names}, transcripts=transcripts)
        cells.append(replace(state, tally=tally))
    return Drawn(cells, values)


def _sizes(states: Sequence[CellState]) -> list[int]:
    """The sizes of the sets of requests; cells with one of a size share its requests."""
    return sorted({size for state in states if (size := request_count(state.record)) is not None})


def _values(cases: Sequence[int], episodes: Sequence[int]) -> ByRequest:
    return {
        str(request): [1.0] * k + [0.0] * (m - k)
        for request, (k, m) in enumerate(zip(cases, episodes, strict=True))
        if m
    }
