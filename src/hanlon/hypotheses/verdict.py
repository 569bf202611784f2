"""The verdict: which hypothesis leads, which others fit, which do not, and whether there is anything to explain.

Effects come first. Where the behaviour is shown nowhere there is nothing to explain. Else every hypothesis is one
region of rates (`regions.py`) and has one test (`rivals.py`). Holm's correction is over hypotheses, in each grid by
itself.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hanlon.analysis.contrasts.grid import Grid, grids, subject
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.differences import holm
from hanlon.analysis.stats.rates import rate_of
from hanlon.hypotheses.binding import PlannedGrid
from hanlon.hypotheses.gates import GateReading, read_gate
from hanlon.hypotheses.rivals import Explanation, Observed, RivalFit, fit_rival, observe
from hanlon.hypotheses.schema import Plan, Prediction
from hanlon.hypotheses.selection import MEASURE
from hanlon.store.cells import CellState
from hanlon.store.contract import WORDING
from hanlon.store.tally import Count

Status = Literal["leads", "fits", "does not fit", "not put to the test", "not fitted"]
Conclusion = Literal[
    "leads",
    "several fit",
    "none leads",
    "none fits",
    "none put to the test",
    "nothing to explain",
    "undetermined",
]
ALPHA = 0.05
EXPLAINS, AHEAD = 0.90, 0.10
"""A leader explains more than this share of the variation between cells, and so much more than any other that fits."""
FEWEST_CELLS = 3
"""With fewer there is one contrast, which has several explanations."""
FEW_REQUESTS = 5
ABSENT = 2.0
"""Times the plan's bound: where all intervals end below, more episodes are not needed to see that there is little."""
DEMO = "plumbing demo: the embedded model says nothing of what it was asked"


@dataclass(frozen=True, slots=True)
class Rival:
    """A hypothesis with its status. `p` is Holm's over the hypotheses of the grid.

    `why_not` says, of the one that explains most of those that fit, why it does not lead.
    """

    fit: RivalFit
    p: float
    status: Status
    why_not: str = ""

    @property
    def name(self) -> str:
        """The hypothesis."""
        return self.fit.name


@dataclass(frozen=True, slots=True)
class GridVerdict:
    """The verdict on one model and protocol.

    `shown` says whether the behaviour is shown anywhere, `absent` whether it is shown to be rare everywhere, `obstacle`
    what is in the way of any conclusion, `cautions` what must be read beside it. `preregistered` names the hypotheses
    that the user chose and that were written down before the episodes, `written` those that lay in conf/hypothesis
    before them. `overrides` are those of the command, `alpha` is that of its last look.
    """

    planned: PlannedGrid
    observed: Observed | None
    gates: Sequence[GateReading]
    rivals: Sequence[Rival]
    shown: bool
    absent: bool
    obstacle: str = ""
    cautions: Sequence[str] = ()
    preregistered: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    overrides: Sequence[str] = ()
    alpha: float = ALPHA

    def with_status(self, *statuses: Status) -> list[Rival]:
        """The rivals of these statuses, in their order."""
        return [rival for rival in self.rivals if rival.status in statuses]

    @property
    def leader(self) -> Rival | None:
        """The hypothesis that leads, if one does."""
        return next(iter(self.with_status("leads")), None)

    @property
    def conclusion(self) -> Conclusion:
        """What the sweep comes to."""
        if self.obstacle or self.observed is None:
            return "undetermined"
        if not self.shown:
            return "nothing to explain"
        if self.leader:
            return "leads"
        fitting = self.with_status("fits")
        if len(fitting) > 1:
            return "several fit"
        if fitting:
            return "none leads"
        return "none fits" if self.with_status("does not fit", "not fitted") else "none put to the test"

    @property
    def says_something(self) -> bool:
        """Whether any hypothesis speaks of a contrast of this grid; two measures of a cell are no contrast."""
        claims = (claim for bound in self.planned.bound.values() for claim in bound.claims)
        return any(claim.prediction.factor != MEASURE for claim in claims)

    @property
    def settled(self) -> bool:
        """Whether more episodes have nothing to add.

        A hypothesis leads; or the behaviour is shown to be rare, by a pipeline whose controls could have shown it. That
        it is not shown at a small n is no reason to stop.
        """
        if self.conclusion == "nothing to explain":
            return self.absent and all(gate.worked is not None for gate in self.gates if gate.applies)
        return self.conclusion == "leads"


