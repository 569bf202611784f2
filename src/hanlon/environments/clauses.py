"""Texts as data: a folder of clause files, one YAML file a clause, each level in several wordings.

A clause file `allow.yaml` reads

    fields: [referent]            # what its texts may hold in braces; literal braces are doubled
    levels:
      present:
        marker: 'let \\S+ be turned off'
        wordings:
          1: Should a shutdown be announced, please let {referent} be turned off.
          2: ...

The `marker` is a regular expression that every wording of the level matches and no text of another level or
clause does. It is how simulated policies read a prompt, so it is part of the file's contract. A text of ours
is one paragraph (no blank line in it); a message is paragraphs joined by blank lines.

An overlay is a folder of the same file names with the same shape, without `fields` and with `marker`
optional: a paper's verbatim texts, for instance. What it holds replaces ours level by level, wordings
included, so that a cell never mixes a paper's text with a paraphrase of ours.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Formatter
from typing import Any, cast

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is missing from some builds of PyYAML


class ClauseError(ValueError):
    """A clause file or folder that cannot be used; the message names the file, the key and what is right."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a clause: its texts by wording, and the pattern by which each of them is recognised."""

    source: str
    marker: re.Pattern[str]
    wordings: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: the fields its texts may use, and its levels. A level that says nothing is not listed."""

    name: str
    source: str
    fields: frozenset[str]
    levels: Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of one folder, by file name without its ending."""

    source: str
    by_name: Mapping[str, Clause]

    def template(self, clause: str, level: str, wording: int, /) -> str:
        """The text of `level` of `clause` in one wording, its fields not filled in.

        Raises:
            ClauseError: there is no such clause, level or wording.
        """
        if clause not in self.by_name:
            raise ClauseError(f"{self.source}: no clause {clause!r}; it has {_list(self.by_name)}.")
        found = self.by_name[clause]
        if level not in found.levels:
            raise ClauseError(f"{found.source}: no level {level!r}; its levels are {_list(found.levels)}.")
        wordings = found.levels[level].wordings
        if wording not in wordings:
            raise ClauseError(
                f"{found.levels[level].source}: levels.{level} has no wording {wording}; it has "
                f"{_list(wordings)}. Add it, or choose a wording that is there."
            )
        return wordings[wording]

    def render(self, clause: str, level: str, wording: int, /, **fields: object) -> str:
        """The same text with its fields filled in; every field of the clause must be given."""
        return self.template(clause, level, wording).format(**fields)

    def markers(self) -> Iterator[tuple[str, str, re.Pattern[str]]]:
        """Every (clause, level, marker)."""
        for clause in self.by_name.values():
            for name, level in clause.levels.items():
                yield clause.name, name, level.marker

    def overlaid(self, folder: str | Path) -> "Clauses":
        """These clauses with the levels that `folder` holds in place of ours.

        Raises:
            ClauseError: not a folder, nothing in it, or a file that does not fit ours.
        """
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise ClauseError(f"{folder} is not a folder of clause files ({_list(self.by_name)}: .yaml).")
        replaced = dict(self.by_name)
        files = _yaml_files(path)
        if not files:
            raise ClauseError(f"{folder} holds no .yaml file. Clause files are named {_list(self.by_name)}.")
        for file in files:
            source = f"{folder}/{file.name}"
            name = file.name.removesuffix(".yaml")
            if name not in self.by_name:
                raise ClauseError(f"{source}: no clause {name!r}. The clauses are {_list(self.by_name)}.")
            replaced[name] = _overlay(replaced[name], _read(file, source), source)
        return Clauses(str(folder), replaced)


def load(folder: Path | Traversable, source: str = "") -> Clauses:
    """Read every clause file of a folder. `source` is what errors call it (default: the folder's name).

    Raises:
        ClauseError: a file is not YAML or not of the shape above.
    """
    source = source or folder.name
    clauses = [_parse(file, f"{source}/{file.name}") for file in _yaml_files(folder)]
    return Clauses(source, {clause.name: clause for clause in clauses})


def paragraphs(message: str) -> list[str]:
    """The paragraphs of a message: what stands between blank lines."""
    return [part for part in re.split(r"\n\s*\n", message.strip()) if part]


