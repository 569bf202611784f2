"""A report of contrasts as rows of one table, whatever their kind, for JSON, CSV and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.contrasts.attribution import Attribution
from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.dose import DoseTrend
from hanlon.analysis.contrasts.factorial import Effect
from hanlon.analysis.contrasts.logistic import OddsRatio
from hanlon.analysis.contrasts.report import GridEffects, Report
from hanlon.analysis.contrasts.wordings import OverWordings
from hanlon.analysis.stats.differences import Difference, difference
from hanlon.analysis.stats.ratios import Ratio
from hanlon.analysis.stats.trend import Trend
from hanlon.analysis.tables import Column, plain_rows
from hanlon.store.cells import CellState, model_name
from hanlon.store.contract import WORDING
from hanlon.store.tally import Count


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A contrast, a trend, a mean over wordings, a main effect or an interaction; what its kind does not have is None.

    `part`, `bundle` and `untested` say which part of which bundle it is, and of what else nothing is known.
    """

    kind: str
    cell: CellState
    measure: str
    factor: str
    levels: tuple[Any, Any]
    changed: Mapping[str, tuple[Any, Any]]
    estimate: Difference
    p: float
    test: str
    unit: str
    held: Mapping[str, Any] | None = None
    contrast: Contrast | None = None
    dose: DoseTrend | None = None
    wordings: OverWordings | None = None
    effect: Effect | None = None
    odds: OddsRatio | None = None
    part: str | None = None
    bundle: str | None = None
    untested: tuple[str, ...] | None = None


def report_rows(report: Report) -> list[dict[str, Any]]:
    """All of a report, one row each, with the same keys; a fraction is a fraction."""
    rows = [
        *(contrast_row(contrast) for contrast in report.contrasts),
        *(trend_row(dose, dose.trend) for dose in report.trends if dose.trend),
        *(wordings_row(wordings) for wordings in report.wordings),
        *(effect_row(effect, grid) for grid in report.effects for effect in grid.effects),
        *(row for attribution in report.attributions for row in attribution_rows(attribution)),
    ]
    return plain_rows(COLUMNS, rows)


def contrast_row(
    contrast: Contrast, part: str = "", bundle: str = "", untested: tuple[str, ...] | None = None
) -> ReportRow:
    """The row of a contrast, by itself or as a part of a bundle."""
    pair, comparison = contrast.pair, contrast.comparison
    kind = "contrast" if pair.kind == "factor" else "bundle"
    return ReportRow(
        "part of a bundle" if part else kind,
        pair.base, contrast.measure, pair.factor, pair.levels, pair.changed,
        comparison.difference, comparison.p, comparison.test, comparison.unit,
        held=pair.held, contrast=contrast, part=part, bundle=bundle, untested=untested,
    )  # fmt: skip


def trend_row(dose: DoseTrend, trend: Trend) -> ReportRow:
    """The row of a trend; its difference is from the lowest to the highest level that all wordings have."""
    levels = [*dose.counts] or [*dose.series[0].levels]
    ends = (levels[0], levels[-1])
    first, last = (dose.counts.get(end, Count()) for end in ends)
    return ReportRow(
        "trend", dose.cells[0], dose.measure, dose.factor, ends, {dose.factor: ends},
        difference(last.k, last.n, first.k, first.n, dose.level), trend.p, trend.test, trend.unit,
        held=dose.held, dose=dose,
    )  # fmt: skip


def wordings_row(wordings: OverWordings) -> ReportRow:
    """The row of a contrast's mean over wordings."""
    first = wordings.contrasts[0]
    pair = first.pair
    return ReportRow(
        "over wordings", pair.base, first.measure, pair.factor, pair.levels, pair.changed,
        wordings.mean, wordings.p, "t over wordings", "wording",
        held={name: level for name, level in pair.held.items() if name != WORDING}, wordings=wordings,
    )  # fmt: skip


def effect_row(effect: Effect, grid: GridEffects) -> ReportRow:
    """The row of a main effect or interaction, with the odds ratio of the grid's model beside it."""
    return _effect_row(effect.kind, effect, odds=grid.odds_ratio(effect))


def _effect_row(kind: str, effect: Effect, **others: Any) -> ReportRow:
    base, treated = (" x ".join(str(level[side]) for level in effect.changed.values()) for side in (0, 1))
    return ReportRow(
        kind, effect.cells[0][0], effect.measure, " x ".join(effect.changed), (base, treated), effect.changed,
        effect.estimate, effect.p, "the interval, inverted", "episode", effect=effect, **others,
    )  # fmt: skip


def attribution_rows(attribution: Attribution) -> list[ReportRow]:
    """The rows of a bundle and its parts."""
    bundle, untested = attribution.bundle.pair.treated.record.prompt, attribution.untested
    parts = {
        "bundle": (attribution.bundle,),
        "alone": attribution.alone,
        "last": attribution.last,
        "placebo": attribution.placebos,
    }
    together = {"part": "interaction", "bundle": bundle, "untested": untested}
    return [
        *(
            contrast_row(contrast, part, bundle, untested)
            for part, contrasts in parts.items()
            for contrast in contrasts
        ),
        *(_effect_row("part of a bundle", effect, **together) for effect in attribution.interactions),
    ]


