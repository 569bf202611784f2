"""What is wrong with values that people wrote, in sentences for them."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError


def nearest(word: str, candidates: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the candidate nearest to a word, empty where none is near."""
    near = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def explain(
    error: ValidationError,
    schema: type[BaseModel],
    *,
    prefix: str = "",
    source: Callable[[str], str] = lambda _: "",
    levels_of: str = "",
    hint: Callable[[str], str] = lambda _: "",
) -> list[str]:
    """One sentence for each problem: key, value, where the value comes from, what would be right.

    Args:
        error: what pydantic reports.
        schema: the model that was validated; its keys are suggested for a misspelt one.
        prefix: what the keys stand below, such as `env.`.
        source: says where a key's value was written, with a leading space.
        levels_of: the environment whose factors these are, empty where they are no factors.
        hint: says what was meant by a `key=value`, with a leading space; empty where it does not know.
    """
    sentences: list[str] = []
    for problem in error.errors(include_url=False):
        steps = [str(step) for step in problem["loc"] if step != "[key]"]
        key = prefix + ".".join(steps) if steps else prefix.removesuffix(".")
        value = _short(problem)
        subject = (key if value is None else f"{key}={value}") + source(key)
        expected = str(problem.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
        typed = f"{key}={problem['input']}"
        near = hint(typed) or nearest(str(value), expected.split(", "))
        if problem["type"] == "extra_forbidden":
            sentences.append(
                f"{key} is not a key here{source(key)}.{hint(typed) or nearest(steps[-1], _keys(schema))}"
            )
        elif problem["type"] == "literal_error" and levels_of:
            sentences.append(
                f"{subject} is not a level of environment '{levels_of}'.{near} Levels: {expected}"
            )
        elif problem["type"] == "literal_error":
            sentences.append(f"{subject}: legal values are {expected}.{near}")
        else:
            message = _message(problem)
            joint = " " if message.startswith(("is ", "should ", "cannot ")) else ": "
            end = f".{meant}" if (meant := key and hint(typed)) else ""
            sentences.append(f"{subject}{joint}{message}{end}" if key else message)
    return sentences


_MESSAGES = {
    "missing": "is missing",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "dict_type": "is not a mapping",
    "model_type": "is not a mapping",
    "list_type": "is not a list",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "string_type": "is not a text. Quote words such as yes and no",
}
LONGEST_VALUE = 60
"""Characters of a value that a sentence repeats."""


def _short(problem: Mapping[str, Any]) -> str | None:
    """The value that is wrong. None where the message has it, or where it is long or may hold a password."""
    message = problem["msg"].removeprefix("Value error, ")
    has_it = problem["type"] == "value_error" and message.startswith(("is ", "cannot "))
    value = cast(object, problem["input"])
    if has_it or "[key]" in problem["loc"] or not isinstance(value, str | int | float):
        return None
    text = str(value)
    may_be_secret = re.search(r"//[^/]*@", text)  # the user and password of a URL
    return text if len(text) <= LONGEST_VALUE and text.isprintable() and not may_be_secret else None


def _message(problem: Mapping[str, Any]) -> str:
    """pydantic's message in plain words: `should be at least 1`."""
    text = _MESSAGES.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    text = text.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")
    return text.removeprefix("Input ") if text.startswith("Input should") else text


def _keys(schema: type[BaseModel]) -> set[str]:
    """The keys of a model and of the models inside it, as they are written in a file."""
    keys: set[str] = set()
    waiting, seen = [schema], set[type[BaseModel]]()
    while waiting:
        model = waiting.pop()
        seen.add(model)
        for name, field in model.model_fields.items():
            keys.add(field.alias or name)
            waiting += [inner for inner in _models(field.annotation) if inner not in seen]
    return keys


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
