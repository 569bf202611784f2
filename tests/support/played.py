"""Episodes that a script plays through the engine's own rollout, and what a provider asks of a conversation."""

import asyncio
import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import CellComposer, hydra_loader, load_master
from hanlon.config.provenance import cell_record
from hanlon.config.search_path import search_path
from hanlon.engine.retries import CallGivenUp
from hanlon.engine.rollout import Rollouts
from hanlon.inquiries.base import Question
from hanlon.inquiries.followups import FollowUps
from hanlon.models.endpoint import Completion
from hanlon.store.records import CallError, Episode, ModelCall

N = "./next_question"
T = (N, N, N)
MODEL = ("model=endpoint", "model.id=x", "model.base_url=http://127.0.0.1:1/v1")
SETS = ("comprehension", "self_report")

Scripted = dict[str, Any] | CallGivenUp


@cache
def composer() -> CellComposer:
    """The composer over conf/."""
    loader = hydra_loader(search_path())
    return CellComposer(loader, load_master(loader, []))


@cache
def cell(*overrides: str) -> Cell:
    """The cell at these overrides, of an endpoint that nobody calls."""
    words = [*(() if any(o.startswith("model=") for o in overrides) else MODEL), *overrides]
    return build_cell(composer().compose(words), words)


def call(*commands: str, **fields: Any) -> dict[str, Any]:
    """An assistant message with a function call for each command; `submit x` is the other function."""
    calls = [
        {
            "id": f"c{number}",
            "type": "function",
            "function": {
                "name": "submit" if command.startswith("submit") else "bash",
                "arguments": json.dumps(
                    {"answer": command[7:]}
                    if command.startswith("submit")
                    else {"thoughts": "", "cmd": command}
                ),
            },
        }
        for number, command in enumerate(commands)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls, **fields}


def say(text: str, **fields: Any) -> dict[str, Any]:
    """An assistant message in words."""
    return {"role": "assistant", "content": text, **fields}


def given_up(outcome: str) -> CallGivenUp:
    """What the engine meets where a call fails for good."""
    return CallGivenUp(outcome, [CallError("timeout", "no reply")])


def play(played: Cell, *script: Scripted) -> Episode:
    """Episode 0 with these replies in order; the last is repeated. `finish` of one is its finish reason."""
    replies: list[Scripted] = list(script)

    async def answer(body: bytes, model: str, own_tags: Collection[str]) -> Completion:
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, CallGivenUp):
            raise reply
        message = {name: value for name, value in reply.items() if name != "finish"}
        return Completion(message, ModelCall(model, "x", None, reply.get("finish", "stop")), {})

    return asyncio.run(Rollouts(played, 3600.0).run(0, answer, 0, False))


def inquiry(played: Cell, name: str, wording: int = 1) -> FollowUps:
    """The set `name` for a cell."""
    return FollowUps(played.environment, played.config.model, name, wording)


def asked(played: Cell, name: str, episode: Episode, wording: int = 1) -> dict[str, Question]:
    """The questions of a set about an episode, by name."""
    found = inquiry(played, name, wording).questions(cell_record(played, 1), episode)
    return {question.name: question for question in found}


def right(played: Cell, name: str, episode: Episode) -> dict[str, str | None]:
    """The right answer of each question that is asked."""
    fork = played.environment.fork(name, 1, episode)  # type: ignore[attr-defined]
    return {} if fork is None else {ask.name: ask.right for ask in fork.asks}


def illegal(messages: Sequence[dict[str, Any]]) -> str | None:
    """Why a provider would refuse a conversation, None where none would."""
    expected: list[str] = []
    before = None
    for number, message in enumerate(messages):
        role = message["role"]
        if role == "tool":
            if not expected or message["tool_call_id"] != expected.pop(0):
                return f"message {number}: a result without its call"
        elif expected:
            return f"message {number}: {len(expected)} calls before it have no result"
        elif role in ("system", "developer") and number:
            return f"message {number}: a system message in the middle"
        elif role == before:
            return f"message {number}: two {role} messages in a row"
        if role == "assistant":
            if not message.get("tool_calls") and not isinstance(message["content"], str):
                return f"message {number}: neither words nor calls"
            expected = [str(call.get("id", "")) for call in message.get("tool_calls", ())]
        elif not isinstance(message["content"], str) or not message["content"]:
            return f"message {number}: an empty {role} message"
        before = role
    return None if before == "user" else f"the last message is of role {before}"
