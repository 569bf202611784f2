"""The read-only part of the machine, shared by all episodes of a process: /usr, /bin, /etc and /proc.

An ordinary small Debian 12 container. What is not installed is not found, as on any machine; nothing that happens
then has to be taken back.
"""

import random
from functools import cache

from bashkit import FileSystem

from hanlon.sandboxes.container import ETC, INIT_COMMAND

KERNEL = "6.1.0-26-amd64"
KERNEL_BUILD = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1 (2024-09-30)"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SHELL_BUILTINS = _names(
    ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs "
    "disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local "
    "logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend "
    "test times trap true type typeset ulimit umask unalias unset wait "
)

PRESENT = _names(
    "[ arch awk b2sum base32 base64 basename basenc bash bunzip2 bzcat bzip2 cat chgrp chmod chown "
    "cksum clear cmp column comm cp cut date dd df diff dirname du echo egrep env expand expr factor "
    "false fgrep file find flock fmt fold free getconf grep groups gunzip gzip head hexdump hostid "
    "hostname iconv id install join jq kill less link ln locale logname ls mawk md5sum mkdir mkfifo "
    "mktemp more mv nawk nice nl nohup nproc numfmt od paste patch pgrep pkill pr printenv printf ps "
    "pwd readlink realpath rev rg rm rmdir sed seq sh sha1sum sha224sum sha256sum sha384sum sha512sum "
    "shasum shuf sleep sort split stat strings su sudo sum sync tac tail tar tee test timeout touch tr "
    "tree true truncate tsort tty uname unexpand uniq unlink unzip uptime users wc which who whoami "
    "xargs xxd yes zip "
)
"""What /usr/bin holds and the shell can run."""

WRAPPED = {
    "dash": 'sh "$@"',
    "rbash": 'bash "$@"',
    "setsid": 'while [[ $1 == -* ]]; do shift; done; "$@"',
    "stdbuf": 'while [[ $1 == -* ]]; do shift; done; "$@"',
    "setpriv": 'while [[ $1 == -* ]]; do shift; done; "$@"',
    "xz": 'gzip "$@" && for f; do [[ $f == -* ]] || mv "$f.gz" "$f.xz"; done',
    "ionice": 'while [[ $1 == -* ]]; do shift; done; "$@"',
    "zcat": 'gunzip -c "$@"',
    "dir": 'ls "$@"',
    "vdir": 'ls -l "$@"',
    "shred": 'for f; do [[ $f == -* ]] || : > "$f"; done; [[ $* == *-u* ]] && rm -f "$@"',
}
"""Further executables, as a line of shell over what is there."""

ABSENT = _names(
    "assert busybox csv curl dotenv envsubst gawk glob http json log make man nano openssl parallel retry semver "
    "template tomlq uuidgen verify vi vim watch wget yq "
)
"""Commands that the shell would offer and a minimal container does not have."""


_STATUS = (
    "Name:\t{name}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t{ppid}\n"
    "Uid:\t1000\t1000\t1000\t1000\n"
)

SHELL_PID = 214
"""The process id of the login shell of a tool call."""

_PROC = {
    "version": f"Linux version {KERNEL} (debian-kernel@lists.debian.org) {KERNEL_BUILD}\n",
    "cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n\n",
    "meminfo": "MemTotal:        4025384 kB\nMemFree:         2871020 kB\nMemAvailable:    3402216 kB\n",
    "loadavg": "0.08 0.03 0.01 1/112 231\n",
    "uptime": "1873.41 3702.18\n",
    "mounts": "overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n",
    "1/cmdline": INIT_COMMAND.replace(" ", "\0") + "\0",
    "1/comm": "docker-init\n",
    "1/status": _STATUS.format(name="docker-init", pid=1, ppid=0),
    "self/cmdline": "bash\0--login\0-c\0",
    "self/comm": "bash\n",
    "self/status": _STATUS.format(name="bash", pid=SHELL_PID, ppid=0),
}


