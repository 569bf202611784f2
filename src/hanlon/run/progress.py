"""What a running sweep shows: a live table on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from hanlon.config.provenance import cell_record
from hanlon.engine.limiter import LimiterState
from hanlon.run.plan import PlannedCell
from hanlon.store.records import Answer, CellRecord, Episode
from hanlon.store.tally import Tally

REFRESH_S = 0.5
PLAIN_LINE_S = 10.0
ROWS_SHOWN = 24
"""A larger grid shows the cells that are still running, and counts the others."""


class Progress:
    """The progress of one sweep. Cells are shown in grid order."""

    def __init__(
        self, console: Console, cells: Sequence[tuple[CellRecord, Tally]], samples: int, missing: int
    ) -> None:
        self._console = console
        self._cells = {record.key: (record, tally) for record, tally in cells}
        self._samples = samples
        self._missing = missing
        self._new = 0
        self._asked = Tally()
        self._answers = 0
        self.limits: Callable[[], dict[str, LimiterState]] = dict
        self._started = self._drawn = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._new or self._answers:
            self._console.print(self._line())

    def stored(self, key: str, episode: Episode) -> None:
        """Count one more episode and redraw if it is time."""
        self._cells[key][1].add(episode)
        self._new += 1
        self._draw()

    def answered(self, answer: Answer) -> None:
        """Count one more stored answer about an episode and redraw if it is time."""
        self._answers += 1
        if answer.call is not None:
            self._asked.add_call(answer.call)
        self._draw()

    def cell_finished(self, key: str) -> None:
        """Does nothing: the counts show it."""

    def notice(self, text: str) -> None:
        """Print a line above the table."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _draw(self) -> None:
        now = time.monotonic()
        if self._live is not None and now - self._drawn >= REFRESH_S:
            self._live.update(self._table(), refresh=True)
            self._drawn = now
        elif self._live is None and now - self._drawn >= PLAIN_LINE_S:
            self._console.print(self._line(), highlight=False, markup=False, soft_wrap=True)
            self._drawn = now

    def _totals(self) -> str:
        tallies = [*(tally for _, tally in self._cells.values()), self._asked]
        calls = sum(t.calls for t in tallies)
        tokens = sum(t.input_tokens + t.output_tokens for t in tallies)
        costs = [t.cost_usd for t in tallies if t.cost_usd is not None]
        unknown = sum(t.calls > 0 and t.cost_usd is None for t in tallies)
        cost = f"${sum(costs):.4f}" + (f" and the unknown cost of {unknown} cells" if unknown else "")
        cost = cost if costs else "cost unknown"
        answers = f", {self._answers:,} new answers about episodes" if self._answers else ""
        time_left = f", {self._time_left()}" if self._missing else ""
        return f"{calls:,} calls, {tokens:,} tokens, {cost}{answers}{time_left}{self._limiters()}"

    def _limiters(self) -> str:
        """Calls under way and allowed at once for each lane, its pace, and how often it was refused."""
        parts: list[str] = []
        for name, state in self.limits().items():
            pace = f", paced to {state.pace_per_s:.1f}/s" if state.pace_per_s is not None else ""
            refused = f", {state.rate_limited} times 429" if state.rate_limited else ""
            parts.append(f"\n{name}: {state.in_flight} of {state.limit} at once{pace}{refused}")
        return "".join(parts)

    def _time_left(self) -> str:
        if not self._new:
            return "time left unknown"
        seconds = (time.monotonic() - self._started) / self._new * (self._missing - self._new)
        minutes, seconds = divmod(round(seconds), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"

    def _line(self) -> str:
        if not self._cells:  # only asked, nothing sampled
            return self._totals()
        done = sum(min(tally.episodes, self._samples) for _, tally in self._cells.values())
        return f"{done} of {len(self._cells) * self._samples} episodes; {self._totals()}"

    def _table(self) -> Table:
        table = Table(box=None, caption=self._totals(), caption_justify="left", pad_edge=False)
        for column in ("cell", "model", "done", "rate so far", "outcomes so far"):
            table.add_column(column, overflow="fold")
        running = [c for c in self._cells.values() if c[1].episodes < self._samples]
        shown = list(self._cells.values()) if len(self._cells) <= ROWS_SHOWN else running[:ROWS_SHOWN]
        for record, tally in shown:
            table.add_row(*_row(record, tally, self._samples))
        if len(shown) < len(self._cells):
            table.add_row(f"... and {len(self._cells) - len(shown)} more cells", "", "", "", "")
        return table


def _row(record: CellRecord, tally: Tally, samples: int) -> tuple[str, ...]:
    measure = next(iter(record.measures))
    count = tally.measures.get(measure)
    rate = f"{measure} {count.k}/{count.n} = {count.k / count.n:.0%}" if count and count.n else "-"
    outcomes = ", ".join(f"{n} {name}" for name, n in tally.outcomes.most_common())
    return record.label, record.model, f"{tally.episodes}/{samples}", rate, outcomes


class WorkerProgress(Progress):
    """The progress of one worker. `reasons` are the notices that the parent prints after the end."""

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
        """Print a line while it runs. The parent has printed what is noted before."""
        if self._running:
            super().notice(f"{self._name}: {text}")
        elif self._ended:
            self.reasons.append(text)

    def _line(self) -> str:
        return f"{self._name}: {super()._line()}"
