"""What the commands of one machine share: whether PID 1 lives, the machine's clock, what could not be run."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bashkit import Bash, BuiltinContext, BuiltinResult

from hanlon.sandboxes.base import TIME_LIMIT_S
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.image import RUNNER

BOOT_TIME_S = 1_750_411_200.0
"""Every machine boots at the same moment (2025-06-20 09:20 UTC), so that an episode can be replayed."""

SECONDS_PER_CALL = 11.0
"""Machine time that passes between two command lines; what a model's turn takes is not known here."""

_TIMEOUT = re.compile(r"\btimeout\s+(?:-\S+\s+)*(\d+(?:\.\d+)?)([smhd]?)\s")
_BACKGROUND = re.compile(r"(?<![&>|\d])&(?![&>|\d])")
_UNIT_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Kernel:
    """The state of one machine, apart from its files. `elapsed_s` counts within one command line.

    From within a command every access to the file system costs a thread switch (0.1 ms), and a missing file
    ten times that. So `listings` caches directories within one command of ours, and holds what was read after
    the last command line until something of the next one `may_have_run`, and beyond it where nothing
    `may_have_written`; `contents` caches files of the home directory by their metadata, in which writing shows.
    """

    bash: Bash | None
    programs: frozenset[str] = frozenset()
    running: bool = True
    text: str = ""
    login_text: str = ""
    calls: int = 0
    elapsed_s: float = 0.0
    timed_out: bool = False
    cut_short: bool = False
    killed_by: int | None = None
    runner_left: bool = False
    temporary_files: int = 0
    script_planned: bool = False
    unsupported: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    home_mode: int = 0o755
    umask: int = 0o022
    most_processes: int = 256
    answers: Iterator[str] | None = None
    jobs: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    may_have_run: bool = True
    may_have_written: bool = True
    started_at: list[float] = field(default_factory=list[float])
    links: list[set[str]] = field(default_factory=list[set[str]])
    modes: dict[str, int] = field(default_factory=dict[str, int])
    listings: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    contents: dict[str, tuple[dict[str, Any], bytes]] = field(
        default_factory=dict[str, tuple[dict[str, Any], bytes]]
    )
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """The content of each watched file by the path at which it was laid down, until something reads it."""

    def begin(self, text: str) -> None:
        """A new command line: clear what belongs to the last one."""
        self.text = text
        self.calls += 1
        self.elapsed_s = 0.0
        self.timed_out = False
        self.cut_short = False
        self.script_planned = False
        self.umask, self.most_processes = 0o022, 256
        self.may_have_run = self.may_have_written = True
        self.killed_by = self.answers = None
        self.unsupported.clear()
        self.notes.clear()

    def terminate(self) -> None:
        """PID 1 gets TERM: the machine goes off, and nothing after this command runs."""
        self.running = False
        self._abort()

    def end_shell(self, signal: int) -> None:
        """The login shell of this call is killed."""
        self.killed_by = signal
        self._abort()

    @property
    def home_closed(self) -> bool:
        """Whether the home directory has lost its x bit, so that nothing in it can be found."""
        return not self.home_mode & 0o100

    def may_not_change(self, path: str) -> bool:
        """Whether no file may come to or go from that path, since the home directory is closed or locked."""
        return posixpath.dirname(path) == HOME and self.home_mode & 0o300 != 0o300

    def consents(self, ctx: BuiltinContext) -> bool:
        """Whether the next line of what a command reads says yes to its question."""
        if self.answers is None:
            self.answers = iter((ctx.stdin or "").splitlines())
        return next(self.answers, "").lower().startswith("y")

    def defer(self, jobs: Sequence[tuple[float, str]]) -> None:
        """Keep background jobs that sleep, with the seconds that they do, until the machine's clock has come so far."""
        self.jobs += [(self.now_s() + delay_s, text) for delay_s, text in jobs]

    def due_jobs(self) -> list[str]:
        """Take the jobs that have slept long enough."""
        due = [text for time_s, text in self.jobs if time_s <= self.now_s()]
        self.jobs = [job for job in self.jobs if job[0] > self.now_s()]
        return due

    def leave_runner(self, ctx: BuiltinContext, text: str) -> None:
        """Leave a text for the shell, which it reads when the command that is running now gives 1."""
        ctx.fs.write_file(RUNNER, text.encode())
        self.runner_left = True

    def finish(self, ctx: BuiltinContext, output: str, errors: str, code: int) -> BuiltinResult:
        """The result of a command whose file reads the runner after a failure: it only passes the exit code on."""
        if code:
            self.leave_runner(ctx, f"exit {code}\n")
        return BuiltinResult(output, errors, 1 if code else 0)

    def forget(self, path: str) -> None:
        """A file was removed or replaced: what comes at its path is another file, with a mode of its own."""
        self.modes.pop(path, None)
        for names in self.links:
            names.discard(path)
        self.listings.clear()

    def link(self, path: str, other: str) -> None:
        """Two names of one file from now on: a change of one is made to the other when the files are settled."""
        names = next((names for names in self.links if path in names), None)
        if names is None:
            self.links.append({path, other})
        else:
            names.add(other)

    def sleep(self, duration_s: float) -> int:
        """Let machine time pass; returns the exit code of whoever slept. Never waits in real time."""
        if _BACKGROUND.search(self.text):
            # The shell runs background jobs to their end at once, so their sleep must not cost the others.
            return 0
        limit = _TIMEOUT.search(self.text)
        limit_s = float(limit[1]) * _UNIT_S[limit[2]] if limit else float("inf")
        self.elapsed_s += min(duration_s, limit_s)
        if self.elapsed_s >= TIME_LIMIT_S:
            self.elapsed_s = TIME_LIMIT_S
            self.timed_out = True
            self._abort()
        self.cut_short = self.cut_short or duration_s > limit_s
        return 124 if duration_s > limit_s else 0

    def now_s(self) -> float:
        """The machine's clock in Unix seconds."""
        return BOOT_TIME_S + self.calls * SECONDS_PER_CALL + self.elapsed_s

    def machine_time_s(self, host_time_s: float) -> float:
        """The machine's time at which a file was written, from the host's time that the file system kept."""
        turn = sum(1 for start in self.started_at if start <= host_time_s)
        return BOOT_TIME_S + turn * SECONDS_PER_CALL

    def _abort(self) -> None:
        if self.bash is not None:
            self.bash.cancel()


Command = Callable[[Kernel, BuiltinContext], BuiltinResult]
"""A command of ours. It may read and write files through the context, and ask the kernel."""


def absolute(ctx: BuiltinContext, path: str) -> str:
    """`path` as the caller meant it, without dots."""
    return posixpath.normpath(posixpath.join(ctx.cwd, path)) if path else ctx.cwd


def duration_s(text: str) -> float:
    """Seconds in a duration of `sleep` and `timeout` (``5``, ``1.5m``, ``infinity``). Raises ValueError."""
    if text in ("infinity", "inf"):
        return float("inf")
    unit = text[-1:] if text[-1:] in "smhd" else ""
    seconds = float(text.removesuffix(unit)) * _UNIT_S[unit]
    if not seconds >= 0:
        raise ValueError(text)
    return seconds
