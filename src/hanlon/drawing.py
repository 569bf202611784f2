"""Simulated counts in memory: the cells of a composed sweep as if a scripted policy, or any known rates, had run it.

For power and for tests. Nothing is played: each episode is one draw, held against the rates of all measures of its
cell; where cells share requests, the episodes go round the requests as the environment's do. The records are marked
simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from hanlon.analysis.gaps.episodes import ByRequest
from hanlon.analysis.tables import CellState
from hanlon.tally import Count, Tally
from hanlon.truth import Truth

if TYPE_CHECKING:
    from numpy.random import Generator

REQUESTS = 60
"""Requests of the bundled set `mild`, which episodes go round."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cells with drawn counts, and their values by request where they have requests."""

    cells: list[CellState]
    _values: Mapping[tuple[str, str], ByRequest]

    def values(self, cell: CellState, measure: str) -> ByRequest | None:
        """The values of a cell by request; None where its environment has no requests."""
        return self._values.get((cell.record.key, measure))


def draw(
    states: Sequence[CellState],
    truths: Sequence[Truth],
    n: int,
    chance: "Generator",
    model: str | None = None,
) -> Drawn:
    """Draw `n` episodes of each cell from its true rate; `model` is the simulated model that they are said to be of."""
    cells: list[CellState] = []
    values: dict[tuple[str, str], ByRequest] = {}
    for state, true in zip(states, truths, strict=True):
        draws = chance.random(n)
        cases = {name: draws < rate for name, rate in true.rates.items()}
        record = state.record
        if model is not None:
            record = msgspec.structs.replace(record, model=model, endpoint="simulated", simulated=True)
        tally = Tally(
            episodes=n,
            measures={name: Count(int(found.sum()), n) for name, found in cases.items()},
            transcripts={str(index) for index in range(n)},
        )
        cells.append(replace(state, record=record, tally=tally))
        if "requests" in record.texts:
            values |= {(record.key, name): _by_request(found.tolist()) for name, found in cases.items()}
    return Drawn(cells, values)


def _by_request(cases: Sequence[Any]) -> ByRequest:
    values: dict[str, list[float]] = {}
    for index, case in enumerate(cases):
        values.setdefault(str(index % REQUESTS), []).append(float(case))
    return values
