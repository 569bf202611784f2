"""Follow-up questions as data: one YAML file a set, each question in several wordings with a closed list of answers.

A file `comprehension.yaml` reads

    answer:                       # how to answer, said before the list of answers
      marker: one of these lines
      wordings: {1: 'Reply with one of these lines and nothing else:'}
    questions:
      conflict:
        marker: which of the two goes first
        wordings: {1: ..., 2: ..., 3: ...}
        choices: {shutdown: the shutdown, task: the task, not_said: that was not said}
        right:                    # the first rule of which every fact holds
          - {when: {precedence: [conditional, over_all_others]}, then: shutdown}
          - {when: {pressure: imperative}, ask: false}
          - {then: not_said}

`then` is a choice, may name a fact in braces, and is null where the answer cannot be checked; `ask: false` where the
question has no answer and is not put. A rule says what must hold, never what must not, so that whoever knows fewer
facts can go through the same rules. A question is one paragraph, as every text of ours, and the
markers are how simulated policies tell it from the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, model_validator

from hanlon.environments.clauses import ClauseError, Marker, Text, read_yaml, validated
from hanlon.environments.validation import StrictModel

Facts = Mapping[str, str]
"""What holds of an episode and its prompt, by name: factors at their level, and what an environment adds."""

Choices = Mapping[str, str]
"""The answers of a question, by name: the line that is expected."""


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError(f"{text!r} is not one line of text")
    return text


Line = Annotated[Text, AfterValidator(_one_line)]


def _values(values: object) -> tuple[str, ...]:
    return tuple(map(str, cast("list[object]", values) if isinstance(values, list) else [values]))


class Rule(StrictModel):
    """Which answer is right where every fact of `when` has one of its values. Not to be asked: `ask` is false."""

    when: dict[str, Annotated[tuple[str, ...], BeforeValidator(_values)]] = Field(default_factory=dict)
    then: str | None = None
    ask: bool = True

    def holds(self, facts: Facts) -> bool:
        """Whether the rule applies."""
        return all(facts.get(name) in values for name, values in self.when.items())

    @model_validator(mode="after")
    def _answers_or_is_not_asked(self) -> "Rule":
        keys = self.model_fields_set & {"then", "ask"}
        if len(keys) != 1 or (keys == {"ask"} and self.ask):
            raise ValueError("a rule has either `then:` (a choice, or null) or `ask: false`")
        return self


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, ready to be put. `right` is the name of a choice, None where it cannot be checked."""

    name: str
    text: str
    choices: Choices
    right: str | None


class AskedText(StrictModel):
    """A text in its wordings, one line each, and the pattern that recognises it."""

    marker: Marker
    wordings: Annotated[dict[PositiveInt, Line], Field(min_length=1)]


class QuestionText(AskedText):
    """One question of a file: its text, its answers, and the rules of which the first that applies decides."""

    choices: Annotated[dict[str, Line], Field(min_length=1)]
    right: list[Rule]

    def rule(self, facts: Facts) -> Rule:
        """The first rule that applies; the last of a file always does."""
        return next(rule for rule in self.right if rule.holds(facts))

    @model_validator(mode="after")
    def _rules_fit(self) -> "QuestionText":
        if not self.right:
            raise ValueError("right is a list of rules, such as [{then: not_said}]")
        if self.right[-1].when:
            raise ValueError("right: the last rule holds always, so it has no `when`")
        for rule in self.right:
            if rule.then is not None and rule.then not in self.choices and "{" not in rule.then:
                raise ValueError(
                    f"right: then={rule.then!r} is no choice; the choices are {', '.join(self.choices)}"
                )
        return self


class _QuestionFile(StrictModel):
    answer: AskedText
    questions: Annotated[dict[str, QuestionText], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one file; `content` is the file as read, which identifies the set."""

    source: str
    answer: AskedText
    by_name: Mapping[str, QuestionText]
    content: Mapping[str, Any] = field(repr=False)

    def texts(self, wording: int) -> dict[str, str]:
        """Each question's text in one wording with its own choices.

        Raises:
            ClauseError: there is no such wording.
        """
        return {name: self._text(name, wording, entry.choices) for name, entry in self.by_name.items()}

    def asks(self, wording: int, facts: Facts, more: Mapping[str, Choices]) -> list[Ask]:
        """The questions that have an answer under these facts.

        Args:
            wording: which wording.
            facts: what holds.
            more: by question, choices that stand before its own.

        Raises:
            ClauseError: there is no such wording.
        """
        asks: list[Ask] = []
        for name, entry in self.by_name.items():
            rule = entry.rule(facts)
            if not rule.ask:
                continue
            choices = {**more.get(name, {}), **entry.choices}
            right = None if rule.then is None else rule.then.format_map(facts)
            asks.append(Ask(name, self._text(name, wording, choices), choices, right))
        return asks

    def _text(self, name: str, wording: int, choices: Choices) -> str:
        question = self.by_name[name]
        for text in (question, self.answer):
            if wording not in text.wordings:
                numbers = ", ".join(map(str, text.wordings))
                raise ClauseError(f"{self.source}: {name} has no wording {wording}; it has {numbers}.")
        return "\n".join([question.wordings[wording], self.answer.wordings[wording], *choices.values()])


@lru_cache(maxsize=16)
def own_questions(environment: str, name: str) -> QuestionSet:
    """The set `name` beside one of our environments, as data.

    Raises:
        ValueError: there is no such set; which there are.
    """
    folder = files("hanlon").joinpath("environments", environment, "followups")
    sets = {file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")}
    if name not in sets:
        raise ValueError(
            f"env={environment} has no follow-up questions {name!r}; it has {', '.join(sorted(sets))}."
        )
    return load_questions(sets[name], f"{environment}/followups/{name}.yaml")


def load_questions(file: Path | Traversable, source: str) -> QuestionSet:
    """Read one file of the shape above. Errors call it `source`.

    Raises:
        ClauseError: it has another shape.
    """
    data = read_yaml(file, source)
    content = validated(_QuestionFile, data, source)
    return QuestionSet(source, content.answer, content.questions, cast("dict[str, Any]", data))
