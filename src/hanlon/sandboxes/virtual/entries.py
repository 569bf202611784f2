"""What `ls`, `stat`, `file` and `cp` need to know of a path: its kind, mode, owner, size and time."""

import posixpath
import stat as modes
from dataclasses import dataclass
from typing import Any

from bashkit import BuiltinContext, FileSystem

from hanlon.sandboxes.base import CONTENT_LIMIT_BYTES, FileKind, FileState
from hanlon.sandboxes.container import HOME
from hanlon.sandboxes.virtual.kernel import BOOT_TIME_S, Kernel

_KIND_BITS = {
    "directory": modes.S_IFDIR,
    "symlink": modes.S_IFLNK,
    "fifo": modes.S_IFIFO,
    "file": modes.S_IFREG,
}
OTHER_KINDS: dict[str, FileKind] = {"symlink": "symlink", "directory": "directory"}
_OWNED_BY_USER = (HOME, "/tmp", "/dev/shm")
_FIXED_DIRECTORIES = ("/", "/home", HOME, "/usr", "/usr/bin", "/bin", "/etc", "/proc")
HIDDEN = frozenset("\u00f8")
"""Names in the root directory that belong to the machinery."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as `lstat` gives it. `time_s` is the machine's, in Unix seconds."""

    path: str
    kind: str
    mode: int
    size: int
    time_s: float
    target: str = ""

    @property
    def owner(self) -> str:
        """The account that owns it."""
        mine = any(self.path == root or self.path.startswith(root + "/") for root in _OWNED_BY_USER)
        return "user" if mine and self.path != "/tmp" else "root"

    @property
    def permissions(self) -> str:
        """``-rwxr-xr-x``."""
        return modes.filemode(_KIND_BITS.get(self.kind, modes.S_IFREG) | self.mode)

    @property
    def links(self) -> int:
        """Hard links; a directory counts itself."""
        return 2 if self.kind == "directory" else 1

    @property
    def inode(self) -> int:
        """A number that stays with the name."""
        return 1_310_720 + sum(map(ord, posixpath.basename(self.path))) % 9973

    @property
    def blocks(self) -> int:
        """Blocks of 512 bytes."""
        return 8 * -(-self.size // 4096) if self.kind == "file" else 8 * (self.kind == "directory")


def listing(kernel: Kernel, fs: FileSystem, path: str) -> list[dict[str, Any]]:
    """What a directory holds, empty where there is none; asked for once within a command."""
    if path not in kernel.listings:
        try:
            kernel.listings[path] = fs.read_dir(path)
        except RuntimeError:
            kernel.listings[path] = []
    return kernel.listings[path]


def content(kernel: Kernel, fs: FileSystem, path: str) -> bytes:
    """What the file at a path holds that no link has to be followed for."""
    folder, _, name = path.rpartition("/")
    metadata, text = kernel.contents.get(path, (None, b""))
    if metadata is not None and any(
        item["name"] == name and item["metadata"] == metadata for item in kernel.listings.get(folder, ())
    ):
        return text
    return fs.read_file(path)


def lstat(kernel: Kernel, fs: FileSystem, path: str) -> Entry | None:
    """The entry at an absolute path, None where there is none."""
    if path in _FIXED_DIRECTORIES:
        return Entry(path, "directory", kernel.home_mode if path == HOME else 0o755, 4096, BOOT_TIME_S)
    if path.startswith("/dev/fd/"):  # a process substitution
        return Entry(path, "file", 0o600, 0, BOOT_TIME_S)
    folder, _, name = path.rpartition("/")
    if kernel.home_closed and path.startswith(HOME):
        return None
    for item in listing(kernel, fs, folder or "/"):
        if item["name"] == name:
            return _entry_of(kernel, fs, path, item["metadata"])
    return None


def state_of(kernel: Kernel, fs: FileSystem, path: str) -> FileState:
    """A file as `Machine.inspect` gives it."""
    file = lstat(kernel, fs, path)
    if file is None:
        return FileState("missing")
    if file.kind != "file":
        return FileState(OTHER_KINDS.get(file.kind, "other"), file.mode)
    return FileState(
        "file", file.mode, content(kernel, fs, path)[:CONTENT_LIMIT_BYTES].decode(errors="replace")
    )


def resolve(kernel: Kernel, fs: FileSystem, path: str) -> str:
    """The path behind a chain of links, at most 40 long; only the last part of a path is followed."""
    for _ in range(40):
        entry = lstat(kernel, fs, path)
        if entry is None or entry.kind != "symlink":
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target))
    return path


def _entry_of(kernel: Kernel, fs: FileSystem, path: str, metadata: dict[str, Any]) -> Entry:
    if metadata["file_type"] != "symlink":
        return entry_of(kernel, path, metadata)
    target = fs.read_link(path)
    return Entry(path, "symlink", 0o777, len(target), entry_of(kernel, path, metadata).time_s, target)


def entry_of(kernel: Kernel, path: str, metadata: dict[str, Any]) -> Entry:
    """An entry from what the file system says."""
    kind = str(metadata["file_type"])
    size = 4096 if kind == "directory" else int(metadata["size"]) or len(kernel.unread.get(path, ""))
    mine = path.startswith((HOME, "/tmp"))
    time_s = kernel.machine_time_s(float(metadata["modified"])) if mine else BOOT_TIME_S - 86_400 * 3
    return Entry(path, kind, int(metadata["mode"]), size, time_s)


def children(kernel: Kernel, ctx: BuiltinContext, path: str) -> list[Entry]:
    """What a directory holds, by name."""
    entries = [
        _entry_of(kernel, ctx.fs, posixpath.join(path, str(item["name"])), item["metadata"])
        for item in listing(kernel, ctx.fs, path)
        if item["name"] not in HIDDEN
    ]
    return sorted(entries, key=lambda item: item.path)