def judge(
    cells: Sequence[CellState],
    plan: Plan,
    *,
    values: Values = no_requests,
    alpha: float = ALPHA,
    predicted: Collection[str] | None = None,
) -> list[GridVerdict]:
    """Judge the hypotheses of a plan by the stored cells of one sweep, one verdict for each model and protocol.

    Args:
        cells: the cells of the sweep, of the plan's environment.
        plan: the behaviour, hypotheses and controls.
        values: the values by request, where the cells have requests in common.
        alpha: of the hypotheses of one grid, by Holm.
        predicted: the keys of the cells that predictions may be about, None for all; controls see every cell.
    """
    whole = {subject(grid.cells[0].record): grid for grid in grids(cells)}
    judged = [cell for cell in cells if predicted is None or cell.record.key in predicted]
    return [
        _verdict(PlannedGrid(grid, plan), whole[subject(grid.cells[0].record)], values, alpha)
        for grid in grids(judged)
    ]


def _verdict(planned: PlannedGrid, whole: Grid, values: Values, alpha: float) -> GridVerdict:
    gates = [read_gate(gate, whole) for gate in planned.plan.gates]
    observed = observe(planned, values)
    bounds = behaviour_bounds(planned, observed) if observed is not None else []
    shown = any(lo > planned.behaviour.above for lo, _ in bounds)
    absent = bool(bounds) and all(hi < ABSENT * planned.behaviour.above for _, hi in bounds)
    obstacle = _obstacle(planned.grid, gates, observed, shown=shown)
    rivals = _rivals(observed, alpha) if observed is not None and shown and not obstacle else []
    return GridVerdict(
        planned, observed, gates, rivals, shown, absent, obstacle, list(_cautions(planned, observed, rivals))
    )


def _cautions(planned: PlannedGrid, observed: Observed | None, rivals: Sequence[Rival]) -> Iterator[str]:
    """What a reader must know of the cells and the fits."""
    headline = planned.behaviour.measures[0]
    for cell in planned.grid.cells:
        if not cell.tally.measures.get(headline, Count()).n and headline in cell.record.measures:
            yield f"{cell.record.label} has no episode that can be counted and is left out; run the command again."
    if observed is not None and (count := observed.error.request_count) is not None and count < FEW_REQUESTS:
        yield f"Only {count} requests: their intervals are not to be trusted. Take {FEW_REQUESTS} or more, better 20."
    if len({cell.record.factors.get(WORDING) for cell in planned.grid.cells} - {None}) == 1:
        yield "One wording of every clause: what is said holds for these words. env.wording=1,2,3 shows how far."
    for rival in rivals:
        if rival.fit.empty:
            yield f"{rival.name}: no rates fulfil its predictions together in these cells; they contradict each other."
        elif not rival.fit.converged:
            yield f"{rival.name}: its fit did not converge, so it is not ranked."


def behaviour_bounds(planned: PlannedGrid, observed: Observed) -> list[tuple[float, float]]:
    """The 95 % intervals of what is to be explained: of rates in cells that are no controls, or of rises of a rate."""
    behaviour = planned.behaviour
    if not behaviour.changes:
        cells = [cell for cell in planned.grid.cells if cell.record.key not in planned.controls]
        rates = [rate_of(cell.tally, measure) for cell in cells for measure in behaviour.measures]
        return [(rate.lo, rate.hi) for rate in rates if rate.n]
    instances = [
        instance
        for change in behaviour.changes
        for instance in planned.selector.find(
            Prediction(contrast=change, claim="rises"), behaviour.measures[0]
        )
    ]
    return [
        observed.error.interval([observed.index[point] for point in instance.points], observed.counts, 0.95)
        for instance in instances
        if all(point in observed.index for point in instance.points)
    ]


