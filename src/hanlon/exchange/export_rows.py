"""Rows of the store for other programs: one an episode, or one for each cell and measure with k and n."""

import csv
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from hanlon.analysis.frames import frames_of
from hanlon.analysis.inert import csv_text, json_text
from hanlon.analysis.rates_table import rates_rows
from hanlon.exchange.source_table import pyarrow_parquet
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.episodes import read_branch, read_episodes
from hanlon.store.records import BranchRecord, CellRecord
from hanlon.store.redaction import Redaction

RowKind = Literal["episodes", "counts", "forks"]
FileKind = Literal["csv", "jsonl", "parquet"]
Columns = dict[str, list[Any]]
"""A table by its columns, of equal length; None where nothing is."""


def episode_columns(states: Sequence[CellState], *, transcripts: bool = False) -> Columns:
    """One row an episode, as `hanlon.load(...).episodes` has it, with where its cell was imported from.

    With `transcripts` the messages stand in a column as JSON, without keys of this machine; none where a cell's
    transcripts may not leave the store, and where none were imported.
    """
    frames = frames_of([state.folder for state in states])
    frame = cast(Any, frames.episodes).drop(columns="folder").astype(object)
    frame = frame.where(frame.notna(), None)
    columns: Columns = {str(name): frame[name].tolist() for name in frame.columns}
    records = {state.record.key: state.record for state in states}
    keys = columns["key"]
    # levels as they stand in the record: a frame makes fractions of whole numbers with gaps
    factors = {name for record in records.values() for name in record.factors}
    for column in frames.factors:
        name = column if column in factors else column.removesuffix("_factor")
        levels = {key: public_factors(record).get(name) for key, record in records.items()}
        columns[column] = [levels[key] for key in keys]
    columns["imported"] = [str(records[key].imported or "") or None for key in keys]
    if transcripts:
        texts = {(key, index): text for key, index, text in _messages(states)}
        columns["messages"] = [texts.get(at) for at in zip(keys, columns["index"], strict=True)]
    return columns


def child_columns(branches: Sequence[CellState], *, transcripts: bool = False) -> Columns:
    """One row a child of these branches, as `episode_columns`; `fork_...` say which episode it continues, and how."""
    columns = episode_columns(branches, transcripts=transcripts)
    of_branch = {state.record.key: branch_fields(read_branch(state.folder)) for state in branches}
    rows = [
        of_branch[key] | {"fork_draw": draw}
        for key, draw in zip(columns["key"], columns["index"], strict=True)
    ]
    return columns | {name: [row[name] for row in rows] for name in rows[0]}


def branch_fields(branch: BranchRecord) -> dict[str, Any]:
    """Where a branch leaves which episode of which cell, and what it changes; None where it changes nothing."""
    return {
        "fork_cell": branch.parent,
        "fork_parent": branch.index,
        "fork_turn": branch.turn,
        "fork_points": ",".join(branch.points),
        "fork_change": branch.change or None,
        "fork_said_by": branch.said_by or None,
    }


def public_factors(record: CellRecord) -> dict[str, Any]:
    """A cell's factors without paths of this machine, which are levels of such factors as a folder of texts."""
    return Redaction().tree(record.factors)


def _messages(states: Sequence[CellState]) -> Iterator[tuple[str, int, str]]:
    redaction = Redaction()
    for state in states:
        if state.record.local_only or not state.record.has_transcripts:
            continue
        for episode in read_episodes(state.folder):
            text = json.dumps(episode.messages, ensure_ascii=False)
            yield state.record.key, episode.index, redaction.secrets(text)


def count_columns(states: Sequence[CellState]) -> Columns:
    """One row for each cell and measure: k, n, rate, Wilson's interval, exclusions; factors are columns.

    A factor that is called as another column becomes `<name>_factor`. Fractions lie in [0, 1].
    """
    rows = list(_count_rows(states))
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _count_rows(states: Sequence[CellState]) -> Iterator[dict[str, Any]]:
    for row in rates_rows(states, ["all"]):
        record, rate = row.record, row.rate
        plain: dict[str, Any] = {
            "env": record.env,
            "cell": record.label,
            "prompt": record.prompt,
            "model": row.model,
            "endpoint": record.endpoint,
            "protocol": record.protocol,
            "measure": rate.measure,
            "k": rate.k,
            "n": rate.n,
            "rate": rate.rate,
            "lo": rate.lo if rate.n else None,
            "hi": rate.hi if rate.n else None,
            "interval": rate.method,
            "level": rate.level,
            "excluded": sum(rate.excluded.values()),
            "bounds_lo": rate.bounds[0],
            "bounds_hi": rate.bounds[1],
            "simulated": record.simulated,
            "imported": str(record.imported or "") or None,
            "key": record.key,
        }
        yield plain | {
            f"{name}_factor" if name in plain else name: level
            for name, level in public_factors(record).items()
        }


def write_columns(
    columns: Columns, file: Path, kind: FileKind, head: Mapping[str, str] | None = None
) -> None:
    """Write a table as a file; `head` is the metadata of a Parquet file.

    Raises:
        Refusal: Parquet without pyarrow.
        OSError: it cannot be written.
    """
    if kind == "parquet":
        parquet, arrow = pyarrow_parquet(file.name), importlib.import_module("pyarrow")
        table = arrow.table({name: _of_one_kind(values) for name, values in columns.items()})
        parquet.write_table(table.replace_schema_metadata(dict(head or {})), file)
        return
    rows = zip(*columns.values(), strict=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        if kind == "jsonl":
            out.writelines(
                json_text(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)) + "\n"
                for row in rows
            )
        else:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_csv_value(value) for value in row] for row in rows)


def _of_one_kind(values: Sequence[Any]) -> list[Any]:
    """The values of a Parquet column, which has one type: as text where they are of several, or lists and mappings."""
    kinds: set[type[Any]] = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) == 1 and not kinds & {list, dict}):
        return list(values)
    return [value if value is None or isinstance(value, str) else as_json(value) for value in values]


def _csv_value(value: Any) -> str:
    text = "" if value is None else as_json(value) if isinstance(value, bool | list | dict) else str(value)
    return csv_text(text) if isinstance(value, str) else json_text(text)
