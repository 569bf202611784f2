"""One process at a time logs a run: two that sample shards of one sweep would mix its rows.

The lock is a `flock` on a small file beside the marker, gone with the process that holds it. Whoever has it says
when it begins to count the store for the last time: until then, what another process has stored is still seen.
"""

import contextlib
import os
import time
from pathlib import Path

from hanlon.engine.lines import CellBusy, lock

POLL_S = 0.1
ENDING = b"ending"


class Turn:
    """The right to log one run, for as long as it is held."""

    def __init__(self, marker: Path) -> None:
        self._path = marker.with_name(f".{marker.stem}.lock")
        self._file = -1

    def take(self) -> bool:
        """Take the turn, if no other process has it."""
        if self._file >= 0:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            lock(file, self._path, shared=False)
        except CellBusy:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        os.ftruncate(file, 0)
        self._file = file
        return True

    def wait(self, limit_s: float) -> bool:
        """Take the turn, waiting so long for it at most; whether it was got."""
        end = time.monotonic() + limit_s
        while not self.take():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        return True

    def take_over(self, limit_s: float) -> bool:
        """Take the turn, or leave it to a process that will yet count what is stored now; wait for one that may not.

        Returns:
            Whether the turn was got. False after `limit_s` seconds too.
        """
        return self.take() or (self._is_ending() and self.wait(limit_s))

    def end(self) -> None:
        """Say that the last count begins: what is stored from now on may not be in it."""
        if self._file >= 0:
            os.pwrite(self._file, ENDING, 0)

    def give(self) -> None:
        """Let another process have it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _is_ending(self) -> bool:
        with contextlib.suppress(OSError):
            return self._path.read_bytes() == ENDING
        return True