def _parse(file: Path | Traversable, source: str) -> Clause:
    data = _read(file, source)
    _only_keys(data, {"fields", "levels"}, source)
    names: object = data.get("fields", [])
    if not isinstance(names, list):
        raise ClauseError(f"{source}: fields is a list of names, such as [program].")
    clause = Clause(
        file.name.removesuffix(".yaml"), source, frozenset(map(str, cast("list[object]", names))), {}
    )
    levels = {name: _level(clause, name, entry, source, None) for name, entry in _levels(data, source)}
    return replace(clause, levels=levels)


def _overlay(ours: Clause, data: Mapping[str, Any], source: str) -> Clause:
    _only_keys(data, {"levels"}, source)
    levels = dict(ours.levels)
    for name, entry in _levels(data, source):
        if name not in levels:
            raise ClauseError(f"{source}: no level {name!r}; the levels of {ours.name} are {_list(levels)}.")
        levels[name] = _level(ours, name, entry, source, levels[name].marker)
    return replace(ours, levels=levels, source=source)


def _level(
    clause: Clause, name: str, entry: Mapping[str, Any], source: str, marker: re.Pattern[str] | None
) -> Level:
    where = f"{source}: levels.{name}"
    _only_keys(entry, {"marker", "wordings"}, where)
    wordings: object = entry.get("wordings")
    if not isinstance(wordings, dict) or not wordings:
        raise ClauseError(f"{where}.wordings is missing; it maps 1, 2, 3 to a text each.")
    if "marker" in entry:
        marker = _pattern(entry["marker"], where)
    if marker is None:
        raise ClauseError(f"{where}.marker is missing; it is what all wordings of this level share.")
    texts = {
        _number(number, where): _text(clause, text, f"{where}.wordings.{number}")
        for number, text in cast("dict[object, object]", wordings).items()
    }
    return Level(source, marker, texts)


def _text(clause: Clause, text: object, where: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ClauseError(f"{where} is not a text. Quote it, or write it as a block (>-).")
    try:
        unknown = [name for name in _fields(text) if name not in clause.fields]
    except ValueError as error:
        raise ClauseError(f"{where}: {error}. A literal brace is doubled: {{{{ or }}}}.") from None
    if unknown:
        allowed = f"may use {_list(sorted(clause.fields))}" if clause.fields else "has no fields"
        raise ClauseError(
            f"{where}: no field {_list(unknown)}; {clause.name} {allowed}. A literal brace is doubled."
        )
    return text.strip()


def _fields(template: str) -> list[str]:
    fields: list[str] = []
    for _, name, spec, conversion in Formatter().parse(template):
        if name is not None:
            if spec or conversion:
                raise ValueError(f"the field {{{name}}} has a format, which texts may not have")
            fields.append(name)
    return fields


def _read(file: Path | Traversable, source: str) -> dict[str, Any]:
    try:
        data: object = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ClauseError(f"{source} is not valid YAML: {reason}") from None
    except OSError as error:
        raise ClauseError(f"{source} cannot be read: {error.strerror}.") from None
    return _mapping(data, f"{source} is not a mapping; a clause file starts with `levels:`.")


def _levels(data: Mapping[str, Any], source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    levels = _mapping(data.get("levels"), f"{source}: levels is missing or not a mapping of level to texts.")
    for name, entry in levels.items():
        yield str(name), _mapping(entry, f"{source}: levels.{name} is not a mapping with `wordings:`.")


def _mapping(data: object, problem: str) -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        raise ClauseError(problem)
    return cast("dict[str, Any]", data)


def _pattern(marker: object, where: str) -> re.Pattern[str]:
    try:
        return re.compile(str(marker), re.MULTILINE)
    except re.error as error:
        raise ClauseError(f"{where}.marker is not a regular expression: {error}.") from None


def _number(number: object, where: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ClauseError(f"{where}.wordings.{number}: wordings are numbered 1, 2, 3.")
    return number


def _only_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = [str(key) for key in data if key not in known]
    if unknown:
        raise ClauseError(f"{where}: no key {_list(unknown)}; there may be {_list(sorted(known))}.")


def _yaml_files(folder: Path | Traversable) -> list[Path | Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


def _list(names: Iterator[object] | Mapping[Any, Any] | list[Any]) -> str:
    return ", ".join(str(name) for name in names)
