"""Published rates as further rows of the rates table, marked as theirs."""

from collections.abc import Mapping, Sequence
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.published.published import PublishedRate, published_contrast, published_for
from hanlon.analysis.rates_table import rates_cells
from hanlon.store.cells import CellState

NOT_THEIRS = (
    "excluded",
    "bounds",
    "episodes",
    "planned",
    "after_look",
    "distinct",
    "outcomes",
    "answered_by",
)
"""Columns of a rates row that a paper does not have."""


def with_published(cells: Sequence[CellState], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `tables.rates_rows`, below each of them what papers report of its model and condition.

    Every row has the further columns `published` (None for our own rows), and the keys are the same in all of them.
    """
    records = {cell.record.key: cell.record for cell in cells}
    together: list[dict[str, Any]] = []
    for row in rows:
        together.append(row | {"published": None})
        together += [_row(row, theirs) for theirs in published_for(records[row["key"]], row["measure"])]
    return together


def _row(ours: Mapping[str, Any], theirs: PublishedRate) -> dict[str, Any]:
    numbers = {name: getattr(theirs, name) for name in ("model", "measure", "k", "n", "rate", "lo", "hi")}
    return {
        **ours,
        **dict.fromkeys(NOT_THEIRS),
        **numbers,
        "interval": theirs.interval,
        "simulated": False,
        "notes": [],
        "protocol": None,
        "published": {
            "study": theirs.study,
            "condition": theirs.condition,
            "source": theirs.source,
            "place": theirs.place,
            "url": theirs.url,
            "counts": theirs.counts,
            "se": theirs.se,
            "interval_by": theirs.interval_by,
            "denominator": theirs.denominator,
            "remarks": list(theirs.remarks),
        },
    }


def words(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Own and published rows as the words of one printed table."""
    said: list[dict[str, str]] = []
    columns: list[str] = []
    for row in rows:
        if row["published"] is None:
            said.append(rates_cells(row))
            columns = list(said[-1])
        else:
            said.append(dict(zip(columns, _values(row, row["published"]), strict=True)))
    return said


def _values(row: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """In the order of `tables.rates_cells`; `outcomes` holds the source."""
    return [
        f"  published: {theirs['condition']}",
        row["model"],
        "-",
        row["measure"],
        _counts(row, theirs["counts"]),
        "-" if row["rate"] is None else f"{row['rate']:.1%}",
        _interval(row, theirs),
        "-",
        f"{theirs['study']}, {theirs['place']}; {', '.join(theirs['remarks'])}",
        "-",
    ]


def _counts(row: Mapping[str, Any], counts: str) -> str:
    if row["n"] is None:
        return "-"
    if row["k"] is None:
        return f"n = {row['n']}"
    if counts == "n at least":
        return f"{row['k']} of at least {row['n']}"
    return f"{row['k']}/{row['n']}" + (" (inferred)" if counts.endswith("inferred") else "")


def _interval(row: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    if row["lo"] is not None:
        return f"[{row['lo']:.1%}, {row['hi']:.1%}] {row['interval']}"
    return "-" if theirs["se"] is None else f"± {theirs['se']:.1%} ({row['interval']})"


def sources(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands below the table: whose the published rows are and where to find them."""
    named = [row["published"] for row in rows if row["published"]]
    if not named:
        return [
            "Published: nothing in hanlon/analysis/published/published_rates.csv is of these models and conditions."
        ]
    listed = dict.fromkeys(
        f"Published, {at['study']}: {at['source']}" + (f", {at['url']}" if at["url"] else "") + "."
        for at in named
    )
    return ["Published rows are the papers' numbers, not of these episodes.", *listed]


def beside_contrasts(found: Sequence[Contrast]) -> list[str]:
    """What papers report beside the observed contrasts of tiers, one line each; or that there is nothing."""
    lines = dict.fromkeys(
        f"{_arrow(one)}: {_points(theirs)} in {theirs.study}, {theirs.place} ({theirs.condition}; "
        f"{theirs.model}; {', '.join(theirs.remarks)}); {theirs.source}."
        for one in found
        if one.pair.kind == "factor"
        for theirs in published_contrast(one.pair.treated.record, one.pair.base.record, one.measure)
    )
    return list(lines) or ["Published: no paper's difference is of these models, conditions and tiers."]


def _arrow(one: Contrast) -> str:
    base, treated = one.pair.levels
    return f"Published beside {one.pair.factor}: {base} → {treated} of {one.pair.treated.record.label}"


def _points(theirs: PublishedRate) -> str:
    """The difference in points, treated minus baseline as ours, with the paper's own interval or error."""
    value = "-" if theirs.rate is None else f"{100 * theirs.rate:+.1f} points"
    if theirs.lo is not None and theirs.hi is not None:
        return f"{value} [{100 * theirs.lo:+.1f}, {100 * theirs.hi:+.1f}] ({theirs.interval})"
    return value if theirs.se is None else f"{value} ± {100 * theirs.se:.1f} ({theirs.interval})"
