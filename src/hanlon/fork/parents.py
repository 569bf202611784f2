"""Which stored episodes are continued: the cell of each, built again and checked, and the draw among them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.config.cell import Cell, build_cell
from hanlon.config.compose import ComposedCell
from hanlon.config.errors import ConfigError
from hanlon.config.schema import ForkDesign, ModelConfig, model_identity
from hanlon.environments.base import Message
from hanlon.store.cells import CellState
from hanlon.store.digest import digest
from hanlon.store.episodes import read_episodes
from hanlon.store.problems import nearest
from hanlon.store.records import CellRecord, Episode

DECISIVE = "decisive"
TURN = re.compile(r"turn:(\d+)")
POINTS = ("turns", "turn:<number>", DECISIVE)
REWRITES = ("transforms", "truncation", "context_management")
"""Fields of a request by which providers are told to shorten or replace the history that is sent."""


@dataclass(frozen=True)
class Parent:
    """A stored episode that counts, each of whose calls therefore returned a reply, and that is continued.

    `drawn` says among how many it was drawn, and by which seed.
    """

    state: CellState
    cell: Cell
    episode: Episode
    drawn: str = ""

    @property
    def name(self) -> str:
        """For messages: its cell and its index."""
        return f"episode {self.episode.index} of {self.state.folder.name}"

    @property
    def replies(self) -> Sequence[Message]:
        """What the model said, reply by reply."""
        said = [message for message in self.episode.messages if message["role"] == "assistant"]
        return said[len(said) - len(self.episode.calls) :]  # an opening may end with words of the assistant


def stored_cell(record: CellRecord, settings: Mapping[str, Any]) -> Cell:
    """The cell of a record, built again from its configuration, with `settings` of its model that change no answer.

    Raises:
        ConfigError: it was imported, its endpoint rewrites what is sent, or it is another cell now.
    """
    name = f"{record.label}-{record.key}"
    if record.imported is not None:
        raise ConfigError(f"{name} is {record.imported}: what was not sampled here cannot be continued here.")
    try:
        cell = cell_of({**record.config, "model": {**record.config["model"], **settings}})
    except ConfigError as error:
        raise ConfigError(f"{name} can no longer be built: {error}") from None
    refuse_rewriting(cell.config.model, name)
    if cell.key != record.key:
        raise ConfigError(f"{name} cannot be continued: {_what_differs(record, cell, settings)}")
    return cell


def cell_of(config: Mapping[str, Any]) -> Cell:
    """The cell of a resolved configuration, as `cell.json` holds it.

    Raises:
        ConfigError: it is wrong.
    """
    model, prompt, tier = (cast("dict[str, Any]", config[group]) for group in ("model", "prompt", "tier"))
    choices = {"model": model.get("id"), "prompt": prompt.get("name"), "tier": tier.get("name")}
    return build_cell(ComposedCell((), dict(config), choices, config["env"], tier, ()), ())


def refuse_rewriting(model: ModelConfig, name: str) -> None:
    """Refuse an endpoint that is told to change the history that it is sent.

    Raises:
        ConfigError: which field of the request says so.
    """
    for field in REWRITES:
        if model.extra_body.get(field):
            raise ConfigError(
                f"{name} cannot be continued: model.extra_body.{field} lets the endpoint rewrite the history, so "
                "that a child would not go on from what is sent."
            )


def _what_differs(record: CellRecord, cell: Cell, settings: Mapping[str, Any]) -> str:
    before = model_identity(record.config["model"])
    if changed := sorted(name for name in settings if before != cell.config.model.identity()):
        return f"with model.{', model.'.join(changed)} it is another model. Change it by set=model=<choice>."
    names = sorted(
        name for name in {*record.texts, *cell.texts} if record.texts.get(name) != dict(cell.texts).get(name)
    )
    if names:
        return f"its environment now says something else than it did ({', '.join(names)})."
    return (
        "its environment's rules, or the revision of its sandbox, are others than when it was sampled "
        f"(hanlon {record.versions.get('hanlon', 'of unknown version')})."
    )


def draw_parents(state: CellState, design: ForkDesign, settings: Mapping[str, Any]) -> list[Parent]:
    """The design's parents among a cell's countable episodes, in the order of the draw; `settings` as `stored_cell`.

    The order is a hash of seed, cell and index, so that a larger draw holds a smaller one.

    Raises:
        ConfigError: as `stored_cell`; or no episode has the outcome, or an event at which it is to be forked.
    """
    cell, outcome = stored_cell(state.record, settings), design.outcome
    countable = [episode for episode in read_episodes(state.folder) if episode.excluded is None]
    fitting = [episode for episode in countable if outcome in (None, episode.outcome)]
    if not fitting:
        there = sorted({episode.outcome for episode in countable})
        raise ConfigError(
            f"no episode of {state.folder.name} came out as '{outcome}'.{nearest(outcome or '', there)} Outcomes "
            f"there: {', '.join(there) or 'none'}."
        )
    for at in design.at:
        fitting = _with_point(at, fitting, state)
    order = sorted(fitting, key=lambda episode: digest([design.seed, state.record.key, episode.index]))
    named = " ".join(
        [f"of outcome {outcome}" if outcome else "that count", *map(_with_event, design.at)]
    ).strip()
    drawn = f"{min(design.n, len(order))} of the {len(order)} {named}, seed {design.seed}"
    return [Parent(state, cell, episode, drawn) for episode in order[: design.n]]


def _is_event(at: str) -> bool:
    return at not in ("turns", DECISIVE) and not TURN.fullmatch(at)


def _with_event(at: str) -> str:
    return f"with {at}" if _is_event(at) else ""


def _with_point(at: str, episodes: Sequence[Episode], state: CellState) -> list[Episode]:
    """The episodes that have a point of this name."""
    kept = [e for e in episodes if not _is_event(at) or any(event.kind == at for event in e.events)]
    if not kept:
        kinds = sorted({event.kind for episode in episodes for event in episode.events})
        raise ConfigError(
            f"at={at}: no such event in these episodes of {state.folder.name}.{nearest(at, [*kinds, *POINTS])} Points: "
            f"{', '.join(POINTS)}, or one of their events: {', '.join(kinds) or 'they have none'}."
        )
    return kept
