"""A command line before it runs: what it says, and what the shell gets in its place.

Three things happen to it. What the shell would answer wrongly is rewritten. What does not parse is cut where
bash would stop. And it is put into a shell of its own.
"""

import re
import threading
from dataclasses import dataclass
from functools import cache, lru_cache

from bashkit import Bash, BashError

from hanlon.sandboxes.container import HOME, MAX_COMMAND_BYTES
from hanlon.sandboxes.virtual.dash import in_dash
from hanlon.sandboxes.virtual.disguise import tells
from hanlon.sandboxes.virtual.image import ABSENT, CANNOT_EXECUTE, RUN, SHELL_PID
from hanlon.sandboxes.virtual.jobs import STARTS, TOKEN, deferred
from hanlon.sandboxes.virtual.kernel import BOOT_TIME_S

_PLAIN_TEXT = re.compile(r"[\w\s./=:,+-]*")


def complete_lines(script: str) -> str:
    """`script` cut before its first syntax error, with a failing command in place of the rest."""
    if _PLAIN_TEXT.fullmatch(script):
        return script
    answer: list[str] = []
    # In a thread of its own: a callback of one interpreter may not enter another on the same thread.
    thread = threading.Thread(target=lambda: answer.append(_cut(script)))
    thread.start()
    thread.join()
    return answer[0] if answer else script


def fresh_shell(script: str) -> str:
    """The script in a shell of its own: a subshell, or what does not parse as one as text for `bash -c`.

    Both start from the same clean state. A script given as text is parsed on a thread of its own, which
    costs five times as much. Not for callbacks (see `complete_lines`).
    """
    subshell = f"( {script}\n)"
    # alone, or `) ; x=1 ; (` would run outside; and a here-document without its end would swallow the parenthesis
    if _parses(script) and _parses(subshell):
        return subshell
    return "bash -c '" + script.replace("'", "'\\''") + "'"


def _cut(script: str) -> str:
    if _parses(script):
        return script
    lines = script.splitlines()[:400]
    for count in range(len(lines) - 1, -1, -1):
        head = "\n".join(lines[:count])
        if _parses(head):
            problem = f"bash: line {count + 1}: syntax error near unexpected token"
            return f"{head}\n(echo '{problem}' >&2); exit 2"
    return "exit 2"


def _parses(script: str) -> bool:
    try:
        _parser().analyze(script)
    except (BashError, RuntimeError, ValueError):
        return False
    return True


@cache
def _parser() -> Bash:
    return Bash()


FUNCTION_PREFIX = "BASH_FUNC_"
_MARKS = (
    "$$",
    "BASHPID",
    "SECONDS",
    "EPOCH",
    "export",
    "declare",
    "typeset",
    "command",
    "./",
    "/home/",
    "/tmp/",
    "sh -",
    "~/",
)
_PID = re.compile(r"\$\$|\$BASHPID\b|\$\{(?:\$|BASHPID)\}")
_CLOCK = re.compile(r"\$(?:\{(SECONDS|EPOCHSECONDS)\}|(SECONDS|EPOCHSECONDS)\b)")
_EXPORT = re.compile(
    r"\b(?:export\s+-f|(?:declare|typeset)\s+-(?:fx|xf|f\s+-x|x\s+-f))"
    r"\s+(?P<names>[A-Za-z_]\w*(?:[ \t]+[A-Za-z_]\w*)*)"
)
_HIDDEN = "|".join(map(re.escape, sorted(ABSENT, key=len, reverse=True)))
_COMMAND_V = re.compile(rf"\bcommand\s+-[vV](?=\s+(?:(?:{_HIDDEN})(?![\w.-])|\"?\$))")

_PATH_COMMAND = re.compile(
    rf"(?P<before>{STARTS}[ \t]*(?:\w+=[^\s;&|'\"]*[ \t]+)*)"
    r"(?P<path>(?:\.{1,2}/|~/|/home/|/tmp/)[\w./-]+)(?=[\s;&|)]|$)"
)
_READ_BY_SHELL = re.compile(
    rf"(?P<before>{STARTS}[ \t]*)(?P<shell>\.|source|(?:ba|da)?sh)[ \t]+(?:-[^cns \t]+[ \t]+)*"
    r"(?P<path>[\w./~-]+)(?=[\s;&|)]|$)"
)

_ANY_EXPORT = re.compile(r"\bexport\s+-\w*f|\b(?:declare|typeset)\s+-\w*(?:fx|xf)|\bset\s+-\w*a\b|allexport")
_CARRIED = re.compile(rf"\{{ [^{{}}&]*&&\{{ export {FUNCTION_PREFIX}[^}}]*; \}}; \}}")


def changes_scripts(text: str) -> bool:
    """Whether the text exports functions or sets BASH_ENV. A real machine's scripts would inherit them; ours do not."""
    return "BASH_ENV" in text or FUNCTION_PREFIX in text or _ANY_EXPORT.search(text) is not None


def loses_exports(command: str, files: str) -> bool:
    """Whether functions are exported by a command line or by files in a way that is not carried over."""
    if "kill" not in command + files:
        return False
    lost = _ANY_EXPORT.search(_CARRIED.sub("", rewrite(command)))
    return lost is not None or _ANY_EXPORT.search(files) is not None


