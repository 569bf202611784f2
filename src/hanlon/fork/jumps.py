"""Where it was decided: jumps of the rate over turns, over parents and in each, and changes against no change.

Parents are grouped by their cell and by their own outcome. Over parents the parent is the unit (`stats/clusters.py`).
In one parent its draws are, and what holds there holds of this parent alone. Holm's correction is over the replies
of a group, over all replies of all its parents where each is tested by itself, and over its contrasts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hanlon.analysis.stats.clusters import ClusterMean, mean_difference, mean_rate
from hanlon.analysis.stats.differences import Difference, difference, fisher, holm
from hanlon.fork.curves import Curve, curves
from hanlon.fork.stored import StoredBranch, stored_branches
from hanlon.store.cells import CellState
from hanlon.store.tally import Count

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn of a group's curve. `jump` is what the reply after it does, where its parents have both turns.

    `last` counts the parents whose last reply this is: what is left to it is `left`, None where it is nobody's.
    """

    turn: int
    count: Count
    rate: ClusterMean
    jump: ClusterMean | None
    p_holm: float | None = None
    last: int = 0
    left: float | None = None

    @property
    def is_claimed(self) -> bool:
        """Whether the jump of its reply is told from none."""
        return self.p_holm is not None and self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class ParentRow:
    """One parent's largest jump between two sampled turns, toward its own outcome or away from it."""

    curve: Curve
    reply: int
    before: Count
    after: Count
    jump: Difference
    p_holm: float

    @property
    def is_claimed(self) -> bool:
        """Whether the jump is told from none."""
        return self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change against no change at one point; `turns` are those of the parents, the smallest and the largest."""

    point: str
    change: str
    said_by: str
    turns: tuple[int, int]
    unchanged: ClusterMean
    changed: ClusterMean
    difference: ClusterMean
    draws: tuple[Count, Count]
    p_holm: float = 1.0


@dataclass(frozen=True, slots=True)
class StartCheck:
    """Children without a change that keep no reply, beside the episodes of their cell: both are the same draw."""

    children: Count
    cell: Count
    difference: Difference
    p: float

    @property
    def agrees(self) -> bool:
        """Whether they are not told apart."""
        return self.p >= ALPHA


@dataclass(frozen=True, slots=True)
class ForkReport:
    """All that the branches of one cell say of one measure, for the parents of one outcome."""

    state: CellState
    measure: str
    outcome: str
    drawn: str
    curves: Sequence[Curve]
    turns: Sequence[TurnRow]
    parents: Sequence[ParentRow]
    changes: Sequence[ChangeRow]
    start: StartCheck | None
    excluded: int
    children: int

    @property
    def largest(self) -> TurnRow | None:
        """The turn whose reply has the largest jump over parents."""
        jumps = [row for row in self.turns if row.jump is not None]
        return max(jumps, key=lambda row: abs(row.jump.value) if row.jump else 0.0, default=None)


def fork_reports(states: Sequence[CellState], measure: str | None = None) -> list[ForkReport]:
    """A report for each cell that has branches and each outcome of their parents; default: the headline measure."""
    return [
        _report(state, outcome, group, measure or next(iter(state.record.measures)))
        for state in states
        for outcome, group in _by_outcome(stored_branches(state)).items()
    ]


def _by_outcome(branches: Sequence[StoredBranch]) -> dict[str, list[StoredBranch]]:
    groups: dict[str, list[StoredBranch]] = {}
    for branch in branches:
        groups.setdefault(branch.record.outcome, []).append(branch)
    return groups


def _report(state: CellState, outcome: str, branches: Sequence[StoredBranch], measure: str) -> ForkReport:
    of_parents = curves(branches, measure)
    return ForkReport(
        state,
        measure,
        outcome,
        branches[0].record.drawn,
        of_parents,
        turn_rows(of_parents),
        parent_rows(of_parents),
        list(_change_rows(branches, measure)),
        None if branches[0].record.request else _start_check(state, of_parents, measure),
        sum(branch.excluded for branch in branches),
        sum(len(branch.children) for branch in branches),
    )


def turn_rows(of_parents: Sequence[Curve]) -> list[TurnRow]:
    """The curve over parents, one row a turn that was sampled, with Holm's correction over its jumps."""
    turns = sorted({turn for curve in of_parents for turn, count in curve.counts.items() if count.n})
    rows = [_turn_row(of_parents, turn) for turn in turns]
    tested = [row for row in rows if row.jump is not None]
    adjusted = holm([row.jump.p or 0.0 for row in tested if row.jump])
    by_turn = {row.turn: p for row, p in zip(tested, adjusted, strict=True)}
    return [replace(row, p_holm=by_turn.get(row.turn)) for row in rows]


