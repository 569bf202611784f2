"""The gaps of some cells as text: what a sweep ends with, and what `hanlon gaps` prints."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hanlon.analysis.gaps.detectors import (
    cut_warnings,
    detector_columns,
    detector_names,
    detector_rows,
    detector_warnings,
)
from hanlon.analysis.gaps.gate import NEEDED
from hanlon.analysis.gaps.rows import GapRow, PairRow, SwapRow, gap_rows, swap_rows
from hanlon.analysis.gaps.split import ASSOCIATION, split_rows
from hanlon.analysis.gaps.tables import GAPS, SWAPS, gap_columns, gap_points, interval_text, split_columns
from hanlon.analysis.paragraphs import how_many_show, notes_below, paragraphs
from hanlon.analysis.requests import UNJUDGED, JudgeLabels, RequestCell, request_cells
from hanlon.analysis.stats.by_request import RESAMPLES
from hanlon.analysis.stats.comparison import BY_REQUEST
from hanlon.analysis.tables import SIGN, WHOLE, TableFormat, TableView, points, render_table
from hanlon.store.cells import CellState

Pair = TypeVar("Pair", bound=PairRow)
NO_PAIRS = (
    "No gap: no two cells whose episodes answer requests differ only in tiers of one scheme: sample for instance "
    "tier=free,paid."
)
BY_WHAT = "what a gap follows: the facts of a tier, or its word"
DEGENERATE = (
    "n: every request has the same difference, so the bootstrap has no width; Newcombe's interval for independent "
    "proportions, with n = requests."
)
MCNEMAR = "In brackets the exact p of McNemar's test: every request once in both tiers."
PARTS = (
    "{motive}: episodes of the first tier to which a judge gives that label, cases of the measure or not. With / "
    "without: the parts of the gap from cases with and without the label, over all countable episodes; what was not "
    "scored is in neither part. (+k?): k more are maybe."
)
NO_CONFLICT = (
    f"No conflict: in the gate fewer than {NEEDED:.0%} of the episodes are no case of its measure, so that a gap says "
    "nothing."
)


@dataclass(frozen=True, slots=True)
class GapPage:
    """The gaps of some cells as they are printed; `method` are the notes that do not change how they are read."""

    answer: str
    tables: Sequence[str]
    changing: Sequence[str]
    method: Sequence[str]


def gap_report(states: Sequence[CellState], judged: JudgeLabels = UNJUDGED) -> str:
    """The gaps for the end of a sweep, by the headline rate; empty where no two of the cells make a pair."""
    cells = request_cells(states)
    rows = gap_rows(cells, judged.labels)
    if not rows:
        return ""
    tables = _tables(rows, swap_rows(cells, ()), "table", WHOLE)
    notes = notes_below(_changing(rows, cells, judged), list(gap_notes(rows)), "table", wanted=False)
    return "\n".join([*paragraphs([gaps_answer(rows)]), "", *tables, *notes])


def gap_page(
    states: Sequence[CellState],
    judged: JudgeLabels,
    measures: Sequence[str],
    split: str | None,
    keys: Collection[str],
    table_format: TableFormat,
    view: TableView = WHOLE,
) -> GapPage:
    """All that there is to say of the gaps of the cells of these keys; pairs and gates are sought among all cells.

    Raises:
        KeyError: `split` is nothing that episodes have.
        NoSuchColumn: the view names a column that the table of gaps does not have.
    """
    cells = request_cells(states)
    rows = about(gap_rows(cells, judged.labels, measures), keys)
    if not rows:
        return GapPage(NO_PAIRS, [], [], [])
    tables = [*_tables(rows, about(swap_rows(cells, measures), keys), table_format, view)]
    changing = _changing(rows, cells, judged)
    if split:
        parts = about(split_rows(cells, split, judged.labels, measures), keys)
        tables.append(render_table(split_columns(split), parts, table_format, f"split by {split}") + "\n")
        changing = [*changing, ASSOCIATION.format(column=split)]
    if crossed := [row for row in detector_rows(cells) if row.cell.record.key in keys and not view.columns]:
        pair = crossed[0].detectors
        title = " against ".join(detector_names(pair))
        tables.append(render_table(detector_columns(pair), crossed, table_format, title) + "\n")
    return GapPage(gaps_answer(rows), tables, changing, [*gap_notes(rows)])


def gap_data(
    states: Sequence[CellState],
    judged: JudgeLabels,
    measures: Sequence[str],
    split: str | None,
    keys: Collection[str],
    table_format: TableFormat,
    view: TableView = WHOLE,
) -> str:
    """The rows alone as JSON or CSV, of the split where one is asked for. Raises as `gap_page` does."""
    cells = request_cells(states)
    if split:
        parts = about(split_rows(cells, split, judged.labels, measures), keys)
        return render_table(split_columns(split), parts, table_format, "gaps", view)
    rows = about(gap_rows(cells, judged.labels, measures), keys)
    return render_table(GAPS, rows, table_format, "gaps", view)


def about(rows: Sequence[Pair], keys: Collection[str]) -> list[Pair]:
    """The rows about one of the cells of these keys."""
    return [row for row in rows if any(cell.record.key in keys for cell in row.pair.cells)]


def gaps_answer(rows: Sequence[GapRow]) -> str:
    """In how many pairs of cells a gap is shown, and the largest."""
    shown = [row for row in rows if row.gate.holds is not False and row.comparison.difference.excludes_zero]
    known = [row for row in shown or rows if row.comparison.difference.value is not None]
    answer = how_many_show(len(shown), len(rows), "tier pair", f"a gap in {_measures(rows)}")
    if not known:
        return f"{answer}: no request is in both cells of a pair."
    row = max(known, key=lambda row: abs(row.comparison.difference.value or 0.0))
    counts = " - ".join(f"{count.k}/{count.n}" for count in row.counts)
    gap = f"{gap_points(row.comparison)} points {interval_text(row.comparison)}"
    largest = ":" if len(rows) == 1 else "; the largest:"
    return f"{answer}{largest} {row.name}, {counts}, {gap}: {row.reading}."


def _measures(rows: Sequence[GapRow]) -> str:
    return " or ".join(dict.fromkeys(row.measure.replace("_", " ") for row in rows))


def _tables(
    rows: Sequence[GapRow], swaps: Sequence[SwapRow], table_format: TableFormat, view: TableView
) -> Iterator[str]:
    yield render_table(gap_columns(rows), rows, table_format, "gaps", view) + "\n"
    if swaps and not view.columns:
        yield render_table(SWAPS, swaps, table_format, BY_WHAT) + "\n"


def _changing(rows: Sequence[GapRow], cells: Sequence[RequestCell], judged: JudgeLabels) -> list[str]:
    """What changes how the gaps are read."""
    advice = {str(row.gate) for row in rows if row.gate.holds is None and not row.gate.none}
    return [
        *(note for row in rows for note in _left_out(row)),
        *sorted(f"{text[0].upper()}{text[1:]}." for text in advice),
        *([NO_CONFLICT] if any(row.gate.holds is False for row in rows) else []),
        *([f"Labels by {judged.by}."] if judged.by is not None else []),
        *judged.warnings,
        *detector_warnings(detector_rows(cells)),
        *cut_warnings(cells),
    ]


def gap_notes(rows: Sequence[GapRow]) -> Iterator[str]:
    """How the gaps were made."""
    yield SIGN
    yield (
        "Gap: the measure in the first tier minus in the second; the mean over requests of the difference "
        f"of their repeats. Interval: bootstrap over requests (percentile, {RESAMPLES:,} resamples, fixed seed). "
        "p: sign flips over requests" + (f", not corrected for {len(rows)} rows." if len(rows) > 1 else ".")
    )
    if any(row.comparison.difference.method == BY_REQUEST for row in rows):
        yield DEGENERATE
    if any(row.mcnemar_p is not None for row in rows):
        yield MCNEMAR
    for motive in dict.fromkeys(row.motive for row in rows if row.parts):
        yield PARTS.format(motive=motive)


def _left_out(row: GapRow) -> Iterator[str]:
    """How a gap depends on what was excluded, could not be read, or helped by halves."""
    gap = gap_points(row.comparison)
    value = row.comparison.difference.value
    of = "" if value is None else f" of {gap}"
    excluded = [cell.state.tally.excluded for cell in row.pair.cells]
    if any(excluded):
        yield (
            f"{row.name}: excluded {' and '.join(map(_reasons, excluded))}; the gap{of} is "
            f"{_range(row.exclusion_bounds)} if they had gone one way or the other."
        )
    if any(row.unparsed):
        yield (
            f"{row.name}: {row.unparsed[0]} and {row.unparsed[1]} unparsed replies count as no cases; the gap{of} "
            f"is {_range(row.unparsed_bounds)} if they had been cases in one tier only."
        )
    for measure, other in row.otherwise.items():
        if other.difference.value != value:
            yield (
                f"{row.name}: by {measure} the gap is {gap_points(other)} {interval_text(other)}, by {row.measure} "
                f"{gap}."
            )
    maybe = row.reasoning[0].maybe
    if maybe and row.parts:
        most = gap_points(row.parts.backed_with_maybe)
        yield f"{row.name}: if its {maybe} maybe count as {row.motive}, {most} of the gap is with it."


def _reasons(excluded: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in excluded.items()) or "0"


def _range(bounds: Sequence[float] | None) -> str:
    return "not known" if not bounds else " to ".join(points(bound) for bound in bounds)
