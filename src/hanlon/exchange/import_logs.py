"""Makes stored cells of Inspect logs. A map says only what differs from what the logs themselves say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hanlon.exchange.import_table import TableImport, import_rows
from hanlon.exchange.inspect_logs import log_files, read_log
from hanlon.exchange.inspect_rows import FORK, MEASURE, OURS, UNSCORED, log_rows, said_by_us
from hanlon.exchange.mapped_rows import MappedTable
from hanlon.exchange.refusal import Refusal
from hanlon.exchange.source_table import Row, SourceTable, columns_of
from hanlon.exchange.table_map import NO_MAP, read_map, table_text

LOGS = "the logs"
SHOWN = 4
"""How many values of a score are named."""
LONGEST = 30
"""Characters of such a value."""
_ARGUMENT, _SCORE, _ANSWER = "task_arg_", "score_", "_answer"


def import_logs(paths: Sequence[Path], map_file: Path | None, runs: Path, name: str | None) -> TableImport:
    """Make cells of logs, and a sweep of this name (default: that of the map's file, else of the task) of them.

    Raises:
        Refusal: a log, the map or what is stored already forbids it; nothing has been written then.
    """
    rows: list[Row] = []
    ours: list[Mapping[str, Any]] = []
    files: dict[str, Path] = {}
    for file in log_files(paths):
        source, log = read_log(file)
        if (first := files.setdefault(source.sha256, file)) != file:
            raise Refusal(
                f"{file}: the same log as {first}. Its samples count once: leave one of the two out"
            )
        if {FORK, OURS} <= set(log.eval.tags or ()):
            raise Refusal(
                f"{file}: its samples continue a stored episode (hanlon fork), so they are no episodes of a cell and "
                "no rate counts them. Leave it out"
            )
        rows += log_rows(source, log)
        ours.append(said_by_us(log))
    table = _table(rows)
    default = _map_of_ours(table, ours) if all(ours) else _map(table)
    if not map_file and not default["measures"]:
        raise _without_measure(table)
    table_map = read_map(map_file, table.columns, LOGS, default)
    mapped = MappedTable(table, table_map, map_file.name if map_file else NO_MAP)
    made = import_rows(mapped, runs, name or (map_file.stem if map_file else _task(table)))
    measured = {entry.column for entry in table_map.measures.values()}
    left = [column for column in _scores(table) if column not in {*measured, table_map.outcome}]
    return made if all(ours) else replace(made, unmeasured=tuple(_shown(table, left)))


def _table(rows: Sequence[Row]) -> SourceTable:
    """All rows as a table, in which those of one task have the same columns."""
    by_task: dict[str, list[Row]] = {}
    for row in rows:
        by_task.setdefault(row.values["task_name"], []).append(row)
    for same in by_task.values():
        columns = columns_of(row.values for row in same)
        scored = any(column.startswith(_SCORE) for column in columns)
        for row in same:
            row.values.update({**columns, **row.values})
            if not scored:  # no scorer was asked, so none has missed a sample
                row.values.update({
                    name: None for name in ("failed", "excluded") if row.values.get(name) == UNSCORED
                })  # fmt: skip
    return SourceTable(LOGS, tuple(columns_of(row.values for row in rows)), tuple(rows))


def _map(table: SourceTable) -> dict[str, Any]:
    """What logs say without a map: factors are the task's arguments, measures the scores that are true or false."""
    samples = {table_text(row.values["id"]) for row in table.rows}
    return {
        **_MAP,
        "factors": _factors(table),
        "measures": {
            column.removeprefix(_SCORE): column
            for column in _scores(table)
            if (values := _values(table, column)) and all(isinstance(value, bool) for value in values)
        },
        "request": "id" if len(samples) > 1 else None,
    }


def _map_of_ours(table: SourceTable, ours: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What logs say that Hanlon wrote: all that their cells were."""
    measures = {name: text for cell in ours for name, text in cell["measures"].items()}
    factors = _factors(table)
    return {
        **_MAP,
        "prompt": factors.pop("prompt"),
        "factors": factors,
        "no_effect": {name: level for cell in ours for name, level in cell["no_effect"].items()},
        "tiers": {name: facts for cell in ours for name, facts in cell["tiers"].items()},
        "measures": {
            name: {"column": column, "description": text}
            for name, text in measures.items()
            if (column := f"{MEASURE}_{name}") in table.columns
        },
        "outcome": "outcome",
    }


_MAP = {"rows": "episodes", "env": "task_name", "model": "model", "excluded": "excluded"}


def _factors(table: SourceTable) -> dict[str, str]:
    return {
        column.removeprefix(_ARGUMENT): column for column in table.columns if column.startswith(_ARGUMENT)
    }


def _task(table: SourceTable) -> str:
    """The name of the first task as the name of a sweep."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", table.rows[0].values["task_name"]).strip("-_.") or "logs"


def _scores(table: SourceTable) -> list[str]:
    """The columns of scores, without the answers beside them, which are text."""
    named = {f"{_SCORE}{name}" for row in table.rows for name in row.rollout["facts"].get("scores", ())}
    return [
        column
        for column in table.columns
        if column.startswith(_SCORE)
        and (
            not column.endswith(_ANSWER)
            or column in named
            or not all(isinstance(value, str) for value in _values(table, column))
        )
    ]


def _values(table: SourceTable, column: str) -> list[Any]:
    return [value for row in table.rows if (value := row.values.get(column)) is not None]


def _without_measure(table: SourceTable) -> Refusal:
    scores = _scores(table)
    if not scores:
        return Refusal(
            f"{LOGS}: no sample has a score, so there is nothing to count. Score them: inspect score LOG"
        )
    column = scores[0]
    return Refusal(
        f"{LOGS} ({NO_MAP}: measures): no score says by itself whether a sample is a case: "
        f"{'; '.join(_shown(table, scores))}. Say what the values mean in a map, --map map.yaml, with a line such as "
        f"measures: {{{column.removeprefix(_SCORE)}: {{column: {column}, cases: [...], not_cases: [...]}}}}, or "
        "at_least: 0.5 for a number. No letter is guessed: C has meant correct, and it has meant bypassed"
    )


def _shown(table: SourceTable, columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        texts = list(dict.fromkeys(table_text(value) for value in _values(table, column)))
        shown = ", ".join(text if len(text) <= LONGEST else f"{text[:LONGEST]}..." for text in texts[:SHOWN])
        yield f"{column} ({shown}{', ...' if len(texts) > SHOWN else ''})"
