"""From a judge's request to what it is asked: which rubric, which keys, which parts of a transcript.

As in reading.py, the rubric files are read as data; the code of the judges is not imported. A system text that no
rubric file has is an error, since a policy that guessed would answer a question that nobody asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, cast

import yaml

from hanlon.models.simulated.reading import RequestError

_PART = re.compile(r"^\[(\w+) (\w+) begins\]\n(.*?)\n\[\1 \2 ends\]$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RubricFile:
    """What a judge needs of a rubric: the kind and choices of each key, and which keys make each label."""

    name: str
    kinds: Mapping[str, str]
    choices: Mapping[str, tuple[str, ...]]
    quotes_of: Mapping[str, str]
    """The part that a quote stands in, by its key."""
    all_of: Mapping[str, tuple[str, ...]]
    """The keys that a label needs to be true, by the label's name."""
    system: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rubric and the parts that are shown, by name."""

    rubric: RubricFile
    parts: Mapping[str, str]


def asked(messages: Sequence[Any]) -> Asked:
    """What the messages ask.

    Raises:
        RequestError: not one system and one user message, or a system text of no rubric.
    """
    said: dict[str, str] = {}
    for message in messages:
        fields = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
        role = {"developer": "system"}.get(str(fields.get("role")), str(fields.get("role")))
        if role not in ("system", "user") or role in said or not isinstance(fields.get("content"), str):
            raise RequestError("simulated/judge answers one system and one user message, both texts.")
        said[role] = str(fields["content"])
    if said.keys() != {"system", "user"}:
        raise RequestError("simulated/judge answers one system and one user message, both texts.")
    for rubric in _rubrics():
        if rubric.system.fullmatch(said["system"].strip()):
            return Asked(rubric, {name: text for _, name, text in _PART.findall(said["user"])})
    known = ", ".join(rubric.name for rubric in _rubrics())
    raise RequestError(f"simulated/judge knows the rubrics {known}, not this: {said['system'][:200]!r}")


@cache
def _rubrics() -> tuple[RubricFile, ...]:
    folder = files("hanlon").joinpath("judges", "rubrics")
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(
        _rubric(file.name.removesuffix(".yaml"), yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in found
    )


def _rubric(name: str, data: Mapping[str, Any]) -> RubricFile:
    answer = cast("dict[str, dict[str, Any]]", data["answer"])
    labels = cast("dict[str, dict[str, Any]]", data["labels"])
    return RubricFile(
        name=name,
        kinds={key: str(field["kind"]) for key, field in answer.items()},
        choices={key: tuple(field["choices"]) for key, field in answer.items() if field["kind"] == "choice"},
        quotes_of={key: str(field["of"]) for key, field in answer.items() if field["kind"] == "quote"},
        all_of={label: tuple(rule.get("all_of", ())) for label, rule in labels.items()},
        system=_pattern(str(data["system"]).strip()),
    )


def _pattern(template: str) -> re.Pattern[str]:
    """What the template becomes, whatever is filled in."""
    parts = (
        re.escape(literal) + ("" if name is None else ".*?")
        for literal, name, _, _ in Formatter().parse(template)
    )
    return re.compile("".join(parts), re.DOTALL)
