"""The prediction matrix: rivals by the contrasts of a grid, which of them it cannot part, and what would."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from hanlon.analysis.contrasts.grid import Grid
from hanlon.hypotheses.schema import Direction, Hypothesis, Prediction
from hanlon.hypotheses.selection import Instance, Selector

_OPPOSITE: Mapping[Direction, Direction] = {"+": "-", "0": "0", "-": "+"}


def turned(allowed: frozenset[Direction]) -> frozenset[Direction]:
    """The same directions, for the contrast from `to` to `from`."""
    return frozenset(_OPPOSITE[side] for side in allowed)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A hypothesis's prediction about one contrast of the grid. `number` is its position in the hypothesis."""

    hypothesis: Hypothesis
    number: int
    prediction: Prediction
    instance: Instance

    @property
    def column(self) -> tuple[Any, ...]:
        """The contrast, whichever way round it was written."""
        return min(self.instance.key, self._turned)

    @property
    def allowed(self) -> frozenset[Direction]:
        """The directions that it allows of the contrast as `column` has it."""
        allowed = self.prediction.allowed
        return allowed if self.column == self.instance.key else turned(allowed)

    @property
    def _turned(self) -> tuple[Any, ...]:
        *cells, measure = self.instance.key
        other = [cells[3], cells[2]] if len(cells) > 2 else []
        return (cells[1], cells[0], *other, measure)


@dataclass(frozen=True)
class Matrix:
    """What each hypothesis predicts of the contrasts of one grid."""

    grid: Grid
    hypotheses: Sequence[Hypothesis]
    claims: Sequence[Claimed]

    @cached_property
    def columns(self) -> dict[tuple[Any, ...], dict[str, frozenset[Direction]]]:
        """By contrast, the directions that each hypothesis allows; what it says nothing of it leaves out."""
        columns: dict[tuple[Any, ...], dict[str, frozenset[Direction]]] = defaultdict(dict)
        for claim in self.claims:
            column, name = columns[claim.column], claim.hypothesis.name
            column[name] = column.get(name, claim.allowed) & claim.allowed
        return dict(columns)

    @cached_property
    def groups(self) -> list[list[str]]:
        """The names of the hypotheses, those together that predict and leave open the same."""
        by_row: dict[frozenset[Any], list[str]] = {}
        for hypothesis in self.hypotheses:
            row = frozenset(
                (claim.column, claim.allowed, claim.prediction.claim)
                for claim in self.claims
                if claim.hypothesis is hypothesis
            )
            row = row and row | set(hypothesis.leaves_open)
            by_row.setdefault(row, []).append(hypothesis.name)
        silent = by_row.pop(frozenset(), [])
        return [*by_row.values(), *([name] for name in silent)]

    @property
    def silent(self) -> list[str]:
        """The hypotheses that predict nothing of this grid."""
        spoken = {claim.hypothesis.name for claim in self.claims}
        return [h.name for h in self.hypotheses if h.name not in spoken]

    @property
    def speaking(self) -> list[list[str]]:
        """The groups whose hypotheses predict something of this grid."""
        return [group for group in self.groups if group[0] not in self.silent]

    @property
    def unparted(self) -> list[tuple[str, str]]:
        """The pairs, of different groups, of which no contrast of the grid has opposed predictions."""
        together = {name: number for number, group in enumerate(self.groups) for name in group}
        names = [h.name for h in self.hypotheses if h.name not in self.silent]
        return [
            (a, b)
            for a, b in combinations(names, 2)
            if together[a] != together[b]
            and not any(a in row and b in row and not row[a] & row[b] for row in self.columns.values())
        ]

    def rivals_allow(self, claim: Claimed) -> frozenset[Direction]:
        """The directions, of the contrast as the claim has it, that other hypotheses allow and it does not."""
        row = self.columns[claim.column]
        others = (sides for name, sides in row.items() if name != claim.hypothesis.name)
        allowed: frozenset[Direction] = frozenset(side for sides in others for side in sides)
        if claim.column != claim.instance.key:
            allowed = turned(allowed)
        return allowed - claim.prediction.allowed


def matrix_of(grid: Grid, hypotheses: Sequence[Hypothesis]) -> Matrix:
    """The matrix of one grid."""
    selector = Selector(grid)
    claims = [
        Claimed(hypothesis, number, prediction, instance)
        for hypothesis in hypotheses
        for number, prediction in enumerate(hypothesis.predicts)
        for instance in selector.find(prediction)
    ]
    return Matrix(grid, hypotheses, claims)


def would_part(a: Hypothesis, b: Hypothesis) -> list[Prediction]:
    """Of all that two hypotheses predict, what would part them.

    Their opposed claims of the same contrasts; where there is none, those of which only one of them says something.
    """
    of_a, of_b = ({p.selector: p for p in hypothesis.predicts} for hypothesis in (a, b))
    both = [selector for selector in of_a if selector in of_b]
    opposed = [of_a[selector] for selector in both if not of_a[selector].allowed & of_b[selector].allowed]
    return opposed or [
        prediction
        for selector, prediction in (*of_a.items(), *of_b.items())
        if selector not in both or of_a[selector].allowed != of_b[selector].allowed
    ]
