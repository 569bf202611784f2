"""What a running sweep shows: a live table on a terminal, a plain line now and then elsewhere."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hanlon.analysis.layout import folded
from hanlon.analysis.paragraphs import counted
from hanlon.config.provenance import cell_record
from hanlon.run.plan import PlannedCell
from hanlon.store.cell_names import cell_names, with_model
from hanlon.store.records import Answer, CellRecord, Episode
from hanlon.store.tally import Tally

if TYPE_CHECKING:  # the engine imports openai, which a sweep without calls does not need
    from hanlon.engine.lane import LaneState

REFRESH_S = 0.5
PLAIN_LINE_S = 10.0
LONG_WAIT_S = 5.0
"""A call that takes longer is said to be waited for."""
LINES_BESIDE = 3
"""Lines of the panel beside the rows and the totals: the heading, the cells that are not shown, the cursor's."""


class Progress:
    """The progress of one sweep. Cells are shown in grid order."""

    def __init__(
        self, console: Console, cells: Sequence[tuple[CellRecord, Tally]], samples: int, missing: int
    ) -> None:
        self._console = console
        self._cells = {record.key: (record, tally) for record, tally in cells}
        self._names = cell_names([record for record, _ in cells])
        self._samples = samples
        self._missing = missing
        self._new = 0
        self._asked = Tally()
        self._answers = 0
        self.lanes: Callable[[], dict[str, LaneState]] = dict
        self._started = self._drawn = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live = Live(self._panel(), console=self._console, auto_refresh=False, transient=True)
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

    async def keep_drawn(self) -> None:
        """Redraw for ever, also while no call ends."""
        while True:
            await asyncio.sleep(REFRESH_S)
            self._draw()

    def notice(self, text: str) -> None:
        """Print a line above the table."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _draw(self) -> None:
        now = time.monotonic()
        if self._live is not None and now - self._drawn >= REFRESH_S:
            self._live.update(self._panel(), refresh=True)
            self._drawn = now
        elif self._live is None and now - self._drawn >= PLAIN_LINE_S:
            self._console.print(self._line(), highlight=False, markup=False, soft_wrap=True)
            self._drawn = now

    def _totals(self) -> list[str]:
        """Calls, tokens, cost and time left; then a line for each lane."""
        tallies = [*(tally for _, tally in self._cells.values()), self._asked]
        calls = sum(t.calls for t in tallies)
        tokens = sum(t.input_tokens + t.output_tokens for t in tallies)
        costs = [t.cost_usd for t in tallies if t.cost_usd is not None]
        unknown = sum(t.calls > 0 and t.cost_usd is None for t in tallies)
        cost = f"${sum(costs):.4f}"
        cost += f" and the unknown cost of {counted(unknown, 'cell')}" if unknown else ""
        parts = [counted(calls, "call"), counted(tokens, "token"), cost if costs else "cost unknown"]
        if self._answers:
            parts.append(f"{counted(self._answers, 'new answer')} about episodes")
        if self._missing:
            parts.append(self._time_left())
        return [", ".join(parts), *self._lane_lines()]

    def _lane_lines(self) -> Iterator[str]:
        """Calls under way and allowed at once, what is waited for, the pace, and how often the server refused."""
        for name, lane in self.lanes().items():
            state = lane.limiter
            parts = [f"{name}: {state.in_flight} of {state.limit} at once"]
            if lane.oldest_call_s is not None and lane.oldest_call_s >= LONG_WAIT_S:
                parts.append(_waits_for(state.in_flight, lane.oldest_call_s, lane.call_timeout_s))
            if state.pace_per_s is not None:
                parts.append(f"paced to {state.pace_per_s:.1f}/s")
            if state.rate_limited:
                parts.append(f"{counted(state.rate_limited, 'time')} 429")
            yield ", ".join(parts)

    def _time_left(self) -> str:
        if not self._new:
            return "time left unknown"
        seconds = (time.monotonic() - self._started) / self._new * (self._missing - self._new)
        minutes, seconds = divmod(round(seconds), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"

    def _line(self) -> str:
        totals = "\n".join(self._totals())
        if not self._cells:  # only asked, nothing sampled
            return totals
        done = sum(min(tally.episodes, self._samples) for _, tally in self._cells.values())
        return f"{done:,} of {counted(len(self._cells) * self._samples, 'episode')}; {totals}"

    def _panel(self) -> Group:
        """The cells as far as there is room, and below them the totals, whole."""
        width, height = self._console.size
        totals = [line for text in self._totals() for line in folded(text, width, "", "  ")]
        room = max(0, height - len(totals) - LINES_BESIDE)
        cells = list(self._cells.items())
        running = [cell for cell in cells if not self._done(cell[1][1])]
        shown = cells if len(cells) <= room else running[:room]
        rows = [self._row(key, *cell) for key, cell in shown]
        table = Table(box=None, pad_edge=False)
        for at, column in enumerate(("cell", "done", "rate so far", "outcomes so far")):
            widest = max((len(row[at]) for row in rows), default=0)
            least = 0 if column.startswith("outcomes") else min(max(len(column), widest), width // 2)
            table.add_column(column, no_wrap=True, overflow="ellipsis", min_width=least)
        for row in rows:
            table.add_row(*map(Text, row))
        hidden = len(cells) - len(shown)
        if hidden:
            running_hidden = len(running) - sum(not self._done(tally) for _, (_, tally) in shown)
            more = f"... and {counted(hidden, 'more cell')}, {running_hidden:,} of them not done"
            return Group(table, Text(more), Text("\n".join(totals)))
        return Group(table, Text("\n".join(totals)))

    def _row(self, key: str, record: CellRecord, tally: Tally) -> tuple[str, ...]:
        count = tally.measures.get(next(iter(record.measures)))
        rate = f"{count.k}/{count.n} = {count.k / count.n:.0%}" if count and count.n else "-"
        outcomes = ", ".join(f"{n} {outcome}" for outcome, n in tally.outcomes.most_common())
        several = len({other.model for other, _ in self._cells.values()}) > 1
        name = with_model(self._names[key], record.model) if several else self._names[key]
        return name, f"{tally.episodes}/{self._samples}", rate, outcomes

    def _done(self, tally: Tally) -> bool:
        return tally.episodes >= self._samples


def _waits_for(calls: int, oldest_s: float, limit_s: float) -> str:
    """`waits for 1 call for 3:40, limit 10:00`."""
    of = "1 call" if calls == 1 else f"{calls} calls, the oldest"
    return f"waits for {of} for {_minutes(oldest_s)}, limit {_minutes(limit_s)}"


def _minutes(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"


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
