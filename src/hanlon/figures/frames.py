"""Data frames as figures take them. Typed as anything, since pandas' types are incomplete without its stubs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Frame = Any
"""A pandas data frame; its columns are said where a function takes one."""


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> Frame:
    """A frame of rows; with `columns` it has these, also without a row."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=None if columns is None else list(columns))


def joined(frames: Sequence[Frame]) -> Frame:
    """Frames below each other, numbered anew."""
    import pandas as pd

    return pd.concat(list(frames), ignore_index=True)


def ranked(order: Sequence[str]) -> Callable[[Any], Any]:
    """A key for `sort_values`: values in this order, others behind them."""
    rank = {name: place for place, name in enumerate(order)}

    def key(values: Any) -> list[int]:
        return [rank.get(value, len(rank)) for value in values]

    return key