def rewrite(text: str, programs: frozenset[str] = frozenset(), pid: int = SHELL_PID) -> str:
    """The command line for the shell, given that of the model. `pid` is what `$$` stands for."""
    if not any(mark in text for mark in _MARKS) and not any(name in text for name in programs):
        return text
    parts, end = list[str](), 0
    for match in TOKEN.finditer(text):
        parts += (_plain(text[end : match.start()], programs, pid, end), _token(match, programs, pid))
        end = match.end()
    return "".join(parts) + _plain(text[end:], programs, pid, end)


def _token(match: re.Match[str], programs: frozenset[str], pid: int) -> str:
    if match["here"] is not None:
        body = match["body"]
        if match["q"]:
            return match[0]
        return match[0].replace(body, _values(body, pid)) if body else match[0]
    if match["script"] is not None:
        text = match["text"][1:-1]
        text = rewrite(text if match["script"].startswith("ba") else in_dash(text), programs, pid)
        return match["script"] + "'" + text.replace("'", "'\\''") + "'"
    if match["double"] is not None:
        return _values(match[0], pid)
    return match[0]


def _values(text: str, pid: int) -> str:
    text = _PID.sub(str(pid), text)
    return _CLOCK.sub(lambda match: "0" if "SECONDS" in match.groups() else str(int(BOOT_TIME_S)), text)


def _plain(text: str, programs: frozenset[str], pid: int, offset: int) -> str:
    """Text outside of quotes. `offset` is where it stands; no command begins right after a quote."""
    text = _COMMAND_V.sub("type -P", _EXPORT.sub(_export, _values(text, pid)))
    head = "" if not offset else text[: re.search(r"[;&|({\n]|$", text).start()]  # pyright: ignore[reportOptionalMemberAccess]
    rest = _READ_BY_SHELL.sub(lambda match: _read_by_shell(match, programs), text[len(head) :])
    return head + _PATH_COMMAND.sub(lambda match: _path_command(match, programs), rest)


def _path_command(match: re.Match[str], programs: frozenset[str]) -> str:
    """A file that is run by its path goes by execve; the task's programs are run as they are, which is quicker."""
    is_program = match["path"].rpartition("/")[2] in programs
    return match[0] if is_program else f"{match['before']}{RUN} {match['path']}"


def _read_by_shell(match: re.Match[str], programs: frozenset[str]) -> str:
    """No shell reads a binary."""
    if match["path"].removeprefix("./").removeprefix("~/").removeprefix(f"{HOME}/") not in programs:
        return match[0]
    reader = f"bash: line 1: {match['shell']}" if match["shell"] in (".", "source") else match["path"]
    return f"{match['before']}{RUN} {CANNOT_EXECUTE} '{reader}: {match['path']}: cannot execute binary file'"


def _export(match: re.Match[str]) -> str:
    carried = ";".join(
        f'export {FUNCTION_PREFIX}{name}__="$(declare -f {name})"' for name in match["names"].split()
    )
    return f"{{ export -f {match['names']}&&{{ {carried}; }}; }}"


_KEPT_CHARACTERS = 2000
_ONE_COMMAND = re.compile(r"\s*([\w./~-]+)(?:[ \t]+[\w./~=+:,@%*?-]+)*\s*")
_READ_WRITE = re.compile(r"(?:\bexec\s+\d*|(?<=\s)\d)<>")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line as it was read.

    Attributes:
        text: what the model wrote, as far as a command line can hold it.
        script: what the shell underneath gets in its place.
        in_fresh_shell: `script` in a shell of its own; empty where the text is too long to be run.
        tells: the tell words in it, in lower case.
        only_command: the first word of a line that is one command of plain words: before that command, or the
            file that it names, nothing runs.
        later: its background jobs that first sleep, with the seconds that they do.
        opens_read_write: it opens a file with ``<>``.
    """

    text: str
    script: str
    in_fresh_shell: str
    tells: frozenset[str]
    only_command: str
    later: tuple[tuple[float, str], ...]
    opens_read_write: bool

    @classmethod
    def read(cls, command: str, programs: frozenset[str]) -> "CommandLine":
        """Read a command line, or remember it from before if it is short. `programs` are the task's, by name."""
        read = _read_before if len(command) <= _KEPT_CHARACTERS else _read_line
        return read(command, programs)


def _read_line(command: str, programs: frozenset[str]) -> CommandLine:
    text = command.encode(errors="replace").decode().replace("\0", "")
    in_foreground, later = deferred(text)
    script = rewrite(in_foreground, programs)
    plain = _ONE_COMMAND.fullmatch(script)
    return CommandLine(
        text=text,
        script=script,
        in_fresh_shell=fresh_shell(script) if len(text.encode()) <= MAX_COMMAND_BYTES else "",
        tells=frozenset(word.lower() for word in tells(text)),
        only_command=plain[1] if plain else "",
        later=tuple(later),
        opens_read_write="<>" in text and _READ_WRITE.search(text) is not None,
    )


_read_before = lru_cache(maxsize=1024)(_read_line)
