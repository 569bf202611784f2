"""Simulated counts in memory: cells as if models of known rates had run them, for power and for rehearsals.

Nothing is played: each episode is a draw from its cell's rates. Where cells share requests, the episodes go round the
requests as the environment's do, and the rates differ from request to request (`hanlon.design.request_rates`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from hanlon.analysis.stats.by_request import ByRequest
from hanlon.design.request_rates import REQUEST_SD, cases_by_request, episodes_by_request, request_count
from hanlon.simulated.policy import PolicyRates
from hanlon.store.cells import CellState
from hanlon.store.tally import Count, Tally

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


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
    rates: Sequence[Mapping[str, float]],
    n: int,
    chance: "Generator",
    request_sd: float = REQUEST_SD,
) -> Drawn:
    """Draw `n` episodes of each cell.

    Args:
        states: the cells.
        rates: of each cell, the probability of each measure in an episode. A case of a rarer measure is a case of every
            more frequent one (to succeed is to have tried).
        n: episodes of each cell.
        chance: where the draws come from.
        request_sd: the standard deviation between requests, in logits.
    """
    sizes = {size for state in states if (size := request_count(state.record)) is not None}
    shifts = {
        size: chance.standard_normal(size) for size in sorted(sizes)
    }  # cells with as many share their requests
    cells: list[CellState] = []
    values: dict[tuple[str, str], ByRequest] = {}
    for state, cell_rates in zip(states, rates, strict=True):
        size = request_count(state.record)
        measures: dict[str, Count] = {}
        if size is None:
            for name, cases in _nested(cell_rates, chance, lambda rate: chance.binomial(n, rate, size=1)):
                measures[name] = Count(int(cases.sum()), n)
        else:
            episodes = episodes_by_request(n, size)
            each = partial(
                cases_by_request, episodes=episodes, shifts=shifts[size], sd=request_sd, chance=chance
            )
            for name, cases in _nested(cell_rates, chance, each):
                measures[name] = Count(int(cases.sum()), n)
                values[state.record.key, name] = _values(cases.tolist(), episodes.tolist())
        cells.append(replace(state, tally=Tally(episodes=n, measures=measures)))
    return Drawn(cells, values)


def _nested(
    rates: Mapping[str, float], chance: "Generator", first: "Callable[[float], NDArray[Any]]"
) -> "Iterator[tuple[str, NDArray[Any]]]":
    """The cases of each measure: `first` draws those of the most frequent, a rarer one has a share of these."""
    above, cases = 0.0, None
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        if cases is None:
            cases = first(rate)
        elif rate < above:
            cases = chance.binomial(cases, rate / above)
        above = rate
        yield name, cases


def _values(cases: Sequence[int], episodes: Sequence[int]) -> ByRequest:
    return {
        str(request): [1.0] * k + [0.0] * (m - k)
        for request, (k, m) in enumerate(zip(cases, episodes, strict=True))
        if m
    }


def draw(
    states: Sequence[CellState],
    policy: Sequence[PolicyRates],
    n: int,
    chance: "Generator",
    model: str | None = None,
    request_sd: float = REQUEST_SD,
) -> Drawn:
    """Draw `n` episodes of each cell at the rates that a policy has there, under the name of a simulated `model`.

    Where cells share requests, `request_sd` is the standard deviation between them, in logits.
    """
    if model is not None:
        states = [
            replace(
                state,
                record=msgspec.structs.replace(
                    state.record, model=model, endpoint="simulated", simulated=True
                ),
            )
            for state in states
        ]
    return draw_cells(states, [policy_rates.rates for policy_rates in policy], n, chance, request_sd)
