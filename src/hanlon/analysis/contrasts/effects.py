"""Effects first: what each varied factor does to a behaviour, the largest first, and that in one sentence."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import Field

from hanlon.analysis.contrasts.contrasts import Contrast, Predicted, contrasts
from hanlon.analysis.contrasts.grid import coordinates, subject
from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.ratios import Ratio
from hanlon.analysis.tables import Column, p_value, plain, points, points_interval, printed
from hanlon.config.errors import ConfigError
from hanlon.config.search_path import search_path
from hanlon.environments.validation import StrictModel
from hanlon.store.cells import CellState, model_name
from hanlon.store.digest import as_json
from hanlon.store.records import CellRecord

FILE = "effects.yaml"
"""Beside a bundled environment's code: its controls, and the words for the levels of its factors. Of another, the same
stands in `conf/effects/<env>.yaml`."""


def effects(
    cells: Sequence[CellState],
    measure: str | None = None,
    *,
    values: Values = no_requests,
    predicted: Collection[Predicted] = (),
    level: float = 0.95,
) -> list[Contrast]:
    """What each varied factor does, the largest effect first: a row for each level against the one it starts from.

    Several contexts may hold the same two levels. The row is then that of the base cell, which is the cell with most
    one-factor contrasts, or of the context nearest to it. A pair of prompt levels that differ in several factors has a
    row where a factor of it has none. Control cells are left out. The order is by the least difference that the
    interval leaves, then by the difference itself: few episodes do not lift an effect.

    Args:
        cells: what is stored.
        measure: the rate; without it each environment's headline one.
        values: the cells' values by request, where they share requests.
        predicted: what was predicted before the run.
        level: the confidence of the intervals.
    """
    measures = None if measure is None else [measure]
    groups: dict[tuple[Any, ...], list[Contrast]] = defaultdict(list)
    for contrast in contrasts(cells, measures, predicted=predicted, values=values, level=level):
        if not (is_control(contrast.pair.base.record) or is_control(contrast.pair.treated.record)):
            groups[(*subject(contrast.pair.base.record), contrast.measure)].append(contrast)
    return sorted((row for group in groups.values() for row in _rows(group)), key=_strength, reverse=True)


def _rows(group: Sequence[Contrast]) -> Iterator[Contrast]:
    """One contrast for each change of a factor among those of one grid, then bundles of what is left."""
    single = [contrast for contrast in group if contrast.pair.kind == "factor"]
    ends = Counter(id(end) for contrast in single for end in (contrast.pair.base, contrast.pair.treated))
    cells = {id(end): end for contrast in group for end in (contrast.pair.base, contrast.pair.treated)}
    base = max(cells.values(), key=lambda cell: (ends[id(cell)], -_off_no_effect(cell.record)), default=None)
    if base is None:
        return
    origin = coordinates(base.record)
    by_change: dict[str, list[Contrast]] = defaultdict(list)
    for contrast in single:
        by_change[as_json(contrast.pair.changed)].append(contrast)
    for alternatives in by_change.values():
        yield min(alternatives, key=lambda contrast: _distance(contrast, origin))
    spoken = {(name, as_json(to)) for contrast in single for name, (_, to) in contrast.pair.changed.items()}
    for contrast in group:
        changed = {(name, as_json(to)) for name, (_, to) in contrast.pair.changed.items()}
        if contrast.pair.kind == "bundle" and not changed <= spoken:
            yield contrast


def _distance(contrast: Contrast, origin: Mapping[str, str]) -> int:
    """In how many of the factors that a contrast holds it is elsewhere than the base cell."""
    return sum(origin.get(name, level) != level for name, level in _json(contrast.pair.held))


def _json(levels: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name, as_json(level)) for name, level in levels.items())


def _off_no_effect(record: CellRecord) -> int:
    return sum(record.factors.get(name, level) != level for name, level in record.no_effect.items())


def _strength(contrast: Contrast) -> tuple[float, float]:
    difference = contrast.comparison.difference
    return max(difference.lo, -difference.hi, 0.0), abs(difference.value or 0.0)


def is_control(record: CellRecord) -> bool:
    """Whether a cell is one of its environment's controls, which are no condition of the question."""
    levels = {"prompt": record.prompt, **record.factors}
    return any(
        all(levels.get(name) == level for name, level in control.items())
        for control in _words(record).controls
    )


def level_text(record: CellRecord, factor: str, level: Any) -> str:
    """What it is to set a factor to a level, in the environment's words, else `precedence conditional`."""
    name = f"{factor} {'unset' if level is None else level}"
    return _words(record).levels.get(factor, {}).get(level, name) if isinstance(level, (str, bool)) else name


