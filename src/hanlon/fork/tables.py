"""What `hanlon fork` prints: the answer, the curve over parents, each parent's largest jump, changes, and notes."""

from collections.abc import Iterator, Sequence
from typing import Any

from hanlon.analysis.paragraphs import counted
from hanlon.analysis.stats.clusters import ClusterMean
from hanlon.analysis.tables import (
    WHOLE,
    Column,
    TableFormat,
    TableView,
    p_value,
    plain,
    points,
    points_interval,
    printed,
    render_table,
)
from hanlon.analysis.views import views_of
from hanlon.fork.jumps import ChangeRow, ForkReport, ParentRow, TurnRow
from hanlon.fork.stored import named_change
from hanlon.store.cells import model_name
from hanlon.store.tally import Count

METHOD = (
    "Turn t keeps the first t replies of a parent; the jump of a reply is the rate at the turn after it less that at "
    "the turn before it, in points, and left is what the rate lacks where that reply is the last. Over parents the "
    "parent is the unit: t intervals of the parents' own differences, and of rates the score interval at the effective "
    "number of draws. p Holm is corrected over the turns, over all replies of all parents, or over the changes of a "
    "table."
)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _rate(mean: ClusterMean) -> str:
    return f"{_percent(mean.value)} [{100 * mean.lo:.1f}%, {100 * mean.hi:.1f}%]"


def _apart(mean: ClusterMean | None) -> str:
    return "-" if mean is None else f"{points(mean.value)} {points_interval(mean.lo, mean.hi)}"


def _share(count: Count) -> str:
    return f"{count.k}/{count.n}"


TURNS: tuple[Column[TurnRow], ...] = (
    plain("turn", lambda row: row.turn, fixed=True),
    printed("parents", lambda row: str(row.rate.clusters), right=True),
    printed("children", lambda row: _share(row.count), right=True),
    printed("rate", lambda row: _rate(row.rate)),
    printed("jump", lambda row: _apart(row.jump)),
    printed("p Holm", lambda row: p_value(row.p_holm), right=True),
    printed(
        "left",
        lambda row: "-" if row.left is None else points(row.left),
        right=True,
    ),
)
PARENTS: tuple[Column[ParentRow], ...] = (
    plain("episode", lambda row: row.curve.index, fixed=True),
    printed("replies", lambda row: str(row.curve.replies), right=True),
    printed("reply", lambda row: str(row.reply + 1), right=True),
    printed("before", lambda row: _share(row.before), right=True),
    printed("after", lambda row: _share(row.after), right=True),
    printed(
        "jump",
        lambda row: f"{points(row.jump.value)} {points_interval(row.jump.lo, row.jump.hi)}",
    ),
    printed("p Holm", lambda row: p_value(row.p_holm), right=True),
)
CHANGES: tuple[Column[ChangeRow], ...] = (
    plain("point", lambda row: row.point, fixed=True),
    printed("turns", lambda row: _span(row.turns), right=True),
    printed("change", lambda row: named_change(row.change, row.said_by)),
    printed("parents", lambda row: str(row.difference.clusters), right=True),
    printed("unchanged", lambda row: f"{_share(row.draws[0])} = {_percent(row.unchanged.value)}"),
    printed("changed", lambda row: f"{_share(row.draws[1])} = {_percent(row.changed.value)}"),
    printed("difference", lambda row: _apart(row.difference)),
    printed("p", lambda row: p_value(row.difference.p), right=True),
    printed("p Holm", lambda row: p_value(row.p_holm), right=True),
)


def _span(turns: tuple[int, int]) -> str:
    return str(turns[0]) if turns[0] == turns[1] else f"{turns[0]}-{turns[1]}"


def fork_tables(report: ForkReport, table_format: TableFormat, view: TableView = WHOLE) -> Iterator[str]:
    """The tables that have rows, and a column that the view asks for.

    Raises:
        NoSuchColumn: no table has a column that the view names.
    """
    of = f"{report.measure}, parents that came out as {report.outcome}"
    turns, parents, changes = views_of(view, [TURNS, PARENTS, CHANGES])
    if report.turns and turns:
        yield render_table(
            TURNS, report.turns, table_format, f"by turn: what the next reply moves; {of}", turns
        )
    if len(report.parents) > 1 and parents:
        yield render_table(
            PARENTS, report.parents, table_format, f"largest jump of each parent; {of}", parents
        )
    if report.changes and changes:
        yield render_table(CHANGES, report.changes, table_format, f"change against no change; {of}", changes)


