"""What a planned grid puts to the test: which hypotheses, which pairs it does not part, and what to sweep that would."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.contrasts.grid import grids
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.parting import would_part
from hanlon.hypotheses.printed.wording import overrides_of
from hanlon.hypotheses.schema import Hypothesis, Plan, Prediction
from hanlon.store.cells import CellState, model_name

EXAMPLES = 2
PAIRS = 5
"""Pairs that are named, each with what would part it."""


def planned_grids(states: Sequence[CellState], plans: Sequence[Plan]) -> list[PlannedGrid]:
    """The planned grids of each environment, one for each model and protocol."""
    return [
        PlannedGrid(grid, plan)
        for plan in plans
        for grid in grids([state for state in states if state.record.env == plan.env])
    ]


def plan_lines(planned: Sequence[PlannedGrid]) -> Iterator[str]:
    """What the grids put to the test; once for all models of which the same is to be said."""
    models: dict[tuple[str, ...], list[str]] = {}
    for grid in planned:
        record = grid.grid.cells[0].record
        lines = (f"env={record.env}", *_lines(grid)) if grid.plan.hypotheses else ()
        models.setdefault(lines, []).append(f"{model_name(record)} ({record.protocol})")
    for (env, *lines), names in ((lines, names) for lines, names in models.items() if lines):
        yield f"Hypotheses, {env}, {', '.join(names)}:"
        yield from (f"  {line}" for line in lines)


def _lines(planned: PlannedGrid) -> Iterator[str]:
    tested = [h for h in planned.plan.hypotheses if is_tested(planned, h)]
    counts = [
        f"{h.name} ({len({claim.number for claim in planned.bound[h.name].claims})} of {len(h.predicts)} predictions)"
        for h in tested
    ]
    yield f"put to the test: {', '.join(counts) or 'none'}."
    if untested := [h for h in planned.plan.hypotheses if h not in tested]:
        yield f"not put to the test: {'; '.join(_untested(planned, h) for h in untested)}."
    unparted = [(a, b) for n, a in enumerate(tested) for b in tested[n + 1 :] if not is_parted(planned, a, b)]
    for a, b in unparted[:PAIRS]:
        remedy = _typed(planned, would_part(a, b))
        yield f"no cell parts {a.name} from {b.name}; {f'what would: {remedy}' if remedy else 'nothing that they predict would'}."
    if len(unparted) > PAIRS:
        yield f"nor {', '.join(f'{a.name} from {b.name}' for a, b in unparted[PAIRS:])}."


def is_tested(planned: PlannedGrid, hypothesis: Hypothesis) -> bool:
    """Whether an effect that it claims could show in the grid."""
    return any(claim.prediction.has_effect for claim in planned.bound[hypothesis.name].claims)


def is_parted(planned: PlannedGrid, a: Hypothesis, b: Hypothesis) -> bool:
    """Whether the grid has a contrast of which the two say opposite things."""
    bound = [claim.prediction for name in (a.name, b.name) for claim in planned.bound[name].claims]
    return any(prediction in bound for prediction in would_part(a, b))


def _untested(planned: PlannedGrid, hypothesis: Hypothesis) -> str:
    effects = [prediction for prediction in hypothesis.predicts if prediction.has_effect]
    return f"{hypothesis.name} (what would: {_typed(planned, effects)})"


def _typed(planned: PlannedGrid, predictions: Sequence[Prediction]) -> str:
    """What to sweep for these predictions, the first of them."""
    sweeps = (overrides_of(prediction, planned.grid.no_effect) for prediction in predictions)
    return " or ".join([sweep for sweep in dict.fromkeys(sweeps) if sweep][:EXAMPLES])
