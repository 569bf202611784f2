"""The specification curve: one contrast under every defensible choice of wording, judge and denominator."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hanlon.analysis.contrasts.contrasts import Contrast, contrasts
from hanlon.analysis.requests import Labels, RequestCell, RequestEpisode, by_request, request_cells
from hanlon.analysis.stats.comparison import compare_episodes, compare_requests
from hanlon.analysis.stats.differences import Difference
from hanlon.figures import scales
from hanlon.figures.frames import Frame, require, simulated, table, unique
from hanlon.figures.sweep.contrasts import with_whose
from hanlon.figures.theme import INK, finished, lettering, panel
from hanlon.store.cells import CellState, model_name
from hanlon.store.tally import Count

CHOICES = ("wording", "read by", "denominator")
NOT_CASES = ("turn_limit", "unparsed")
"""Outcomes that are the model's own fault and count as no case; some papers left such episodes out."""
READ = ("complied", "partial", "refused")
"""The values of a judge's label `compliance` by which it decided."""
LABELS = {"compliance": ("complied",), "compliance_or_partial": ("complied", "partial")}
"""A judge's label `compliance` in place of a measure: the values that are cases."""


def specification_curve(curve: Frame, title: str, notes: Sequence[str]) -> alt.VConcatChart:
    """Above, the difference under each specification in order of size; below, which choices it is made of.

    `curve`: a row for each specification: `difference`, `lo`, `hi`, `counts`, `simulated`, and a column for each of
    `CHOICES`.
    """
    require(curve, "no specification: no contrast")
    rows = with_whose(curve.sort_values("difference", kind="stable").assign(place=range(len(curve))))
    width = max(380, min(1100, 17 * len(rows)))
    x = alt.X("place:O", axis=None)
    base = alt.Chart(rows).encode(x=x)
    lowest, highest = float(rows["lo"].min()), float(rows["hi"].max())
    span = alt.Scale(domain=[lowest, highest + 0.45 * (highest - lowest)], nice=False)
    ticks = alt.Axis(labelExpr=scales.FORMATS["contrast"], tickCount=6)
    up = alt.Y("difference:Q", title="difference, points", axis=ticks, scale=span)
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(y="at:Q")
    ends = base.mark_rule(strokeWidth=1.3, color="#0072B2").encode(y="lo:Q", y2="hi:Q")
    dots = base.mark_point(filled=True, size=34, opacity=1, color="#0072B2").encode(y=up)
    counted = lettering(base, size=7.5, angle=270, dx=4, y="hi:Q", text="counts:N")
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

    Cells that share their requests are compared by request, as in `hanlon gaps`. `unit` names the unit of each row's
    interval.

    `judged` has labels by judge; a judge's `compliance` stands beside the environment's own reading.
    """
    groups: dict[tuple[str, str], list[Contrast]] = defaultdict(list)
    for contrast in contrasts(states, ["all"]):
        changed = ", ".join(f"{name} {a} to {b}" for name, (a, b) in contrast.pair.changed.items())
        held = {name: level for name, level in contrast.pair.held.items() if name != "wording"}
        groups[f"{model_name(contrast.pair.base.record)}: {changed}", str(held)].append(contrast)
    if not groups:
        columns = ["difference", "lo", "hi", "method", "unit", "counts", "simulated", *CHOICES]
        return table([], columns=columns), ""
    (name, _), chosen = max(groups.items(), key=lambda item: len(item[1]))
    rows: list[dict[str, Any]] = []
    replies: dict[str, RequestCell | None] = {}
    for contrast in chosen:
        cells = (contrast.pair.base, contrast.pair.treated)
        for cell in cells:
            if cell.record.key not in replies:
                replies[cell.record.key] = next(iter(request_cells([cell])), None)
        base, treated = (replies[cell.record.key] for cell in cells)
        rows += [_row(contrast, choice, base, treated) for choice in _choices(contrast, judged or {})]
    return table(rows), name


def caption(curve: Frame, name: str) -> str:
    """The curve's caption: the contrast, and the methods of its intervals."""
    intervals = " and ".join(
        f"{method} by {unit}"
        for method, unit in dict.fromkeys(zip(curve["method"], curve["unit"], strict=True))
    )
    return (
        f"{name}. k/n to k/n: cases in the base and in the treated cell. 95% intervals: {intervals}; uncorrected, and "
        "the specifications share episodes."
    )


Value = Callable[[RequestEpisode], bool | None]
"""Whether an episode is a case; None where it is in no denominator."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One reading and denominator: the counts of the base and the treated cell, and what makes an episode a case."""

    read_by: str
    denominator: str
    counts: tuple[Count, Count]
    values: tuple[Value, ...]