def _turn_row(of_parents: Sequence[Curve], turn: int) -> TurnRow:
    here = [curve for curve in of_parents if _n(curve, turn)]
    counts = [curve.counts[turn] for curve in here]
    pairs = [(curve.counts[turn], curve.counts[turn + 1]) for curve in here if _n(curve, turn + 1)]
    at_end = [curve for curve in here if turn + 1 == curve.replies and curve.end is not None]
    left = [float(bool(curve.end)) - (curve.rate(turn) or 0.0) for curve in at_end]
    return TurnRow(
        turn,
        Count(sum(count.k for count in counts), sum(count.n for count in counts)),
        mean_rate(counts),
        mean_difference(pairs) if pairs else None,
        last=len(at_end),
        left=sum(left) / len(left) if left else None,
    )


def _n(curve: Curve, turn: int) -> int:
    return curve.counts[turn].n if turn in curve.counts else 0


def parent_rows(of_parents: Sequence[Curve]) -> list[ParentRow]:
    """The largest jump of each parent, tested among all replies of all parents."""
    tested = [
        (curve, reply, fisher(after.k, after.n, before.k, before.n))
        for curve in of_parents
        for reply in curve.counts
        if _n(curve, reply) and _n(curve, reply + 1)
        for before, after in [(curve.counts[reply], curve.counts[reply + 1])]
    ]
    adjusted = holm([p for _, _, p in tested])
    rows: dict[int, ParentRow] = {}
    for (curve, reply, _), p in zip(tested, adjusted, strict=True):
        before, after = curve.counts[reply], curve.counts[reply + 1]
        row = ParentRow(curve, reply, before, after, difference(after.k, after.n, before.k, before.n), p)
        earlier = rows.get(curve.index)
        if earlier is None or abs(row.jump.value or 0.0) > abs(earlier.jump.value or 0.0):
            rows[curve.index] = row
    return list(rows.values())


def _change_rows(branches: Sequence[StoredBranch], measure: str) -> Iterator[ChangeRow]:
    """Each change at each point against the children without one of the same parents at the same turns."""
    unchanged = {(b.record.index, b.record.turn): b for b in branches if not b.record.change}
    pairs: dict[tuple[str, str, str], list[tuple[int, Count, Count]]] = {}
    for branch in (branch for branch in branches if branch.record.change):
        record = branch.record
        control = unchanged.get((record.index, record.turn))
        before = control.count(measure, record.control_from) if control else Count()
        after = branch.count(measure)
        if not before.n or not after.n:
            continue
        for point in record.points:
            name = f"turn:{record.turn}" if point == "turns" else point
            pairs.setdefault((name, record.change, record.said_by), []).append((record.turn, before, after))
    effects = {key: mean_difference([(b, a) for _, b, a in rows]) for key, rows in pairs.items()}
    adjusted = holm([effect.p or 0.0 for effect in effects.values()])
    for (key, rows), p in zip(pairs.items(), adjusted, strict=True):
        unchanged_counts, afters = [before for _, before, _ in rows], [after for _, _, after in rows]
        turns = [turn for turn, _, _ in rows]
        yield ChangeRow(
            *key,
            turns=(min(turns), max(turns)),
            unchanged=mean_rate(unchanged_counts),
            changed=mean_rate(afters),
            difference=effects[key],
            draws=(_sum(unchanged_counts), _sum(afters)),
            p_holm=p,
        )


def _sum(counts: Sequence[Count]) -> Count:
    return Count(sum(count.k for count in counts), sum(count.n for count in counts))


def _start_check(state: CellState, of_parents: Sequence[Curve], measure: str) -> StartCheck | None:
    """None where no child starts over. Of a cell whose index picks the request, drawn parents would be no sample."""
    children = _sum([curve.counts[0] for curve in of_parents if _n(curve, 0)])
    cell = state.tally.measures.get(measure, Count())
    if not children.n or not cell.n:
        return None
    apart = difference(children.k, children.n, cell.k, cell.n)
    return StartCheck(children, cell, apart, fisher(children.k, children.n, cell.k, cell.n))
