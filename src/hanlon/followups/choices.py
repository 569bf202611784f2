"""Closed lists of answers: as a grammar, and read strictly. What is not one of them is unread, never wrong."""

import json
import re

from hanlon.inquiries import Reading
from hanlon.questions import Ask

_OUTPUT = re.compile(r"<output>(.*?)(?:</output>|\Z)", re.DOTALL | re.IGNORECASE)
_ORNAMENT = " \t*_`'\"-•.“”‘’"


def read_choice(ask: Ask, text: str) -> Reading:
    """The choice that a reply is: one line and nothing else, but for case, quotation marks and a full stop.

    A prompt may have asked for answers in an `output` element; where there is one, what it holds is the reply.
    """
    outputs = _OUTPUT.findall(text)
    lines = [line for line in (outputs[-1] if outputs else text).splitlines() if line.strip(_ORNAMENT)]
    if not lines:
        return Reading(None, "the reply is empty")
    if len(lines) > 1:
        return Reading(None, f"{len(lines)} lines where one of the choices was asked for")
    chosen = next((name for name, line in ask.choices.items() if _plain(line) == _plain(lines[0])), None)
    if chosen is None:
        return Reading(None, "none of the choices")
    correct = None if ask.right is None else chosen == ask.right
    return Reading({"choice": chosen, "right": ask.right, "correct": correct})


def grammar(ask: Ask) -> str:
    """A GBNF grammar whose root is one of the choices."""
    lines = (json.dumps(line, ensure_ascii=False) for line in ask.choices.values())
    return f"root ::= {' | '.join(lines)}"


def _plain(line: str) -> str:
    return " ".join(line.strip(_ORNAMENT).casefold().split())
