"""Replays a stored episode up to a turn, and checks that the environment still says what it said then."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from hanlon.config.cell import Cell
from hanlon.config.errors import ConfigError
from hanlon.engine.requests import with_system_role
from hanlon.engine.rollout import Turn, cut_short
from hanlon.environments.base import EpisodeRun, Message, Step
from hanlon.environments.protocols import WIRES
from hanlon.fork.parents import Parent
from hanlon.models.endpoint import Completion


@dataclass(frozen=True, slots=True)
class Replay:
    """An environment after some replies of a stored episode. `opening` and the answers in `turns` are its own words.

    `steps` are those that the answers were made of. `ended`: at the last of these replies it would have ended.
    """

    run: EpisodeRun
    opening: Sequence[Message]
    turns: Sequence[Turn]
    steps: Sequence[Step]
    ended: bool = False


def replay(cell: Cell, parent: Parent, replies: int) -> Replay:
    """Give the first `replies` of the parent to the environment of `cell`. Who calls closes the `run`."""
    wire = WIRES[cell.config.model.protocol](cell.environment)
    run = cell.environment.open(parent.episode.index)
    turns, steps = list[Turn](), list[Step]()
    for message, call in zip(parent.replies[:replies], parent.episode.calls, strict=False):
        reply = wire.parse(message, cut_short(Completion(message, call, {})) is not None)
        step = run.step(reply)
        turns.append(Turn(message, reply, wire.answer(message, step)))
        steps.append(step)
        if step.outcome is not None:
            break
    ended = bool(steps) and steps[-1].outcome is not None
    return Replay(run, list(run.messages), turns, steps, ended)


def check_replay(parent: Parent, replies: int) -> None:
    """Check that the parent's first `replies` can be had again byte for byte.

    Raises:
        ConfigError: there are not so many, or what the environment says of them now differs from the transcript.
    """
    count = len(parent.replies)
    if replies >= count:
        raise ConfigError(
            f"at=turn:{replies}: {parent.name} has {count} replies, so its turns are 0 to {count - 1} (turn t keeps "
            "the first t replies)."
        )
    try:
        again = replay(parent.cell, parent, replies)
    except Exception as error:  # whatever the environment makes of its own transcript, nothing is paid for it
        raise ConfigError(
            f"{parent.name} cannot be replayed: {type(error).__name__}: {error}. Nothing was called."
        ) from None
    with closing(again.run):
        said = list(_messages(parent.cell, again))
    stored = parent.episode.messages[: len(said)]
    for position, (message, before) in enumerate(zip(said, stored, strict=False)):
        if message != before:
            reply = sum(m["role"] == "assistant" for m in stored[:position])
            raise ConfigError(
                f"{parent.name} cannot be continued: after {reply} replies the environment now says "
                f"{_short(message)} where the transcript has {_short(before)}."
            )
    if len(said) > len(stored) or again.ended:
        raise ConfigError(
            f"{parent.name} cannot be continued: by its reply {len(again.turns)} the environment now ends the episode "
            f"or says more than the transcript has."
        )


def _messages(cell: Cell, again: Replay) -> Iterator[Message]:
    yield from with_system_role(again.opening, cell.config.model.system_role)
    for turn in again.turns:
        yield turn.message
        yield from turn.answers


def _short(message: Message) -> str:
    text = str(message.get("content") or "")
    return f"{message['role']} {text[:60] + '...' if len(text) > 60 else text!r}"
