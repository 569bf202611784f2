"""Which rivals a grid cannot part, and what to sweep that it could; which it does not test."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hanlon.analysis.hypotheses.matrix import Matrix, would_part
from hanlon.analysis.hypotheses.printed.overrides import overrides_of
from hanlon.analysis.hypotheses.schema import Hypothesis

EXAMPLES = 2


def separation_notes(matrix: Matrix) -> Iterator[str]:
    """Which rivals a grid cannot part, wholly or in one direction, and what to sweep that would."""
    by_name: dict[str, Hypothesis] = {h.name: h for h in matrix.hypotheses}
    for group in matrix.groups:
        for a, b in pairwise(group):
            parting = would_part(by_name[a], by_name[b])
            what = " or ".join(overrides_of(p, matrix.grid.no_effect) for p in parting[:EXAMPLES])
            what = f"what would: {what}" if parting else "nothing that they predict would"
            yield f"This grid cannot part {a} and {b}; {what}."
    if matrix.unparted:
        yield (
            "Not opposed in any contrast of this grid, so that both may stand, while each can be ruled out by its "
            f"own predictions: {'; '.join(_unopposed(matrix))}."
        )


def untested_notes(matrices: Sequence[Matrix]) -> Iterator[str]:
    """The hypotheses that none of the grids tests, with what to sweep that would."""
    spoken = {h.name for matrix in matrices for h in matrix.hypotheses if h.name not in matrix.silent}
    needs = {
        h.name: list(dict.fromkeys(overrides_of(p, matrix.grid.no_effect) for p in h.predicts))[:EXAMPLES]
        for matrix in matrices
        for h in matrix.hypotheses
        if h.name not in spoken
    }
    for name, sweeps in needs.items():
        yield f"{name} is not tested; what would: {' or '.join(sweeps)}."


def _unopposed(matrix: Matrix) -> Iterator[str]:
    """The pairs, gathered by the first of them; `all others` where it is so."""
    speaking = [h.name for h in matrix.hypotheses if h.name not in matrix.silent]
    left = set(matrix.unparted)
    for name in speaking:
        own = [b if a == name else a for a, b in left if name in (a, b)]
        if len(own) == len(speaking) - 1 and len(own) > 1:
            yield f"{name} and all others"
            left = {pair for pair in left if name not in pair}
    for name in speaking:
        own = [b for a, b in sorted(left) if a == name]
        if own:
            yield f"{name} and {', '.join(own)}"
