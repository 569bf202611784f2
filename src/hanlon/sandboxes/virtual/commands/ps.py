"""kill, ps, pgrep, pkill, sleep, sudo and su: the commands about processes and power over them."""

import re
import time

from bashkit import BuiltinContext, BuiltinResult

from hanlon.sandboxes.container import INIT_COMMAND
from hanlon.sandboxes.virtual.image import SHELL_PID
from hanlon.sandboxes.virtual.kernel import BOOT_TIME_S, Command, Kernel, duration_s

_NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP "
    "TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS "
)
SIGNALS = {name: number for number, name in enumerate(_NAMES.split(), 1)}
TERM = SIGNALS["TERM"]
_OUTLIVED = {
    SIGNALS[name]
    for name in (
        *("ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "SEGV", "CHLD", "CONT"),
        *("STOP", "TSTP", "TTIN", "TTOU", "URG", "WINCH", "SYS"),
    )
}
"""What PID 1 drops, or passes on to a `tail` that goes on. Docker's init passes on the rest, and ends with it."""

_FATAL_TO_A_SHELL = {SIGNALS[name] for name in ("HUP", "INT", "KILL", "TERM", "ABRT", "SEGV", "USR1", "USR2")}
_IDLE_PID = 7
_SIMPLE_PATTERN = re.compile(r"\^?[\w ./-]*\$?")
_NUMBER = re.compile(r"-?\d+")


def kill(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Send a signal. PID 1 goes off as docker-init does."""
    signal, targets, problem = _parse_kill(ctx.argv)
    if problem is not None:
        return problem
    failures: list[str] = []
    for target in targets:
        if not _NUMBER.fullmatch(target):
            failures.append(f"bash: line 1: kill: {target}: arguments must be process or job IDs\n")
        elif (message := send_signal(kernel, int(target), signal)) is not None:
            failures.append(message)
    return BuiltinResult("", "".join(failures), 1 if failures else 0)


def _parse_kill(argv: list[str]) -> tuple[int, list[str], BuiltinResult | None]:
    arguments = list(argv)
    if not arguments:
        usage = (
            "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n"
        )
        return 0, [], BuiltinResult("", usage, 2)
    first = arguments.pop(0)
    if first in ("-l", "-L", "--list"):
        return 0, [], BuiltinResult(_signal_list(arguments), "", 0)
    if first in ("-s", "-n", "--signal") and arguments:
        name = arguments.pop(0)
    elif first.startswith("-") and first != "--":
        name = first.removeprefix("--signal=").removeprefix("-")
    else:
        name = "TERM"
        if first != "--":
            arguments.insert(0, first)
    if arguments[:1] == ["--"]:
        arguments.pop(0)
    number = _signal_number(name)
    if number is None:
        return 0, [], BuiltinResult("", f"bash: line 1: kill: {name}: invalid signal specification\n", 1)
    return number, arguments, None


def _signal_number(name: str) -> int | None:
    if name.isdecimal():
        return int(name) if len(name) < 4 and int(name) <= 64 else None
    if real_time := re.fullmatch(r"(?:SIG)?RTMIN(?:\+(\d+))?", name.upper()):
        return 34 + int(real_time[1] or 0)
    return SIGNALS.get(name.upper().removeprefix("SIG"))


def _signal_list(which: list[str]) -> str:
    if which:
        numbers = {str(number): name for name, number in SIGNALS.items()}
        return "".join(f"{numbers.get(text) or _signal_number(text) or text}\n" for text in which)
    cells = [f"{number:2}) SIG{name}" for name, number in SIGNALS.items()]
    return "".join("\t".join(cells[i : i + 5]) + "\n" for i in range(0, len(cells), 5))


def send_signal(kernel: Kernel, pid: int, signal: int) -> str | None:
    """Send a signal; returns the shell's message where there is no such process."""
    if pid == 1:
        if signal and signal not in _OUTLIVED:
            kernel.terminate()
    elif pid in (SHELL_PID, 0, -SHELL_PID):
        if signal in _FATAL_TO_A_SHELL:
            kernel.end_shell(signal)
    elif pid not in (-1, _IDLE_PID, SHELL_PID + 1):
        return f"bash: line 1: kill: ({pid}) - No such process\n"
    return None


def ps(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """The four processes there are; BSD, full and short form."""
    options = "".join(ctx.argv)
    started = time.strftime("%H:%M", time.gmtime(BOOT_TIME_S))
    now = time.strftime("%H:%M", time.gmtime(kernel.now_s()))
    rows = [(1, 0, started, INIT_COMMAND), (_IDLE_PID, 1, started, "tail -f /dev/null")]
    rows += [(SHELL_PID, 0, now, "bash --login -c " + kernel.text), (SHELL_PID + 1, SHELL_PID, now, "ps")]
    rows[-1] = (*rows[-1][:3], " ".join(["ps", *ctx.argv]))
    if "u" in options:
        head = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
        lines = [
            f"user     {p:7}  0.0  0.0   4188  3200 ?        S    {t}   0:00 {c}\n" for p, _, t, c in rows
        ]
    elif "f" in options:
        head = "UID          PID    PPID  C STIME TTY          TIME CMD\n"
        lines = [f"user     {p:7} {q:7}  0 {t} ?        00:00:00 {c}\n" for p, q, t, c in rows]
    else:
        head = "    PID TTY          TIME CMD\n"
        shown = rows if set("eAax") & set(options) else rows[2:]
        lines = [f"{p:7} ?        00:00:00 {_short(c)}\n" for p, _, _, c in shown]
    return BuiltinResult(head + "".join(lines), "", 0)


def _short(command: str) -> str:
    return command.split()[0].rpartition("/")[2]


def pgrep(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """pgrep and pkill over the same processes. A match of pkill on PID 1 is a kill of PID 1."""
    signals = [number for text in ctx.argv if text[:1] == "-" and (number := _signal_number(text[1:]))]
    patterns = [text for text in ctx.argv if text[:1] != "-"]
    full = any(text[:1] == "-" and "f" in text and text[1:2].islower() for text in ctx.argv)
    table = {1: INIT_COMMAND, _IDLE_PID: "tail -f /dev/null"}
    simple = bool(patterns) and _SIMPLE_PATTERN.fullmatch(patterns[-1]) is not None
    expression = re.compile(patterns[-1] if simple else re.escape(patterns[-1])) if patterns else None
    if expression is None:
        return BuiltinResult("", f"{ctx.name}: no matching criteria specified\n", 2)
    pids = [pid for pid, command in table.items() if expression.search(command if full else _short(command))]
    if not ctx.name.endswith("pkill"):
        return BuiltinResult("".join(f"{pid}\n" for pid in pids), "", 0 if pids else 1)
    for pid in pids:
        send_signal(kernel, pid, signals[0] if signals else TERM)
    return BuiltinResult("", "", 0 if pids else 1)


def sleep(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """Pass machine time without waiting for it."""
    try:
        total_s = sum(duration_s(text) for text in ctx.argv)
    except ValueError:
        return BuiltinResult("", f"sleep: invalid time interval '{ctx.argv[0]}'\n", 1)
    if not ctx.argv:
        return BuiltinResult("", "sleep: missing operand\nTry 'sleep --help' for more information.\n", 1)
    return BuiltinResult("", "", kernel.sleep(total_s))


def sudo(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """There is a sudo, and no password that it would take."""
    del kernel
    if "-S" in ctx.argv or "--stdin" in ctx.argv:
        tries = "Sorry, try again.\n[sudo] password for user: \nsudo: no password was provided\n"
        return BuiltinResult("", f"[sudo] password for user: {tries}sudo: 1 incorrect password attempt\n", 1)
    if "-n" in ctx.argv or "--non-interactive" in ctx.argv:
        return BuiltinResult("", "sudo: a password is required\n", 1)
    hint = "either use the -S option to read from standard input or configure an askpass helper"
    return BuiltinResult(
        "", f"sudo: a terminal is required to read the password; {hint}\nsudo: a password is required\n", 1
    )


def su(kernel: Kernel, ctx: BuiltinContext) -> BuiltinResult:
    """No other account can be entered."""
    del kernel, ctx
    return BuiltinResult("", "Password: \nsu: Authentication failure\n", 1)


PROCESS_COMMANDS: dict[str, Command] = {
    "kill": kill,
    "ps": ps,
    "pgrep": pgrep,
    "pkill": pgrep,
    "sleep": sleep,
    "sudo": sudo,
    "su": su,
}
