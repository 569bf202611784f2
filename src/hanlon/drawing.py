"""The cells of a composed sweep as if a scripted policy, or any known rates, had run it, marked as simulated.

For rehearsals and for tests; how the counts are drawn is in `hanlon.analysis.hypotheses.expected.drawn`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from hanlon.analysis.hypotheses.expected.drawn import Drawn, draw_cells
from hanlon.analysis.request_rates import REQUEST_SD
from hanlon.analysis.tables import CellState
from hanlon.truth import Truth

if TYPE_CHECKING:
    from numpy.random import Generator


def draw(
    states: Sequence[CellState],
    truths: Sequence[Truth],
    n: int,
    chance: "Generator",
    model: str | None = None,
    request_sd: float = REQUEST_SD,
) -> Drawn:
    """Draw `n` episodes of each cell from its true rates; `model` is the simulated model that they are said to be of.

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
    return draw_cells(states, [true.rates for true in truths], n, chance, request_sd)
