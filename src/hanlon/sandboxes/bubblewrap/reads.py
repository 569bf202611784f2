"""Whether a file was read, as the kernel tells it (inotify's IN_ACCESS).

A watch is on the file itself, whatever its name becomes, and in any mount namespace. Reads of no byte, `touch`, links
and names are no reads; `touch -a` alone looks like one. The time of access tells less: a write may hide that it moved.
"""

import ctypes
import os
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

_IN_ACCESS = 0x1
_HEADER = struct.Struct("iIII")
"""`struct inotify_event` without its name: watch, mask, cookie, length of the name."""


class _Notices:
    """The kernel's notices of this process: a user may have 128 such queues, and there may be more machines."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._read = set[int]()
        self._in_use = threading.Lock()

    def add(self, path: str) -> int:
        """Watch a file; the number of its watch."""
        with self._in_use:
            return self._checked(
                self._libc.inotify_add_watch(self._queue, path.encode(), ctypes.c_uint32(_IN_ACCESS))
            )

    def remove(self, watch: int) -> None:
        """Watch it no more."""
        with self._in_use:
            self._libc.inotify_rm_watch(self._queue, watch)
            self._take()
            self._read.discard(watch)

    def has(self, watch: int) -> bool:
        """Whether its file was read."""
        with self._in_use:
            self._take()
            return watch in self._read

    def forget(self, watch: int) -> None:
        """As if its file had not been read."""
        with self._in_use:
            self._take()
            self._read.discard(watch)

    def _take(self) -> None:
        try:
            while events := os.read(self._queue, 64 * 1024):
                at = 0
                while at < len(events):
                    watch, mask, _, length = _HEADER.unpack_from(events, at)
                    at += _HEADER.size + length
                    if mask & _IN_ACCESS:
                        self._read.add(watch)
        except BlockingIOError:
            pass

    @staticmethod
    def _checked(number: int) -> int:
        if number < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {os.strerror(ctypes.get_errno())}")
        return number


_notices = cache(_Notices)


class FileWatch:
    """Says whether a file has been read since; `path` is where the file is now.

    Raises:
        OSError: the kernel gives no watch.
    """

    def __init__(self, path: str) -> None:
        self._number = _notices().add(path)

    def was_read(self) -> bool:
        """Whether anything has read bytes of it."""
        return _notices().has(self._number)

    @contextmanager
    def unnoticed(self) -> Generator[None]:
        """What is read within does not count."""
        before = self.was_read()
        try:
            yield
        finally:
            if not before:
                _notices().forget(self._number)

    def close(self) -> None:
        """Free the watch."""
        _notices().remove(self._number)
