"""Models by name in a table: what tells apart cells of one model that no factor tells apart.

A cell's label holds factors only. Two cells that differ in sampling, endpoint or extra body would look alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from hanlon.records import CellRecord


def model_name(record: CellRecord) -> str:
    """The model for people; a simulated one always says so."""
    if record.simulated and not record.model.startswith("simulated"):
        return f"simulated {record.model}"
    return record.model


def model_names(records: Iterable[CellRecord]) -> dict[str, str]:
    """By cell key, the model and what differs among these cells of it: `openai/o3 reasoning_effort=high`.

    Named are the endpoint, the sampling parameters and the entries of the extra body; what a cell does not set is
    left out of its own name, so that the endpoint's defaults have the bare one.
    """
    groups: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for record in records:
        groups[model_name(record)][record.key] = dict(_settings(record))
    return {
        key: " ".join([name, *(f"{setting}={own[setting]}" for setting in differing if setting in own)])
        for name, cells in groups.items()
        for differing in [_differing(list(cells.values()))]
        for key, own in cells.items()
    }


def _differing(cells: list[dict[str, str]]) -> list[str]:
    named = dict.fromkeys(setting for own in cells for setting in own)
    return [setting for setting in named if len({own.get(setting) for own in cells}) > 1]


def _settings(record: CellRecord) -> Iterator[tuple[str, str]]:
    model: Mapping[str, Any] = record.config.get("model") or {}
    yield "endpoint", record.endpoint
    if record.endpoint == "endpoint" and model.get("base_url"):  # elsewhere a port, or the endpoint's own
        yield "base_url", str(model["base_url"])
    yield from _flat(model.get("sampling") or {}, "")
    yield from _flat(model.get("extra_body") or {}, "")


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(cast("Mapping[str, Any]", value), f"{prefix}{name}.")
        elif value is not None:
            said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{prefix}{name}", said
