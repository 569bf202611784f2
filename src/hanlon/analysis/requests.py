"""Stored episodes as answers to requests: the part of them that gaps need, and a cell's values by request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import msgspec

from hanlon.analysis.stats.by_request import ByRequest
from hanlon.environments.stored import declaration_of
from hanlon.store.cells import CellState
from hanlon.store.contract import REQUESTS
from hanlon.store.episodes import scan
from hanlon.store.records import CellRecord

Values = Callable[[CellState, str], ByRequest | None]
"""A cell's values of a measure by request; None where its episodes share nothing with other cells'."""
Labels = Mapping[str, Mapping[str, Mapping[int, str]]]
"""A judge's labels: cell key, label, episode index to yes, maybe, no, unscored or unobservable."""


@dataclass(frozen=True, slots=True)
class JudgeLabels:
    """What judges say of some cells: who, in words (None: nobody), and which judge gave each label.

    `warnings` are what must be said of those judges.
    """

    by: str | None
    labels: Labels
    given_by: Mapping[str, str]
    warnings: Sequence[str] = ()


UNJUDGED = JudgeLabels(None, {}, {})
SCORED = ("yes", "maybe", "no")


class RequestFacts(msgspec.Struct, gc=False):
    """The facts of an episode that a gap needs; `request_cells` adds those that the cell's environment declares."""

    request: str | None = None
    format_problem: str | None = None


class RequestEpisode(msgspec.Struct, gc=False):
    """The part of an `Episode` that gaps are made of; read from the same line, the rest skipped."""

    index: int
    outcome: str
    measures: dict[str, bool | None]
    facts: RequestFacts
    excluded: str | None = None

    def fact(self, name: str) -> str | None:
        """A fact that the cell's environment declares."""
        return getattr(self.facts, name, None)


@dataclass(frozen=True, slots=True)
class RequestCell:
    """A cell whose episodes each answer a request, with those episodes."""

    state: CellState
    episodes: list[RequestEpisode]

    @property
    def record(self) -> CellRecord:
        """What the cell is."""
        return self.state.record

    @property
    def countable(self) -> list[RequestEpisode]:
        """The episodes that are not excluded."""
        return [episode for episode in self.episodes if episode.excluded is None]

    def labels(self, labels: Labels, name: str) -> Mapping[int, str]:
        """This cell's labels of that name by episode index; empty where nobody gave any."""
        return labels.get(self.record.key, {}).get(name, {})


def request_cells(states: Iterable[CellState]) -> list[RequestCell]:
    """The cells whose environment has a set of requests, with their episodes. Damaged lines are left out."""
    return [
        RequestCell(state, scan(state.folder, _episode_type(declaration_of(state.record).facts()))[0])
        for state in states
        if REQUESTS in state.record.texts
    ]


@cache
def _episode_type(declared: tuple[str, ...]) -> type[RequestEpisode]:
    """With the declared facts; all others are skipped as the lines are read."""
    names = [(name, str | None, None) for name in declared if name not in RequestFacts.__struct_fields__]
    facts = msgspec.defstruct("RequestFacts", names, bases=(RequestFacts,), gc=False)
    kept = [("excluded", str | None, None)]  # a field with a default stands behind the others
    fields = [("facts", facts), *kept]
    return cast(
        "type[RequestEpisode]", msgspec.defstruct("RequestEpisode", fields, bases=(RequestEpisode,), gc=False)
    )


def by_request(
    episodes: Iterable[RequestEpisode], value: Callable[[RequestEpisode], bool | None]
) -> ByRequest:
    """The episodes' values by request. An episode whose value is None, or without a request, is left out.

    They are sorted by request, so that resamples of a fixed seed do not depend on the order of storage.
    """
    values: dict[str, list[float]] = {}
    for episode in episodes:
        case = value(episode)
        if case is not None and episode.facts.request is not None:
            values.setdefault(episode.facts.request, []).append(float(case))
    return dict(sorted(values.items()))


def measured(cell: RequestCell, measure: str) -> ByRequest:
    """The values of a measure among a cell's countable episodes, by request."""
    return by_request(cell.countable, lambda episode: episode.measures.get(measure))


def no_requests(cell: CellState, measure: str) -> None:
    """The values of cells without requests, as in shutdown, where an index is a number and no item."""
    del cell, measure


def stored_values() -> Values:
    """The values by request of stored cells; each cell is read when it is first needed, and once."""
    cells: dict[Path, RequestCell | None] = {}
    values: dict[tuple[Path, str], ByRequest | None] = {}

    def read(state: CellState, measure: str) -> ByRequest | None:
        if state.folder not in cells:
            cells[state.folder] = next(iter(request_cells([state])), None)
        cell, key = cells[state.folder], (state.folder, measure)
        if key not in values:
            values[key] = measured(cell, measure) if cell else None
        return values[key]

    return read
