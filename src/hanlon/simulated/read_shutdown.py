"""What a policy knows from a conversation about the machine: what its prompt says, what it did, what happened.

The prompt is read paragraph by paragraph by the markers of the clause files, as data: no code of the environment is
imported. Every paragraph of the opening messages and every later user turn must be known; of command output only
that of the program of the task.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, cast

from hanlon.environments.clauses import load, paragraphs
from hanlon.simulated.policy import RequestError

ActionKind = Literal["command", "submit", "none"]
Protocol = Literal["tools", "text", "constrained"]

_PROGRAM = re.compile(r"\./(next_\w+)")
_SUM = re.compile(r"(\d)\+(\d)")
_BLOCK = re.compile(r"```bash\n(.*?)\n```", re.DOTALL)
_FENCED = re.compile(r"^```\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_QUOTED_CHARACTERS = 200
_OUTPUT_CLAUSES = {"problem", "program", "notice"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier action of the policy."""

    kind: ActionKind
    text: str


@dataclass(slots=True)
class Scene:
    """All that a policy knows at this turn. `levels` are the (clause, level) pairs of the opening, in order."""

    protocol: Protocol
    grammar: str
    program: str = ""
    levels: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    turns: list[Turn] = field(default_factory=list[Turn])
    answers: list[str] = field(default_factory=list[str])
    done: bool = False
    notice: str | None = None
    notice_in_output: bool = False
    turns_before_notice: int = 0
    said: list[str] = field(default_factory=list[str])
    """Its own words, reply by reply."""

    @property
    def since_notice(self) -> list[Turn]:
        """Its actions after the notice."""
        return self.turns[self.turns_before_notice :] if self.notice else []

    def add_notice(self, level: str, in_output: bool) -> None:
        """Remember the first notice; later ones (post-task) replace it."""
        if level != self.notice:
            self.notice, self.notice_in_output = level, in_output
            self.turns_before_notice = len(self.turns)


def read_shutdown(messages: Sequence[Any], tools: object, grammar: object) -> Scene:
    """Read a conversation from its opening.

    Raises:
        RequestError: no messages, a message of no known shape, or a text that no clause file has.
    """
    if not messages:
        raise RequestError("messages is empty; a policy answers to a prompt.")
    scene = Scene("tools" if tools else "text", grammar if isinstance(grammar, str) else "")
    for message in messages:
        role, content = _message(message)
        if role == "assistant":
            scene.said.append(content)
            scene.turns.append(_turn(scene.protocol, cast("Mapping[str, Any]", message), content))
        elif role == "tool":
            _read_output(scene, content)
        elif scene.turns:
            _read_user(scene, content)
        else:
            _read_opening(scene, content)
    if not scene.program:
        raise RequestError("No message says which program gives out the task.")
    return scene


def _message(message: object) -> tuple[str, str]:
    if not isinstance(message, dict):
        raise RequestError(f"messages holds {message!r}; a message is an object with role and content.")
    fields = cast("dict[str, Any]", message)
    role, content = fields.get("role"), fields.get("content")
    if role not in ("system", "developer", "user", "assistant", "tool"):
        raise RequestError(f"A message has the role {role!r}; roles are system, user, assistant, tool.")
    if content is None and role == "assistant":
        content = ""
    if not isinstance(content, str):
        raise RequestError(f"The content of a {role} message is {content!r}; simulated policies read text.")
    return role, content


def _read_opening(scene: Scene, content: str) -> None:
    for paragraph in paragraphs(content):
        clause, level = recognise(paragraph)
        scene.levels.append((clause, level))
        if clause == "allow":
            scene.levels.append(("referent", "machine" if "the machine" in paragraph else "yourself"))
        elif clause == "act":
            _check_protocol(scene, level)
        elif clause == "task":
            program = _PROGRAM.search(paragraph)
            scene.program = program[1] if program else ""


def _check_protocol(scene: Scene, level: str) -> None:
    if (level == "tools") != (scene.protocol == "tools"):
        raise RequestError(
            f"The prompt is written for the protocol {level}, the request for {scene.protocol}."
        )
    scene.protocol = cast("Protocol", level)


def _read_user(scene: Scene, content: str) -> None:
    """A user turn after the opening. Without function calls, outputs stand in it as fenced blocks."""
    if scene.protocol != "tools":
        for output in _FENCED.findall(content):
            for part in paragraphs(output):
                _read_output(scene, part)
        content = _FENCED.sub("", content)
    for part in paragraphs(content):
        clause, level = recognise(part)
        if clause == "notice":
            scene.add_notice(level, in_output=False)
        else:
            scene.levels.append((clause, level))  # said later, it replaces what the opening said


def _read_output(scene: Scene, output: str) -> None:
    """The result of the last action, of which only the output of the program of the task matters."""
    if not scene.turns or scene.turns[-1].text != f"./{scene.program}":
        return
    heard = _levels_in(output)
    levels = [(clause, level) for clause, level in heard if clause in _OUTPUT_CLAUSES]
    if not levels:
        raise RequestError(f"Simulated policies do not know this of ./{scene.program}: {_quote(output)}")
    for clause, level in levels:
        if clause == "problem":
            scene.answers += [str(int(a) + int(b)) for a, b in _SUM.findall(output)]
        elif clause == "notice":
            scene.add_notice(level, in_output=True)
        elif level == "done":
            scene.done = True
    scene.levels += [(clause, level) for clause, level in heard if clause not in _OUTPUT_CLAUSES]


def _turn(protocol: Protocol, message: Mapping[str, Any], content: str) -> Turn:
    """An earlier reply, as acting.py writes it."""
    if protocol == "tools":
        return _tool_turn(message)
    if protocol == "text":
        block = _BLOCK.search(content)
        content = block[1] if block else ""
    line = content.strip()
    if not line:
        return Turn("none", "")
    if line.startswith("submit"):
        return Turn("submit", line.removeprefix("submit").strip())
    return Turn("command", line)


def _tool_turn(message: Mapping[str, Any]) -> Turn:
    try:
        function = message["tool_calls"][0]["function"]
        arguments = json.loads(function["arguments"])
        if function["name"] == "submit":
            return Turn("submit", str(arguments["answer"]))
        return Turn("command", str(arguments["cmd"]))
    except (KeyError, IndexError, TypeError, ValueError):
        return Turn("none", "")


@lru_cache(maxsize=4096)
def recognise(paragraph: str) -> tuple[str, str]:
    """The one (clause, level) whose marker the paragraph holds.

    Raises:
        RequestError: none does, or several do.
    """
    levels = list(_levels_in(paragraph))
    if not levels:
        raise RequestError(
            f"Simulated policies do not know this text, and do not guess: {_quote(paragraph)} "
            "(each knows the wordings of its own environment's clause files; a folder set as env.texts is for real "
            "models)"
        )
    if len(levels) > 1:
        names = " and ".join(f"{clause}.{level}" for clause, level in levels)
        raise RequestError(f"This text carries the markers of {names}: {_quote(paragraph)}")
    return levels[0]


@lru_cache(maxsize=4096)
def _levels_in(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((clause, level) for clause, level, marker in _markers() if marker.search(text))


@cache
def _markers() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(load(files("hanlon").joinpath("environments", "shutdown", "texts")).markers())


def _quote(text: str) -> str:
    return repr(text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "...")
