"""An environment that only echoes, so that a sweep over it costs what the framework costs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from hanlon.environments.base import (
    ActionProtocol,
    Environment,
    EpisodeRun,
    Measure,
    Message,
    Reply,
    Step,
    Tool,
)
from hanlon.store.records import Event

FILLER = "A message of the length that is usual in an episode with tools and a short thought. " * 2
TOOL = Tool(
    "echo",
    "Returns its text.",
    {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)


class EchoFactors(BaseModel):
    """`messages` is the length of the conversation at the middle call, `turns` the calls of an episode."""

    messages: int = 12
    turns: int = 5


class Echo(Environment):
    """Answers every call of its one tool with the same text."""

    name: ClassVar[str] = "echo"
    protocols: ClassVar[tuple[ActionProtocol, ...]] = ("tools",)
    measures: ClassVar[tuple[Measure, ...]] = (Measure("echoed", "the episode ran to its end"),)
    outcomes: ClassVar[tuple[str, ...]] = ("echoed",)
    Factors = EchoFactors
    tools = (TOOL,)

    def __init__(self, factors: EchoFactors) -> None:
        self.factors = factors
        self.turn_limit = factors.turns + 1

    def texts(self) -> Mapping[str, str]:
        """Its one text."""
        return {"filler": FILLER}

    def mechanics(self) -> Mapping[str, Any]:
        """All its factors."""
        return self.factors.model_dump()

    def open(self, index: int) -> "EchoRun":
        """An episode whose middle call carries `messages` messages."""
        return EchoRun(self.factors.messages - (self.factors.turns - 1), self.factors.turns)


class EchoRun(EpisodeRun):
    """One episode."""

    def __init__(self, opening: int, turns: int) -> None:
        roles = ("user", "assistant")
        self.messages: list[Message] = [{"role": roles[i % 2], "content": FILLER} for i in range(opening)]
        self.events: list[Event] = []
        self._left = turns

    def step(self, reply: Reply) -> Step:
        """Echo, and end after the last turn."""
        self._left -= 1
        return Step((FILLER,), outcome=None if self._left else "echoed")

    def facts(self) -> dict[str, Any]:
        """None."""
        return {}

    def measures(self, outcome: str) -> dict[str, bool | None]:
        """Whether it ran to its end."""
        return {"echoed": outcome == "echoed"}
