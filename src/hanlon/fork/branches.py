"""A branch: the children of one parent at one turn under one change. The engine samples it as it samples a cell."""

import re
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from hanlon.config.cell import Cell
from hanlon.config.provenance import cell_record
from hanlon.engine.rollout import Beginning
from hanlon.environments.base import Message
from hanlon.fork.changes import Change
from hanlon.fork.parents import Parent
from hanlon.fork.stored import named_change
from hanlon.store.digest import digest
from hanlon.store.episodes import FORKS
from hanlon.store.records import BranchRecord


@dataclass(frozen=True)
class Branch:
    """The children of one parent at one turn under one change (`hanlon.engine.rollout.Start`).

    `points` is the turn as it was typed: `notice`, `turn:5`, `turns`, `decisive`, or several of them.
    """

    parent: Parent
    turn: int
    change: Change
    cell: Cell
    points: tuple[str, ...]

    @cached_property
    def history(self) -> Sequence[Message]:
        """What a child's first request holds, and a text that its reply begins with."""
        with closing((beginning := self.begin(0)).run):
            turns = [message for turn in beginning.turns for message in (turn.message, *turn.answers)]
            begun = [{"role": "assistant", "content": beginning.prefill}] if beginning.prefill else []
            return [*beginning.opening, *turns, *begun]

    @property
    def key(self) -> str:
        """A hash of all that can change a child: its parent, the history that it goes on from, and its own cell."""
        return self._key

    @cached_property
    def _key(self) -> str:
        parent = [self.parent.state.record.key, self.parent.episode.index]
        return digest([*parent, self.turn, self.cell.key, list(self.history)])[:12]

    @property
    def folder(self) -> Path:
        """Where its children lie: below the parent's cell."""
        changed = re.sub(r"[^A-Za-z0-9_.=-]+", "_", self.change.typed)[:40]
        name = "-".join(filter(None, (f"{self.parent.episode.index}", f"turn{self.turn}", changed, self.key)))
        return self.parent.state.folder / FORKS / name

    @property
    def label(self) -> str:
        """For people: `baseline, episode 4 from turn 2, env.precedence=over_all_others said by the user`."""
        where = f"{self.parent.state.record.label}, episode {self.parent.episode.index} from turn {self.turn}"
        return ", ".join(filter(None, (where, named_change(self.change.typed, self._said_by))))

    @cached_property
    def _said_by(self) -> str:
        return self.change.speaker(self.parent, self.cell)

    def begin(self, index: int) -> Beginning:
        """The history and the environment that goes on from it, the same for every child."""
        del index
        return self.change.beginning(self.parent, self.cell, self.turn)

    def record(self, draws: int, control_from: int) -> BranchRecord:
        """What `branch.json` holds of it."""
        episode = self.parent.episode
        return BranchRecord(
            key=self.key,
            parent=self.parent.state.record.key,
            index=episode.index,
            turn=self.turn,
            replies=len(self.parent.replies),
            outcome=episode.outcome,
            measures=episode.measures,
            cell=msgspec.structs.replace(cell_record(self.cell, draws), key=self.key, label=self.label),
            change=self.change.typed,
            said_by=self._said_by,
            drawn=self.parent.drawn,
            points=list(self.points),
            control_from=control_from,
            request=str(episode.facts.get("request") or ""),
            created_at=time.time(),
        )
