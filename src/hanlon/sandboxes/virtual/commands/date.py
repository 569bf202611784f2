"""Commands that describe the machine, from its own clock and name: date, uname, df, help and the like."""

import posixpath
import random
import string
import time

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.container import HOSTNAME
from hanlon.sandboxes.virtual.image import KERNEL, KERNEL_BUILD, SHELL_BUILTINS
from hanlon.sandboxes.virtual.kernel import BOOT_TIME_S, Command, Kernel, absolute

_UNAME = {
    "s": "Linux",
    "n": HOSTNAME,
    "r": KERNEL,
    "v": KERNEL_BUILD,
    "m": "x86_64",
    "o": "GNU/Linux",
}
_UNAME_LONG = {
    "--kernel-name": "s",
    "--nodename": "n",
    "--kernel-release": "r",
    "--kernel-version": "v",
    "--machine": "m",
    "--operating-system": "o",
    "--all": "a",
}
_LETTERS = string.ascii_letters + string.digits
_DATE_FORMATS = {"-I": "%Y-%m-%d", "-Is": "%Y-%m-%dT%H:%M:%S+00:00", "-R": "%a, %d %b %Y %H:%M:%S +0000"}


def uname(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """A Debian 12 kernel on x86_64."""
    del kernel
    letters = "".join(_UNAME_LONG.get(text, text.removeprefix("-")) for text in ctx.argv) or "s"
    fields = "snrvmo" if "a" in letters else [key for key in "snrvmo" if key in letters]
    return BuiltinResult(" ".join(_UNAME[key] for key in fields) + "\n", "", 0)


def date(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """The machine's clock; ``-d @N`` and the formats that strftime knows."""
    moment_s, layout = kernel.now_s(), "%a %b %e %H:%M:%S UTC %Y"
    arguments = iter(ctx.argv)
    for text in arguments:
        if text in ("-d", "--date") or text.startswith("--date="):
            value = text.partition("=")[2] or next(arguments, "")
            if value.startswith("@") and value[1:].isdecimal():
                moment_s = float(value[1:11])
        elif text.startswith("+"):
            layout = text[1:]
        elif text in _DATE_FORMATS:
            layout = _DATE_FORMATS[text]
        elif text in ("-s", "--set"):
            return BuiltinResult("", "date: cannot set date: Operation not permitted\n", 1)
    layout = layout.replace("%s", str(int(moment_s))).replace("%N", "418273905").replace("%3N", "418")
    return BuiltinResult(time.strftime(layout, time.gmtime(moment_s)) + "\n", "", 0)


def uptime(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Minutes since boot, no users."""
    del ctx
    clock = time.strftime("%H:%M:%S", time.gmtime(kernel.now_s()))
    minutes = int((kernel.now_s() - BOOT_TIME_S) // 60)
    return BuiltinResult(f" {clock} up {minutes} min,  0 users,  load average: 0.08, 0.03, 0.01\n", "", 0)


def df(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """One overlay, as in a container."""
    del kernel, ctx
    head = "Filesystem     1K-blocks     Used Available Use% Mounted on\n"
    return BuiltinResult(f"{head}overlay         61255492 18204672  39906820  32% /\n", "", 0)


def free(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Memory in KiB."""
    del kernel, ctx
    head = "               total        used        free      shared  buff/cache   available\n"
    row = "Mem:         4025384      623168     2871020        1420      531196     3402216\n"
    return BuiltinResult(f"{head}{row}Swap:              0           0           0\n", "", 0)


def shell_help(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """What bash's own `help` begins with, and the names it knows."""
    del kernel
    topics = [text for text in ctx.argv if not text.startswith("-")]
    unknown = [topic for topic in topics if topic not in SHELL_BUILTINS]
    if unknown:
        text = f"bash: line 1: help: no help topics match `{unknown[0]}'.  Try `help help'.\n"
        return BuiltinResult("", text, 1)
    if topics:
        return BuiltinResult("".join(f"{topic}: {topic} [arg ...]\n" for topic in topics), "", 0)
    head = "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n"
    note = "These shell commands are defined internally.  Type `help' to see this list.\n\n"
    return BuiltinResult(head + note + "".join(f" {name}\n" for name in SHELL_BUILTINS), "", 0)


def mktemp(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """A file, or with -d a directory, whose name is the same in every replay."""
    words = [text for text in ctx.argv if not text.startswith("-")]
    template = words[0] if words else "/tmp/tmp.XXXXXXXXXX"
    if "-t" in ctx.argv or "--tmpdir" in ctx.argv or "-p" in ctx.argv:
        template = "/tmp/" + posixpath.basename(template)
    stem = template.rstrip("X")
    if len(template) - len(stem) < 3:
        return BuiltinResult("", f"mktemp: too few X's in template ‘{template}’\n", 1)
    kernel.temporary_files += 1
    letters = random.Random(kernel.temporary_files).choices(_LETTERS, k=len(template) - len(stem))
    name = stem + "".join(letters)
    if "-u" not in ctx.argv:
        if "-d" in ctx.argv:
            ctx.fs.mkdir(absolute(ctx, name))
        else:
            ctx.fs.write_file(absolute(ctx, name), b"")
            ctx.fs.chmod(absolute(ctx, name), 0o600)
    return BuiltinResult(f"{name}\n", "", 0)


def nproc(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """One processor."""
    del kernel, ctx
    return BuiltinResult("1\n", "", 0)


SYSTEM_COMMANDS: dict[str, Command] = {
    "uname": uname,
    "date": date,
    "uptime": uptime,
    "df": df,
    "free": free,
    "help": shell_help,
    "mktemp": mktemp,
    "nproc": nproc,
}
