"""The specification curve: one contrast under every defensible choice of wording, judge and denominator."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hanlon.analysis.contrasts import Contrast, contrasts
from hanlon.analysis.differences import difference
from hanlon.analysis.figures.own import whose
from hanlon.analysis.figures.tabular import Frame, table
from hanlon.analysis.figures.theme import INK, finished, panel, require, simulated, unique
from hanlon.analysis.gaps.episodes import Labels
from hanlon.analysis.model_names import model_name
from hanlon.analysis.tables import CellState
from hanlon.tally import Count

if TYPE_CHECKING:
    import altair as alt

CHOICES = ("wording", "read by", "denominator")
NOT_CASES = ("turn_limit", "unparsed")
"""Outcomes that are the model's own fault and count as no case; some papers left such episodes out."""
LABELS = {"compliance": ("complied",), "compliance_or_partial": ("complied", "partial")}
"""A judge's label `compliance` in place of a measure: the values that are cases."""


def specification_curve(curve: Frame, title: str, notes: Sequence[str]) -> "alt.VConcatChart":
    """Above, the difference under each specification in order of size; below, which choices it is made of.

    Args:
        curve: one row a specification: `difference`, `lo`, `hi`, `counts`, `simulated`, and a column for each of
            `CHOICES`.
        title: the figure's title.
        notes: the caption's sentences.

    Raises:
        NothingToDraw: there is no row.
    """
    import altair as alt

    require(curve, "no specification: no contrast")
    rows = whose(curve.sort_values("difference", kind="stable").assign(place=range(len(curve))))
    width = max(380, min(1100, 17 * len(rows)))
    x = alt.X("place:O", axis=None)
    base = alt.Chart(rows).encode(x=x)
    lowest, highest = float(rows["lo"].min()), float(rows["hi"].max())
    span = alt.Scale(domain=[lowest, highest + 0.45 * (highest - lowest)], nice=False)
    up = alt.Y("difference:Q", title="difference", axis=alt.Axis(format="+%", tickCount=6), scale=span)
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(y="at:Q")
    ends = base.mark_rule(strokeWidth=1.3, color="#0072B2").encode(y="lo:Q", y2="hi:Q")
    dots = base.mark_point(filled=True, size=34, opacity=1, color="#0072B2").encode(y=up)
    counted = base.mark_text(angle=270, fontSize=7.5, align="left", dx=4, color=INK).encode(
        y="hi:Q", text="counts:N"
    )
    upper = panel([zero, ends, dots, counted], width, 260, "", simulated(rows))
    choices = table([
        {"place": row["place"], "choice": f"{name}: {row[name]}"} for row in rows.to_dict("records") for name in CHOICES
    ])  # fmt: skip
    listed = [f"{name}: {value}" for name in CHOICES for value in unique(curve[name])]
    lower = (
        alt.Chart(choices)
        .mark_square(size=70, opacity=1, color=INK)
        .encode(x=x, y=alt.Y("choice:N", sort=listed, title=None, axis=alt.Axis(ticks=False, grid=True)))
        .properties(width=width, height=16 * len(listed))
    )
    return finished(alt.vconcat(upper, lower, spacing=6), title, notes, width + 200, simulated(rows))


def specifications(
    states: Sequence[CellState], judged: Mapping[str, Labels] | None = None
) -> tuple[Frame, str]:
    """All specifications of the contrast that has the most of them, and what that contrast is.

    Args:
        states: the cells.
        judged: labels by judge; a judge's `compliance` stands beside the environment's own reading.
    """

    groups: dict[tuple[str, str], list[Contrast]] = defaultdict(list)
    for one in contrasts(states, ["all"]):
        changed = ", ".join(f"{name} {a} to {b}" for name, (a, b) in one.pair.changed.items())
        held = {name: level for name, level in one.pair.held.items() if name != "wording"}
        groups[f"{model_name(one.pair.base.record)}: {changed}", str(held)].append(one)
    if not groups:
        return table([], columns=["difference", "lo", "hi", "counts", "simulated", *CHOICES]), ""
    (name, _), chosen = max(groups.items(), key=lambda item: len(item[1]))
    rows = [row for one in chosen for row in _of_contrast(one, judged or {})]
    return table(rows), name


def _of_contrast(one: Contrast, judged: Mapping[str, Labels]) -> Iterator[dict[str, Any]]:
    wording = str(one.pair.held.get("wording", "as it is"))
    for denominator, base, treated in _denominators(one):
        yield _row(one, wording, f"rule for {one.measure}", denominator, base, treated)
    for judge, labels in judged.items():
        counts = [_by_label(cell, labels, one.measure) for cell in (one.pair.base, one.pair.treated)]
        if one.measure in LABELS and all(count.n for count in counts):
            yield _row(one, wording, f"judge {judge} for {one.measure}", ALL, *counts)


ALL = "all countable"


def _denominators(one: Contrast) -> Iterator[tuple[str, Count, Count]]:
    """The counts with what was excluded left out, and where there is any, as cases, as none; without own faults."""
    cells = (one.pair.base, one.pair.treated)
    plain = [cell.tally.measures.get(one.measure, Count()) for cell in cells]
    yield ALL, plain[0], plain[1]
    lost = [sum(cell.tally.excluded.values()) for cell in cells]
    if any(lost):
        as_cases = [Count(count.k + n, count.n + n) for count, n in zip(plain, lost, strict=True)]
        as_none = [Count(count.k, count.n + n) for count, n in zip(plain, lost, strict=True)]
        yield "excluded as cases", as_cases[0], as_cases[1]
        yield "excluded as no cases", as_none[0], as_none[1]
    for outcome in NOT_CASES:
        own = [cell.tally.outcomes[outcome] - cell.tally.excluded[outcome] for cell in cells]
        fewer = [Count(count.k, count.n - n) for count, n in zip(plain, own, strict=True)]
        if any(own) and all(count.n >= max(1, count.k) for count in fewer):
            yield f"without {outcome}", fewer[0], fewer[1]


def _by_label(cell: CellState, labels: Labels, measure: str) -> Count:
    values = labels.get(cell.record.key, {}).get("compliance", {}).values()
    read = [value for value in values if value in ("complied", "partial", "refused")]
    return Count(sum(value in LABELS.get(measure, ()) for value in read), len(read))


def _row(
    one: Contrast, wording: str, judge: str, denominator: str, base: Count, treated: Count
) -> dict[str, Any]:
    found = difference(treated.k, treated.n, base.k, base.n, one.comparison.difference.level)
    return {
        "difference": found.value, "lo": found.lo, "hi": found.hi, "method": found.method,
        "counts": f"{base.k}/{base.n} to {treated.k}/{treated.n}", "k_from": base.k, "n_from": base.n,
        "k_to": treated.k, "n_to": treated.n, "simulated": one.pair.base.record.simulated,
        "wording": wording, "read by": judge, "denominator": denominator,
        "keys": f"{one.pair.base.record.key} {one.pair.treated.record.key}",
    }  # fmt: skip
