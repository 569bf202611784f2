"""A figure of rates, described by what it shows; the catalogue of the papers' figures is made of these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hanlon.figures.captions import of_marks
from hanlon.figures.frames import PUBLISHED, SIMULATED, SWEEP, Frame, joined, ranked, unique
from hanlon.figures.layout import USUAL, Layout
from hanlon.figures.points import DEFAULT, holds_value
from hanlon.figures.shapes.bars import grouped_bars, lying_bars, rate_table

Row = Any
"""A row of a frame of points, as `itertuples` gives it."""
Name = Callable[[Row], str]
CONDITION = ("study", "place", "condition", "tier", "paper_measure")
"""What an own row has in common with the published ones that it stands beside."""
SWEEP_PANEL = {
    SWEEP: "Own runs of the same conditions",
    SIMULATED: "Own simulated runs of the same conditions",
}


def _no_remarks(points: Frame) -> Sequence[str]:
    del points
    return ()


@dataclass(frozen=True)
class RateFigure:
    """One figure: which published rows it has, and how a row becomes its panel, group and series.

    `order` is the order of the series in the original, and `groups` that of its groups (else as in the file). `draw` is
    `bars` (upright), `lying` or `table`. The caption has three parts: what the marks mean, `notes`, and `remarks`,
    which are made from the rows. The user's cells have panels of their own.
    """

    name: str
    title: str
    notes: Sequence[str]
    has: Callable[[Row], bool]
    axis: str
    panel: Name
    group: Name = field(default=lambda row: row.model)
    series: Name = field(default=lambda row: row.condition)
    order: Sequence[str] = ()
    groups: Sequence[str] = ()
    draw: str = "bars"
    any_effort: bool = False
    remarks: Callable[[Frame], Sequence[str]] = _no_remarks

    def points(self, published: Frame, sweep: Frame | None = None) -> Frame:
        """The figure's rows: the published ones, and below them the own cells of the same conditions."""
        rows = published[[self.has(row) for row in published.itertuples()]]
        beside = self._beside(rows, sweep)
        rows = rows[rows["rate"].notna()]
        if beside is not None and len(beside):
            rows = joined([rows, beside])
        placed = list(rows.itertuples())
        rows = rows.assign(
            panel=self._panels(placed),
            group=[self.group(row) for row in placed],
            series=[self.series(row) for row in placed],
        )
        rows = _apart(rows).sort_values("group", key=ranked(self.groups), kind="stable")
        return rows.sort_values("whose", key=ranked([PUBLISHED]), kind="stable")

    def _panels(self, rows: Sequence[Row]) -> list[str]:
        """The panels of the original; own rows in one, or as many where one would put two bars on a place."""
        named = [self.panel(row) for row in rows]
        places = [(row.whose, self.group(row), self.series(row)) for row in rows if row.whose != PUBLISHED]
        panels = {name for name, row in zip(named, rows, strict=True) if row.whose == PUBLISHED}
        apart = len(panels) > 1 and len(set(places)) < len(places)
        return [
            name if row.whose == PUBLISHED
            else SWEEP_PANEL[row.whose] + (f", as {name.removeprefix('Published: ')}" if apart else "")
            for name, row in zip(named, rows, strict=True)
        ]  # fmt: skip

    def _beside(self, rows: Frame, sweep: Frame | None) -> Frame | None:
        if sweep is None or not len(sweep):
            return None
        here = set(rows[list(CONDITION)].itertuples(index=False, name=None))
        beside = sweep[[at in here for at in sweep[list(CONDITION)].itertuples(index=False, name=None)]]
        if not self.any_effort:
            beside = beside[beside["effort"] == DEFAULT]
        series = [self.series(row) for row in beside.itertuples()]
        once = beside.assign(_s=series).drop_duplicates(["key", "measure", "_s"]).drop(columns="_s")
        order = {name: number for number, name in enumerate(unique(rows["condition"]))}
        return (
            once.assign(_at=once["condition"].map(order))
            .sort_values(["model", "_at"], kind="stable")
            .drop(columns="_at")
        )

    def chart(self, points: Frame, layout: Layout = USUAL) -> Any:
        """The chart of such rows as it is laid out.

        Raises:
            NothingToDraw: there is no row.
        """
        marks = of_marks(points, "In brackets" if self.draw == "table" else "Whiskers")
        notes = [*marks, *self.notes, *self.remarks(points)]
        if self.draw == "table":
            texts = [_in_a_field(row) for row in points.itertuples()]
            return rate_table(points.assign(text=texts), self.title, notes, self.order, layout)
        draw = grouped_bars if self.draw == "bars" else lying_bars
        return draw(points, self.title, notes, self.axis, self.order, layout)


def _apart(rows: Frame) -> Frame:
    """The same with own rows that would stand on one place told apart by their condition."""
    clash = rows.duplicated(["panel", "group", "series"], keep=False) & (rows["whose"] != PUBLISHED)
    return rows.assign(group=rows["group"].where(~clash, rows["group"] + ": " + rows["condition"]))


def _in_a_field(row: Row) -> str:
    """Rate, interval and k/n in two lines."""
    rate = f"{100 * row.rate:.3g}%" + (
        f" [{100 * row.low:.1f}, {100 * row.high:.1f}]" if holds_value(row.low) else ""
    )
    if row.kind == "ratio":
        return f"{rate}\nratio"
    return f"{rate}\n{row.label}" if "/" in row.label or "of" in row.label else f"{rate}\n{_n(row)}"


def _n(row: Row) -> str:
    return f"n={row.n}" if holds_value(row.n) else "no n printed"
