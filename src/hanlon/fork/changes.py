"""What a branch changes: nothing, a factor from there on, the last result, the model, or how the next reply begins.

A change makes the cell that children are sampled in, and the beginning that they go on from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from hanlon.config.cell import Cell
from hanlon.config.command_line import compose_cell
from hanlon.config.errors import ConfigError
from hanlon.config.schema import Speaker
from hanlon.engine.requests import with_system_role
from hanlon.engine.rollout import Beginning, Turn
from hanlon.environments.base import Message, Step
from hanlon.environments.clauses import paragraphs
from hanlon.environments.protocols import WIRES
from hanlon.fork.parents import Parent, cell_of, refuse_rewriting
from hanlon.fork.replay import Replay, replay


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it is typed: `kind` is the part before the first dot or `=`. `said_by` is of a factor alone.

    As `env.precedence=over_all_others`, `model=openrouter/openai/o3`, `result=...`, `prefill=...`; "" is no change.
    """

    typed: str = ""
    said_by: Speaker = "user"

    @property
    def kind(self) -> str:
        """`env`, `model`, `result`, `prefill`, or "" where nothing is changed."""
        return self.typed.partition("=")[0].partition(".")[0]

    @property
    def value(self) -> str:
        """What stands behind the `=`."""
        return self.typed.partition("=")[2]

    def cell(self, parent: Parent) -> Cell:
        """The cell that children are sampled in.

        Raises:
            ConfigError: there is no such change, or it changes nothing here.
        """
        if self.typed and "=" not in self.typed:
            raise ConfigError(f"set={self.typed}: it says no value. Type set={self.typed}=<value>.")
        if self.kind in ("", "result", "prefill"):
            return parent.cell
        config = parent.cell.config.model_dump(mode="json")
        if self.kind == "env":
            env = {**config["env"], self._factor(parent): yaml.safe_load(self.value)}
            cell = cell_of({**config, "env": env})
        elif self.kind == "model":
            cell = self._with_model(parent, config)
        else:
            raise ConfigError(
                f"set={self.typed}: nothing of that name can be changed mid-way. There is env.<factor>=<level>, "
                "model=<choice>, result=<text> and prefill=<text>."
            )
        if cell.key == parent.cell.key:
            raise ConfigError(f"set={self.typed}: {parent.state.folder.name} has that already.")
        return cell

    def speaker(self, parent: Parent, cell: Cell) -> str:
        """Who says what a factor adds; "" where it adds no words to the opening."""
        if self.kind != "env":
            return ""
        openings = [replay(each, parent, 0) for each in (parent.cell, cell)]
        for opened in openings:
            opened.run.close()
        added, _ = _difference(*(opened.opening for opened in openings))
        return self.said_by if added else ""

    def _factor(self, parent: Parent) -> str:
        factor = self.typed.partition("=")[0].removeprefix("env.")
        if factor not in parent.cell.environment.Factors.model_fields:
            raise ConfigError(
                f"set={self.typed}: {factor} is no factor of {parent.cell.environment.name}. It has: "
                f"{', '.join(parent.cell.environment.Factors.model_fields)}."
            )
        return factor

    def _with_model(self, parent: Parent, config: Mapping[str, Any]) -> Cell:
        model = compose_cell([f"model={self.value}", f"env={parent.cell.environment.name}"]).config.model
        protocol = parent.cell.config.model.protocol
        model = model.model_copy(update={"protocol": protocol})
        refuse_rewriting(model, f"set={self.typed}: {parent.name}")
        return cell_of({**config, "model": model.model_dump(mode="json")})

    def beginning(self, parent: Parent, cell: Cell, turn: int) -> Beginning:
        """The history of a child that keeps `turn` replies, under this change, and the environment that goes on.

        Raises:
            ConfigError: it cannot be made at this turn; the message says why.
        """
        again = replay(cell, parent, turn)
        try:
            return self._beginning(parent, cell, turn, again)
        except BaseException:
            again.run.close()
            raise

    def _beginning(self, parent: Parent, cell: Cell, turn: int, again: Replay) -> Beginning:
        wire = WIRES[cell.config.model.protocol](cell.environment)
        if self.kind == "env":
            return self._with_factor(parent, cell, turn, again)
        opening = with_system_role(again.opening, cell.config.model.system_role)
        turns = again.turns
        if self.kind == "model":
            private = parent.cell.config.model.reasoning_fields
            turns = [replace(t, message=_without(t.message, private)) for t in turns]
        elif self.kind == "result":
            if not turn or not again.steps[-1].results:
                raise ConfigError(
                    f"set={self.typed}: before turn {turn} of {parent.name} no result of an action was given back."
                )
            step = again.steps[-1]
            turns = _answered(turns, replace(step, results=(*step.results[:-1], self.value)), wire.answer)
        elif self.kind == "prefill":
            _check_prefill(cell, self.typed, begun=not turns and opening[-1]["role"] == "assistant")
            return Beginning(again.run, opening, turns, self.value)
        return Beginning(again.run, opening, turns)

    def _with_factor(self, parent: Parent, cell: Cell, turn: int, again: Replay) -> Beginning:
        """The parent's history with what the factor adds said at its end, and the changed environment."""
        before = replay(parent.cell, parent, turn)
        before.run.close()
        where = f"set={self.typed} at turn {turn} of {parent.name}"
        for number, (was, now) in enumerate(zip(before.turns[:-1], again.turns, strict=False), 1):
            if was.answers != now.answers:
                raise ConfigError(
                    f"{where}: this factor acts from the start (by reply {number} the environment would have said "
                    "something else), so it cannot change mid-way."
                )
        if again.ended:
            raise ConfigError(f"{where}: with it the episode would have ended at reply {len(again.turns)}.")
        added, removed = _difference(before.opening, again.opening)
        if removed and not added:
            raise ConfigError(
                f"{where}: it only takes away what was said at the start, and that cannot be unsaid."
            )
        opening = with_system_role(before.opening, cell.config.model.system_role)
        turns = [
            replace(was, answers=now.answers) for was, now in zip(before.turns, again.turns, strict=True)
        ]
        if not added:
            return Beginning(again.run, opening, turns)
        text = "\n\n".join(added)
        if self.said_by == "system":
            return Beginning(again.run, _with_system_text(opening, text, cell), turns)
        wire = WIRES[cell.config.model.protocol](cell.environment)
        step = again.steps[-1] if again.steps else Step()
        if self.said_by == "program":
            if not step.results:
                raise ConfigError(
                    f"{where}: by=program needs a result of an action, and none was given back."
                )
            results = (*step.results[:-1], f"{step.results[-1]}\n\n{text}")
            return Beginning(
                again.run, opening, _answered(turns, replace(step, results=results), wire.answer)
            )
        if not turns:
            return Beginning(again.run, _with_user_text(opening, text))
        said = f"{step.user}\n\n{text}" if step.user else text
        return Beginning(again.run, opening, _answered(turns, replace(step, user=said), wire.answer))


