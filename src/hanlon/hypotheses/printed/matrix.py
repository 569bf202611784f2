"""The prediction matrix for people: whole as Markdown, or short for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hanlon.analysis.tables import Column, printed, render_table
from hanlon.hypotheses.matrix import Claimed, Matrix, turned, would_part
from hanlon.hypotheses.printed.wording import contrast_text, overrides_of
from hanlon.hypotheses.schema import Direction, Hypothesis
from hanlon.store.cells import model_name

EXAMPLES = 2
SIGNS = "+ rises, - falls, 0 no effect beyond the margin, two signs: either; empty: nothing is predicted"


def separation_notes(matrix: Matrix) -> Iterator[str]:
    """Which rivals a grid cannot part, wholly or in one direction, and what to sweep that would."""
    by_name: dict[str, Hypothesis] = {h.name: h for h in matrix.hypotheses}
    for group in matrix.groups:
        for a, b in pairwise(group):
            parting = would_part(by_name[a], by_name[b])
            sweeps = " or ".join(overrides_of(p, matrix.grid.no_effect) for p in parting[:EXAMPLES])
            remedy = f"what would: {sweeps}" if parting else "nothing that they predict would"
            yield f"This grid cannot part {a} and {b}; {remedy}."
    if matrix.unparted:
        yield (
            "No contrast of this grid opposes these, so both may stand; each can still be ruled out by its own "
            f"predictions: {'; '.join(_unopposed(matrix))}."
        )


def untested_notes(matrices: Sequence[Matrix]) -> Iterator[str]:
    """The hypotheses that none of the grids tests, with what to sweep that would."""
    tested = {h.name for matrix in matrices for h in matrix.hypotheses if h.name not in matrix.silent}
    sweeps = {
        h.name: list(dict.fromkeys(overrides_of(p, matrix.grid.no_effect) for p in h.predicts))[:EXAMPLES]
        for matrix in matrices
        for h in matrix.hypotheses
        if h.name not in tested
    }
    for name, examples in sweeps.items():
        yield f"{name} is not tested; what would: {' or '.join(examples)}."


def _unopposed(matrix: Matrix) -> Iterator[str]:
    """The pairs, gathered by the first of them; `all others` where it is so."""
    speaking = [h.name for h in matrix.hypotheses if h.name not in matrix.silent]
    left = set(matrix.unparted)
    for name in speaking:
        partners = [b if a == name else a for a, b in left if name in (a, b)]
        if len(partners) == len(speaking) - 1 and len(partners) > 1:
            yield f"{name} and all others"
            left = {pair for pair in left if name not in pair}
    for name in speaking:
        partners = [b for a, b in sorted(left) if a == name]
        if partners:
            yield f"{name} and {', '.join(partners)}"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What the hypotheses predict of a contrast, or of all contexts of one."""

    contrast: str
    measure: str
    contexts: int
    allowed: dict[str, frozenset[Direction]]

    def signs(self, name: str) -> str:
        """The directions that a hypothesis allows; empty where it says nothing."""
        return "".join(sorted(self.allowed.get(name, ())))


def _sign_column(heading: str, hypothesis: str) -> Column[MatrixRow]:
    return printed(heading, lambda row: row.signs(hypothesis))


def matrix_markdown(matrix: Matrix) -> str:
    """Every contrast of the grid, by its cells, against every hypothesis."""
    if not matrix.claims:
        return "No hypothesis predicts anything of these cells."
    columns: list[Column[MatrixRow]] = [
        printed("contrast", lambda row: row.contrast),
        printed("measure", lambda row: row.measure),
        *(_sign_column(" or ".join(group), group[0]) for group in matrix.speaking),
    ]
    return render_table(columns, matrix_rows(matrix), "markdown", "predictions of this grid")


def matrix_rows(matrix: Matrix) -> list[MatrixRow]:
    """A row for each contrast, the way round that its first prediction has it."""
    first: dict[tuple[Any, ...], Claimed] = {}
    for claim in matrix.claims:
        first.setdefault(claim.column, claim)
    rows: list[MatrixRow] = []
    for column, claim in first.items():
        allowed = matrix.columns[column]
        if column != claim.instance.key:
            allowed = {name: turned(sides) for name, sides in allowed.items()}
        rows.append(MatrixRow(claim.instance.label, claim.instance.measure, 1, allowed))
    return rows


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
    if speaking := list(enumerate(matrix.speaking, start=1)):
        yield "  ".join(f"{number} {' or '.join(group)}" for number, group in speaking)
        columns: list[Column[MatrixRow]] = [
            printed("contrast", lambda row: row.contrast),
            printed("contexts", lambda row: str(row.contexts)),
            *(_sign_column(str(number), group[0]) for number, group in speaking),
        ]
        title = f"env={matrix.grid.cells[0].record.env}"
        yield render_table(columns, list(_rows_by_selector(matrix)), "table", title)
    yield from separation_notes(matrix)
    yield from untested_notes([matrix])


def _rows_by_selector(matrix: Matrix) -> Iterator[MatrixRow]:
    """A row for all contexts of a contrast, as the predictions have it."""
    by_selector: dict[str, list[Claimed]] = {}
    for claim in matrix.claims:
        by_selector.setdefault(claim.prediction.selector, []).append(claim)
    for claims in by_selector.values():
        contexts = len({claim.instance.key for claim in claims})
        allowed = {claim.hypothesis.name: claim.prediction.allowed for claim in claims}
        contrast = contrast_text(claims, matrix.grid.no_effect)
        yield MatrixRow(contrast, claims[0].prediction.measure, contexts, allowed)
