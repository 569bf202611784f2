"""What a worker shows while it samples its share of a sweep: plain lines that say which worker it is."""

from collections.abc import Sequence

from rich.console import Console

from hanlon.planning import PlannedCell
from hanlon.progress import Progress
from hanlon.provenance import cell_record


class WorkerProgress(Progress):
    """The progress of one worker. `reasons` are the notices that come after the end, for the parent to say."""

    def __init__(self, name: str, planned: Sequence[PlannedCell], samples: int) -> None:
        console = Console(stderr=True, highlight=False, force_terminal=False)  # several share one terminal
        cells = [(cell_record(plan.cell, samples), plan.tally) for plan in planned]
        super().__init__(console, cells, samples, sum(len(plan.missing) for plan in planned))
        self._name = name
        self._running = False
        self.reasons: list[str] = []
        self._ended = False

    def __enter__(self) -> "WorkerProgress":
        super().__enter__()
        self._running = True
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._running, self._ended = False, True

    def notice(self, text: str) -> None:
        """Print a line while it runs; what is noted before, the parent has said."""
        if self._running:
            super().notice(f"{self._name}: {text}")
        elif self._ended:
            self.reasons.append(text)

    def _line(self) -> str:
        return f"{self._name}: {super()._line()}"