def _obstacle(grid: Grid, gates: Sequence[GateReading], observed: Observed | None, *, shown: bool) -> str:
    """What is in the way of any conclusion. A positive control is needed only where nothing is shown."""
    if grid.cells[0].record.endpoint == "embedded":
        return DEMO
    if observed is None:
        return "no episode can be counted"
    failed = [gate for gate in gates if gate.worked is False and not (shown and gate.gate.kind == "positive")]
    return "; ".join(gate.obstacle for gate in failed if gate.obstacle)


def _rivals(observed: Observed, alpha: float) -> list[Rival]:
    """The hypotheses of a grid with their statuses, the best first."""
    bound = list(observed.planned.bound.values())
    fits = [fit_rival(observed, each, alpha) for each in bound if observed.claims(each)]
    adjusted = holm([fit.p for fit in fits])
    ranked = sorted(zip(fits, adjusted, strict=True), key=lambda pair: -pair[0].share)
    standing = [fit for fit, p in ranked if p >= alpha and fit.effects and fit.converged]
    contested = sum(any(claim.prediction.factor != MEASURE for claim in fit.effects) for fit in fits) > 1
    why = _why_none_leads(observed, standing, alpha, contested=contested) if standing else ""
    leader = standing[0] if standing and not why else None
    rivals = [
        Rival(fit, p, _status(fit, p, alpha, leader), why if standing and fit is standing[0] else "")
        for fit, p in ranked
    ]
    silent = [each for each in bound if not observed.claims(each)]
    order = ("leads", "fits", "does not fit", "not put to the test", "not fitted")
    rivals += [
        Rival(RivalFit(each, (), 1.0, 0.0, 0, (), None, converged=True), 1.0, "not put to the test")
        for each in silent
    ]
    return sorted(rivals, key=lambda rival: order.index(rival.status))


def _why_none_leads(
    observed: Observed, standing: Sequence[RivalFit], alpha: float, *, contested: bool
) -> str:
    """Why the first of the hypotheses that fit does not lead; empty where it does.

    A leader explains enough, with an effect of its own shown in full, and clearly more than any other that fits: a
    larger share, or all that matters where the other leaves an effect unexplained. Nobody leads by one contrast, or
    where no other hypothesis claims an effect of a factor (two measures of a cell are in every grid).

    At an early look alpha is small. It is that of effects shown and of rivals that fall. The leader itself has to fit
    at the usual alpha, which is the stricter of the two for it.
    """
    best, *others = standing
    cells = {key for key, _ in observed.points} - observed.planned.controls
    if not best.shown:
        return "none of its effects is shown"
    if best.share <= EXPLAINS:
        return f"that takes more than {100 * EXPLAINS:.0f} %"
    if len(cells) < FEWEST_CELLS:
        return "two cells make one contrast, which has several explanations"
    if not contested:
        return "no effect that another hypothesis claims was put to the test"
    if not Explanation(observed, best.bound).in_full:
        return "its effects are smaller than it claims"
    if best.p < ALPHA or not Explanation(observed, best.bound, leaves_open=True).is_all(ALPHA):
        return "it leaves an effect unexplained"
    close = [other for other in others if best.share - other.share < AHEAD]
    rival = next((other for other in close if Explanation(observed, other.bound).is_all(alpha)), None)
    if rival is None and close and not Explanation(observed, best.bound).is_all(ALPHA):
        rival = close[0]
    return f"{rival.name} explains about as much" if rival else ""


def _status(fit: RivalFit, p: float, alpha: float, leader: RivalFit | None) -> Status:
    if not fit.converged:
        return "not fitted"
    if fit.empty or p < alpha:
        return "does not fit"
    if not fit.effects:
        return "not put to the test"
    return "leads" if fit is leader else "fits"