def fork_answer(report: ForkReport) -> str:
    """Where the largest jump is, or that none is told from chance; then what the largest change did."""
    record, largest = report.state.record, report.largest
    name = f"{report.measure.replace('_', ' ').capitalize()} of {model_name(record)} in {record.label}"
    said: list[str] = []
    if largest is not None and largest.jump is not None:
        over = f"over {counted(largest.jump.clusters, 'parent')}"
        rates = {row.turn: row.rate.value for row in report.turns}
        moved = f"reply {largest.turn + 1}, {_apart(largest.jump)} points, p Holm {p_value(largest.p_holm)}"
        if largest.is_claimed:
            said.append(
                f"{name} jumps with {moved}: from {_percent(rates[largest.turn])} before it to "
                f"{_percent(rates[largest.turn + 1])} after it, {over}."
            )
        else:
            said.append(
                f"{name} is moved by no reply that can be told from chance, {over}; the most by {moved}."
            )
        said += [f"{_alike(report)}"] * (len(report.parents) > 1)
    else:
        said.append(f"{name}: {counted(report.children, 'child', 'children')} of {_parents(report)}.")
    strongest = max(report.changes, key=lambda row: abs(row.difference.value), default=None)
    if strongest is not None:
        verb = "moves" if strongest.p_holm < 0.05 else "does not measurably move"
        said.append(
            f"{named_change(strongest.change, strongest.said_by)} at {strongest.point} {verb} it: "
            f"{_apart(strongest.difference)} points, p Holm {p_value(strongest.p_holm)}."
        )
    return " ".join(said)


def _parents(report: ForkReport) -> str:
    return counted(len({curve.index for curve in report.curves}), "parent")


def _alike(report: ForkReport) -> str:
    """In how many parents the largest jump is told from chance, and at which replies."""
    claimed = [row for row in report.parents if row.is_claimed]
    replies = sorted({row.reply + 1 for row in claimed})
    where = f" (reply {', '.join(map(str, replies))})" if replies else ""
    return f"By itself it is told in {len(claimed)} of {len(report.parents)} parents{where}."


def fork_notes(report: ForkReport) -> Iterator[str]:
    """What changes how the tables are read."""
    yield f"Parents: {report.drawn}. Rates by turn are of these, and of others only as far as these are a sample."
    if report.start is not None:
        start = report.start
        word = "agree with" if start.agrees else "DIFFER from"
        yield (
            f"Check: children that keep no reply {word} their cell: {_share(start.children)} and {_share(start.cell)}, "
            f"{points(start.difference.value)} {points_interval(start.difference.lo, start.difference.hi)} points, p "
            f"{p_value(start.p)}."
            + (
                ""
                if start.agrees
                else " Something besides the kept replies differs; read no jump before that is found."
            )
        )
    if len({curve.index for curve in report.curves}) == 1:
        yield "One parent is a case study: its intervals are of its draws, and say nothing of other episodes."
    for note in report.state.record.notes:
        yield f"{model_name(report.state.record)}: {note}."
    if report.excluded:
        yield f"{report.excluded} of {report.children} children are excluded from n by what the machinery did."


def fork_rows(reports: Sequence[ForkReport]) -> list[dict[str, Any]]:
    """Every number for a program: rows of the kinds turn, parent and change with the same fields."""
    return [row for report in reports for row in _rows(report)]


def _rows(report: ForkReport) -> Iterator[dict[str, Any]]:
    record = report.state.record
    shared: dict[str, Any] = {
        "cell": record.label, "key": record.key, "model": model_name(record), "measure": report.measure,
        "parents_outcome": report.outcome,
    }  # fmt: skip
    for turn in report.turns:
        yield (
            shared
            | _row("turn", turn=turn.turn, count=turn.count, rate=turn.rate, effect=turn.jump)
            | {
                "p_holm": turn.p_holm,
                "left_to_last": turn.left,
            }
        )
    for parent in report.parents:
        row = _row("parent", turn=parent.reply, count=parent.before)
        yield shared | row | {
            "parent": parent.curve.index, "parents": 1, "effect": parent.jump.value, "effect_low": parent.jump.lo,
            "effect_high": parent.jump.hi, "p_holm": parent.p_holm,
        }  # fmt: skip
    for change in report.changes:
        row = _row(
            "change",
            turn=change.turns[0],
            count=change.draws[1],
            rate=change.changed,
            effect=change.difference,
        )
        yield shared | row | {
            "point": change.point, "change": change.change, "said_by": change.said_by, "p_holm": change.p_holm,
        }  # fmt: skip


def _row(
    kind: str, *, turn: int, count: Count, rate: ClusterMean | None = None, effect: ClusterMean | None = None
) -> dict[str, Any]:
    return {
        "kind": kind, "point": None, "turn": turn, "change": None, "said_by": None, "parent": None,
        "parents": rate.clusters if rate else None, "k": count.k, "n": count.n, "rate": rate.value if rate else None,
        "low": rate.lo if rate else None, "high": rate.hi if rate else None, "effect": effect.value if effect else None,
        "effect_low": effect.lo if effect else None, "effect_high": effect.hi if effect else None,
        "p": effect.p if effect else None, "p_holm": None, "left_to_last": None,
    }  # fmt: skip
