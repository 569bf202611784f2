"""The specification curve: one contrast under every defensible choice of wording, judge and denominator."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from hanlon.analysis.contrasts.contrasts import Contrast, contrasts
from hanlon.analysis.contrasts.grid import TIER
from hanlon.analysis.gaps.pairs import label_without_tier, tier_of
from hanlon.analysis.requests import Labels, RequestCell, RequestEpisode, by_request, request_cells
from hanlon.analysis.stats.comparison import compare_episodes, compare_requests
from hanlon.analysis.stats.differences import Difference
from hanlon.environments.stored import declaration_of
from hanlon.figures import scales
from hanlon.figures.frames import SIMULATED, SWEEP, Frame, require, simulated, table, unique
from hanlon.figures.layout import LETTER, USUAL, Layout, names_axis, row_height, tick_step
from hanlon.figures.names import readable
from hanlon.figures.sweep.choice import chosen
from hanlon.figures.theme import BLUE, INK, finished, lettering, panel
from hanlon.store.cells import CellState, model_name
from hanlon.store.contract import WORDING, Reading
from hanlon.store.outcomes import TURN_LIMIT, UNPARSED
from hanlon.store.tally import Count

CHOICES = (WORDING, "read by", "denominator")
HEIGHT = 230
"""Pixels of the curve."""
NOT_CASES = (TURN_LIMIT, UNPARSED)
"""Outcomes that are the model's own fault and count as no case; some papers left such episodes out."""
TIGHT = 11
"""Pixels of a specification below which its counts would touch its neighbour's."""


def specification_curve(curve: Frame, title: str, notes: Sequence[str], layout: Layout = USUAL) -> Any:
    """Above, the difference under each specification in order of size; below, which choices it is made of.

    `curve`: a row for each specification: `difference`, `lo`, `hi`, `counts`, `simulated`, and a column for each of
    `CHOICES`. Where many stand on a narrow page, their counts are left to the data.
    """
    require(curve, "no specification: no contrast")
    rows = curve.assign(whose=[SIMULATED if each else SWEEP for each in curve["simulated"]])
    rows = rows.sort_values("difference", kind="stable").assign(place=range(len(curve)))
    width = layout.plot(max(380, min(1100, 17 * len(rows))))
    told = width / len(rows) >= TIGHT
    left_out = [] if told else ["k/n of each specification: in the data beside the figure."]
    x = alt.X("place:O", axis=None)
    upper, lower = _differences(rows, x, width, told, layout), _chosen(rows, curve, x, width, layout)
    chart = alt.vconcat(upper, lower, spacing=6)
    return finished(chart, title, [*notes, *left_out], layout, width + 200, simulated(rows))


def _differences(rows: Frame, x: alt.X, width: float, told: bool, layout: Layout) -> Any:
    base = alt.Chart(rows).encode(x=x)
    lowest, highest = min(0.0, float(rows["lo"].min())), max(0.0, float(rows["hi"].max()))
    part = (LETTER * max(map(len, rows["counts"])) + 8) / HEIGHT if told else 0.05
    span = alt.Scale(domain=[lowest, highest + (highest - lowest) * part / (1 - part)], nice=False)
    step = tick_step(highest - lowest, HEIGHT, (0.05, 0.1, 0.2, 0.25, 0.5), 28)
    values = [step * at for at in range(-int(-lowest / step), int(highest / step + 1e-9) + 1)]
    ticks = alt.Axis(labelExpr=scales.FORMATS["contrast"], values=values, tickCount=len(values))
    up = alt.Y("difference:Q", title="difference, points", axis=ticks, scale=span)
    zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color="#999999").encode(y="at:Q")
    ends = base.mark_rule(strokeWidth=1.3, color=BLUE).encode(y="lo:Q", y2="hi:Q")
    dots = base.mark_point(filled=True, size=34, opacity=1, color=BLUE).encode(y=up)
    counts = [lettering(base, angle=270, baseline="middle", dx=4, y="hi:Q", text="counts:N")] if told else []
    return panel([zero, ends, dots, *counts], width, HEIGHT, "", simulated(rows), layout)


def _chosen(rows: Frame, curve: Frame, x: alt.X, width: float, layout: Layout) -> Any:
    """Which choices each specification is made of, those left out that all share."""
    varied = [name for name in CHOICES if curve[name].nunique() > 1] or [CHOICES[0]]
    choices = table([
        {"place": row["place"], "choice": f"{name}: {readable(row[name])}"}
        for row in rows.to_dict("records") for name in varied
    ])  # fmt: skip
    listed = [f"{name}: {readable(value)}" for name in varied for value in unique(curve[name])]
    shown = layout.shown(listed)
    return (
        alt.Chart(choices)
        .mark_square(size=min(70, (0.8 * width / len(rows)) ** 2), opacity=1, color=INK)
        .encode(x=x, y=alt.Y("choice:N", sort=listed, title=None, axis=names_axis(shown, grid=True)))
        .properties(width=width, height=row_height(shown, 16) * len(listed))
    )


