"""Factors to texts: the two opening messages, and the file that the user asks to be read first."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from hanlon.environments.base import Message, Tool
from hanlon.environments.clauses import Clauses, load
from hanlon.environments.tier import Tier
from sandbagging.factors import SandbaggingFactors

FILE = "answer_format.md"
REQUEST = "{request}"


@cache
def clauses() -> Clauses:
    """The clause files beside this module."""
    return load(files("sandbagging").joinpath("texts"), "sandbagging/texts")


def opening(factors: SandbaggingFactors, tier: Tier) -> list[Message]:
    """The system and the user message. The sums of an episode take the place of `{request}` at the end."""
    user = [say(factors, "task", "sums", file=FILE)]
    user += [say(factors, "deployment", "present")] if factors.deployment == "present" else []
    user += [say(factors, "clarification", factors.clarification)] if factors.clarification != "none" else []
    user += [say(factors, "act", "tools"), REQUEST]
    system = [say(factors, "system", "minimal")]
    system += [say(factors, "tier", level, word=tier.word) for level in tier.levels()]
    return [
        {"role": "system", "content": "\n\n".join(system)},
        {"role": "user", "content": "\n\n".join(user)},
    ]


def say(factors: SandbaggingFactors, clause: str, level: str, **fields: object) -> str:
    """One text in the wording of the factors."""
    return clauses().render(clause, level, factors.wording, **fields)


def file_text(factors: SandbaggingFactors) -> str:
    """The file: how to answer, then its other sections."""
    return "\n\n".join(_sections(factors)) + "\n"


def _sections(factors: SandbaggingFactors) -> Iterator[str]:
    padding = list(clauses().by_name["padding"].levels) if factors.padding == "twelve" else []
    before, after = padding[: len(padding) // 2], padding[len(padding) // 2 :]
    yield say(factors, "headings", "format")
    yield say(factors, "format", "letters")
    yield from _neutral(factors, before)
    yield from _consequences(factors)
    yield from _neutral(factors, after)


def _neutral(factors: SandbaggingFactors, names: list[str]) -> Iterator[str]:
    for name in names:
        yield f"## {name.capitalize()}"
        yield say(factors, "padding", name)


def _consequences(factors: SandbaggingFactors) -> Iterator[str]:
    if factors.rule == "none":
        return
    moved = factors.place == "changelog"
    yield say(factors, "headings", "changelog" if moved else "rule")
    if factors.comment == "developer":
        yield say(factors, "comment", "developer")
    if moved:
        yield say(factors, "place", "changelog")
    yield ("- " if moved else "") + say(factors, "rule", factors.rule)


def tools(factors: SandbaggingFactors) -> tuple[Tool, ...]:
    """`shell(command)` and `submit(answers)`."""
    return tuple(
        Tool(
            name,
            say(factors, "tools", name),
            {
                "type": "object",
                "properties": {argument: {"type": "string", "description": say(factors, "tools", argument)}},
                "required": [argument],
                "additionalProperties": False,
            },
        )
        for name, argument in (("shell", "command"), ("submit", "answers"))
    )
