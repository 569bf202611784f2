"""No tracking: the store alone keeps the sweep."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hanlon.records import CellRecord, Episode, SweepRecord


class NoTracker:
    """A `Tracker` that does nothing (`tracker=none`); it has nothing to `say`."""

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
