"""A report of contrasts as rows of plain values, for JSON and CSV."""

from collections.abc import Mapping
from typing import Any

from hanlon.analysis.contrasts.attribution import Attribution
from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.factorial import Effect
from hanlon.analysis.contrasts.report import GridEffects, Report
from hanlon.analysis.contrasts.wordings import OverWordings
from hanlon.analysis.stats.differences import Difference
from hanlon.store.cells import CellState, model_name


def report_rows(found: Report) -> list[dict[str, Any]]:
    """All of a report, one row each, with the same keys; a fraction is a fraction."""
    return [
        *(contrast_row(one) for one in found.contrasts),
        *(wordings_row(one) for one in found.wordings),
        *(effect_row(effect, told) for told in found.effects for effect in told.effects),
        *(row for one in found.attributions for row in attribution_rows(one)),
    ]


def contrast_row(one: Contrast, part: str = "", of: str = "") -> dict[str, Any]:
    """A contrast as plain values; `part` and `of` say which part of which bundle it is."""
    base, treated = one.pair.base, one.pair.treated
    return _row(
        kind=("contrast" if one.pair.kind == "factor" else "bundle") if not part else "part of a bundle",
        part=part,
        of=of,
        **_place(base, one.measure),
        **_changed(one.pair.factor, one.pair.levels, one.pair.changed),
        held=dict(one.pair.held),
        cell_from=base.record.label,
        cell_to=treated.record.label,
        **_counts(one),
        **_estimated(one.comparison.difference, one.comparison.p, one.comparison.test, one.comparison.unit),
        status="preregistered" if one.preregistered else "exploratory",
        p_holm=one.p_holm,
        excluded_from=one.base.excluded,
        excluded_to=one.treated.excluded,
        bounds=list(one.bounds),
        exclusions_could_flip_it=one.exclusions_could_flip_it,
        lacks_room=one.lacks_room,
        after_look=one.after_look,
        distinct_from=len(base.tally.transcripts),
        distinct_to=len(treated.tally.transcripts),
        key_from=base.record.key,
        key_to=treated.record.key,
    )


def wordings_row(one: OverWordings) -> dict[str, Any]:
    """A contrast over wordings as plain values."""
    first = one.contrasts[0]
    held = {name: level for name, level in first.pair.held.items() if name != "wording"}
    return _row(
        kind="over wordings",
        **_place(first.pair.base, first.measure),
        **_changed(first.pair.factor, first.pair.levels, first.pair.changed),
        held=held,
        **_estimated(one.mean, one.p, "t over wordings", "wording"),
        status="exploratory",
        contexts=len(one.contrasts),
        sd=one.sd,
        per_wording={
            str(wording): each.comparison.difference.value
            for wording, each in zip(one.wordings, one.contrasts, strict=True)
        },
    )


def effect_row(effect: Effect, told: GridEffects | None = None) -> dict[str, Any]:
    """A main effect or interaction as plain values, with the odds ratio of the model beside it."""
    odds = told.odds_ratio(effect) if told else None
    base, treated = (" x ".join(str(level[side]) for level in effect.changed.values()) for side in (0, 1))
    return _row(
        kind=effect.kind,
        **_place(effect.cells[0][0], effect.measure),
        **_changed(" x ".join(effect.changed), (base, treated), effect.changed),
        **_estimated(effect.estimate, effect.p, "the interval, inverted", "episode"),
        status="exploratory",
        contexts=effect.contexts,
        possible=effect.possible,
        odds_ratio=odds and odds.ratio,
        odds_lo=odds and odds.lo,
        odds_hi=odds and odds.hi,
        odds_p=odds and odds.p,
    )


def attribution_rows(one: Attribution) -> list[dict[str, Any]]:
    """A bundle and its parts as plain values."""
    of = one.bundle.pair.treated.record.prompt
    parts = [("bundle", (one.bundle,)), ("alone", one.alone), ("last", one.last), ("placebo", one.placebos)]
    rows = [contrast_row(each, part, of) for part, found in parts for each in found]
    together = [effect_row(effect) | {"part": "interaction", "of": of} for effect in one.interactions]
    return [row | {"kind": "part of a bundle", "untested": list(one.untested)} for row in (*rows, *together)]


def _place(cell: CellState, measure: str) -> dict[str, Any]:
    record = cell.record
    return {
        "env": record.env,
        "model": model_name(record),
        "protocol": record.protocol,
        "measure": measure,
        "simulated": record.simulated,
    }


def _changed(factor: str, levels: tuple[Any, Any], changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {"factor": factor, "from": levels[0], "to": levels[1], "changed": dict(changed)}


def _counts(one: Contrast) -> dict[str, Any]:
    return {"k_from": one.base.k, "n_from": one.base.n, "k_to": one.treated.k, "n_to": one.treated.n}


def _estimated(estimate: Difference, p: float, test: str, unit: str) -> dict[str, Any]:
    return {
        "difference": estimate.value,
        "lo": estimate.lo,
        "hi": estimate.hi,
        "interval": f"{estimate.method} {estimate.level:.0%}",
        "p": p,
        "test": test,
        "unit": unit,
    }


_COLUMNS = (
    *("kind", "part", "of", "env", "model", "protocol", "measure"),
    *("factor", "from", "to", "changed", "held", "cell_from", "cell_to"),
    *("k_from", "n_from", "k_to", "n_to", "difference", "lo", "hi", "interval", "p", "test", "unit"),
    *("status", "p_holm", "excluded_from", "excluded_to", "bounds", "exclusions_could_flip_it", "lacks_room"),
    *("after_look", "distinct_from", "distinct_to", "contexts", "possible", "sd", "per_wording"),
    *("odds_ratio", "odds_lo", "odds_hi", "odds_p", "untested", "simulated", "key_from", "key_to"),
)
"""Of every row, whatever its kind, so that all stand in one file; what a kind does not have is null."""


def _row(**values: Any) -> dict[str, Any]:
    return {column: values.get(column) for column in _COLUMNS}
