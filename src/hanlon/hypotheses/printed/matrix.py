"""The prediction matrix for people: whole as Markdown, or short for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hanlon.analysis.tables import render
from hanlon.hypotheses.matrix import Claimed, Matrix, would_part
from hanlon.hypotheses.printed.rows import matrix_rows
from hanlon.hypotheses.printed.wording import contrast_text, overrides_of
from hanlon.hypotheses.schema import Hypothesis
from hanlon.store.cells import model_name

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


SIGNS = "+ rises, - falls, 0 no effect beyond the margin, two signs: either; empty: nothing is predicted"


def matrix_markdown(matrix: Matrix) -> str:
    """Every contrast of the grid, by its cells, against every hypothesis."""
    rows = [{name: str(value) for name, value in row.items()} for row in matrix_rows(matrix)]
    if not rows:
        return "No hypothesis predicts anything of these cells."
    return render([], rows, "markdown", title="predictions of this grid")


def matrix_lines(matrices: Sequence[Matrix]) -> Iterator[str]:
    """For each different matrix a table, one row for all contexts of a contrast, and what it cannot part or test."""
    models: dict[tuple[str, ...], list[str]] = {}
    for matrix in matrices:
        record = matrix.grid.cells[0].record
        models.setdefault(tuple(_lines(matrix)), []).append(f"{model_name(record)} ({record.protocol})")
    for lines, names in models.items():
        if lines:
            yield f"Predictions of {', '.join(names)}: {SIGNS}."
            yield from lines


def _lines(matrix: Matrix) -> Iterator[str]:
    speaking = [group for group in matrix.groups if group[0] not in matrix.silent]
    if speaking:
        yield "  ".join(f"{number} {' or '.join(group)}" for number, group in enumerate(speaking, start=1))
        numbers = {group[0]: str(number) for number, group in enumerate(speaking, start=1)}
        title = f"env={matrix.grid.cells[0].record.env}"
        yield render([], [_row(matrix, own, numbers) for own in _folded(matrix)], "table", title=title)
    yield from separation_notes(matrix)
    yield from untested_notes([matrix])


def _folded(matrix: Matrix) -> list[list[Claimed]]:
    by_selector: dict[str, list[Claimed]] = {}
    for claim in matrix.claims:
        by_selector.setdefault(claim.prediction.selector, []).append(claim)
    return list(by_selector.values())


def _row(matrix: Matrix, own: list[Claimed], numbers: dict[str, str]) -> dict[str, str]:
    found = list({claim.instance.key: claim.instance for claim in own}.values())
    said = {claim.hypothesis.name: "".join(sorted(claim.prediction.allowed)) for claim in own}
    return {
        "contrast": contrast_text(own[0].prediction, found, matrix.grid.no_effect),
        "contexts": str(len(found)),
        **{number: said.get(name, "") for name, number in numbers.items()},
    }
