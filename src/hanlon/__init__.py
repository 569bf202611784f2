"""Hanlon: was it scheming, or confused? Sweeps over the factors of a language model's alarming behaviour."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hanlon.analysis.frames import Frames

__all__ = ["load"]


def load(runs: Path | str | Iterable[Path | str] = "runs", facts: Sequence[str] = ()) -> "Frames":
    """Data frames of what is stored below one or several run folders: `load("runs").episodes`, `.cells`.

    See `hanlon.analysis.frames.Frames` for the columns; `facts` names environment facts to be columns as well.

    Raises:
        FileNotFoundError: there is no cell below `runs`.
    """
    from hanlon.analysis.frames import load_frames

    return load_frames(runs, facts)
