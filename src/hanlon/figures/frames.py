"""Data frames as figures take them. Typed as anything, since pandas' types are incomplete without its stubs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Frame = Any
"""A pandas data frame; the function that takes one says its columns."""
PUBLISHED, SWEEP, SIMULATED = "published", "own run", "simulated"
"""Values of the column `whose`."""


class NothingToDraw(ValueError):
    """There is no row to draw. The message says of what, and what would give some."""


def require(rows: Sequence[object], problem: str) -> None:
    """Stop where there is nothing to draw.

    Raises:
        NothingToDraw: `rows` is empty.
    """
    if len(rows) == 0:
        raise NothingToDraw(f"nothing to draw: {problem}")


def unique(values: Any) -> list[Any]:
    """The values of a column, each once, in their order."""
    return list(dict.fromkeys(values))


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
    rank = {name: number for number, name in enumerate(order)}

    def key(values: Any) -> list[int]:
        return [rank.get(value, len(rank)) for value in values]

    return key


def simulated(rows: Any) -> bool:
    """Whether any row of a frame is simulated, by its column `whose`."""
    return SIMULATED in set(rows["whose"])
