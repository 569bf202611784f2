"""The tables of `hanlon gaps`: differences in points where printed, fractions in [-1, 1] in JSON and CSV."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hanlon.analysis.gaps.detectors import detector_columns, detector_rows
from hanlon.analysis.gaps.reasoning import LabelShare
from hanlon.analysis.gaps.rows import ANY, GapRow, PairRow, SwapRow
from hanlon.analysis.gaps.split import SplitRow
from hanlon.analysis.stats.by_request import BOOTSTRAP
from hanlon.analysis.stats.comparison import Comparison
from hanlon.analysis.stats.differences import difference
from hanlon.analysis.stats.rates import wilson
from hanlon.analysis.tables import Column, p_value, plain, plain_rows, points, points_interval, printed
from hanlon.store.tally import Count

INTERVAL = "95% interval"
REASONING = "reasoning"
JUDGED = (REASONING, "with / without", "confused")
"""Columns that a judge fills."""

PAIR: tuple[Column[PairRow], ...] = (
    Column("env", lambda row: row.pair.first.record.env),
    plain("cell", lambda row: row.pair.cell),
    plain("model", lambda row: row.model, once=True, heads=True),
    Column("first", lambda row: row.pair.tiers[0]),
    Column("second", lambda row: row.pair.tiers[1]),
    printed("tiers", lambda row: " - ".join(row.pair.tiers)),
)
"""Which cells a row is about."""
MEASURE: Column[PairRow] = plain("measure", lambda row: row.measure, once=True)
DIFFERENCE: tuple[Column[GapRow | SplitRow], ...] = (
    Column("k", lambda row: [count.k for count in row.counts]),
    Column("n", lambda row: [count.n for count in row.counts]),
    printed(
        "k/n", lambda row: " - ".join(f"{count.k}/{count.n}" for count in row.counts), right=True, fixed=True
    ),
    plain("requests", lambda row: row.comparison.units, once=True),
    Column(
        "gap", lambda row: row.comparison.difference.value, lambda row: gap_points(row.comparison), fixed=True
    ),
    Column("lo", lambda row: row.comparison.difference.lo),
    Column("hi", lambda row: row.comparison.difference.hi),
    Column("method", lambda row: row.comparison.difference.method),
    printed(INTERVAL, lambda row: interval_text(row.comparison), fixed=True),
    Column("p", lambda row: _p(row.comparison), lambda row: _p_text(row)),
    Column("unpaired", lambda row: _unpaired(row.counts)),
)

GAPS: tuple[Column[GapRow], ...] = (
    *PAIR,
    plain("differ", lambda row: "+".join(row.pair.differ) or "word", once=True),
    MEASURE,
    *DIFFERENCE,
    Column("mcnemar_p", lambda row: row.mcnemar_p),
    Column(
        "counted_otherwise",
        lambda row: {measure: gap_fields(gap) for measure, gap in row.otherwise.items()},
    ),
    Column("excluded", lambda row: [dict(cell.state.tally.excluded) for cell in row.pair.cells]),
    Column("exclusion_bounds", lambda row: row.exclusion_bounds),
    Column("unparsed", lambda row: list(row.unparsed)),
    Column("unparsed_bounds", lambda row: row.unparsed_bounds),
    Column(
        REASONING,
        lambda row: [_share_fields(share) for share in row.reasoning],
        lambda row: str(row.reasoning[0]),
        once=True,
    ),
    Column("behind", lambda row: _parts_fields(row)),
    printed("with / without", lambda row: _parts_text(row), once=True),
    Column(
        "confusion",
        lambda row: {
            name: [_share_fields(share) for share in shares] for name, shares in row.confusion.items()
        },
    ),
    printed("confused", lambda row: " - ".join(map(str, row.confusion.get(ANY, ["not judged"]))), once=True),
    plain("reading", lambda row: row.reading),
    Column(
        "gate",
        lambda row: {
            "holds": row.gate.holds,
            "refused": row.gate.refused,
            "n": row.gate.n,
            "says": str(row.gate),
        },
        lambda row: str(row.gate).removeprefix("gate "),
        once=True,
    ),
    Column("tags", lambda row: _detectors(row)),  # a field keeps its name
    Column("simulated", lambda row: row.pair.first.record.simulated),
    Column("keys", lambda row: [cell.record.key for cell in row.pair.cells]),
)

SWAPS: tuple[Column[SwapRow], ...] = (
    *PAIR,
    Column("swapped", lambda row: list(row.swapped.tiers), lambda row: " - ".join(row.swapped.tiers)),
    MEASURE,
    printed("requests", lambda row: str(row.facts.units), once=True),
    Column("facts", lambda row: gap_fields(row.facts)),
    Column("words", lambda row: gap_fields(row.words)),
    printed("by the facts", lambda row: f"{gap_points(row.facts)} {interval_text(row.facts)}"),
    printed("by the words", lambda row: f"{gap_points(row.words)} {interval_text(row.words)}"),
)


def gap_columns(rows: Sequence[GapRow]) -> list[Column[GapRow]]:
    """The printed columns of these rows, without those that a judge fills where no judge has looked.

    The share of replies with the declared motive stands under the name of that motive.
    """
    empty = {
        column.name
        for column in GAPS
        if column.name in JUDGED and column.text and {*map(column.text, rows)} <= {"not judged", "-"}
    }
    names = " or ".join(dict.fromkeys(row.motive for row in rows if row.motive)) or REASONING
    return [
        replace(column, name=names) if column.name == REASONING else column
        for column in GAPS
        if column.name not in empty
    ]


def split_columns(column: str) -> tuple[Column[SplitRow], ...]:
    """The columns of a split by that column of the episodes."""
    return (
        *PAIR,
        MEASURE,
        Column("column", lambda row: row.column),
        Column("value", lambda row: row.value),
        printed(column, lambda row: "yes" if row.value else "no"),
        *DIFFERENCE,
        Column("association", lambda row: True),
    )


def gap_points(gap: Comparison) -> str:
    """A gap in points."""
    return points(gap.difference.value)


def interval_text(gap: Comparison) -> str:
    """A gap's interval in points; `n` marks one that is no bootstrap over requests."""
    if not gap.units:
        return "-"
    mark = "" if gap.difference.method == BOOTSTRAP else " n"
    return points_interval(gap.difference.lo, gap.difference.hi) + mark


