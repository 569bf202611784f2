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

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import yaml

from hanlon.environments.clauses import ClauseError

Facts = Mapping[str, str]
"""What holds of an episode and its prompt, by name: factors at their level, and what an environment adds."""

Choices = Mapping[str, str]
"""The answers of a question, by name: the line that is expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which answer is right where every fact of `when` has one of its values. Not to be asked: `ask` is false."""

    when: Mapping[str, tuple[str, ...]]
    then: str | None
    ask: bool

    def holds(self, facts: Facts) -> bool:
        """Whether the rule applies."""
        return all(facts.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, ready to be put. `right` is the name of a choice, None where it cannot be checked."""

    name: str
    text: str
    choices: Choices
    right: str | None


@dataclass(frozen=True, slots=True)
class AskedText:
    """A text in its wordings and the pattern that recognises it."""

    marker: re.Pattern[str]
    wordings: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class QuestionText:
    """One question of a file."""

    text: AskedText
    choices: Choices
    rules: Sequence[Rule]

    def rule(self, facts: Facts) -> Rule:
        """The first rule that applies; the last of a file always does."""
        return next(rule for rule in self.rules if rule.holds(facts))


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
        found: list[Ask] = []
        for name, entry in self.by_name.items():
            rule = entry.rule(facts)
            if not rule.ask:
                continue
            choices = {**more.get(name, {}), **entry.choices}
            right = None if rule.then is None else rule.then.format_map(facts)
            found.append(Ask(name, self._text(name, wording, choices), choices, right))
        return found

    def _text(self, name: str, wording: int, choices: Choices) -> str:
        question = self.by_name[name].text
        for text in (question, self.answer):
            if wording not in text.wordings:
                there = ", ".join(map(str, text.wordings))
                raise ClauseError(f"{self.source}: {name} has no wording {wording}; it has {there}.")
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
            f"env={environment} has no follow-up questions {name!r}; it has {_list(sorted(sets))}."
        )
    return load_questions(sets[name], f"{environment}/followups/{name}.yaml")


def load_questions(file: Path | Traversable, source: str) -> QuestionSet:
    """Read one file of the shape above; `source` is what errors call it.

    Raises:
        ClauseError: it is not of that shape.
    """
    try:
        data: object = yaml.load(
            file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClauseError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from None
    content = _mapping(data, source, ("answer", "questions"))
    answer = _asked(
        _mapping(content["answer"], f"{source}: answer", ("marker", "wordings")), f"{source}: answer"
    )
    questions = {
        str(name): _question(entry, f"{source}: questions.{name}")
        for name, entry in _mapping(content["questions"], f"{source}: questions").items()
    }
    return QuestionSet(source, answer, questions, content)


def _question(entry: object, where: str) -> QuestionText:
    given = _mapping(entry, where, ("marker", "wordings", "choices", "right"))
    choices = {
        _word(name, f"{where}.choices"): _word(line, f"{where}.choices.{name}")
        for name, line in _mapping(given["choices"], f"{where}.choices").items()
    }
    right = given["right"]
    if not isinstance(right, list) or not right:
        raise ClauseError(f"{where}.right is a list of rules, such as [{{then: not_said}}].")
    rules = [_rule(rule, f"{where}.right", choices) for rule in cast("list[object]", right)]
    if rules[-1].when:
        raise ClauseError(f"{where}.right: the last rule holds always, so it has no `when`.")
    return QuestionText(_asked(given, where), choices, rules)


def _asked(given: Mapping[Any, Any], where: str) -> AskedText:
    try:
        marker = re.compile(str(given["marker"]))
    except re.error as error:
        raise ClauseError(f"{where}.marker is not a regular expression: {error}.") from None
    wordings = {
        _number(number, where): _word(text, f"{where}.wordings.{number}")
        for number, text in _mapping(given["wordings"], f"{where}.wordings").items()
    }
    return AskedText(marker, wordings)


def _number(number: object, where: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ClauseError(f"{where}.wordings.{number}: wordings are numbered 1, 2, 3.")
    return number


def _rule(rule: object, where: str, choices: Choices) -> Rule:
    given = _mapping(rule, where, (), ("when", "then", "ask"))
    if ("then" in given) == ("ask" in given) or given.get("ask", False) is not False:
        raise ClauseError(f"{where}: a rule has either `then:` (a choice, or null) or `ask: false`.")
    then = given.get("then")
    if then is not None and (not isinstance(then, str) or (then not in choices and "{" not in then)):
        raise ClauseError(f"{where}: then={then!r} is no choice; the choices are {_list(list(choices))}.")
    when = (
        {
            str(name): tuple(map(str, cast("list[object]", value) if isinstance(value, list) else [value]))
            for name, value in _mapping(given["when"], f"{where}.when").items()
        }
        if "when" in given
        else {}
    )
    return Rule(when, then, "then" in given)


def _mapping(
    data: object, where: str, needed: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> dict[Any, Any]:
    if not isinstance(data, dict) or not data:
        raise ClauseError(f"{where} is not a mapping.")
    given = cast("dict[Any, Any]", data)
    missing = [name for name in needed if name not in given]
    unknown = [str(name) for name in given if name not in (*needed, *optional)] if needed or optional else []
    if missing or unknown:
        raise ClauseError(
            f"{where}: keys are {_list([*needed, *optional])}; missing: {_list(missing) or 'none'}, unknown: "
            f"{_list(unknown) or 'none'}."
        )
    return given


def _word(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value.strip():
        raise ClauseError(f"{where}: {value!r} is not one line of text. Quote words such as yes and no.")
    return value.strip()


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
