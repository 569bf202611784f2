"""What the environment of a stored cell declares, as the cell's record has it.

A record of an older store has no declaration, or no no-effect values: the built-in environment of that name says them.
"""

import importlib
from functools import cache
from importlib.util import find_spec
from typing import Any

from hanlon.environments.base import Environment
from hanlon.store.contract import NOTHING, Declaration
from hanlon.store.records import CellRecord


def declaration_of(record: CellRecord) -> Declaration:
    """What readers need to know of a cell's environment; nothing where nobody says it."""
    if record.declaration is not None:
        return record.declaration
    built_in = _built_in(record.env)
    return built_in.declaration if built_in else NOTHING


def no_effect_of(record: CellRecord) -> dict[str, Any]:
    """The value of each factor at which it does nothing."""
    built_in = None if record.no_effect else _built_in(record.env)
    return built_in.Factors().model_dump() if built_in else record.no_effect


@cache
def _built_in(name: str) -> type[Environment] | None:
    module = f"{__package__}.{name}"
    if not name.isidentifier() or find_spec(module) is None:
        return None
    values = vars(importlib.import_module(module)).values()
    return next((value for value in values if getattr(value, "name", None) == name), None)