def gap_fields(gap: Comparison) -> dict[str, Any]:
    """A gap as plain values."""
    difference = gap.difference
    fields = {"gap": difference.value, "lo": difference.lo, "hi": difference.hi}
    return {**fields, "method": difference.method, "requests": gap.units}


def _detectors(row: GapRow) -> list[dict[str, Any]]:
    """Both cells of a pair by the two detectors that their environment declares."""
    crossed = detector_rows(row.pair.cells)
    return plain_rows(detector_columns(crossed[0].detectors), crossed) if crossed else []


def _p(gap: Comparison) -> float | None:
    return gap.p if gap.units else None


def _p_text(row: GapRow | SplitRow) -> str:
    exact = row.mcnemar_p if isinstance(row, GapRow) else None
    return p_value(_p(row.comparison)) + (f" ({p_value(exact)})" if exact is not None else "")


def _unpaired(counts: tuple[Count, Count]) -> list[float]:
    """The interval if the episodes of the tiers were independent."""
    first, second = counts
    interval = difference(first.k, first.n, second.k, second.n)
    return [interval.lo, interval.hi]


def _share_fields(share: LabelShare) -> dict[str, Any]:
    lo, hi = wilson(share.yes, share.n)
    return {
        "yes": share.yes,
        "maybe": share.maybe,
        "n": share.n,
        "lo": lo,
        "hi": hi,
        "unobservable": share.unobservable,
        "unscored": share.unscored,
        "says": str(share),
    }


def _parts_fields(row: GapRow) -> dict[str, Any] | None:
    parts = row.parts
    return parts and {
        "with_reasoning": gap_fields(parts.backed),
        "without_reasoning": gap_fields(parts.unbacked),
        "not_scored": gap_fields(parts.unscored),
        "with_reasoning_or_maybe": gap_fields(parts.backed_with_maybe),
    }


def _parts_text(row: GapRow) -> str:
    """Both parts of a gap; nothing where no reasoning was seen."""
    if row.parts is None or not any(share.n for share in row.reasoning):
        return "-"
    return f"{gap_points(row.parts.backed)} / {gap_points(row.parts.unbacked)}"
