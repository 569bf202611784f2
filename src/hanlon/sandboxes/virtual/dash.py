"""Scripts as dash runs them, which is /bin/sh: without bash's syntax and without bash's own commands."""

import re

_STOPS = re.compile(
    r"^\s*(?:\w+\+?=\(|function\s|select\s|export\s+-f|set\s+-o\s+pipefail)|^local\s"
    r"|<<<|[<>]\(|\bfor\s*\(\(|\$\{\w+[/^,@]"
)
_BEGINS = r"(^|[;&|!]|\b(?:if|while|until|then|do|else)\b)(\s*)"
_DOUBLE_BRACKET = re.compile(rf"{_BEGINS}\[\[(?=\s)", re.MULTILINE)
_DOUBLE_EQUALS = re.compile(
    rf"{_BEGINS}(?:\[\s[^\]\n]*\s==\s[^\]\n]*\]|test\s[^;&|\n]*\s==\s[^;&|\n]*)", re.MULTILINE
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|(?:^|\s)#.*")
_NOT_FOUND = ("declare", "typeset", "let", "shopt", "pushd", "popd", "enable")
_OTHERWISE = re.compile(
    rf"\b(?:source|{'|'.join(_NOT_FOUND)}|kill\s+-[sn])\b|\bkill\s+-(?i:SIG)|\bkill\s.*--"
)
_PREFIX = (
    'source() { echo "sh: 1: source: not found" >&2; return 127; }; '
    + "".join(f"{name}() {{ source; }}; " for name in _NOT_FOUND)
    + 'kill() { case " $* " in (*[Ss][Ii][Gg]*|*" -n"*|*" -- "*) echo "sh: 1: kill: Illegal option" >&2; return 2;; '
    + 'esac; command kill "$@"; }; '
)


def in_dash(script: str) -> str:
    """A script for bash that does what dash does with this one: where dash stops, it stops."""
    lines = script.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if _STOPS.search(_QUOTED.sub("_", line)):
            lines[number:] = [f'echo "sh: {number + 2}: Syntax error" >&2; exit 2\n']
            break
    script = _DOUBLE_BRACKET.sub(r"\1\2source ", _DOUBLE_EQUALS.sub(r"\1\2false ", "".join(lines)))
    return _PREFIX + script if _OTHERWISE.search(script) else script
