"""How far a script can be read, and a shell of its own for one.

Bash runs what stands before a syntax error, the shell underneath does not.
"""

import re
import threading
from functools import cache

from bashkit import Bash, BashError

_PLAIN = re.compile(r"[\w\s./=:,+-]*")


def complete_lines(script: str) -> str:
    """`script` cut before its first syntax error, with a failing command in place of the rest."""
    if _PLAIN.fullmatch(script):
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
