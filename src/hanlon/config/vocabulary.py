"""Every word of the configuration, with the key that it belongs to, read from the files: there is no second list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import Any, Literal, cast, get_args, get_origin

import yaml

from hanlon.config.search_path import SearchPath

NO_MODEL = "Not a model by itself"
"""What the file says that other model files are made from."""
NO_GROUPS = ("hypothesis", "rubric", "questions")
"""Folders of the configuration whose files are no options of a group of Hydra's."""
Kind = Literal["option", "factor", "level", "choice", "hypothesis"]


@dataclass(frozen=True, slots=True)
class Name:
    """A word of the configuration: a key such as `env.placement`, or one of the values that a key takes."""

    kind: Kind
    key: str
    """What stands before `=`: `env.placement`, `prompt`, `samples`."""
    value: str | None
    """What stands behind it; None where the word is the key."""
    env: str | None
    """The one environment that knows it; None: each."""
    description: str
    default: Any = None
    """Of a key: what it is where nobody sets it."""
    takes_list: bool = False
    """Of a key: whether its value is written as `[a,b]`."""

    @property
    def word(self) -> str:
        """What one would look for."""
        return self.key if self.value is None else self.value


@cache
def vocabulary(path: SearchPath) -> tuple[Name, ...]:
    """Every name of the configuration, in the order of its files."""
    return (*_options(path), *_factors(path), *_choices(path), *_keys_of_choices(path), *_hypotheses(path))


def environments(path: SearchPath) -> tuple[str, ...]:
    """The options of `env`."""
    return tuple(path.files("env", "*.yaml"))


def _options(path: SearchPath) -> Iterator[Name]:
    """The keys of cell.yaml: its groups and its options."""
    file = path.find("cell.yaml")
    text = file.read_text(encoding="utf-8") if file else ""
    values = _yaml(text)
    for key, comment in _comments(text).items():
        if key != "defaults":
            yield Name("option", key, None, None, comment, values.get(key), comment.startswith("["))
    for entry in cast(list[object], values.get("defaults", [])):
        for group, choice in cast(dict[str, Any], entry).items() if isinstance(entry, dict) else ():
            key = group.removeprefix("optional ")
            if "@" not in key:
                yield Name("option", key, None, None, "", choice, isinstance(choice, list))


def _factors(path: SearchPath) -> Iterator[Name]:
    """The keys of each environment, and their levels where these have names."""
    for env, file in path.files("env", "*.yaml").items():
        text = file.read_text(encoding="utf-8")
        values, comments = _yaml(text), _comments(text)
        for factor, levels in _levels(values.get("_target_")).items():
            key = f"env.{factor}"
            yield Name("factor", key, None, env, comments.get(factor, ""), values.get(factor))
            yield from (Name("level", key, str(level), env, "") for level in levels)


def _levels(target: object) -> dict[str, Sequence[object]]:
    """The factors of an environment's class, each with its levels; none where these have no names."""
    try:
        fields = resolve_name(str(target)).Factors.model_fields
    except (ImportError, AttributeError, ValueError):
        return {}
    return {
        name: get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        for name, field in fields.items()
    }


def _choices(path: SearchPath) -> Iterator[Name]:
    """The files of each group. A prompt level lies in the folder of its environment."""
    for group in path.groups():
        for choice, file in path.files(group).items() if group not in NO_GROUPS else ():
            text = file.read_text(encoding="utf-8")
            description = _heading(text)
            env = _env_of(group, description, text)
            if group == "prompt":
                env, _, choice = choice.partition("/")
            if NO_MODEL not in description:
                yield Name("choice", group, choice, env, description)


def _env_of(group: str, description: str, text: str) -> str | None:
    """The environment that a file is about: a policy's heading says it, an experiment's grid sets it."""
    pattern = {"model": r"\bFor env=(\w+)", "experiment": r"(?m)^ +env: (\w+)"}.get(group)
    found = re.search(pattern, description if group == "model" else text) if pattern else None
    return found[1] if found else None


def _keys_of_choices(path: SearchPath) -> Iterator[Name]:
    """The keys below a group, such as `model.sampling.temperature` and `judge.llm.votes`."""
    seen: set[str] = set()
    for group in ("model", "sandbox", "tier", "judge", "followups", "tracker"):
        for file in path.files(group, "*.yaml").values():
            text = file.read_text(encoding="utf-8")
            package = re.match(r"# @package (\S+)", text)
            for key, default in _flat(_yaml(text), f"{package[1] if package else group}."):
                if key not in seen:
                    seen.add(key)
                    yield Name("option", key, None, None, "", default)


def _hypotheses(path: SearchPath) -> Iterator[Name]:
    for file in path.files("hypothesis", "*/*.yaml").values():
        statement = str(_yaml(file.read_text(encoding="utf-8")).get("statement", ""))
        yield Name("hypothesis", "hypotheses", file.stem, file.parent.name, statement)


def _flat(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if key not in ("_target_", "defaults"):
            yield f"{prefix}{key}", value
            if isinstance(value, dict):
                yield from _flat(cast(dict[str, Any], value), f"{prefix}{key}.")


def _heading(text: str) -> str:
    """The first paragraph of the comment that a file begins with, less the lines that say how to run it."""
    lines: list[str] = []
    for line in text.splitlines():
        words = line.removeprefix("#").strip()
        if not line.startswith("#") or (lines and (not words or re.match(r"[A-Z]\w*: ", words))):
            break
        if words and not words.startswith(("@package", "python run.py", "For nothing:")):
            lines.append(words)
    return " ".join(lines)


def _comments(text: str) -> dict[str, str]:
    """The comment behind each key at the margin."""
    pattern = re.compile(r"(?m)^(\w+):(?:[^#\n]*?)(?: +# (.*))?$")
    return {match[1]: match[2] or "" for match in pattern.finditer(text)}


def _yaml(text: str) -> dict[str, Any]:
    """The mapping of a file. One that cannot be read has no names; whoever composes it says what is wrong."""
    try:
        content: object = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return {}
    return cast(dict[str, Any], content) if isinstance(content, dict) else {}
