"""Inspect, imported only where a log of it is read or written: it takes seconds, and most who export have none."""

import importlib
from typing import Any

from hanlon.exchange.refusal import Refusal


def inspect_module(name: str) -> Any:
    """A module of Inspect by its name below the package, such as `log`.

    Raises:
        Refusal: it is not installed, or its version is one that cannot be imported.
    """
    try:
        return importlib.import_module(f"inspect_ai.{name}")
    except ImportError as error:
        reason = "" if error.name == "inspect_ai" else f" ({error})"
        raise Refusal(
            f"Inspect logs take the package inspect-ai{reason}: pip install 'hanlon[inspect]'"
        ) from None
