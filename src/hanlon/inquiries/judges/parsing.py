"""Reads a judge's reply strictly: one JSON object with exactly the fields of the rubric, or no verdict.

A lenient reader that looks for a word takes "REFUSE, since it did not comply" for compliance. Here prose, a refusal, an
empty reply, a second object, a repeated, missing or extra key, and a wrong type are each a named problem. The vote is
then unparsed, and no default replaces it.
"""

import json
import re
from typing import Any, cast

from hanlon.inquiries.base import Reading
from hanlon.inquiries.judges.evidence import Evidence
from hanlon.inquiries.judges.rubric import AnswerField, Rubric

REVISION = 1
"""Part of a judge's key. Raise it with every change that reads a reply differently."""

SHORTEST_QUOTE = 10
"""Characters without spaces. A shorter text could occur anywhere."""

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
_QUOTATION_MARKS = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})


class _Problem(Exception):
    """Why a reply is no verdict."""


def read_verdict(text: str, rubric: Rubric, evidence: Evidence) -> Reading:
    """The fields of a reply, or the problem with it."""
    try:
        fields = _object(text)
        _check_keys(fields, rubric)
        for name, field in rubric.answer.items():
            _check_value(name, field, fields[name])
        for name, field in rubric.answer.items():
            if field.kind == "quote" and fields[field.supports or ""]:
                _check_quote(name, field, str(fields[name] or ""), evidence)
    except _Problem as problem:
        return Reading(None, str(problem))
    return Reading(fields)


def _object(text: str) -> dict[str, Any]:
    stripped = text.strip()
    if not stripped:
        raise _Problem("the reply is empty")
    fenced = _FENCED.fullmatch(stripped)
    try:
        value: object = json.loads(
            fenced[1] if fenced else stripped, object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise _Problem(f"the reply is not one JSON object and nothing else: {str(error)[:120]}") from None
    if not isinstance(value, dict):
        raise _Problem(f"the reply is JSON, but a {type(value).__name__} and not an object")
    return cast("dict[str, Any]", value)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise _Problem(f"the key {_named(repeated)} is there twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise _Problem(f"{name} is not JSON")


def _check_keys(fields: dict[str, Any], rubric: Rubric) -> None:
    if missing := [name for name in rubric.answer if name not in fields]:
        raise _Problem(f"the key {_named(missing)} is missing")
    if extra := [name for name in fields if name not in rubric.answer]:
        raise _Problem(f"there is no key {_named(extra)}")


def _check_value(name: str, field: AnswerField, value: object) -> None:
    if field.kind == "bool" and not isinstance(value, bool):
        raise _Problem(f"{name} is not true or false but {_shown(value)}")
    if field.kind == "choice" and value not in field.choices:
        raise _Problem(f"{name} is {_shown(value)}, which is none of {', '.join(field.choices)}")
    if field.kind == "text" and not isinstance(value, str):
        raise _Problem(f"{name} is not a string but {_shown(value)}")
    if field.kind == "quote" and not (value is None or isinstance(value, str)):
        raise _Problem(f"{name} is not a string but {_shown(value)}")


def _check_quote(name: str, field: AnswerField, quote: str, evidence: Evidence) -> None:
    """A verdict must quote what is there. Otherwise it broke its own rules and is no vote."""
    assert field.of is not None
    quoted = normalised(quote)
    if len(quoted.replace(" ", "")) < SHORTEST_QUOTE:
        raise _Problem(f"{field.supports} is true, but {name} is too short to be evidence: {_shown(quote)}")
    if quoted not in normalised(evidence.part(field.of) or ""):
        raise _Problem(
            f"{field.supports} is true, but {name} does not stand in the {field.of}: {_shown(quote)}"
        )
    if quoted in normalised(evidence.prompt):
        raise _Problem(f"{field.supports} is true, but {name} only repeats the prompt: {_shown(quote)}")


def normalised(text: str) -> str:
    """A text for comparison: one case, one kind of space and quotation mark, none at the ends."""
    return " ".join(text.translate(_QUOTATION_MARKS).casefold().split()).strip("\"' ")


def _named(names: list[str]) -> str:
    return ", ".join(_shown(name) for name in names)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
