"""Published rates as further rows of the rates table, marked as theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.published.published import PublishedRate, published_contrast, published_for
from hanlon.analysis.rates_table import RatesRow, interval_heading, percent, rates_columns
from hanlon.analysis.stats.rates import IntervalName
from hanlon.analysis.tables import Column, plain, printed


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A paper's rate of the model and condition of our row above it."""

    ours: RatesRow
    rate: PublishedRate


Row = RatesRow | PublishedRow


def with_published(rows: Sequence[RatesRow]) -> list[Row]:
    """The rows, each followed by what papers report of its model and condition."""
    together: list[Row] = []
    for row in rows:
        together.append(row)
        together += [PublishedRow(row, rate) for rate in published_for(row.record, row.rate.measure)]
    return together


def published_columns(interval: IntervalName = "wilson") -> tuple[Column[Row], ...]:
    """The columns of the rates table for both kinds of rows, and `published`, which is null for our own."""
    papers = {column.name: column for column in _paper_columns(interval)}
    return (
        *(_either(column, papers.get(column.name)) for column in rates_columns(interval)),
        Column("published", lambda row: _reference(row.rate) if isinstance(row, PublishedRow) else None),
    )


def _either(ours: Column[RatesRow], papers: Column[PublishedRow] | None) -> Column[Row]:
    """A column of both kinds of rows; what a paper does not have is null, and printed as a dash."""
    value, text = ours.value, ours.text
    paper_value, paper_text = (papers.value, papers.text) if papers else (None, None)

    def value_of(row: Row) -> Any:
        if isinstance(row, RatesRow):
            return value and value(row)
        return paper_value and paper_value(row)

    def text_of(row: Row) -> str:
        if isinstance(row, RatesRow):
            return text(row) if text else "-"
        return paper_text(row) if paper_text else "-"

    return Column(
        ours.name, value and value_of, text and text_of, ours.once, ours.right, ours.heads, ours.fixed
    )


def _paper_columns(interval: IntervalName) -> tuple[Column[PublishedRow], ...]:
    """The columns of the rates table that a paper fills. Its source stands in `outcomes`."""
    return (
        Column("env", lambda row: row.ours.record.env),
        Column("cell", lambda row: row.ours.record.label, lambda row: f"  published: {row.rate.condition}"),
        plain("model", lambda row: row.rate.model),
        plain("measure", lambda row: row.rate.measure),
        Column("k", lambda row: row.rate.k),
        Column("n", lambda row: row.rate.n),
        printed("k/n", lambda row: _counts(row.rate)),
        Column("rate", lambda row: row.rate.rate, lambda row: percent(row.rate.rate)),
        Column("lo", lambda row: row.rate.lo),
        Column("hi", lambda row: row.rate.hi),
        Column("interval", lambda row: row.rate.interval),
        printed(interval_heading(interval), lambda row: _interval(row.rate)),
        printed(
            "outcomes",
            lambda row: f"{row.rate.study}, {row.rate.place}; {', '.join(row.rate.remarks)}",
        ),
        Column("simulated", lambda row: False),
        Column("notes", lambda row: []),
        Column("key", lambda row: row.ours.record.key),
        Column("folder", lambda row: str(row.ours.cell.folder)),
    )


def _reference(rate: PublishedRate) -> dict[str, Any]:
    names = ("study", "condition", "source", "place", "url", "counts", "se", "interval_by", "denominator")
    return {name: getattr(rate, name) for name in names} | {"remarks": list(rate.remarks)}


def _counts(rate: PublishedRate) -> str:
    if rate.n is None:
        return "-"
    if rate.k is None:
        return f"n = {rate.n}"
    if rate.counts == "n at least":
        return f"{rate.k} of at least {rate.n}"
    return f"{rate.k}/{rate.n}" + (" (inferred)" if rate.counts.endswith("inferred") else "")


def _interval(rate: PublishedRate) -> str:
    if rate.lo is not None:
        return f"[{rate.lo:.1%}, {rate.hi:.1%}] {rate.interval}"
    return "-" if rate.se is None else f"± {rate.se:.1%} ({rate.interval})"


def sources(rows: Sequence[Row]) -> list[str]:
    """The lines below the table: the authors of the published rows and where to find them."""
    rates = [row.rate for row in rows if isinstance(row, PublishedRow)]
    if not rates:
        return [
            "Published: nothing in hanlon/analysis/published/published_rates.csv is of these models and conditions."
        ]
    listed = dict.fromkeys(
        f"Published, {rate.study}: {rate.source}" + (f", {rate.url}" if rate.url else "") + "."
        for rate in rates
    )
    return ["Published rows are the papers' numbers, not of these episodes.", *listed]


def beside_contrasts(contrasts: Sequence[Contrast]) -> list[str]:
    """What papers report beside the observed contrasts of tiers, a line each; or that there is nothing."""
    lines = dict.fromkeys(
        f"{_arrow(contrast)}: {_points(paper)} in {paper.study}, {paper.place} ({paper.condition}; "
        f"{paper.model}; {', '.join(paper.remarks)}); {paper.source}."
        for contrast in contrasts
        if contrast.pair.kind == "factor"
        for paper in published_contrast(
            contrast.pair.treated.record, contrast.pair.base.record, contrast.measure
        )
    )
    return list(lines) or ["Published: no paper's difference is of these models, conditions and tiers."]


def _arrow(contrast: Contrast) -> str:
    base, treated = contrast.pair.levels
    return (
        f"Published beside {contrast.pair.factor}: {base} → {treated} of {contrast.pair.treated.record.label}"
    )


def _points(paper: PublishedRate) -> str:
    """The difference in points, treated minus baseline as ours, with the paper's own interval or error."""
    value = "-" if paper.rate is None else f"{100 * paper.rate:+.1f} points"
    if paper.lo is not None and paper.hi is not None:
        return f"{value} [{100 * paper.lo:+.1f}, {100 * paper.hi:+.1f}] ({paper.interval})"
    return value if paper.se is None else f"{value} ± {100 * paper.se:.1f} ({paper.interval})"