def effect_text(contrast: Contrast) -> str:
    """What a contrast changes, in words: each of its factors, or the prompt level where it has many.

    A factor that starts from another level than the one without effect is said with it: `Saying which instruction wins
    (from placebo)`.
    """
    changed, record = contrast.pair.changed, contrast.pair.treated.record
    if len(changed) > 2:
        return f"The prompt {record.prompt} ({len(changed)} factors)"
    texts = [
        level_text(record, name, to)
        + (
            f" (from {base})"
            if base != record.no_effect.get(name, base) and to != record.no_effect[name]
            else ""
        )
        for name, (base, to) in changed.items()
    ]
    return " and ".join([texts[0], *(text[0].lower() + text[1:] for text in texts[1:])])


def effect_sentence(contrast: Contrast) -> str:
    """An effect in one sentence: what was changed, what it did to which behaviour, and the counts."""
    base, treated = contrast.base, contrast.treated
    what, behaviour = effect_text(contrast), contrast.measure.replace("_", " ")
    counts = f"{base.k}/{base.n} -> {treated.k}/{treated.n}"
    if not base.n or not treated.n:
        return f"{what}: nothing can be said of the {behaviour} ({counts})."
    comparison = contrast.comparison
    if not comparison.difference.excludes_zero:
        return f"{what} does not show an effect on the {behaviour} ({counts})."
    ratio = comparison.ratio
    if ratio is None or ratio.value is None:
        return f"{what} brings the {behaviour} about ({counts})."
    if ratio.value > 1:
        return f"{what} multiplies the {behaviour} by {share_text(ratio)[2:]} ({counts})."
    return f"{what} {share_text(ratio)} of the {behaviour} ({counts})."


def share_text(ratio: Ratio | None) -> str:
    """`removes 99 % [96, 100]` or `x 1.9 [1.6, 2.2]`; empty where the base has no case."""
    if ratio is None or ratio.share_removed is None:
        return ""
    share, lo, hi = ratio.share_removed
    if share <= 0:
        return f"x {ratio.value:.1f} [{ratio.lo:.1f}, {ratio.hi:.1f}]"
    digits = 1 if 0.995 <= share < 1 else 0  # 100 % is said only where nothing is left
    return f"removes {100 * share:.{digits}f} % [{100 * lo:.0f}, {100 * hi:.0f}]"


def _words(record: CellRecord) -> "_Words":
    return _words_of(record.env)


@cache
def _words_of(env: str) -> "_Words":
    """The words of an environment: beside a bundled one, in conf/ for another; none where there is no file."""
    file = resources.files("hanlon.environments") / env / FILE
    if not file.is_file():
        try:
            file = search_path().find(f"effects/{env}.yaml")
        except ConfigError:  # a clash of names elsewhere does not keep a store from being read
            file = None
    return _Words(**yaml.safe_load(file.read_text(encoding="utf-8"))) if file is not None else _Words()


class _Words(StrictModel):
    """What `effects.yaml` holds."""

    controls: list[dict[str, str]] = Field(default_factory=list[dict[str, str]])
    levels: dict[str, dict[str | bool, str]] = Field(default_factory=dict[str, dict[str | bool, str]])


EFFECTS: tuple[Column[Contrast], ...] = (
    plain("model", lambda row: model_name(row.pair.base.record), once=True),
    plain("measure", lambda row: row.measure, once=True),
    plain("effect", lambda row: effect_text(row)),
    Column("changed", lambda row: dict(row.pair.changed)),
    Column("cell_from", lambda row: row.pair.base.record.label),
    Column("cell_to", lambda row: row.pair.treated.record.label),
    printed("k/n", lambda row: f"{row.base.k}/{row.base.n} → {row.treated.k}/{row.treated.n}", right=True),
    Column("difference", lambda row: row.comparison.difference.value),
    Column("lo", lambda row: row.comparison.difference.lo),
    Column("hi", lambda row: row.comparison.difference.hi),
    printed("points", lambda row: points(row.comparison.difference.value), right=True),
    printed("95%", lambda row: points_interval(row.comparison.difference.lo, row.comparison.difference.hi)),
    Column("ratio", lambda row: row.comparison.ratio and row.comparison.ratio.value),
    printed("share removed", lambda row: share_text(row.comparison.ratio) or "-"),
    Column("p", lambda row: row.comparison.p, lambda row: p_value(row.comparison.p)),
    Column("status", lambda row: row.status),
)
"""The table of effects."""
