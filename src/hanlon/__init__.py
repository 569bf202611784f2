"""Hanlon: was it scheming, or confused? Sweeps over the factors of a language model's alarming behaviour."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hanlon.analysis.frames import Frames

__all__ = ["load", "load_labels"]


def load(runs: Path | str | Iterable[Path | str] = "runs", facts: Sequence[str] = ()) -> "Frames":
    """Data frames of what is stored below one or several run folders: `load("runs").episodes`, `.cells`.

    See `hanlon.analysis.frames.Frames` for the columns; `facts` names environment facts to be columns as well.

    Raises:
        FileNotFoundError: there is no cell below `runs`.
    """
    from hanlon.analysis.frames import load_frames

    return load_frames(runs, facts)


def load_labels(
    runs: Path | str | Iterable[Path | str] = "runs",
    threshold: float | None = None,
    maybe: float | None = None,
) -> "pd.DataFrame":
    """What judges said of the episodes, one row for each judge, episode and label, under any threshold.

    See `hanlon.analysis.labels.frame.label_frame` for the columns.

    Raises:
        FileNotFoundError: there is no cell below `runs`.
        ValueError: a threshold out of range.
    """
    from hanlon.analysis.labels.frame import label_frame

    return label_frame(runs, threshold, maybe)
