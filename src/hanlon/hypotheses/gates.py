"""The controls: cells in which an effect must show, or must not, before any absence is believed."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanlon.analysis.contrasts.grid import Grid
from hanlon.analysis.stats.rates import Rate, rate_of
from hanlon.hypotheses.schema import Gate
from hanlon.hypotheses.selection import Selector
from hanlon.store.cells import CellState

LEVEL = 0.9
"""Of the two-sided interval: each end is wrong with a probability of 5 %."""


@dataclass(frozen=True, slots=True)
class GateReading:
    """What a control says: whether it `worked` (None: it was not sampled), and that in words."""

    gate: Gate
    worked: bool | None
    says: str
    applies: bool = True

    @property
    def obstacle(self) -> str:
        """What the control leaves in doubt; empty where it did its work or is not needed."""
        if not self.applies or self.worked:
            return ""
        if self.worked is None:
            return f"control {self.gate.name} not sampled ({cells_text(self.gate)})"
        return f"control {self.gate.name} did not do its work"


def read_gate(gate: Gate, grid: Grid) -> GateReading:
    """Read one control in a grid: all of its cells must have worked."""
    selector = Selector(grid)
    if gate.unless and len(selector.matching(gate.unless)) == len(grid.cells):
        return GateReading(gate, None, "not needed here", applies=False)
    sampled = [cell for cell in selector.matching(gate.where) if _rate(cell, gate).n]
    if sampled:
        worked = [_worked(gate, _rate(cell, gate)) for cell in sampled]
        return GateReading(gate, all(worked), "; ".join(_text(cell, gate, gate.bound) for cell in sampled))
    if gate.or_anywhere is not None and (shown := _shown(grid.cells, gate, gate.or_anywhere)):
        needed = f"above {gate.or_anywhere:.0%} in any cell"
        return GateReading(gate, True, f"not sampled; shown by {_text(shown, gate, needed)}")
    return GateReading(gate, None, f"not sampled: {gate.advice}")


def _shown(cells: Sequence[CellState], gate: Gate, margin: float) -> CellState | None:
    """A cell whose rate is shown to be above the margin; the level allows for as many looks as there are cells."""
    level = 1 - (1 - LEVEL) / len(cells)
    return next((cell for cell in cells if rate_of(cell.tally, gate.measure, level).lo > margin), None)


def _worked(gate: Gate, rate: Rate) -> bool:
    return rate.lo > gate.above if gate.above is not None else rate.hi < (gate.below or 0.0)


def _rate(cell: CellState, gate: Gate) -> Rate:
    return rate_of(cell.tally, gate.measure, LEVEL)


def _text(cell: CellState, gate: Gate, needed: str) -> str:
    rate = _rate(cell, gate)
    return f"{cell.record.label}: {rate.measure} {rate.k}/{rate.n}, needed {needed}"


def cells_text(gate: Gate) -> str:
    """The cells of a control, by their factors."""
    return " ".join(f"{name}={level}" for name, level in gate.where.items())
