"""A cell's rows, summary and lines of the rates table as plain values, made from its counts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.analysis.inert import inert
from hanlon.analysis.stats.rates import rate_of
from hanlon.store.records import CellRecord, SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.store.tally import Count, Tally

MOST_LINES = 10_000
"""Of a table; W&B drops the others."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of plain values; within a column all are of one type or None, as W&B wants it."""

    columns: Sequence[str]
    lines: Sequence[Sequence[Any]]


LONGEST_NAME = 128
"""Characters of a run's name or group that W&B takes."""
SIMULATED = " (simulated)"
LAYOUT = 2
"""Raised when what is logged of the same counts changes, so that finished cells are logged anew."""
RATE_COLUMNS = (
    *(
        "label",
        "env",
        "prompt",
        "tier",
        "model",
        "protocol",
        "factors",
        "measure",
        "k",
        "n",
        "rate",
        "lo",
        "hi",
    ),
    *("method", "level", "excluded", "excluded_reasons", "simulated"),
)


def shown_label(cell: CellRecord) -> str:
    """The cell's label, which says so where no model was asked."""
    return cell.label + SIMULATED * cell.simulated


def run_name(text: str, more: str, *, simulated: bool) -> str:
    """A run's name: as much of a text as W&B takes beside `more` and what says that no model was asked."""
    end = more + SIMULATED * simulated
    return inert(text)[: LONGEST_NAME - len(end)] + end


def group_name(sweep: SweepRecord) -> str:
    """The group of a sweep's runs."""
    return inert(sweep.group)[:LONGEST_NAME]


def tier_name(cell: CellRecord) -> str:
    """The cell's tier as its label has it, `free(word=gratis)`; its file's name where the record is older."""
    if "tier" in cell.factors:
        return str(cell.factors["tier"])
    tier: Any = cell.config.get("tier")
    name: Any = cast("dict[str, Any]", tier).get("name") if isinstance(tier, dict) else tier
    return str(name or "none")


def varied(cells: Sequence[CellRecord]) -> list[str]:
    """The factors that have several levels in these cells, in the cells' order."""
    names = dict.fromkeys(name for cell in cells for name in cell.factors)
    return [name for name in names if len({repr(cell.factors.get(name)) for cell in cells}) > 1]


def headline(cell: CellRecord) -> str:
    """The measure that a cell's `n`, `k` and `rate` are about."""
    return next(iter(cell.measures), "")


def counts(tally: Tally) -> dict[str, Any]:
    """What a tally holds, flat, without any statistics: one entry for each outcome and reason."""
    flat: dict[str, Any] = {
        "episodes": tally.episodes,
        "excluded": sum(tally.excluded.values()),
        "distinct_transcripts": len(tally.transcripts),
        "calls": tally.calls,
        "input_tokens": tally.input_tokens,
        "output_tokens": tally.output_tokens,
        "tokens": tally.input_tokens + tally.output_tokens,
        **{f"outcome/{inert(name)}": count for name, count in sorted(tally.outcomes.items())},
        **{f"excluded/{inert(reason)}": count for reason, count in sorted(tally.excluded.items())},
    }
    if tally.cost_usd is not None:
        # the sum depends in its last digits on the order of the episodes, which a resumed run changes
        flat["cost_usd"] = round(tally.cost_usd, 9)
    return flat


def row(cell: CellRecord, tally: Tally) -> dict[str, Any]:
    """One row of a cell's history; `n` (countable episodes of the headline measure) is its step."""
    return {**_interval("", tally, headline(cell)), **counts(tally)}


def summary(cell: CellRecord, tally: Tally, complete: bool) -> dict[str, Any]:
    """A cell's final scalars: the last row, every measure's rate, and what the numbers are about."""
    rate = rate_of(tally, headline(cell))
    flat = {
        **row(cell, tally),
        "measure": headline(cell),
        "method": rate.method,
        "level": rate.level,
        "after_look": tally.after_look,
        "simulated": cell.simulated,
        "protocol": cell.protocol,
        "label": shown_label(cell),
        "complete": complete,
    }
    for measure in measure_names(cell, tally):
        flat |= _interval(f"{measure}/", tally, measure)
    return flat


def measure_names(cell: CellRecord, tally: Tally) -> list[str]:
    """The environment's measures, the headline first, then any other that episodes have."""
    return list(dict.fromkeys([*cell.measures, *sorted(tally.measures)]))


def _interval(prefix: str, tally: Tally, measure: str) -> dict[str, Any]:
    count = tally.measures.get(measure, Count())
    if not count.n:
        return {f"{prefix}n": 0, f"{prefix}k": 0}
    rate = rate_of(tally, measure)
    values = {"n": rate.n, "k": rate.k, "rate": rate.rate, "lo": rate.lo, "hi": rate.hi}
    return {f"{prefix}{name}": value for name, value in values.items()}


def config_of(cell: CellRecord, redaction: Redaction) -> dict[str, Any]:
    """What a run's config holds of its cell, redacted.

    Nothing may stand at `env`, `model`, ...: a W&B sweep's parameter of that name would replace it.
    """
    tree = redaction.tree
    names = {"env": cell.env, "prompt": cell.prompt, "tier": tier_name(cell), "model": cell.model}
    names["model_prompt"] = f"{cell.model}, {cell.prompt}"  # what a bar plot of both groups by
    return {
        "cell": tree(cell.config),
        "factors": tree(cell.factors),
        "names": tree({**names, "endpoint": cell.endpoint}),
        "key": cell.key,
        "label": shown_label(cell),
        "protocol": cell.protocol,
        "simulated": cell.simulated,
        "measures": tree(cell.measures),
        "texts_hash": cell.texts_hash,
        "planned_samples": cell.planned_samples,
        "versions": tree(cell.versions),
        "git_sha": cell.git_sha,
        "notes": tree(cell.notes),
    }


def fingerprint(*parts: Any) -> str:
    """A hash of plain values. Equal counts have equal hashes, whatever the order of the episodes."""
    return hashlib.sha256(json.dumps([LAYOUT, *parts], sort_keys=True, default=str).encode()).hexdigest()


def rate_rows(cell: CellRecord, tally: Tally) -> list[dict[str, Any]]:
    """The cell's rows of the summary run's `rates` table, one for each measure, with RATE_COLUMNS."""
    names = {
        "label": shown_label(cell), "env": cell.env, "prompt": cell.prompt, "tier": tier_name(cell),
        "model": cell.model, "protocol": cell.protocol, "factors": cell.factors, "simulated": cell.simulated,
    }  # fmt: skip
    rates = {measure: rate_of(tally, measure) for measure in measure_names(cell, tally)}
    return [
        {
            **names, "measure": measure, "k": rate.k, "n": rate.n, "rate": rate.rate, "lo": rate.lo, "hi": rate.hi,
            "method": rate.method, "level": rate.level, "excluded": sum(rate.excluded.values()),
            "excluded_reasons": rate.excluded,
        }
        for measure, rate in rates.items()
    ]  # fmt: skip
