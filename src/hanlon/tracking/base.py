"""The contract of a tracker: it hears of what was stored and never slows, stops or loses a sweep."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from hanlon.store.records import CellRecord, Episode, SweepRecord


class Tracker(Protocol):
    """Where a sweep is logged. Every method but `finish` returns at once, and none ever raises."""

    def start(self, sweep: SweepRecord, cells: Sequence[tuple[CellRecord, Path]], runs_dir: Path) -> None:
        """A sweep begins; each cell comes with its folder in the store, which may already hold episodes."""
        ...

    def stored(self, key: str, episode: Episode) -> None:
        """An episode of the cell `key` is safely in the store."""
        ...

    def cell_finished(self, key: str) -> None:
        """No further episode of this cell will come in this sweep."""
        ...

    def finish(self, complete: bool) -> None:
        """The sweep has ended. Waits a bounded time for what is queued."""
        ...


class NoTracker:
    """A `Tracker` that does nothing (`tracker=none`)."""

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        pass

    def start(self, sweep: SweepRecord, cells: Sequence[tuple[CellRecord, Path]], runs_dir: Path) -> None:
        """Ignored."""

    def stored(self, key: str, episode: Episode) -> None:
        """Ignored."""

    def cell_finished(self, key: str) -> None:
        """Ignored."""

    def finish(self, complete: bool) -> None:
        """Ignored."""
