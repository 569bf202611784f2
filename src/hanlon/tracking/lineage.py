"""Artifacts, which W&B draws as a graph: a cell's run makes the cell's, the summary run makes the sweep's of these.

A cell's has its configuration and its counts, no transcript: those are a table of its run. It follows from the store
alone, so that the summary run names the same version, whichever process logged the cell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.inert import inert_tree
from hanlon.store.digest import as_json, digest
from hanlon.store.records import CellRecord, SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.store.tally import Tally
from hanlon.tracking import tables


@dataclass(frozen=True, slots=True)
class Content:
    """What an artifact holds: texts by file name; `about` is what W&B shows beside them."""

    name: str
    kind: str
    files: Mapping[str, str]
    about: Mapping[str, Any]


def of_cell(cell: CellRecord, tally: Tally, redaction: Redaction) -> Content:
    """A cell: what it is, what was counted, and a hash of its transcripts."""
    counted = tables.summary(cell, tally, complete=True)
    del counted["complete"]  # the counts are the same, whoever asks and when
    counted["transcripts_hash"] = digest(sorted(tally.transcripts))
    files = {"config.json": _json(tables.config_of(cell, redaction)), "counts.json": _json(counted)}
    return Content(f"cell-{_legal(cell.key)}", "cell", files, counted)


def of_sweep(
    sweep: SweepRecord, contents: Mapping[str, tables.Table], page: str | None, redaction: Redaction
) -> Content:
    """A sweep: its record, its tables but for transcripts, and the page of its report."""
    registration = sweep.registration and sweep.registration.hash
    record = {
        "id": sweep.id,
        "name": sweep.group,
        "cells": sweep.cells,
        "planned_samples": sweep.planned_samples,
        "overrides": redaction.tree(sweep.overrides),
        "registration": registration,
    }
    files = {"sweep.json": _json(record)}
    for name, table in contents.items():
        if name != "transcripts":
            files[f"{name}.json"] = _json({"columns": table.columns, "data": table.lines})
    if page is not None:
        files["report.html"] = page
    return Content(f"sweep-{_legal(sweep.group)}", "sweep", files, record)


def _json(value: Any) -> str:
    return as_json(inert_tree(value))


def _legal(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[: tables.LONGEST_NAME - len("sweep-")]
