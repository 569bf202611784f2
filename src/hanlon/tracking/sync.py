"""`hanlon sync`: sends to W&B what was logged offline, or not whole, by replaying it from the store.

The store is the truth, so offline runs' folders are not read: a cell that was killed half-way, resumed in several
folders, or never logged becomes one run with the numbers that `hanlon rates` prints. What the server already has is
left alone. A sweep is sent with its own options; a sweep with `tracker=none` is not sent.
"""

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from hanlon.store.episodes import cell_folders, read_cell, read_digests
from hanlon.store.lines import CellBusy, lock
from hanlon.store.outcomes import RETRIED_LATER
from hanlon.store.records import SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.tracking import tables
from hanlon.tracking.cell_run import CellLog
from hanlon.tracking.session import TrackingOff, WandbSession, kill_core, one_line
from hanlon.tracking.state import Marker, Options, marker_path, read_state, state_path
from hanlon.tracking.summary_run import SummaryLog

Say = Callable[[str], None]
RUN_LIMIT_S = 120.0
"""What sending a run may take. A second is usual; a large table over a slow line takes more."""


class OnlineSession(WandbSession):
    """W&B, online or not at all.

    Raises:
        TrackingOff: there is no key, or no run could be opened.
    """

    def _go_offline(self, why: str) -> None:
        raise TrackingOff(why)


class Watch:
    """Kills wandb's service process when one run takes too long: whatever waits for it then fails at once.

    `late` names what took too long.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.late: str | None = None

    @contextlib.contextmanager
    def over(self, name: str) -> Generator[None]:
        """Watch over what is done within."""
        timer = threading.Timer(self.limit_s, self._end, [name])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, name: str) -> None:
        self.late = name
        kill_core()


@dataclass(frozen=True, slots=True)
class _Sweep:
    record: SweepRecord
    cells: Sequence[CellLog]
    earlier: Sequence[CellLog]
    """Cells that an earlier command of the same experiment logged and the last one has not got."""
    summary: SummaryLog
    options: Options

    def planned(self) -> Iterator[tuple[CellLog, bool]]:
        """Each cell, and whether all its planned episodes are stored."""
        for log in self.cells:
            yield log, _is_complete(log.folder, self.record.samples_of(log.cell.key))
        for log in self.earlier:
            yield log, _is_complete(log.folder, log.cell.planned_samples)


def sync_runs(runs_dir: Path, say: Say, limit_s: float = RUN_LIMIT_S) -> int:
    """Send what W&B has not got of the sweeps of a run folder, and say what is sent and left out.

    Returns:
        The number of runs that were sent. Nothing further is sent after a run that takes longer than `limit_s`.

    Raises:
        TrackingOff: W&B cannot be reached, or failed; the message says how far it came.
    """
    sent = 0
    for sweep in _sweeps(runs_dir, say):
        session = OnlineSession(sweep.options, runs_dir, Redaction([runs_dir]), _quiet)
        watch = Watch(limit_s)
        try:
            for line in _send(sweep, runs_dir, session, watch, say):
                sent += 1
                say(line)
            with watch.over("the end"):
                session.close()
        except (Exception, SystemExit) as error:  # wandb raises both
            session.abandon()
            raise TrackingOff(_why(error, watch, sent, session)) from None
        finally:
            for log in (*sweep.cells, *sweep.earlier):
                log.turn.give()
    return sent


def _why(error: BaseException, watch: Watch, sent: int, session: WandbSession) -> str:
    """Why sending ended early, how far it came, and what to do."""
    rest = f"after {sent} runs. They stay sent; the same command again sends the rest"
    if watch.late is not None:
        return (
            f"{watch.late} was not sent within {watch.limit_s:g} s and is given up, {rest}, with --timeout that one "
            "for longer"
        )
    if isinstance(error, TrackingOff):
        so_far = f"{sent} runs were sent before that" if sent else "Nothing was sent"
        return f"{error}. {so_far}; to log in: wandb login"
    return f"stopped ({one_line(error, session.redaction)}) {rest}"


def _sweeps(runs_dir: Path, say: Say) -> Iterator[_Sweep]:
    """The sweeps that were logged with W&B, in the order of their start."""
    folders = {read_cell(folder).key: folder for folder in cell_folders(runs_dir)}
    decoder = msgspec.json.Decoder(SweepRecord)
    records = [decoder.decode(path.read_bytes()) for path in (runs_dir / "sweeps").rglob("*.json")]
    for record in sorted(records, key=lambda record: record.started_at):
        noted = read_state(state_path(runs_dir / "wandb", "options", record.id), Options)
        if noted is None:
            say(f"sweep {record.id}: left out, it ran without W&B (its command with tracker=wandb logs it)")
            continue
        options = replace(noted, mode="online")
        latest = [folders[key] for key in record.cells if key in folders]
        others = [folder for folder in folders.values() if folder not in latest]
        earlier = [folder for folder in others if marker_path(folder, record.id).exists()]
        if any(_is_written(folder) for folder in (*latest, *earlier)):
            say(f"sweep {record.id}: left out, a process is sampling it, and logs it itself")
            continue
        cells, before = (
            [CellLog(read_cell(folder), folder, record, options) for folder in group]
            for group in (latest, earlier)
        )
        yield _Sweep(record, cells, before, SummaryLog(record, cells, runs_dir, options), options)


def _send(sweep: _Sweep, runs_dir: Path, session: WandbSession, watch: Watch, say: Say) -> Iterator[str]:
    """Send the runs of a sweep that are not there, one line for each; at the end say how many were there."""
    unchanged, ended = 0, True
    for log, complete in sweep.planned():
        label = tables.shown_label(log.cell)
        ended = ended and (complete or log in sweep.earlier)
        if not log.recount():
            continue
        if log.is_logged(runs_dir / "wandb", complete):
            unchanged += 1
            continue
        if not log.turn.take():
            say(f"sweep {sweep.record.id}: {label} left out, another process is logging it")
            continue
        with watch.over(f"sweep {sweep.record.id}: {label}"):
            log.open(session)
            marker = log.close(session, complete, log.cell.planned_samples)
        yield _line(sweep, label, marker, "episodes")
    with watch.over(f"sweep {sweep.record.id}: the summary"):
        marker = sweep.summary.log_in_turn(session, ended, say)
    if marker is not None:
        yield _line(sweep, "summary", marker, "lines of tables")
    if unchanged:
        say(f"sweep {sweep.record.id}: {unchanged} cells are there already")


def _is_written(folder: Path) -> bool:
    """Whether a sweep holds the cell: two processes that send one run would mix its rows."""
    try:
        with (folder / ".lock").open() as file:
            lock(file.fileno(), folder, shared=False)
    except FileNotFoundError:
        return False
    except CellBusy:
        return True
    return False


def _is_complete(folder: Path, planned: int) -> bool:
    return sum(digest.outcome not in RETRIED_LATER for digest in read_digests(folder)) >= planned


def _line(sweep: _Sweep, name: str, marker: Marker, rows: str) -> str:
    return f"sweep {sweep.record.id}: sent {name} to {marker.project}, run {marker.run}, {marker.rows} {rows}"


def _quiet(line: str) -> None:
    """Sync says itself where the runs are."""
