"""The gaps of some cells as text: what a sweep ends with, and what `hanlon gaps` prints."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from hanlon.analysis.gaps.episodes import UNJUDGED, Judged, Labels, RequestCell, request_cells
from hanlon.analysis.gaps.rows import gap_rows, swap_rows
from hanlon.analysis.gaps.splits import split_rows
from hanlon.analysis.gaps.tags import cut_warnings, tag_rows, tag_warnings, tag_words
from hanlon.analysis.gaps.words import gap_notes, gap_table, split_words, swap_words
from hanlon.analysis.tables import CellState, TableFormat, render

ASSOCIATION = (
    "An association, not an effect: {column} was not assigned, and the episodes of either row differ in other "
    "things too. Only requests with such an episode in both tiers are in the gap."
)

NO_PAIRS = "no two cells differ only in tiers of one scheme: sample for instance tier=free,paid"


def gap_report(states: Sequence[CellState], judged: Judged = UNJUDGED) -> str:
    """The gaps for the end of a sweep, by the headline rate; empty where no two of the cells make a pair."""
    return "\n".join(_gaps(request_cells(states), judged, (), "table"))


def gaps_text(
    states: Sequence[CellState],
    table_format: TableFormat,
    measures: Sequence[str] = (),
    split: str | None = None,
    judged: Judged = UNJUDGED,
) -> str:
    """All that there is to say of gaps; JSON and CSV are the rows alone, of the split where one is asked for.

    Raises:
        KeyError: `split` is nothing that episodes have.
    """
    cells, labels = request_cells(states), judged.labels
    if table_format in ("json", "csv"):
        rows = split_rows(cells, split, labels, measures) if split else gap_rows(cells, labels, measures)
        return render(rows, [], table_format, title="gaps")
    blocks = [*_gaps(cells, judged, measures, table_format)] or [NO_PAIRS]
    if split:
        blocks.extend(_split(cells, split, labels, measures, table_format))
    if tags := tag_rows(cells):
        words = [tag_words(row) for row in tags]
        blocks.append(
            "\n" + render(words, words, table_format, title="the tag of an answer against its content")
        )
    return "\n".join(blocks)


def _gaps(
    cells: Sequence[RequestCell], judged: Judged, measures: Sequence[str], table_format: TableFormat
) -> Iterator[str]:
    rows = gap_rows(cells, judged.labels, measures)
    if not rows:
        return
    for _, own in groupby(
        rows, key=lambda row: row["model"]
    ):  # a model's name in each row would fold the rest
        of_model = list(own)
        yield (render(of_model, gap_table(of_model), table_format, title="compliance gaps") + "\n")
    if swaps := swap_rows(cells, measures):
        words = [swap_words(row) for row in swaps]
        yield (
            render(swaps, words, table_format, title="what a gap follows: the facts of a tier, or its word")
            + "\n"
        )
    yield from gap_notes(rows)
    if judged.by is not None:
        yield f"Labels by {judged.by}."
        yield from judged.warnings
    yield from tag_warnings(tag_rows(cells))
    yield from cut_warnings(cells)


def _split(
    cells: Sequence[RequestCell],
    column: str,
    labels: Labels,
    measures: Sequence[str],
    table_format: TableFormat,
) -> Iterator[str]:
    rows = split_rows(cells, column, labels, measures)
    if not rows:
        return
    yield "\n" + render(rows, [split_words(row) for row in rows], table_format, title=f"split by {column}")
    yield ASSOCIATION.format(column=column)
