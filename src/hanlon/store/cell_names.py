"""Names by which people tell stored cells apart: the label, and what cells of one label and model differ in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from hanlon.store.cells import model_names
from hanlon.store.records import CellRecord

_NO_DIFFERENCE = frozenset(
    {
        "api_key_env",
        "call_timeout_s",
        "max_connections",
        "max_tokens_field",
        "name",
        "note",
        "price",
        "server",
    }
)
"""Settings of a model that are no part of what it is asked."""
_IN_MODEL_NAME = frozenset({"sampling", "extra_body"})
"""Settings that `model_names` names."""
KEY_DIGITS = 6


def cell_names(records: Iterable[CellRecord]) -> dict[str, str]:
    """A name for each cell among these, by its key: `baseline`, or `baseline (seed=1)` where another is `baseline` too.

    Named is what cells of one label, model and protocol differ in: the seed, the role of the system message, the
    sandbox, a factor. Where that is nothing but the texts, a name has the beginning of the key.
    """
    records = list(records)
    models = model_names(records)
    groups: defaultdict[tuple[str, ...], dict[str, CellRecord]] = defaultdict(dict)
    for record in records:
        groups[record.env, record.label, models[record.key], record.protocol][record.key] = record
    return {
        key: name
        for group in groups.values()
        for key, name in zip(group, _apart(list(group.values())), strict=True)
    }


def with_model(name: str, model: str) -> str:
    """A cell's name with its model: `baseline (openai/o3)`, `baseline (seed=1, openai/o3)`."""
    return f"{name[:-1]}, {model})" if name.endswith(")") else f"{name} ({model})"


def _apart(records: list[CellRecord]) -> Iterator[str]:
    if len(records) == 1:
        yield records[0].label
        return
    facts = [settings_of(record) for record in records]
    names = dict.fromkeys(name for settings in facts for name in settings)
    differing = [name for name in names if len({settings.get(name) for settings in facts}) > 1]
    texts = [", ".join(f"{name}={of[name]}" for name in differing if name in of) for of in facts]
    for record, text in zip(records, texts, strict=True):
        alone = text if texts.count(text) == 1 else f"{text} key {record.key[:KEY_DIGITS]}".strip()
        yield f"{record.label} ({alone})" if alone else record.label


def settings_of(record: CellRecord) -> dict[str, str]:
    """What a cell sets, as it is typed: its factors, seed, sandbox, and of its model how it is asked."""
    config = record.config
    model = cast("Mapping[str, Any]", config.get("model") or {})
    asked = {name: v for name, v in model.items() if name not in _NO_DIFFERENCE | _IN_MODEL_NAME}
    sandbox = cast("Mapping[str, Any]", config.get("sandbox") or {}).get("_target_")
    values = {
        **record.factors,
        "seed": config.get("seed"),
        "sandbox": str(sandbox).rpartition(".")[2] if sandbox else None,
        **asked,
    }
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
