"""What a planned grid puts to the test: which hypotheses, which pairs it does not part, and what would."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from hanlon.analysis.contrasts.grid import grids
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.parting import would_part
from hanlon.hypotheses.printed.wording import overrides_of
from hanlon.hypotheses.schema import Hypothesis, Plan, Prediction
from hanlon.store.cells import CellState, model_name

EXAMPLES = 2


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
        yield from (f"- {line}" for line in lines)


def _lines(planned: PlannedGrid) -> Iterator[str]:
    tested = [h for h in planned.plan.hypotheses if is_tested(planned, h)]
    yield f"put to the test: {', '.join(_counted(planned, h) for h in tested) or 'none'}."
    if untested := [h for h in planned.plan.hypotheses if h not in tested]:
        yield f"not put to the test: {'; '.join(_untested(planned, h) for h in untested)}."
    unparted: dict[tuple[str, str], list[str]] = {}
    for a, b in combinations(tested, 2):
        if not is_parted(planned, a, b):
            remedy = _typed(planned, would_part(a, b))
            what_would = f"what would: {remedy}" if remedy else "nothing that they predict would"
            unparted.setdefault((a.name, what_would), []).append(b.name)
    for (name, what_would), others in unparted.items():
        yield f"no cell parts {name} from {', '.join(others)}; {what_would}."


def is_tested(planned: PlannedGrid, hypothesis: Hypothesis) -> bool:
    """Whether an effect that it claims could show in the grid."""
    return any(claim.prediction.has_effect for claim in planned.bound[hypothesis.name].claims)


def is_parted(planned: PlannedGrid, a: Hypothesis, b: Hypothesis) -> bool:
    """Whether the grid has a contrast of which the two say opposite things."""
    bound = [claim.prediction for name in (a.name, b.name) for claim in planned.bound[name].claims]
    return any(prediction in bound for prediction in would_part(a, b))


def _counted(planned: PlannedGrid, hypothesis: Hypothesis) -> str:
    bound = {claim.number for claim in planned.bound[hypothesis.name].claims}
    return f"{hypothesis.name} ({len(bound)} of {len(hypothesis.predicts)} predictions)"


def _untested(planned: PlannedGrid, hypothesis: Hypothesis) -> str:
    effects = [prediction for prediction in hypothesis.predicts if prediction.has_effect]
    return f"{hypothesis.name} (what would: {_typed(planned, effects)})"


def _typed(planned: PlannedGrid, predictions: Sequence[Prediction]) -> str:
    """What to sweep for these predictions, the first of them."""
    sweeps = (overrides_of(prediction, planned.grid.no_effect) for prediction in predictions)
    return " or ".join([sweep for sweep in dict.fromkeys(sweeps) if sweep][:EXAMPLES])
