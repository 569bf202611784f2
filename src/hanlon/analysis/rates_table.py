"""The rows of `hanlon rates` and `hanlon status`, and what a reader must know beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hanlon.analysis.stats.rates import IntervalName, Rate, rate_of
from hanlon.store.cells import CellState, model_names
from hanlon.store.records import CellRecord

FEW_DISTINCT = 0.5
"""Below this share of distinct transcripts n overstates what was seen, and the table says so."""


def rates_rows(
    cells: Sequence[CellState], measures: Sequence[str] | None = None, interval: IntervalName = "wilson"
) -> list[dict[str, Any]]:
    """One row for each cell and measure (default: each environment's headline rate), numbers as numbers."""
    names = model_names(cell.record for cell in cells)
    return [
        _rates_row(cell, names[cell.record.key], rate_of(cell.tally, measure, interval=interval))
        for cell in cells
        for measure in _chosen(cell.record, measures)
    ]


def _chosen(record: CellRecord, measures: Sequence[str] | None) -> list[str]:
    names = list(record.measures)
    return (
        names[:1] if measures is None else [name for name in names if name in measures or "all" in measures]
    )


def _rates_row(cell: CellState, model: str, rate: Rate) -> dict[str, Any]:
    record = cell.record
    return {
        "env": record.env,
        "cell": record.label,
        "model": model,
        "protocol": record.protocol,
        "measure": rate.measure,
        "k": rate.k,
        "n": rate.n,
        "rate": rate.rate,
        "lo": rate.lo,
        "hi": rate.hi,
        "interval": f"{rate.method} {rate.level:.0%}",
        "excluded": rate.excluded,
        "bounds": list(rate.bounds),
        "episodes": cell.tally.episodes,
        "planned": record.planned_samples,
        "after_look": cell.tally.after_look,
        "distinct": len(cell.tally.transcripts),
        "outcomes": dict(cell.tally.outcomes.most_common()),
        "answered_by": dict(cell.tally.answered_by.most_common()),
        "simulated": record.simulated,
        "notes": record.notes,
        "key": record.key,
        "folder": str(cell.folder),
    }


def rates_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """A rates row as the words of a printed table."""
    n, excluded = row["n"], sum(row["excluded"].values())
    several = f" (answered by {len(row['answered_by'])})" if len(row["answered_by"]) > 1 else ""
    rate = "-" if row["rate"] is None else f"{row['rate']:.1%}"
    reasons = ", ".join(f"{count} {reason}" for reason, count in row["excluded"].items())
    low, high = row["bounds"]
    return {
        "cell": row["cell"],
        "model": row["model"] + several,
        "protocol": row["protocol"],
        "measure": row["measure"],
        "k/n": f"{row['k']}/{n}",
        "rate": rate,
        row["interval"]: f"[{row['lo']:.1%}, {row['hi']:.1%}]" if n else "-",
        "excluded": f"{reasons} of {row['episodes']} (bounds {low:.1%} to {high:.1%})" if excluded else "0",
        "outcomes": ", ".join(f"{count} {name}" for name, count in row["outcomes"].items()) or "-",
        "distinct": f"{row['distinct']} of {row['episodes']}",
    }


def status_rows(cells: Sequence[CellState]) -> list[dict[str, Any]]:
    """One row for each cell: how far it is and what it cost."""
    names = model_names(cell.record for cell in cells)
    return [
        {
            "env": cell.record.env,
            "cell": cell.record.label,
            "model": names[cell.record.key],
            "protocol": cell.record.protocol,
            "episodes": cell.tally.episodes,
            "planned": cell.record.planned_samples,
            "excluded": dict(cell.tally.excluded),
            "calls": cell.tally.calls,
            "input_tokens": cell.tally.input_tokens,
            "output_tokens": cell.tally.output_tokens,
            "cost_usd": cell.tally.cost_usd,
            "answered_by": dict(cell.tally.answered_by.most_common()),
            "key": cell.record.key,
            "folder": str(cell.folder),
        }
        for cell in cells
    ]


def status_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """A status row as the words of a printed table."""
    return {
        "cell": row["cell"],
        "model": row["model"],
        "protocol": row["protocol"],
        "episodes": f"{row['episodes']} of {row['planned']}",
        "excluded": ", ".join(f"{n} {reason}" for reason, n in row["excluded"].items()) or "0",
        "calls": f"{row['calls']:,}",
        "tokens in / out": f"{row['input_tokens']:,} / {row['output_tokens']:,}",
        "cost": "unknown" if row["cost_usd"] is None else f"${row['cost_usd']:.4f}",
        "folder": row["folder"],
    }


def notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader of the rates must know beside them."""
    cells = list({row["key"]: row for row in rows}.values())
    repeated = [
        f"{row['cell']} ({row['model']}): only {row['distinct']} distinct transcripts in {row['episodes']} "
        "episodes. Where they are repeats and no samples, the interval is too narrow."
        for row in cells
        if row["n"] and row["distinct"] < FEW_DISTINCT * row["episodes"]
    ]
    added = [
        f"{row['cell']} ({row['model']}): {row['after_look']} of {row['episodes']} episodes were added after "
        "a look at the rates."
        for row in cells
        if row["after_look"]
    ]
    changed = [
        f"{row['cell']} ({row['model']}): the endpoint changed the model or provider part-way: "
        + ", ".join(f"{count} calls by {name}" for name, count in row["answered_by"].items())
        + ". This is not one model's rate."
        for row in cells
        if len(row["answered_by"]) > 1
    ]
    said = [f"{row['model']}: {note}." for row in cells for note in row["notes"]]
    return [*changed, *repeated, *added, *dict.fromkeys(said)]
