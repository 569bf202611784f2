"""Rows of plain values, and how those of CSV, JSON lines or Parquet are read. The file is opened for reading alone."""

import csv
import hashlib
import importlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from hanlon.exchange.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Source:
    """A file of which rows were read: its name, and the SHA-256 of its bytes, 64 hex digits."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `name` says where it stands: its line in the file, of Parquet its place from 1.

    `rollout` holds the fields of the episode that no map decides, such as its messages; a file of a table has none.
    `note` is to be said of all of its cell, and `label` is the cell's name where it has one already. A column that
    `values` lacks is one of rows of another kind: of another task.
    """

    name: str
    values: dict[str, Any]
    source: Source
    rollout: dict[str, Any] = field(default_factory=dict[str, Any])
    note: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table, by the name of its file. `columns` are those that any row has."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def columns_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    """All columns that any of the rows has, in the order in which they come."""
    return dict.fromkeys(column for row in rows for column in row)


def read_table(file: Path) -> SourceTable:
    """A table by the ending of its file's name: csv, jsonl or parquet.

    Raises:
        Refusal: another ending, a file that cannot be read, or a row that is none.
    """
    kind = file.suffix.lower()
    if kind not in _READERS:
        raise Refusal(f"{file.name}: a table is a file .csv, .jsonl or .parquet, not '{kind}'")
    try:
        content = file.read_bytes()
        source = Source(file.name, hashlib.sha256(content).hexdigest())
        numbered = list(_READERS[kind](file.name, content))
    except OSError as error:
        raise Refusal(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refusal(f"{file.name}: not UTF-8 at byte {error.start}. Save it as UTF-8") from None
    if not numbered:
        raise Refusal(f"{file.name}: no rows")
    columns = columns_of(values for _, values in numbered)
    rows = tuple(Row(f"row {number}", {**columns, **values}, source) for number, values in numbered)
    return SourceTable(file.name, tuple(columns), rows)


_Numbered = Iterator[tuple[int, dict[str, Any]]]


def _csv(name: str, content: bytes) -> _Numbered:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        heading: list[str] = next(reader, [""])
        if twice := [column for column in heading if heading.count(column) > 1]:
            raise Refusal(f"{name}, line 1: two columns are called '{twice[0]}'. Rename one of them")
        for values in reader:
            if len(values) not in (0, len(heading)):
                raise Refusal(
                    f"{name}, line {reader.line_num}: {len(values)} values for {len(heading)} columns. A value with a "
                    "comma stands in quotes"
                )
            if values:
                yield reader.line_num, dict(zip(heading, values, strict=True))
    except csv.Error as error:
        raise Refusal(f"{name}, line {reader.line_num}: not readable as CSV: {error}") from None


def _json_lines(name: str, content: bytes) -> _Numbered:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value: object = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise Refusal(f"{name}, line {number}: not readable as JSON: {error}") from None
        if not isinstance(value, dict):
            raise Refusal(f"{name}, line {number}: a row is an object with columns as keys")
        yield number, cast("dict[str, Any]", value)


def _parquet(name: str, content: bytes) -> _Numbered:
    parquet = pyarrow_parquet(name)
    try:
        rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(content)).to_pylist()
    except (ValueError, OSError) as error:
        raise Refusal(f"{name}: not readable as Parquet: {error}") from None
    for number, row in enumerate(rows, start=1):
        # NaN: missing
        yield number, {name: None if value != value else value for name, value in row.items()}


def pyarrow_parquet(name: str) -> Any:
    """The module that reads and writes Parquet.

    Raises:
        Refusal: it is not installed.
    """
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise Refusal(f"{name}: Parquet takes the package pyarrow: pip install 'hanlon[parquet]'") from None


_READERS: dict[str, Callable[[str, bytes], _Numbered]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
