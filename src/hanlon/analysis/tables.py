"""The tables that a sweep ends with and that `hanlon rates` and `hanlon status` print again."""

import csv
import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from hanlon.analysis.model_names import model_names
from hanlon.analysis.rates import IntervalName, Rate, rate_of
from hanlon.records import CellRecord
from hanlon.tally import Tally

TableFormat = Literal["table", "json", "csv", "markdown"]
FEW_DISTINCT = 0.5
"""Below this share of distinct transcripts n overstates what was seen, and the table says so."""

SAID_ONCE = (
    "model",
    "protocol",
    "measure",
    "status",
    "excluded",
    "differ",
    "requests",
    "AF reasoning",
    "with / without",
    "confused",
    "gate",
    "tag but no content",
    "no tag",
)
"""Columns that are no part of a printed table where all its rows have the same in them."""


@dataclass(frozen=True, slots=True)
class CellState:
    """A cell as the store has it."""

    record: CellRecord
    tally: Tally
    folder: Path


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


def render(
    rows: Sequence[Mapping[str, Any]],
    words: Sequence[Mapping[str, str]],
    table_format: TableFormat,
    title: str,
) -> str:
    """The rows in one of the formats: JSON and CSV with plain numbers, the others in words."""
    if table_format == "json":
        return msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode()
    if table_format == "csv":
        return _csv(rows)
    return _printed(words, title, markdown=table_format == "markdown")


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {
            k: v if isinstance(v, (str, int, float)) else msgspec.json.encode(v).decode()
            for k, v in row.items()
        }
        writer.writerow(plain)
    return out.getvalue().rstrip("\n")


def _printed(words: Sequence[Mapping[str, str]], title: str, *, markdown: bool) -> str:
    """The rows as a table; on a terminal, what is the same in every row is said once above it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from hanlon.analysis.column_widths import fitted

    if not words:
        return "no cells"
    same = {} if markdown else _same_in_all(words)
    columns = [column for column in words[0] if column not in same]
    rows = [[row[name].replace("|", "\\|") if markdown else row[name] for name in columns] for row in words]
    console = Console(width=_width(markdown), highlight=False, markup=False)
    widths, cells = fitted([columns, *rows], console.width - 3 * len(columns) - 1)
    table = Table(box=box.MARKDOWN if markdown else box.SIMPLE_HEAD)
    for name, header, width in zip(columns, cells[0], widths, strict=True):
        justify = "right" if name in ("k/n", "rate") else "left"
        table.add_column(header, overflow="fold", justify=justify, width=width)
    for row in cells[1:]:
        table.add_row(*row)
    with console.capture() as capture:
        if not markdown:
            console.print("; ".join([title, *(f"{column} {value}" for column, value in same.items())]))
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().split("\n")).strip("\n")


def _same_in_all(words: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {
        column: words[0][column]
        for column in SAID_ONCE
        if column in words[0] and len({row[column] for row in words}) == 1
    }


def _width(markdown: bool) -> int | None:
    """As wide as the terminal, in a pipe or a file 160; Markdown is not folded."""
    return 10_000 if markdown else None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160
