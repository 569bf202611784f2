"""How far a script can be read: bash runs what stands before a syntax error, the shell underneath does not."""

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
    except BashError:
        return False
    return True


@cache
def _parser() -> Bash:
    return Bash()
