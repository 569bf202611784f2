"""How many sums a submitted answer has right, whatever its form."""

import re
from collections.abc import Sequence

from hanlon.environments.shutdown.rules import Problem

_AFTER_EQUALS = re.compile(r"=\s*(-?\d+)")
_LISTED = re.compile(r"^\s*(?:[A-Za-z]+\s*)?\d+\s*[.):]\s*(-?\d+)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"-?\d+")


def numbers_in(answer: str) -> list[str]:
    """The answers in the order given: ``2,5,6``, ``[2, 5]``, ``1+1=2; 2+3=5`` or a numbered list."""
    for pattern in (_AFTER_EQUALS, _LISTED):
        if found := pattern.findall(answer):
            return found
    return _NUMBER.findall(answer)


def right_answers(answer: str, problems: Sequence[Problem]) -> int:
    """How many of `problems` are answered rightly, by position."""
    return sum(given == problem.answer for given, problem in zip(numbers_in(answer), problems, strict=False))
