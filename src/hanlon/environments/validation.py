"""Validate what a file or a configuration holds, and say in words what is wrong with it.

pydantic finds the problem; `explain` names the key, the value and what would be right.
"""

import re
import reprlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class StrictModel(BaseModel):
    """A mapping with these keys and no others. Nothing is converted: `yes` is no text and `true` no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: object) -> object:
        """Name the keys that there are, where the data is no mapping or has another key."""
        keys = list(cls.model_fields)
        if not isinstance(data, Mapping):
            raise ValueError(f"is not a mapping of {', '.join(keys)}; it is {reprlib.repr(data)}")
        for key in cast("Mapping[object, object]", data):
            if key not in keys:
                raise ValueError(f"no key {key!r}. {suggestion(str(key), keys)}")
        return cast("object", data)


def suggestion(word: str, names: Iterable[str]) -> str:
    """Say which name was perhaps meant, and which names there are."""
    names = list(names)
    near = get_close_matches(word, names, 1) or [name for name in names if len(word) > 2 and word in name]
    return (f"Did you mean {near[0]!r}? " if near else "") + f"There are: {', '.join(names)}"


def explain(error: ValidationError, root: str = "") -> str:
    """Say what is wrong, one entry a problem, each with its key. The keys begin with `root`."""
    problems: list[str] = []
    for entry in error.errors(include_url=False):
        steps = [root, *(str(step) for step in entry["loc"] if step != "[key]")]
        key = ".".join(step for step in steps if step)
        problem = _problem(entry)
        joint = " " if problem.startswith(("is ", "should ", "cannot ")) else ": "
        problems.append(f"{key}{joint}{problem}" if key else problem)
    return "; ".join(problems)


_PROBLEMS = {
    "missing": "is missing",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "dict_type": "is not a mapping",
    "list_type": "is not a list",
    "int_type": "is not a whole number",
    "string_type": "is not a text. Quote words such as yes and no",
}


def _problem(entry: Mapping[str, object]) -> str:
    kind, message, value = str(entry["type"]), str(entry["msg"]), entry["input"]
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", message)
        return f"cannot be {value!r}. {suggestion(str(value), names)}"
    message = _PROBLEMS.get(kind) or message.removeprefix("Value error, ")
    if message.startswith("Input should be "):
        message = message.replace("greater than or equal to", "at least").replace(
            "less than or equal to", "at most"
        )
        return f"{message.removeprefix('Input ')}, not {reprlib.repr(value)}"
    return message