_EMPTY_DIRECTORIES = ("boot", "lib", "lib64", "media", "mnt", "opt", "run", "sbin", "srv", "sys", "var")


@cache
def read_only_trees() -> dict[str, FileSystem]:
    """The trees to mount, by mount point. Built once; about 200 small files."""
    empty = _tree({}, 0o755)
    executables = {name: f'{name} "$@"' for name in PRESENT} | WRAPPED
    for name in ("python3", "perl"):
        executables[name] = f'{RUN_WORD}{name} "$@"||\n. {RUNNER}'
    run_file = {RUN.rpartition("/")[2]: f'{RUN_WORD} "$@"||\n. {RUNNER}\n'}
    return {
        "/usr": _tree({f"bin/{name}": system_file(line) for name, line in executables.items()}, 0o755),
        "/bin": _tree({name: system_file(line) for name, line in executables.items()} | run_file, 0o755),
        "/etc": _tree(ETC, 0o644),
        "/proc": _tree(_PROC, 0o444),
        **{f"/{name}": empty for name in _EMPTY_DIRECTORIES},
    }


def _tree(files: dict[str, str], mode: int) -> FileSystem:
    tree = FileSystem()
    for entry in tree.read_dir("/"):
        tree.remove(f"/{entry['name']}", recursive=True)
    for path, content in files.items():
        if "/" in path:
            tree.mkdir("/" + path.rpartition("/")[0], recursive=True)
        tree.write_file(f"/{path}", content.encode())
        tree.chmod(f"/{path}", mode)
    return tree


HEADER = "\x7fELF\x02\x01\x01"
SYSTEM = "\x7fELF\x02\x01\x02"
"""First word of the executables in /usr/bin; the command behind it does nothing, the next line does."""
RESUME = "\x7fELF\x02\x01\x03"
"""The command that the runner calls when the script that a program asked for has returned."""
RUN_WORD = "\x7fELF\x02\x01\x04"
"""The command that runs a file, for the executable `RUN`."""
RUN = "/bin/\u00f8"
"""What the command line has before the path of a file to run."""
CANNOT_EXECUTE = "binary"
"""In the place of that path: there is nothing to run, only the message that follows to be printed."""
RUNNER = "/\u00f8"
"""Where the runner of a script lies while a program is waiting for it."""
END_OF_ARGUMENTS = "\x03"

_GARBAGE = [chr(c) for c in (*range(1, 9), *range(14, 27), *range(0x40000, 0xE0000, 3301))]
"""Control characters, and letters of four bytes that mean nothing: the shell reads a file letter by letter."""
_STRINGS = (
    "/lib64/ld-linux-x86-64.so.2 libc.so.6 __libc_start_main puts fopen fread fclose strtol GLIBC_2.34 "
    "GLIBC_2.2.5 GCC:.(Debian.12.2.0-14).12.2.0 .shstrtab .interp .gnu.hash .dynsym .text .rodata .bss "
)


def program_word(number: int) -> str:
    """The first word of program `number` of a machine."""
    return HEADER + chr(0x10 + number)


@cache
def program_file(number: int) -> str:
    """The executable of program `number`: call it with the arguments; if it fails, source the runner.

    No run of four printable bytes in the working part, so that `strings` passes over it.
    """
    return f"{program_word(number)} $@{END_OF_ARGUMENTS}||\n. {RUNNER}\n#{_filler(number, 780)}"


def system_file(line: str) -> str:
    """An executable of /usr/bin that does what the shell line `line` does."""
    return f"{SYSTEM}\n{line}\n"


def _filler(seed: int, size: int) -> str:
    chance = random.Random(seed)
    parts: list[str] = []
    for text in _STRINGS.split():
        parts += chance.choices(_GARBAGE, k=size // 18)
        parts.append(text)
    return "".join(parts)