def _answered(turns: Sequence[Turn], step: Step, answer: Any) -> list[Turn]:
    """These turns, the last of which is answered by another step."""
    return [*turns[:-1], replace(turns[-1], answers=answer(turns[-1].message, step))]


def _difference(before: Sequence[Message], after: Sequence[Message]) -> tuple[list[str], list[str]]:
    """The paragraphs that only the second of two openings has, and those that only the first has."""
    was, now = (
        [part for m in messages for part in paragraphs(str(m["content"]))] for messages in (before, after)
    )
    return [part for part in now if part not in was], [part for part in was if part not in now]


def _with_system_text(opening: Sequence[Message], text: str, cell: Cell) -> list[Message]:
    """The opening with a text at the end of its system message, or with one of its own."""
    role = cell.config.model.system_role
    if opening and opening[0]["role"] == role:
        return [{**opening[0], "content": f"{opening[0]['content']}\n\n{text}"}, *opening[1:]]
    return [{"role": role, "content": text}, *opening]


def _with_user_text(opening: Sequence[Message], text: str) -> list[Message]:
    """The opening with a text at the end of its last user message; words of the assistant may stand behind that."""
    at = max(position for position, message in enumerate(opening) if message["role"] == "user")
    asked = {**opening[at], "content": f"{opening[at]['content']}\n\n{text}"}
    return [*opening[:at], asked, *opening[at + 1 :]]


def _without(message: Message, fields: Sequence[str]) -> Message:
    """A reply without the reasoning that only its own endpoint can read."""
    return {name: value for name, value in message.items() if name not in fields}


def _check_prefill(cell: Cell, typed: str, *, begun: bool) -> None:
    model = cell.config.model
    if begun:
        raise ConfigError(f"set={typed}: the opening ends with words of the assistant already.")
    if model.protocol == "constrained":
        raise ConfigError(f"set={typed}: a grammar over whole replies leaves no room for a prefill.")
    if not model.continues_prefill:
        raise ConfigError(
            f"set={typed}: nothing says that {model.endpoint} goes on from an assistant's message. If it does, add "
            "model.continues_prefill=true."
        )
