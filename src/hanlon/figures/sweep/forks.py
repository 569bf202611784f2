"""Where it was decided: the rate by turn over parents with its band, each parent's own curve, and the jumps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.layout import USUAL, Layout
from hanlon.figures.names import readable
from hanlon.figures.theme import BLUE, FAINT, GREY, VERMILION, finished, lettering, panel, tooltips
from hanlon.fork.jumps import ForkReport
from hanlon.fork.tables import fork_answer
from hanlon.store.cells import model_name

WIDTH, HEIGHT, BELOW = 380, 190, 110
"""Pixels of a plot: of the curves, and of the jumps below."""
MOST = 8
"""The most cells of a figure."""
RATE, PARENT, JUMP = "rate over parents", "one parent", "jump"
COLUMNS = (
    "panel", "answer", "quantity", "parent", "turn", "rate", "low", "high", "label", "k", "n", "parents", "claimed",
    "measure", "key", "whose",
)  # fmt: skip
TOOLTIP = {"turn": "", "label": "", "parents": "", "rate": ".1%", "low": ".1%", "high": ".1%"}


def fork_points(reports: Sequence[ForkReport]) -> Frame:
    """A row for each turn over parents, for each turn of each parent, and for each jump, where several turns are."""
    rows = [row for report in reports if len(report.turns) > 1 for row in _rows(report)]
    return table(rows, COLUMNS)


def _rows(report: ForkReport) -> Iterator[dict[str, Any]]:
    record = report.state.record
    model = model_name(record).removeprefix("openrouter/")
    empty = dict.fromkeys(COLUMNS)
    shared = empty | {
        "panel": f"{model}, {record.protocol}: {record.label}, parents that came out as {report.outcome}",
        "answer": fork_answer(report), "measure": report.measure, "key": record.key,
        "whose": SIMULATED if record.simulated else SWEEP,
    }  # fmt: skip
    for row in report.turns:
        count, rate = row.count, row.rate
        over = {
            "turn": row.turn,
            "parents": rate.clusters,
            "k": count.k,
            "n": count.n,
            "label": f"{count.k}/{count.n}",
        }
        yield shared | over | {"quantity": RATE, "rate": rate.value, "low": rate.lo, "high": rate.hi}
        if row.jump is not None:
            jump = row.jump
            moved = {"turn": row.turn + 0.5, "rate": jump.value, "low": jump.lo, "high": jump.hi}
            said = {"label": f"{100 * jump.value:+.0f}", "parents": jump.clusters, "claimed": row.is_claimed}
            yield shared | moved | said | {"quantity": JUMP}
    for curve in report.curves:
        for turn, count in sorted(curve.counts.items()):
            if count.n:
                one = {
                    "turn": turn,
                    "rate": count.k / count.n,
                    "k": count.k,
                    "n": count.n,
                    "label": f"{count.k}/{count.n}",
                }
                yield shared | one | {"quantity": PARENT, "parent": f"episode {curve.index}"}


def fork_curves(points: Frame, title: str, layout: Layout = USUAL) -> Any:
    """Panels of curves and jumps, one above the other, for the rows of `fork_points`.

    Raises:
        NothingToDraw: there is no row.
    """
    require(points, "no episode was forked at several turns: hanlon fork RUNS at=turns")
    names = unique(points["panel"])
    panels = [points[points["panel"] == name] for name in names[:MOST]]
    columns = layout.columns(WIDTH, min(2, len(panels)))
    drawn = [_panel(rows, layout) for rows in panels]
    notes = [
        "Above: the rate at which children that keep so many replies come out, blue over parents with its 95% band, "
        "grey for each parent. Below: what each reply moves it by, in points, with 95% intervals; red where p Holm is "
        "below 0.05.",
        *(f"{rows['panel'].iloc[0]}: {rows['answer'].iloc[0]}" for rows in panels),
    ]
    if len(names) > MOST:
        notes.append(f"{len(names) - MOST} more are not drawn; `hanlon fork` lists them.")
    chart = alt.concat(*drawn, columns=columns, spacing=24)
    return finished(chart, title, notes, layout, columns * (WIDTH + 60), simulated(points))


def _panel(rows: Frame, layout: Layout) -> Any:
    last = int(max(rows["turn"]) + 0.5)
    width = layout.plot(WIDTH, max(150, 22 * (last + 1)))
    x = alt.X(
        "turn:Q", title=layout.names.shown("replies kept of the parent"),
        axis=alt.Axis(values=list(range(last + 1)), format="d", grid=False),
        scale=alt.Scale(domain=[-0.35, last + 0.35], nice=False, zero=False),
    )  # fmt: skip
    above = panel(
        _curves(rows, x, layout), width, HEIGHT, rows["panel"].iloc[0], simulated(rows),
        replace(layout, page=width + 50),
    )  # fmt: skip
    jumps = rows[rows["quantity"] == JUMP]
    if not len(jumps):
        return above
    return alt.vconcat(above, panel(_jumps(jumps, x), width, BELOW, "", False, layout), spacing=8)


def _curves(rows: Frame, x: Any, layout: Layout) -> list[Any]:
    y = alt.Y(
        "rate:Q", title=layout.names.shown(readable(rows["measure"].iloc[0])),
        scale=alt.Scale(domain=[0, 1.08], nice=False), axis=alt.Axis(format="~%", values=[0, 0.25, 0.5, 0.75, 1]),
    )  # fmt: skip
    over, each = rows[rows["quantity"] == RATE], rows[rows["quantity"] == PARENT]
    base = alt.Chart(over).encode(x=x, tooltip=tooltips(over, TOOLTIP))
    parents = alt.Chart(each).mark_line(strokeWidth=0.8, opacity=0.55, color=GREY)
    return [
        parents.encode(x=x, y=y, detail="parent:N"),
        base.mark_area(opacity=0.2, color=BLUE).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=2, color=BLUE).encode(y=y),
        base.mark_point(filled=True, size=44, opacity=1, color=BLUE).encode(y=y),
        lettering(base, align="center", baseline="bottom", dy=-6, y="rate:Q", text="label:N"),
    ]


def _jumps(jumps: Frame, x: Any) -> list[Any]:
    reach = min(1.0, max(0.1, float(max(jumps["high"].max(), -jumps["low"].min())))) * 1.15
    y = alt.Y(
        "rate:Q", title="jump", axis=alt.Axis(format="~%", tickCount=4),
        scale=alt.Scale(domain=[-reach if jumps["low"].min() < 0 else 0, reach], nice=False),
    )  # fmt: skip
    shade = alt.condition("datum.claimed", alt.value(VERMILION), alt.value(GREY))
    base = alt.Chart(jumps).encode(x=x, tooltip=tooltips(jumps, TOOLTIP))
    return [
        alt.Chart(jumps).mark_rule(color=FAINT, strokeWidth=0.8).encode(y=alt.datum(0)),
        base.mark_rule(strokeWidth=1.4).encode(y=alt.Y("low:Q"), y2="high:Q", color=shade),
        base.mark_point(filled=True, size=44, opacity=1).encode(y=y, color=shade),
        lettering(base, baseline="middle", dx=7, y="rate:Q", text="label:N"),
    ]
