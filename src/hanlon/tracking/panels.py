"""A summary run's tables: the sweep's cells as last counted, and the results that follow from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from hanlon.analysis.contrasts.effects import share_text
from hanlon.analysis.gaps.rows import gap_rows
from hanlon.analysis.gaps.tables import GAPS
from hanlon.analysis.labels.answers import COLUMNS as FOLLOWUPS
from hanlon.analysis.labels.answers import answered_questions
from hanlon.analysis.requests import request_cells
from hanlon.analysis.tables import plain_rows
from hanlon.fork.jumps import fork_reports
from hanlon.fork.tables import fork_rows
from hanlon.report.gathered import Gathered
from hanlon.store.digest import as_json
from hanlon.store.redaction import Redaction
from hanlon.tracking.tables import RATE_COLUMNS, Table, rate_rows

Row = Mapping[str, Any]


def panel_tables(
    gathered: Gathered, redaction: Redaction, failed: Callable[[str, Exception], None]
) -> dict[str, Table]:
    """The tables of a sweep that have a row, by name. `failed` is called for each table that cannot be made."""
    tables = dict[str, Table]()
    for name, panel in PANELS.items():
        try:
            rows = panel.rows(gathered)
            if rows:
                tables[name] = table(panel.columns, rows, redaction)
        except Exception as error:  # odd data in one panel shall not cost the others
            failed(name, error)
    return tables


@dataclass(frozen=True, slots=True)
class Panel:
    """A table: its columns, and the function that gives a sweep's rows."""

    columns: Sequence[str]
    rows: Callable[[Gathered], Sequence[Row]]


def _rates(gathered: Gathered) -> list[Row]:
    """A row for each measure of each cell."""
    return [row for cell in gathered.states for row in rate_rows(cell.record, cell.tally)]


def _verdict(gathered: Gathered) -> list[Row]:
    """For each model and protocol: the conclusion, the result of each hypothesis, and the controls."""
    return [row for row in gathered.material.verdict if row["kind"] not in ABOUT_CELLS]


def _effects(gathered: Gathered) -> list[Row]:
    """What each factor does, the largest first, as `hanlon verdict` prints it."""
    rows = (row for row in gathered.material.verdict if row["kind"] == "effect")
    effects = [effect for judged in gathered.judged for effect in judged.effects]
    shares = [share_text(effect.comparison.ratio).removeprefix("removes ") or None for effect in effects]
    return [
        {**row, "effect": row["contrast"], "k/n": _observed(row), "share removed": share}
        for row, share in zip(rows, shares, strict=True)
    ]


def _predictions(gathered: Gathered) -> list[Row]:
    """A row for each prediction in each context."""
    rows = (row for row in gathered.material.verdict if row["kind"] == "prediction")
    return [{**row, "observed": _observed(row)} for row in rows]


def _observed(row: Row) -> str:
    """k/n of the base and the treated cell; of a change, those of both contrasts."""
    counts = [f"{k}/{n}" for k, n in zip(row["k"], row["n"], strict=True)]
    return " | ".join(" -> ".join(counts[at : at + 2]) for at in range(0, len(counts), 2))


def _contrasts(gathered: Gathered) -> list[Row]:
    """A row for each contrast and bundle of the headline measure that the cells hold."""
    return [row for row in gathered.material.contrasts if row["kind"] in ("contrast", "bundle")]


def _gaps(gathered: Gathered) -> list[Row]:
    """A row for each compliance gap between two tiers."""
    gaps = plain_rows(GAPS, gap_rows(request_cells(gathered.states)))
    return [{**gap, "gate": gap["gate"]["says"]} for gap in gaps]


def _followups(gathered: Gathered) -> list[Row]:
    """A row for each cell and follow-up question that its model answered."""
    return list[Row](plain_rows(FOLLOWUPS, answered_questions(gathered.states)))