def _choices(contrast: Contrast, judged: Mapping[str, Labels]) -> Iterator[_Choice]:
    rule = f"rule for {contrast.measure}"
    for denominator, base, treated, value in _denominators(contrast):
        yield _Choice(rule, denominator, (base, treated), (value, value))
    for judge, labels in judged.items():
        cells = (contrast.pair.base, contrast.pair.treated)
        base, treated = (_by_label(cell, labels, contrast.measure) for cell in cells)
        if contrast.measure in LABELS and base.n and treated.n:
            values = tuple(_labelled(cell, labels, contrast.measure) for cell in cells)
            yield _Choice(f"judge {judge} for {contrast.measure}", ALL, (base, treated), values)


ALL = "all countable"


def _denominators(contrast: Contrast) -> Iterator[tuple[str, Count, Count, Value]]:
    """The counts with what was excluded left out, and where there is any, as cases, as none; without own faults."""
    cells = (contrast.pair.base, contrast.pair.treated)
    plain = [cell.tally.measures.get(contrast.measure, Count()) for cell in cells]
    yield ALL, plain[0], plain[1], _measured(contrast.measure)
    lost = [sum(cell.tally.excluded.values()) for cell in cells]
    if any(lost):
        as_cases = [Count(count.k + n, count.n + n) for count, n in zip(plain, lost, strict=True)]
        as_none = [Count(count.k, count.n + n) for count, n in zip(plain, lost, strict=True)]
        yield "excluded as cases", as_cases[0], as_cases[1], _measured(contrast.measure, excluded=True)
        yield "excluded as no cases", as_none[0], as_none[1], _measured(contrast.measure, excluded=False)
    for outcome in NOT_CASES:
        faults = [cell.tally.outcomes[outcome] - cell.tally.excluded[outcome] for cell in cells]
        fewer = [Count(count.k, count.n - n) for count, n in zip(plain, faults, strict=True)]
        if any(faults) and all(count.n >= max(1, count.k) for count in fewer):
            yield f"without {outcome}", fewer[0], fewer[1], _measured(contrast.measure, without=outcome)


def _measured(measure: str, *, excluded: bool | None = None, without: str = "") -> Value:
    """The environment's own reading. Excluded episodes count as `excluded`, those that end in `without` not at all."""

    def value(episode: RequestEpisode) -> bool | None:
        if episode.excluded is not None:
            return excluded
        return None if episode.outcome == without else episode.measures.get(measure)

    return value


def _labelled(cell: CellState, labels: Labels, measure: str) -> Value:
    """A judge's reading of one cell."""
    compliance = labels.get(cell.record.key, {}).get("compliance", {})

    def value(episode: RequestEpisode) -> bool | None:
        label = compliance.get(episode.index)
        return label in LABELS[measure] if label in READ else None

    return value


def _by_label(cell: CellState, labels: Labels, measure: str) -> Count:
    values = labels.get(cell.record.key, {}).get("compliance", {}).values()
    read = [value for value in values if value in READ]
    return Count(sum(value in LABELS.get(measure, ()) for value in read), len(read))


def _difference(
    choice: _Choice, base: RequestCell | None, treated: RequestCell | None, level: float
) -> tuple[Difference, str]:
    """The treated cell minus the base, and the unit: the request if both cells have requests, else the episode."""
    comparison = compare_episodes(choice.counts, level)
    if base is not None and treated is not None:
        requests = [
            by_request(cell.episodes, value)
            for cell, value in zip((base, treated), choice.values, strict=True)
        ]
        by_requests = compare_requests(requests, level)
        comparison = by_requests if by_requests.units else comparison
    return comparison.difference, comparison.unit


def _row(
    contrast: Contrast, choice: _Choice, base: RequestCell | None, treated: RequestCell | None
) -> dict[str, Any]:
    effect, unit = _difference(choice, base, treated, contrast.comparison.difference.level)
    (k1, n1), (k2, n2) = ((count.k, count.n) for count in choice.counts)
    return {
        "difference": effect.value, "lo": effect.lo, "hi": effect.hi, "method": effect.method, "unit": unit,
        "counts": f"{k1}/{n1} to {k2}/{n2}", "k_from": k1, "n_from": n1, "k_to": k2, "n_to": n2,
        "simulated": contrast.pair.base.record.simulated, "wording": str(contrast.pair.held.get("wording", "as it is")),
        "read by": choice.read_by, "denominator": choice.denominator,
        "keys": f"{contrast.pair.base.record.key} {contrast.pair.treated.record.key}",
    }  # fmt: skip
