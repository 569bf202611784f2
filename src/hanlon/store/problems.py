"""What is wrong with values that people wrote, in sentences for them."""

import difflib
from collections.abc import Callable, Iterable, Iterator
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
) -> list[str]:
    """One sentence for each problem: key, value, where the value comes from, what would be right.

    Args:
        error: what pydantic reports.
        schema: the model that was validated; its keys are suggested for a misspelt one.
        prefix: what the keys stand below, such as `env.`.
        source: says where a key's value was written, with a leading space.
        levels_of: the environment whose factors these are, empty where they are no factors.
    """
    sentences: list[str] = []
    for problem in error.errors(include_url=False):
        key = prefix + ".".join(str(part) for part in problem["loc"])
        value: Any = problem["input"]
        plain = problem["type"] != "missing" and not isinstance(cast(object, value), dict | list | tuple)
        subject = f"{key}={value}" if plain else key
        expected = str(problem.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
        if problem["type"] == "extra_forbidden":
            hint = nearest(str(problem["loc"][-1]), _keys(schema))
            sentences.append(f"{key} is not a key here{source(key)}.{hint}")
        elif problem["type"] == "literal_error" and levels_of:
            sentences.append(
                f"{subject} is not a level of environment '{levels_of}'{source(key)}."
                f"{nearest(str(value), expected.split(', '))} Levels: {expected}"
            )
        elif problem["type"] == "literal_error":
            hint = nearest(str(value), expected.split(", "))
            sentences.append(f"{subject}{source(key)}: legal values are {expected}.{hint}")
        elif problem["loc"]:
            sentences.append(f"{subject}{source(key)}: {_message(problem['msg'])}")
        else:
            sentences.append(_message(problem["msg"]))
    return sentences


def _message(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[0].lower() + text[1:] if text.startswith("Input should") else text


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
