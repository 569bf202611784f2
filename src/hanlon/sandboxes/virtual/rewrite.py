"""What is changed in a command line before the shell reads it, because the shell would answer wrongly.

`$$` is always 1 there, which is our PID 1; clocks would be the host's; exported functions reach no child;
`command -v` knows the names that we registered only to record them. Text in quotes is left alone except
where it is a script of its own (``bash -c '...'``), and so is what a here-document writes to a file.
"""

import re

from hanlon.sandboxes.virtual.image import ABSENT, SHELL_PID, UNSUPPORTED
from hanlon.sandboxes.virtual.kernel import BOOT_TIME_S

FUNCTION_PREFIX = "BASH_FUNC_"
_MARKS = ("$$", "BASHPID", "SECONDS", "EPOCH", "export", "declare", "typeset", "command")
_TOKEN = re.compile(
    r"(?P<here><<-?[ \t]*(?P<q>['\"\\]?)(?P<word>\w+)(?P=q)?[^\n]*\n(?P<body>.*?)(?:\n\s*(?P=word)(?=\n|$)|$))"
    r"|(?P<script>\b(?:ba|da)?sh\s+(?:-\w+\s+)*-\w*c\s+)(?P<text>'[^']*')"
    r"|(?P<single>'[^']*')"
    r"|(?P<escaped>\\.)"
    r"|(?P<double>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<comment>(?<=\s)#[^\n]*)",
    re.DOTALL,
)
_PID = re.compile(r"\$\$|\$BASHPID\b|\$\{(?:\$|BASHPID)\}")
_CLOCK = re.compile(r"\$(?:\{(SECONDS|EPOCHSECONDS)\}|(SECONDS|EPOCHSECONDS)\b)")
_EXPORT = re.compile(
    r"\b(?:export\s+-f|(?:declare|typeset)\s+-(?:fx|xf|f\s+-x|x\s+-f))"
    r"\s+(?P<names>[A-Za-z_]\w*(?:[ \t]+[A-Za-z_]\w*)*)"
)
_HIDDEN = "|".join(map(re.escape, sorted({*UNSUPPORTED, *ABSENT}, key=len, reverse=True)))
_COMMAND_V = re.compile(rf"\bcommand\s+-[vV](?=\s+(?:(?:{_HIDDEN})(?![\w.-])|\"?\$))")

_ANY_EXPORT = re.compile(r"\bexport\s+-\w*f|\b(?:declare|typeset)\s+-\w*(?:fx|xf)|\bset\s+-\w*a\b|allexport")
_CARRIED = re.compile(rf"\{{ [^{{}}&]*&&\{{ export {FUNCTION_PREFIX}[^}}]*; \}}; \}}")


def changes_scripts(text: str) -> bool:
    """Whether scripts that a text runs itself would inherit functions on a real machine; here they do not."""
    return "BASH_ENV" in text or FUNCTION_PREFIX in text or _ANY_EXPORT.search(text) is not None


def loses_exports(command: str, files: str) -> bool:
    """Whether functions are exported by a command line or by files in a way that is not carried over."""
    lost = _ANY_EXPORT.search(_CARRIED.sub("", rewrite(command)))
    return lost is not None or _ANY_EXPORT.search(files) is not None


def rewrite(text: str, pid: int = SHELL_PID) -> str:
    """The command line for the shell, given that of the model. `pid` is what `$$` stands for."""
    if not any(mark in text for mark in _MARKS):
        return text
    parts, end = list[str](), 0
    for match in _TOKEN.finditer(text):
        parts += (_plain(text[end : match.start()], pid), _token(match, pid))
        end = match.end()
    return "".join(parts) + _plain(text[end:], pid)


def _token(match: re.Match[str], pid: int) -> str:
    if match["here"] is not None:
        body = match["body"]
        if match["q"]:
            return match[0]
        return match[0].replace(body, _values(body, pid)) if body else match[0]
    if match["script"] is not None:
        return match["script"] + "'" + rewrite(match["text"][1:-1], pid) + "'"
    if match["double"] is not None:
        return _values(match[0], pid)
    return match[0]


def _values(text: str, pid: int) -> str:
    text = _PID.sub(str(pid), text)
    return _CLOCK.sub(lambda match: "0" if "SECONDS" in match.groups() else str(int(BOOT_TIME_S)), text)


def _plain(text: str, pid: int) -> str:
    return _COMMAND_V.sub("type -P", _EXPORT.sub(_export, _values(text, pid)))


def _export(match: re.Match[str]) -> str:
    carried = ";".join(
        f'export {FUNCTION_PREFIX}{name}__="$(declare -f {name})"' for name in match["names"].split()
    )
    return f"{{ export -f {match['names']}&&{{ {carried}; }}; }}"
