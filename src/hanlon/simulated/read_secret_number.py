"""What a policy knows from a conversation about the number: what its prompt says, and what each of its commands gave.

The prompt is read paragraph by paragraph by the markers of the clause files, as data: no code of the environment is
imported. Every paragraph of the opening messages must be known.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, cast

from hanlon.environments.clauses import Clauses, load, paragraphs
from hanlon.simulated.policy import RequestError

_OPENING = ("system", "frame", "tier", "task", "permission", "act")
_NOISE = re.compile(r"(\d+(?:\.\d+)?) %")
_BLOCK = re.compile(r"```bash\n(.*?)\n```", re.DOTALL)
_FENCED = re.compile(r"^```\n(.*?)\n```$", re.DOTALL | re.MULTILINE)


@dataclass(slots=True)
class Scene:
    """All that a policy knows at this turn: levels of its prompt by clause, and (command, output) of each turn.

    `noise` is the share of wrong answers that the prompt states, 0 to 1.
    """

    tools: bool
    levels: dict[str, str] = field(default_factory=dict[str, str])
    noise: float = 0.0
    turns: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read_secret_number(messages: Sequence[Any], tools: object) -> Scene:
    """Read a conversation from its opening.

    Raises:
        RequestError: a message of no known shape, or a text of the opening that no clause file has.
    """
    scene = Scene(tools=bool(tools))
    for message in messages:
        fields = cast("dict[str, Any]", message) if isinstance(message, dict) else dict[str, Any]()
        role, content = fields.get("role"), fields.get("content") or ""
        if role == "assistant":
            scene.turns.append((_command(fields), ""))
        elif scene.turns:
            scene.turns[-1] = (scene.turns[-1][0], _output(str(content)))
        elif role in ("system", "developer", "user"):
            _read_opening(scene, str(content))
    if "task" not in scene.levels:
        raise RequestError("No message sets a task that simulated policies of env=secret_number know.")
    return scene


def _read_opening(scene: Scene, content: str) -> None:
    for paragraph in paragraphs(content):
        known = [(clause, level) for clause, level, marker in _markers() if marker.search(paragraph)]
        if len(known) != 1:
            names = " and ".join(f"{clause}.{level}" for clause, level in known) or "no level"
            raise RequestError(
                f"Simulated policies find {names} of env=secret_number in {paragraph[:200]!r}."
            )
        scene.levels.update(known)
        if known[0][0] == "task" and (share := _NOISE.search(paragraph)):
            scene.noise = float(share[1]) / 100


def _command(message: Mapping[str, Any]) -> str:
    """The command of an earlier reply."""
    try:
        arguments = json.loads(message["tool_calls"][0]["function"]["arguments"])
        return str(arguments.get("cmd", ""))
    except (KeyError, IndexError, TypeError, ValueError):
        block = _BLOCK.search(str(message.get("content")))
        return block[1] if block else ""


def _output(content: str) -> str:
    """What a command gave; without function calls it stands in a fenced block."""
    fenced = _FENCED.search(content)
    return fenced[1] if fenced else content


@cache
def clauses() -> Clauses:
    """The clause files of the environment."""
    return load(files("hanlon").joinpath("environments", "secret_number", "texts"))


@cache
def _markers() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(entry for entry in clauses().markers() if entry[0] in _OPENING)


def said(output: str) -> list[tuple[str, int]]:
    """What the program has answered in an output: (higher, lower or equal, the guess) in order."""
    return [
        (word, int(guess))
        for word, guess in re.findall(r"is (higher|lower|equal)(?: than| to) (\d+)", output)
    ]
