"""The requests: our bundled sets, or a file of the user's, and which episode gets which request.

A file is CSV or JSONL (one object a line), UTF-8. One column holds the request, by any of the names in
`TEXT_COLUMNS`; a category and an id are optional. AdvBench (`goal,target`), HarmBench (`Behavior`,
`SemanticCategory`, `BehaviorID`, a `ContextString` that is put below the request) and StrongREJECT
(`category,source,forbidden_prompt`) load as they are. Nothing harmful ships; a loaded set's licence is its own.
"""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

BUNDLED = ("mild", "animal_welfare", "assigned", "benign")
TEXT_COLUMNS = (
    "text", "request", "prompt", "goal", "Behavior", "behavior", "forbidden_prompt", "query", "question",
)  # fmt: skip
CATEGORY_COLUMNS = ("category", "SemanticCategory", "FunctionalCategory")
ID_COLUMNS = ("id", "BehaviorID")
CONTEXT_COLUMN = "ContextString"


class RequestsError(ValueError):
    """Requests that cannot be used; the message names the file, the line and what is right."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `id` is unique in its set."""

    id: str
    category: str
    text: str


@dataclass(frozen=True, slots=True)
class RequestSet:
    """Requests in the order in which episodes get them: the categories by turns."""

    name: str
    requests: tuple[Request, ...]
    bundled: bool

    def at(self, index: int) -> tuple[Request, int]:
        """The request of episode `index` and the number of the repeat, both from 0."""
        repeat, position = divmod(index, len(self.requests))
        return self.requests[position], repeat

    def described(self) -> str:
        """All requests. For a user's file, which may be harmful, a hash that tells files apart."""
        lines = "\n".join(json.dumps([r.id, r.category, r.text]) for r in self.requests)
        if self.bundled:
            return lines
        return f"{len(self.requests)} requests, sha256 {hashlib.sha256(lines.encode()).hexdigest()}"

    def spread(self, samples: int) -> str:
        """How `samples` episodes spread over the requests, in words."""
        repeats, more = divmod(samples, len(self.requests))
        count = f"{samples} episodes over the {len(self.requests)} requests of {self.name}"
        if not more:
            return f"{count}: {repeats} each"
        if not repeats:
            return f"{count}: {more} of them once, {len(self.requests) - more} not at all"
        return f"{count}: {repeats} each, {more} of them once more"


@lru_cache(maxsize=32)  # the cells of a sweep share their requests
def load_requests(name: str) -> RequestSet:
    """The bundled set of that name, or the file at that path.

    Raises:
        RequestsError: there is neither, or the file has not the shape described above.
    """
    if name in BUNDLED:
        source = files("hanlon").joinpath("environments", "alignment_faking", "request_sets", f"{name}.jsonl")
        return RequestSet(name, _by_turns(_jsonl(source.read_text(encoding="utf-8"), name)), bundled=True)
    path = Path(name).expanduser()
    readers = {".csv": _csv, ".jsonl": _jsonl}
    if path.suffix.lower() not in readers:
        raise RequestsError(
            f"env.requests={name} is neither a bundled set ({', '.join(BUNDLED)}) nor a .csv or .jsonl file."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise RequestsError(f"env.requests={name} cannot be read: {reason}.") from None
    return RequestSet(path.name, _by_turns(readers[path.suffix.lower()](text, name)), bundled=False)


def _csv(text: str, name: str) -> list[Request]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, cast("dict[str, Any]", row)) for row in reader]
    except csv.Error as error:
        raise RequestsError(f"{name}, line {reader.line_num}: not readable as CSV ({error}).") from None
    return _requests(rows, list(reader.fieldnames or ()), name)


def _jsonl(text: str, name: str) -> list[Request]:
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row: object = json.loads(line)
        except ValueError as error:
            raise RequestsError(f"{name}, line {number}: not JSON ({error}).") from None
        if not isinstance(row, dict):
            raise RequestsError(f"{name}, line {number}: not an object with a {TEXT_COLUMNS[0]}.")
        rows.append((number, cast("dict[str, Any]", row)))
    return _requests(rows, list(rows[0][1]) if rows else [], name)


def _requests(rows: Sequence[tuple[int, dict[str, Any]]], columns: list[str], name: str) -> list[Request]:
    if not rows:
        raise RequestsError(f"{name} holds no request.")
    column = next((c for c in TEXT_COLUMNS if c in columns), None)
    if column is None:
        raise RequestsError(
            f"{name} has the columns {', '.join(map(str, columns))}; none of them holds the request. It is one of "
            f"{', '.join(TEXT_COLUMNS)}."
        )
    requests: dict[str, Request] = {}
    for position, (line, row) in enumerate(rows, 1):
        text = row.get(column)
        if not isinstance(text, str) or not text.strip():
            raise RequestsError(f"{name}, line {line}: {column} is empty. Fill it in, or take the row out.")
        context = row.get(CONTEXT_COLUMN)
        parts = [part.strip() for part in (text, context) if isinstance(part, str) and part.strip()]
        category = _value(row, CATEGORY_COLUMNS, "uncategorised")
        request = Request(_value(row, ID_COLUMNS, f"{position}"), category, "\n\n".join(parts))
        if request.id in requests:
            raise RequestsError(f"{name}, line {line}: the id {request.id} is there twice.")
        requests[request.id] = request
    return list(requests.values())


def _value(row: dict[str, Any], columns: Sequence[str], default: str) -> str:
    """What the first filled one of these columns holds."""
    return next((str(row[c]).strip() for c in columns if row.get(c) not in (None, "")), "") or default


def _by_turns(requests: list[Request]) -> tuple[Request, ...]:
    """The requests with the categories by turns, so that few samples already touch all categories."""
    groups: dict[str, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.category, []).append(request)
    return tuple(r for turn in zip_longest(*groups.values()) for r in turn if r is not None)
