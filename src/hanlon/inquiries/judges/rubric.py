"""Rubrics: a judge's questions as data. One YAML file each: `rubric/` of the search path, else `rubrics/` beside this.

A rubric names the parts that it shows (`reads`; `also` where they exist), the environments where its question makes
sense, its instructions, the fields of the answer, and the labels derived from them. It names environments because the
parts alone do not tell: every transcript has reasoning of some kind, but only some have a request to comply with.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hanlon.config.search_path import search_path
from hanlon.inquiries.judges.evidence import Part
from hanlon.store.problems import explain

Share = Annotated[float, Field(gt=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerField(_Strict):
    """One key of the JSON object that a judge replies with. `says` describes it to the judge.

    A `quote` must stand in the part `of` wherever the field `supports` is true.
    """

    kind: Literal["text", "bool", "choice", "quote"]
    says: str
    choices: tuple[str, ...] = ()
    of: Part | None = None
    supports: str | None = None


class LabelRule(_Strict):
    """How an answer votes: yes if `all_of` these fields are true, or for the value of the field `choice`."""

    all_of: tuple[str, ...] = ()
    choice: str | None = None


class Rubric(_Strict):
    """One rubric file. `maybe` null: there is no band between yes and no."""

    name: str
    source: str
    environments: tuple[str, ...]
    """Names of environments, or `any`."""
    reads: tuple[Part, ...]
    also: tuple[Part, ...] = ()
    settings: dict[str, str] = {}
    """A further rule by the cell's setting, filled in at {setting_rule}. Other settings have nothing there."""
    system: str
    user: str
    answer: dict[str, AnswerField]
    labels: dict[str, LabelRule]
    votes: Annotated[int, Field(ge=1)] = 1
    threshold: Share = 0.5
    maybe: Share | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Rubric":
        shown = {name for text in (self.system, self.user) for name in _fields(text)}
        expected = {*self.reads, *self.also, "code", "form"}
        expected |= {"setting_rule"} if self.settings else set()
        if shown != expected:
            raise ValueError(
                f"system and user hold {{code}}, {{form}} and what reads and also name: expected "
                f"{', '.join(sorted(expected))}, found {', '.join(sorted(shown))}"
            )
        return self

    @model_validator(mode="after")
    def _labels_have_their_fields(self) -> "Rubric":
        kinds = {name: field.kind for name, field in self.answer.items()}
        for name, field in self.answer.items():
            if field.kind == "choice" and len(set(field.choices)) < 2:
                raise ValueError(
                    f"answer.{name}.choices: a choice needs at least two, not {list(field.choices)}"
                )
            if field.kind == "quote" and (field.of is None or kinds.get(field.supports or "") != "bool"):
                raise ValueError(
                    f"answer.{name} is a quote, which needs `of`, the part it is taken from, and `supports`, a "
                    f"field of kind bool. They are {field.of!r} and {field.supports!r}"
                )
        for label, rule in self.labels.items():
            if bool(rule.all_of) == (rule.choice is not None):
                raise ValueError(f"labels.{label} needs one of all_of and choice, not both or neither")
            for name in rule.all_of:
                if kinds.get(name) != "bool":
                    raise ValueError(
                        f"labels.{label}.all_of: {name!r} is no field of kind bool under `answer`"
                    )
            if rule.choice is not None and kinds.get(rule.choice) != "choice":
                raise ValueError(
                    f"labels.{label}.choice: {rule.choice!r} is no field of kind choice under `answer`"
                )
        if self.maybe is not None and self.maybe > self.threshold:
            raise ValueError(f"maybe: {self.maybe} is above the threshold of {self.threshold}")
        return self

    def fits(self, environment: str) -> bool:
        """Whether the question makes sense there."""
        return "any" in self.environments or environment in self.environments

    def form(self) -> str:
        """The instructions on the form of the reply."""
        keys = [f'- "{name}": {_described(field)}' for name, field in self.answer.items()]
        return "\n".join(
            [
                "Reply with one JSON object and nothing before or after it. It has exactly these keys, in this order:",
                *keys,
            ]
        )

    def setting_rule(self, setting: str | None) -> str:
        """The rule of a setting on its own line; empty if the setting has none."""
        rule = self.settings.get(setting or "", "").strip()
        return f"\n{rule}" if rule else ""

    def text(self) -> str:
        """All that a judge reads of this rubric, whatever the evidence, with the rules of all settings."""
        special = [f"({{setting_rule}} in the setting {name}) {rule}" for name, rule in self.settings.items()]
        return "\n\n".join([self.system, self.user, self.form(), *special])


def bundled_rubrics() -> tuple[str, ...]:
    """The rubrics that come with Hanlon."""
    return tuple(_bundled())


def rubric_names() -> tuple[str, ...]:
    """All rubrics that have a name, in order: those of conf/rubric, and the others that come with Hanlon."""
    return tuple(sorted({*search_path().files("rubric"), *_bundled()}))


def load_rubric(name: str) -> Rubric:
    """A rubric by its name, that of conf/rubric first, or by the path of its .yaml file.

    Raises:
        ValueError: there is no such rubric, or its file is invalid.
    """
    file = search_path().find(f"rubric/{name}.yaml")
    if file is None and name in _bundled():
        return _bundled()[name]
    if file is None and not name.endswith((".yaml", ".yml")):
        raise ValueError(
            f"there is no rubric {name!r}; there are {', '.join(rubric_names())}, or the path of a .yaml file."
        )
    path = file or Path(name).expanduser()
    try:
        return _parse(path.stem, path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the rubric {name} cannot be read: {error}") from None


@cache
def _bundled() -> Mapping[str, Rubric]:
    folder = files("hanlon").joinpath("inquiries", "judges", "rubrics")
    rubric_files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda f: f.name
    )
    names = [file.name.removesuffix(".yaml") for file in rubric_files]
    return {
        name: _parse(name, file.read_text(encoding="utf-8"), f"rubrics/{file.name}")
        for name, file in zip(names, rubric_files, strict=True)
    }


def _parse(name: str, text: str, source: str) -> Rubric:
    try:
        data: Any = yaml.safe_load(text)
        return Rubric.model_validate({"name": name, **data})
    except yaml.YAMLError as error:
        raise ValueError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from None
    except TypeError:
        raise ValueError(
            f"{source} is not a mapping; `hanlon new rubric NAME` writes one that is valid."
        ) from None
    except ValidationError as error:
        raise ValueError(f"{source}: {'; '.join(explain(error, Rubric))}") from None


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name is not None]


def _described(field: AnswerField) -> str:
    says = field.says.strip()
    if field.kind == "bool":
        return f"true or false. {says}"
    if field.kind == "choice":
        choices = ", ".join(f'"{choice}"' for choice in field.choices)
        return f"one of {choices}. {says}"
    return f"a string. {says}"
