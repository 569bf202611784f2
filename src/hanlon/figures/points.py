"""Rows to draw: published numbers and the rates of own cells, in the same columns.

A frame of points has one row a rate, difference or ratio:

- `row`: the place of its line in `hanlon/analysis/published/published_rates.csv`, from 0; missing for an own run
- `whose`: `published`, `own run` or `simulated`
- `study`, `place`, `model`, `condition`, `tier`, `kind`, `measure`: as in that file
- `k`, `n`, `counts`: cases and trials, and whose they are; `rate`, `lo`, `hi`, `se`: fractions as printed
- `low`, `high`: where the whisker ends: `lo`, `hi`, else one standard error either way, else missing
- `error`: what the whisker is
- `label`: k/n, marked where it is inferred or missing
- `effort`: `default`, or what an own cell asked for
- `excluded`: how many episodes of an own cell are not in n; missing for a published row
- `key`: the key of an own cell; its study, place and condition are those of the published rows that it stands beside

A figure adds `panel`, `group` and `series`: in which panel a row stands, on which place of the axis, in which colour.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from hanlon.analysis.published.published import DEFAULT_EFFORT, published_conditions, published_rows
from hanlon.analysis.stats.rates import IntervalName, rate_of
from hanlon.analysis.tables import points
from hanlon.figures.frames import PUBLISHED, SIMULATED, SWEEP, Frame, table
from hanlon.figures.names import readable
from hanlon.store.cells import CellState, model_name
from hanlon.store.records import CellRecord

TAKEN = (
    "study", "place", "model", "condition", "tier", "kind", "measure", "paper_measure", "k", "n", "counts",
)  # fmt: skip
DEFAULT = "default"
NUMBERS = ("rate", "lo", "hi", "se")
COLUMNS = ("row", "whose", *TAKEN, *NUMBERS, "low", "high", "error", "label", "effort", "excluded", "key")


def published_points() -> Frame:
    """All published rows as points, also those without a rate. Numbers are the papers', not turned round."""
    return frame([_published(number, row) for number, row in enumerate(published_rows())])


def frame(rows: Iterable[Mapping[str, Any]]) -> Frame:
    """A frame of points with the types of its columns."""

    rows_of_points = table(rows, COLUMNS)
    whole = dict.fromkeys(("row", "k", "n", "excluded"), "Int64")
    parts = dict.fromkeys((*NUMBERS, "low", "high"), "float64")
    return rows_of_points.astype(whole | parts)


def _published(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    low, high, error = _whisker(row)
    fields = {name: row[name] for name in (*TAKEN, *NUMBERS)}
    marks = {"low": low, "high": high, "error": error, "label": label_of(row), "key": None}
    return {"row": number, "whose": PUBLISHED, "effort": DEFAULT, **fields, **marks}


def _whisker(row: Mapping[str, Any]) -> tuple[float | None, float | None, str]:
    if row["lo"] is not None:
        by = "" if row["interval_by"] == "source" else ", computed from k and n"
        return row["lo"], row["hi"], row["interval"] + by
    if row["se"] is None or row["rate"] is None:
        return None, None, ""
    floor, ceiling = (-1.0, 1.0) if row["kind"] == "contrast" else (0.0, 1.0)
    return max(floor, row["rate"] - row["se"]), min(ceiling, row["rate"] + row["se"]), "1 SE"


def label_of(row: Mapping[str, Any]) -> str:
    """What stands at a mark: k/n as printed, `~` before an inferred k, at least n, or the rate and its n."""
    k, n = row["k"], row["n"]
    in_points = row["kind"] == "contrast"
    rate = "" if row["rate"] is None else points(row["rate"]) if in_points else f"{100 * row['rate']:.3g}%"
    if n is None:
        return rate
    if k is None:
        return f"{rate} (n={n})"
    if row["counts"] == "n at least":
        return f"all of {n}+" if k == n else f"{k} of {n}+"
    return f"{'~' if row['counts'].endswith('inferred') else ''}{k}/{n}"


def holds_value(value: Any) -> bool:
    """Whether a field of a frame holds a value."""
    import pandas as pd

    return not cast(Any, pd).isna(value)


def sweep_points(states: Sequence[CellState], interval: IntervalName = "wilson") -> Frame:
    """The rates of own cells, once for each published condition that they have, of whatever model and at any effort.

    `study`, `place` and `condition` are the published ones; k and the interval are turned round where the paper
    counts the opposite. Cells of conditions that nobody published are not in it.
    """
    rows = [{**row, "row": number} for number, row in enumerate(published_rows())]
    return frame(
        point
        for state in states
        for measure in state.record.measures
        for point in _conditions(state, measure, rows, interval)
    )


def _conditions(
    state: CellState, measure: str, rows: Sequence[Mapping[str, Any]], interval: IntervalName
) -> Iterable[dict[str, Any]]:
    record, rate = state.record, rate_of(state.tally, measure, interval=interval)
    named = {
        (row["study"], row["place"], row["condition"], row["paper_measure"]): row
        for row in published_conditions(record, measure, rows, any_effort=True)
    }
    for row in named.values() if rate.rate is not None else ():
        turned = row["relation"] == "complement"
        k = rate.n - rate.k if turned else rate.k
        lo, hi = (1 - rate.hi, 1 - rate.lo) if turned else (rate.lo, rate.hi)
        yield {
            **{name: row[name] for name in TAKEN},
            "row": None, "whose": SIMULATED if record.simulated else SWEEP, "model": cell_model(state),
            "k": k, "n": rate.n, "counts": "", "rate": k / rate.n, "lo": lo, "hi": hi, "low": lo, "high": hi,
            "error": f"{rate.method} {rate.level:.0%}", "label": f"{k}/{rate.n}", "effort": effort_of(record),
            "excluded": sum(rate.excluded.values()), "key": record.key,
        }  # fmt: skip


def effort_of(record: CellRecord) -> str:
    """How much reasoning a cell asks for: `default` where it says nothing or medium, which is the same."""
    model: Mapping[str, Any] = record.config.get("model") or {}
    extra: Mapping[str, Any] = model.get("extra_body") or {}
    sampling: Mapping[str, Any] = model.get("sampling") or {}
    thinking: Mapping[str, Any] = extra.get("reasoning") or {}
    if "max_tokens" in thinking:
        return f"{thinking['max_tokens']} thinking tokens"
    named = sampling.get("reasoning_effort")
    return DEFAULT if named in DEFAULT_EFFORT else str(named)


def cell_model(state: CellState) -> str:
    """An own cell's model, with what its label says beyond prompt and tier: `openai/o3, wording 2`."""
    record = state.record
    beyond = record.label.replace(f"+tier={record.factors.get('tier')}", "", 1).partition("+")[2]
    return model_name(record).removeprefix("openrouter/") + (f", {readable(beyond)}" if beyond else "")
