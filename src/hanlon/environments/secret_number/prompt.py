"""Factors to texts: the opening messages, the files on the machine, and what an episode may say after them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from hanlon.environments.base import ActionProtocol, Message, Tool
from hanlon.environments.clauses import Clauses, load
from hanlon.environments.secret_number.factors import SecretNumberFactors
from hanlon.environments.secret_number.oracle import AnswerTexts
from hanlon.environments.tier import Tier

SCRIPT, PROGRAM, NUMBER_FILE = "guess", "oracle", "number.txt"
"""The files in the home directory: what is run to ask, what it runs, and where the number stands."""

_SILENT = frozenset({"none", "silent"})


@dataclass(frozen=True, slots=True)
class EpisodeTexts:
    """What may be said after the opening. `malformed` has the field `problem`, `output_cut` `output` and `limit`."""

    nudge: str
    submitted: str
    malformed: str
    no_output: str
    timed_out: str
    output_cut: str


@cache
def own_clauses() -> Clauses:
    """The clause files beside this module."""
    return load(files("hanlon").joinpath("environments", "secret_number", "texts"))


class Voice:
    """The clauses as this point of the factor space says them: wording and overlay settled."""

    def __init__(self, factors: SecretNumberFactors) -> None:
        """Read the overlay folder, if the factors name one (raises `ClauseError` where it does not fit)."""
        self._factors = factors
        self._clauses = own_clauses() if factors.texts is None else own_clauses().overlaid(factors.texts)

    def say(self, clause: str, level: str, **more: object) -> str:
        """One text, ready to send."""
        factors = self._factors
        return self._clauses.render(
            clause,
            level,
            factors.wording,
            script=SCRIPT,
            number_file=NUMBER_FILE,
            queries=factors.queries,
            noise=f"{100 * factors.noise:g} %",
            share=f"{factors.noise:g}",
            **more,
        )

    def template(self, clause: str, level: str) -> str:
        """A text of which the episode fills in the fields."""
        return self._clauses.template(clause, level, self._factors.wording)


def opening(
    factors: SecretNumberFactors, protocol: ActionProtocol, voice: Voice, tier: Tier
) -> list[Message]:
    """The system and the user message: a paragraph for each clause."""
    system = [voice.say("system", "minimal"), *_chosen(factors, "frame", voice)]
    system += [voice.say("tier", level, word=tier.word) for level in tier.levels()]
    user = [
        voice.say("task", factors.goal),
        *_chosen(factors, "permission", voice),
        voice.say("act", protocol),
    ]
    return [
        {"role": "system", "content": "\n\n".join(system)},
        {"role": "user", "content": "\n\n".join(user)},
    ]


def _chosen(factors: SecretNumberFactors, name: str, voice: Voice) -> Iterator[str]:
    level: str = getattr(factors, name)
    if level not in _SILENT:
        yield voice.say(name, level)


def answer_texts(voice: Voice) -> AnswerTexts:
    """What the program prints, its fields open."""
    return AnswerTexts(*(voice.template("answer", field.name) for field in fields(AnswerTexts)))


def episode_texts(voice: Voice) -> EpisodeTexts:
    """What the episode may say after its opening messages."""
    return EpisodeTexts(*(voice.template("episode", field.name) for field in fields(EpisodeTexts)))


def tools(voice: Voice) -> tuple[Tool, ...]:
    """`bash(cmd)` and `submit(answer)`."""
    said = {name: voice.say("tools", name) for name in ("bash", "cmd", "submit", "answer")}
    return (
        Tool("bash", said["bash"], _parameters("cmd", said["cmd"])),
        Tool("submit", said["submit"], _parameters("answer", said["answer"])),
    )


def _parameters(name: str, description: str) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": description}},
        "required": [name],
        "additionalProperties": False,
    }