def specifications(
    states: Sequence[CellState], judged: Mapping[str, Labels] | None = None, choice: Sequence[str] = ()
) -> tuple[Frame, str]:
    """All specifications of one contrast, and what that contrast is.

    It is the one that `choice` names (see `sweep.choice`); else a gap, where there are tiers; among several the one of
    most specifications. A gap is the tier that trains minus the one that does not. Cells that share their requests are
    compared by request, as in `hanlon gaps`. `unit` names the unit of each row's interval.

    `judged` has labels by judge; a declared reading by such a label stands beside the environment's own reading.
    """
    groups: dict[tuple[str, str], list[Contrast]] = defaultdict(list)
    for contrast in chosen(contrasts(states, ["all"]), choice):
        held = {name: level for name, level in contrast.pair.held.items() if name != WORDING}
        groups[_name(contrast), str(held)].append(contrast)
    if not groups:
        columns = ["difference", "lo", "hi", "method", "unit", "counts", "simulated", *CHOICES]
        return table([], columns=columns), ""
    (name, _), same = max(groups.items(), key=lambda item: (_is_gap(item[1][0]), len(item[1])))
    rows: list[dict[str, Any]] = []
    replies: dict[str, RequestCell | None] = {}
    for contrast in same:
        for cell in (contrast.pair.base, contrast.pair.treated):
            if cell.record.key not in replies:
                replies[cell.record.key] = next(iter(request_cells([cell])), None)
        pair = replies[contrast.pair.base.record.key], replies[contrast.pair.treated.record.key]
        rows += [_row(contrast, each, *pair) for each in _choices(contrast, judged or {}, pair)]
    return table(rows), name


def _name(contrast: Contrast) -> str:
    """The contrast in words; a gap by its tiers and its cell."""
    pair, model = contrast.pair, model_name(contrast.pair.base.record).removeprefix("openrouter/")
    if _is_gap(contrast):
        base, treated = pair.changed[TIER]
        return (
            f"{model}: the gap, {treated} minus {base}, at {readable(label_without_tier(pair.base.record))}"
        )
    changed = ", ".join(f"{readable(name)} {a} to {b}" for name, (a, b) in pair.changed.items())
    return f"{model}: {readable(changed)}, at {readable(pair.base.record.prompt)}"


def _is_gap(contrast: Contrast) -> bool:
    """Whether it compares two tiers of one scheme that differ in what they do, and that have their usual words."""
    tiers = [tier_of(cell.record) for cell in (contrast.pair.base, contrast.pair.treated)]
    usual = all(tier.name == tier.word for tier in tiers)
    same_scheme = tiers[0].scheme == tiers[1].scheme
    return contrast.pair.factor == TIER and usual and same_scheme and tiers[0].trained != tiers[1].trained


def caption(curve: Frame, name: str) -> str:
    """The curve's caption: the contrast, what all specifications share, and the methods of the intervals."""
    intervals = " and ".join(
        f"{method} by {unit}"
        for method, unit in dict.fromkeys(zip(curve["method"], curve["unit"], strict=True))
    )
    shared = "; ".join(f"{each}: {curve[each].iloc[0]}" for each in CHOICES if curve[each].nunique() == 1)
    return (
        f"{name}. k/n → k/n: cases in the base and in the treated cell. 95% intervals: {intervals}; uncorrected, and "
        f"the specifications share episodes.{f' All have {shared}.' if shared else ''}"
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


def _choices(
    contrast: Contrast, judged: Mapping[str, Labels], replies: tuple[RequestCell | None, RequestCell | None]
) -> Iterator[_Choice]:
    rule = f"rule for {contrast.measure}"
    for denominator, base, treated, value in _denominators(contrast):
        yield _Choice(rule, denominator, (base, treated), (value, value))
    first, second = replies
    if first is None or second is None:
        return
    for name, values in _other_readings(contrast, judged, (first, second)):
        counts = tuple(_counted(cell, value) for cell, value in zip((first, second), values, strict=True))
        if all(count.n for count in counts):
            yield _Choice(name, ALL, (counts[0], counts[1]), values)


def _other_readings(
    contrast: Contrast, judged: Mapping[str, Labels], cells: tuple[RequestCell, RequestCell]
) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The readings of the measure that the environment declares: by a fact, and by the label of each judge."""
    for reading in declaration_of(contrast.pair.base.record).readings:
        if reading.measure != contrast.measure:
            continue
        if reading.fact:
            yield reading.name, tuple(_by_fact(reading) for _ in cells)
        else:
            for judge, labels in judged.items():
                values = tuple(_by_label(reading, cell.labels(labels, reading.label)) for cell in cells)
                yield f"judge {judge} for {contrast.measure}", values


def _by_fact(reading: Reading) -> Value:
    return lambda episode: reading.case(episode.fact(reading.fact))


def _by_label(reading: Reading, labels: Mapping[int, str]) -> Value:
    return lambda episode: reading.case(labels.get(episode.index))


def _counted(cell: RequestCell, value: Value) -> Count:
    cases = [case for episode in cell.countable if (case := value(episode)) is not None]
    return Count(sum(cases), len(cases))


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
        "counts": f"{k1}/{n1} → {k2}/{n2}", "k_from": k1, "n_from": n1, "k_to": k2, "n_to": n2,
        "simulated": contrast.pair.base.record.simulated, WORDING: str(contrast.pair.held.get(WORDING, "as it is")),
        "read by": choice.read_by, "denominator": choice.denominator,
        "keys": f"{contrast.pair.base.record.key} {contrast.pair.treated.record.key}",
    }  # fmt: skip
