"""The prediction matrix for people: whole as Markdown, or short for a terminal."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.hypotheses.matrix import Claimed, Matrix
from hanlon.analysis.hypotheses.printed.prediction_text import contrast_text
from hanlon.analysis.hypotheses.printed.rows import matrix_rows
from hanlon.analysis.hypotheses.printed.separation import separation_notes, untested_notes
from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import render

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
