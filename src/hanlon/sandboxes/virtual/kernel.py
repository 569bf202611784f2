"""What the commands of one machine share: whether PID 1 lives, the machine's clock, what could not be run."""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bashkit import Bash, BuiltinContext, BuiltinResult

from hanlon.sandboxes.base import TIME_LIMIT_S

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
    slept_s: float = 0.0
    timed_out: bool = False
    cut_short: bool = False
    killed_by: int | None = None
    runner_left: bool = False
    temporary_files: int = 0
    script_planned: bool = False
    unsupported: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    may_have_run: bool = True
    may_have_written: bool = True
    started_at: list[float] = field(default_factory=list[float])
    modes: dict[str, int] = field(default_factory=dict[str, int])
    listings: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    contents: dict[str, tuple[dict[str, Any], bytes]] = field(
        default_factory=dict[str, tuple[dict[str, Any], bytes]]
    )

    def begin(self, text: str) -> None:
        """A new command line: clear what belongs to the last one."""
        self.text = text
        self.calls += 1
        self.elapsed_s = 0.0
        self.timed_out = False
        self.cut_short = False
        self.script_planned = False
        self.may_have_run = self.may_have_written = True
        self.killed_by = None
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

    def forget(self, path: str) -> None:
        """A file was removed or replaced: what comes at its path is another file, with a mode of its own."""
        self.modes.pop(path, None)
        self.listings.clear()

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
        return BOOT_TIME_S + self.calls * SECONDS_PER_CALL + self.slept_s + self.elapsed_s

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