COLUMNS: tuple[Column[ReportRow], ...] = (
    Column("kind", lambda row: row.kind),
    Column("part", lambda row: row.part),
    Column("of", lambda row: row.bundle),
    Column("env", lambda row: row.cell.record.env),
    Column("model", lambda row: model_name(row.cell.record)),
    Column("protocol", lambda row: row.cell.record.protocol),
    Column("measure", lambda row: row.measure),
    Column("factor", lambda row: row.factor),
    Column("from", lambda row: row.levels[0]),
    Column("to", lambda row: row.levels[1]),
    Column("changed", lambda row: dict(row.changed)),
    Column("held", lambda row: None if row.held is None else dict(row.held)),
    Column("cell_from", lambda row: row.contrast and row.contrast.pair.base.record.label),
    Column("cell_to", lambda row: row.contrast and row.contrast.pair.treated.record.label),
    Column("k_from", lambda row: row.contrast and row.contrast.base.k),
    Column("n_from", lambda row: row.contrast and row.contrast.base.n),
    Column("k_to", lambda row: row.contrast and row.contrast.treated.k),
    Column("n_to", lambda row: row.contrast and row.contrast.treated.n),
    Column("difference", lambda row: row.estimate.value),
    Column("lo", lambda row: row.estimate.lo),
    Column("hi", lambda row: row.estimate.hi),
    Column("ratio", lambda row: (ratio := ratio_of(row)) and ratio.value),
    Column("ratio_lo", lambda row: (ratio := ratio_of(row)) and ratio.lo),
    Column("ratio_hi", lambda row: (ratio := ratio_of(row)) and ratio.hi),
    Column("interval", lambda row: f"{row.estimate.method} {row.estimate.level:.0%}"),
    Column("p", lambda row: row.p),
    Column("test", lambda row: row.test),
    Column("unit", lambda row: row.unit),
    Column("status", lambda row: status(row)),
    Column("p_holm", lambda row: row.contrast and row.contrast.p_holm),
    Column("excluded_from", lambda row: row.contrast and row.contrast.base.excluded),
    Column("excluded_to", lambda row: row.contrast and row.contrast.treated.excluded),
    Column("bounds", lambda row: row.contrast and list(row.contrast.bounds)),
    Column("exclusions_could_flip_it", lambda row: row.contrast and row.contrast.exclusions_could_flip_it),
    Column("lacks_room", lambda row: row.contrast and row.contrast.lacks_room),
    Column("after_look", lambda row: row.contrast and row.contrast.after_look),
    Column("distinct_from", lambda row: row.contrast and len(row.contrast.pair.base.tally.transcripts)),
    Column("distinct_to", lambda row: row.contrast and len(row.contrast.pair.treated.tally.transcripts)),
    Column("contexts", lambda row: contexts(row)),
    Column("possible", lambda row: row.effect and row.effect.possible),
    Column("sd", lambda row: row.wordings and row.wordings.sd),
    Column("per_wording", lambda row: row.wordings and row.wordings.differences),
    Column("z", lambda row: row.dose and row.dose.trend and row.dose.trend.z),
    Column("direction", lambda row: row.dose and row.dose.direction),
    Column("levels", lambda row: row.dose and list(row.dose.counts)),
    Column("k", lambda row: row.dose and [count.k for count in row.dose.counts.values()]),
    Column("n", lambda row: row.dose and [count.n for count in row.dose.counts.values()]),
    Column("z_per_wording", lambda row: row.dose and row.dose.z_by_wording),
    Column("breaks", lambda row: row.dose and [list(each.levels) for each in row.dose.breaks]),
    Column("breaks_p", lambda row: row.dose and row.dose.breaks_p),
    Column("below_margin", lambda row: row.dose and list(row.dose.below)),
    Column("margin", lambda row: row.dose and row.dose.margin),
    Column("odds_ratio", lambda row: row.odds and row.odds.ratio),
    Column("odds_lo", lambda row: row.odds and row.odds.lo),
    Column("odds_hi", lambda row: row.odds and row.odds.hi),
    Column("odds_p", lambda row: row.odds and row.odds.p),
    Column("untested", lambda row: None if row.untested is None else list(row.untested)),
    Column("simulated", lambda row: row.cell.record.simulated),
    Column("key_from", lambda row: row.contrast and row.contrast.pair.base.record.key),
    Column("key_to", lambda row: row.contrast and row.contrast.pair.treated.record.key),
)


def ratio_of(row: ReportRow) -> Ratio | None:
    """The ratio of the two rates; None for what is no single contrast, and where the base has no case."""
    ratio = row.contrast and row.contrast.comparison.ratio
    return ratio if ratio and ratio.value is not None else None


def status(row: ReportRow) -> str:
    """Whether somebody wrote the row down before the run."""
    return row.contrast.status if row.contrast else "exploratory"


def contexts(row: ReportRow) -> int | None:
    """How many contexts, or wordings, a row is the mean of."""
    return len(row.wordings.contrasts) if row.wordings else row.effect and row.effect.contexts
