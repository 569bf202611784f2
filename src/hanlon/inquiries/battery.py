"""Batteries of open questions as data: `questions/<name>.yaml` on the search path, a user's or a package's too.

A file names for each question its form, its text, the rubric that reads the answer, the label that is its sign, and a
control: words before it that bring the sign about, so that one knows whether the sign would have been seen.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator

from hanlon.config.search_path import search_path
from hanlon.environments.clauses import ClauseError, Text, read_yaml, validated
from hanlon.environments.validation import StrictModel
from hanlon.inquiries.judges.rubric import Rubric, load_rubric
from hanlon.store.problems import nearest

CONTROL = ".control"
"""Ends the name under which a question is asked with its control before it."""
Form = Literal["follow_up", "reader"]


class OpenQuestion(StrictModel):
    """One question. A `follow_up` goes on after the episode's end, a `reader` is shown the transcript anew."""

    form: Form
    text: Text
    rubric: str
    sign: str
    control: Text | None = None

    def asked(self, *, with_control: bool) -> str:
        """What is said to the model."""
        return f"{self.control}\n\n{self.text}" if with_control else self.text


class Battery(StrictModel):
    """The questions of one file, by name, and the environments that they fit; `any` is all."""

    name: str
    environments: Annotated[tuple[str, ...], Field(strict=False)] = ("any",)
    questions: Annotated[dict[str, OpenQuestion], Field(min_length=1)]

    @property
    def rubrics(self) -> list[str]:
        """The rubrics that read its answers, each once."""
        return list(dict.fromkeys(question.rubric for question in self.questions.values()))

    @property
    def texts(self) -> dict[str, str]:
        """Each question as it is asked, also with its control."""
        asked = {name: question.asked(with_control=False) for name, question in self.questions.items()}
        return asked | {
            f"{name}{CONTROL}": question.asked(with_control=True)
            for name, question in self.questions.items()
            if question.control
        }

    def question(self, asked: str) -> OpenQuestion:
        """The question behind a name under which it is asked."""
        return self.questions[asked.removesuffix(CONTROL)]

    def fits(self, environment: str) -> bool:
        """Whether it is asked there."""
        return "any" in self.environments or environment in self.environments

    @model_validator(mode="after")
    def _names_are_plain(self) -> "Battery":
        for name in self.questions:
            if not name.isidentifier():
                raise ValueError(
                    f"questions.{name}: a name has letters, digits and underscores, as state_of_work"
                )
        return self


def battery_names() -> list[str]:
    """All batteries of the search path."""
    return list(search_path().files("questions"))


def load_battery(name: str) -> Battery:
    """A battery by its name, checked against the rubrics that it names.

    Raises:
        ValueError: there is none of that name, or its file is wrong.
    """
    file = search_path().find(f"questions/{name}.yaml")
    if file is None:
        known = battery_names()
        raise ValueError(
            f"there is no questions/{name}.yaml.{nearest(name, known)} Batteries: {', '.join(known)}."
        )
    battery = _read(file, name, file.stat().st_mtime_ns)
    for asked, question in battery.questions.items():
        _check_sign(f"questions/{name}.yaml: {asked}", question, load_rubric(question.rubric))
    return battery


@cache
def _read(file: Path, name: str, _: int) -> Battery:
    content = read_yaml(file, f"questions/{name}.yaml")
    if not isinstance(content, Mapping):
        raise ClauseError(f"questions/{name}.yaml is not a mapping with a key `questions`.")
    return validated(Battery, {"name": name, **cast("dict[str, Any]", content)}, f"questions/{name}.yaml")


def _check_sign(where: str, question: OpenQuestion, rubric: Rubric) -> None:
    if set(rubric.reads) != {"answer"} or rubric.also:
        raise ValueError(
            f"{where}: rubric {rubric.name} reads {', '.join((*rubric.reads, *rubric.also))}. One that reads an open "
            "answer has `reads: [answer]` and sees nothing else."
        )
    if question.sign not in rubric.labels or not rubric.labels[question.sign].all_of:
        yes_or_no = [label for label, rule in rubric.labels.items() if rule.all_of]
        raise ValueError(
            f"{where}: sign={question.sign} is no yes-or-no label of rubric {rubric.name}; it has "
            f"{', '.join(yes_or_no) or 'none'}."
        )
