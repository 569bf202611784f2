"""What the progress panel shows on a terminal of 100 columns and 30 lines."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from hanlon.engine.lane import LaneState
from hanlon.engine.limiter import LimiterState
from hanlon.run.progress import Progress
from hanlon.store.cells import load_cells
from support.stored import episode, write_cell


def drawn(tmp_path: Path, cells: int, lane: LaneState, height: int = 30) -> list[str]:
    """The lines of the last panel that is drawn."""
    for number in range(cells):
        write_cell(tmp_path, f"cell{number:02}", episode(0))
    states, _ = load_cells([tmp_path])
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=height, color_system=None)
    progress = Progress(console, [(state.record, state.tally) for state in states], 9, 8 * cells)
    progress.lanes = lambda: {"openrouter o3": lane}
    with progress:
        pass
    return [line.split("\x1b")[0] for line in screen.getvalue().replace("\r", "").split("\n")]


@pytest.mark.parametrize("height", [12, 30, 50])
def test_28_cells_leave_room_for_calls_cost_and_time_left(tmp_path: Path, height: int) -> None:
    """The cells that there is no room for are counted; what it costs and waits for stands below, whole."""
    waiting = LaneState(LimiterState(8, 1, 0, None, 0, 8), 220.0, 600.0)
    lines = drawn(tmp_path, 28, waiting, height)
    text = "\n".join(lines)
    assert "56 calls, 672 tokens, $28.0000, time left unknown" in text
    assert "openrouter o3: 1 of 8 at once, waits for 1 call for 3:40, limit 10:00" in text
    frame = lines[: next(number for number, line in enumerate(lines) if "limit 10:00" in line) + 1]
    assert len([line for line in frame if line.strip()]) < height
    assert ("more cells" in text) == (height < 40)


def test_a_short_wait_is_no_news(tmp_path: Path) -> None:
    """A call of a second is not waited for."""
    lane = LaneState(LimiterState(8, 1, 0, None, 2, 8), 1.0, 600.0)
    text = "\n".join(drawn(tmp_path, 1, lane))
    assert "waits for" not in text
    assert "2 times 429" in text