def _forks(gathered: Gathered) -> list[Row]:
    """A row for each turn, parent and change of the episodes that were forked, as `hanlon fork` has them."""
    return list[Row](fork_rows(fork_reports(gathered.states)))


ABOUT_CELLS = ("prediction", "effect")
"""Kinds of rows of a verdict that have counts of cells."""
PANELS: Mapping[str, Panel] = {
    "rates": Panel(RATE_COLUMNS, _rates),
    "verdict": Panel(
        (
            *("kind", "hypothesis", "result", "explains", "p_fit", "tested", "predictions", "free", "reason"),
            *("status", "env", "model", "protocol", "simulated"),
        ),
        _verdict,
    ),
    "effects": Panel(
        (
            *(
                "effect",
                "k/n",
                "difference",
                "lo",
                "hi",
                "interval",
                "share removed",
                "p_no_difference",
                "test",
            ),
            *(
                "ratio",
                "ratio_lo",
                "ratio_hi",
                "unit",
                "status",
                "measure",
                "cells",
                "excluded",
                "after_look",
            ),
            *("env", "model", "protocol", "simulated"),
        ),
        _effects,
    ),
    "predictions": Panel(
        (
            *("hypothesis", "contrast", "predicts", "met", "cells", "measure", "observed"),
            *("difference", "lo", "hi", "interval", "p_no_difference", "test"),
            *("unit", "status", "k", "n", "excluded", "after_look", "because"),
            *("env", "model", "protocol", "simulated"),
        ),
        _predictions,
    ),
    "contrasts": Panel(
        (
            *("kind", "env", "model", "protocol", "measure", "factor", "from", "to", "changed", "held"),
            *(
                "cell_from",
                "cell_to",
                "k_from",
                "n_from",
                "k_to",
                "n_to",
                "difference",
                "lo",
                "hi",
                "interval",
            ),
            *("p", "test", "unit", "status", "p_holm", "excluded_from", "excluded_to", "bounds"),
            *("exclusions_could_flip_it", "lacks_room", "after_look", "simulated"),
        ),
        _contrasts,
    ),
    "gaps": Panel(
        (
            *("env", "cell", "model", "first", "second", "differ", "measure", "k", "n", "gap", "lo", "hi"),
            *("method", "requests", "p", "mcnemar_p", "reading", "gate", "excluded", "exclusion_bounds"),
            *("unparsed", "unparsed_bounds", "counted_otherwise", "simulated"),
        ),
        _gaps,
    ),
    "followups": Panel(
        ("env", "cell", "model", "set", "question", "answers", "right", "checked", "unread"), _followups
    ),
    "forks": Panel(
        (
            *(
                "kind",
                "cell",
                "model",
                "measure",
                "parents_outcome",
                "point",
                "turn",
                "change",
                "said_by",
                "parent",
            ),
            *(
                "parents",
                "k",
                "n",
                "rate",
                "low",
                "high",
                "effect",
                "effect_low",
                "effect_high",
                "p",
                "p_holm",
            ),
        ),
        _forks,
    ),
}
"""By name, in the order in which they are logged. Rows and their names are those of the commands of the same names."""


def table(columns: Sequence[str], rows: Sequence[Row], redaction: Redaction) -> Table:
    """These columns of rows, redacted, each of one type."""
    values = [_of_one_type([_plain(row[column], redaction) for row in rows]) for column in columns]
    return Table(columns, [list(line) for line in zip(*values, strict=True)])


def _plain(value: Any, redaction: Redaction) -> Any:
    value = redaction.tree(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    return as_json(value) if isinstance(value, dict | list) else value


def _of_one_type(values: list[Any]) -> list[Any]:
    """The values, or all of them as text where a column would hold several types."""
    types = {"number" if type(value) in (int, float) else type(value).__name__ for value in values}
    if len(types - {"NoneType"}) <= 1:
        return values
    return [value if value is None or isinstance(value, str) else as_json(value) for value in values]
