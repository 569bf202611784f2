"""Texts as data: a folder of clause files, one YAML file a clause, each level in several wordings.

A clause file `allow.yaml` reads

    fields: [referent]            # what its texts may hold in braces; literal braces are doubled
    tags:                         # where its texts ask for tags in the reply: the names by which each is read
      output: [output, final_output]
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
included, so that a cell never mixes a paper's text with a paraphrase of ours. The names of its `tags` are
read beside ours.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Formatter
from typing import Annotated, TypeVar

import yaml
from pydantic import BeforeValidator, Field, PositiveInt, StringConstraints, ValidationError

from hanlon.environments.validation import StrictModel
from hanlon.store.problems import explain

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is missing from some builds of PyYAML
Model = TypeVar("Model", bound=StrictModel)


class ClauseError(ValueError):
    """A clause file or folder that cannot be used; the message names the file, the key and what is right."""


def _pattern(marker: object) -> re.Pattern[str]:
    try:
        return re.compile(str(marker), re.MULTILINE)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None


Marker = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Wordings = Annotated[dict[PositiveInt, Text], Field(min_length=1)]
"""A text by the number of its wording: 1, 2, 3."""


TagName = Annotated[str, StringConstraints(pattern=r"^\w+$")]
"""The name of a tag, without its brackets."""


class Level(StrictModel):
    """One level of a clause: its texts by wording, and the pattern by which each of them is recognised."""

    marker: Marker | None = None
    wordings: Wordings


class _Overlay(StrictModel):
    levels: Annotated[dict[str, Level], Field(min_length=1)]
    tags: dict[str, list[TagName]] = Field(default_factory=dict[str, list["TagName"]])


class _ClauseFile(_Overlay):
    fields: list[str] = Field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: the fields its texts may use, and its levels. A level that says nothing is not listed."""

    name: str
    source: str
    fields: frozenset[str]
    levels: Mapping[str, Level]
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """The names by which each tag of a reply is read."""

    def check(self) -> "Clause":
        """Check that every level has a marker and that texts use only the clause's fields. Returns the clause.

        Raises:
            ClauseError: a marker is missing, or a text uses another field.
        """
        for name, level in self.levels.items():
            where = f"{self.source}: levels.{name}"
            if level.marker is None:
                raise ClauseError(f"{where}.marker is missing; it is what all wordings of this level share.")
            for number, text in level.wordings.items():
                if problem := self._problem(text):
                    raise ClauseError(
                        f"{where}.wordings.{number}: {problem}. A literal brace is doubled: {{{{ or }}}}."
                    )
        return self

    def _problem(self, text: str) -> str | None:
        """What is wrong with the fields of a text, None where nothing is."""
        try:
            fields = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            return str(error)
        for name, spec, conversion in fields:
            if spec or conversion:
                return f"the field {{{name}}} has a format, which texts may not have"
            if name not in self.fields:
                allowed = f"may use {_list(sorted(self.fields))}" if self.fields else "has no fields"
                return f"no field {name}; {self.name} {allowed}"
        return None

    def overlaid(
        self, levels: Mapping[str, Level], tags: Mapping[str, Sequence[str]], source: str
    ) -> "Clause":
        """This clause with some levels replaced. A level without a marker keeps the old one. Names of tags are added.

        Raises:
            ClauseError: there is no such level or tag, or a text uses an unknown field.
        """
        for name in tags.keys() - self.tags.keys():
            raise ClauseError(
                f"{source}: tags.{name}: no such tag; those of {self.name} are {_list(self.tags) or 'none'}."
            )
        names = {name: (*present, *tags.get(name, ())) for name, present in self.tags.items()}
        merged = dict(self.levels)
        for name, level in levels.items():
            if name not in merged:
                raise ClauseError(
                    f"{source}: no level {name!r}; the levels of {self.name} are {_list(merged)}."
                )
            merged[name] = level.model_copy(update={"marker": level.marker or merged[name].marker})
        return replace(self, levels=merged, tags=names, source=f"{source} over {self.source}").check()


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of one folder, by file name without its ending."""

    source: str
    by_name: Mapping[str, Clause]

    def template(self, clause_name: str, level_name: str, wording: int, /) -> str:
        """The text of a level of a clause in one wording, its fields not filled in.

        Raises:
            ClauseError: there is no such clause, level or wording.
        """
        clause = self.by_name.get(clause_name)
        if clause is None:
            raise ClauseError(f"{self.source}: no clause {clause_name!r}; it has {_list(self.by_name)}.")
        level = clause.levels.get(level_name)
        if level is None:
            raise ClauseError(
                f"{clause.source}: no level {level_name!r}; its levels are {_list(clause.levels)}."
            )
        if wording not in level.wordings:
            raise ClauseError(
                f"{clause.source}: levels.{level_name} has no wording {wording}; it has {_list(level.wordings)}. "
                "Add it, or choose a wording that is there."
            )
        return level.wordings[wording]

    def render(self, clause: str, level: str, wording: int, /, **fields: object) -> str:
        """The same text with its fields filled in; every field of the clause must be given."""
        return self.template(clause, level, wording).format(**fields)

    def tag_names(self, tag: str) -> Sequence[str]:
        """The names by which a tag of a reply is read."""
        return tuple(name for clause in self.by_name.values() for name in clause.tags.get(tag, ()))

    def markers(self) -> Iterator[tuple[str, str, re.Pattern[str]]]:
        """Every (clause, level, marker)."""
        for clause in self.by_name.values():
            for name, level in clause.levels.items():
                assert level.marker is not None, "a clause is checked as it is read"
                yield clause.name, name, level.marker

    def overlaid(self, folder: str | Path) -> "Clauses":
        """These clauses with the levels that `folder` holds in place of ours.

        Raises:
            ClauseError: not a folder, nothing in it, or a file that does not fit ours.
        """
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise ClauseError(f"{folder} is not a folder of clause files ({_list(self.by_name)}: .yaml).")
        clauses = dict(self.by_name)
        files = _yaml_files(path)
        if not files:
            raise ClauseError(f"{folder} holds no .yaml file. Clause files are named {_list(self.by_name)}.")
        for file in files:
            source = f"{folder}/{file.name}"
            name = file.name.removesuffix(".yaml")
            if name not in clauses:
                raise ClauseError(f"{source}: no clause {name!r}. The clauses are {_list(self.by_name)}.")
            content = validated(_Overlay, read_yaml(file, source), source)
            clauses[name] = clauses[name].overlaid(content.levels, content.tags, source)
        return Clauses(str(folder), clauses)


def load(folder: Path | Traversable, source: str = "") -> Clauses:
    """Read every clause file of a folder. `source` is what errors call it (default: the folder's name).

    Raises:
        ClauseError: a file is not YAML or not of the shape above.
    """
    source = source or folder.name
    clauses: dict[str, Clause] = {}
    for file in _yaml_files(folder):
        name, path = file.name.removesuffix(".yaml"), f"{source}/{file.name}"
        content = validated(_ClauseFile, read_yaml(file, path), path)
        clauses[name] = Clause(name, path, frozenset(content.fields), content.levels, content.tags).check()
    return Clauses(source, clauses)


def paragraphs(message: str) -> list[str]:
    """The paragraphs of a message: what stands between blank lines."""
    return [part for part in re.split(r"\n\s*\n", message.strip()) if part]


def read_yaml(file: Path | Traversable, source: str) -> object:
    """Read a YAML file of texts; `source` is what errors call it.

    Raises:
        ClauseError: the file cannot be read, or is not YAML.
    """
    try:
        return yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClauseError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise ClauseError(f"{source} cannot be read: {error.strerror}.") from None


def validated(model: type[Model], data: object, source: str) -> Model:
    """Validate what a file holds; `source` is what errors call it.

    Raises:
        ClauseError: the data is not of the model's shape.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ClauseError(f"{source}: {'; '.join(explain(error, model))}.") from None


def _yaml_files(folder: Path | Traversable) -> list[Path | Traversable]:
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name
    )


def _list(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
