"""The part of a stored episode that gaps are made of, and its values by request, the unit of every comparison."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hanlon.analysis.stats.by_request import ByRequest
from hanlon.store.cells import CellState
from hanlon.store.episodes import scan
from hanlon.store.records import CellRecord

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
    """What a gap needs of an episode's facts: which request it was, and what was read from the reply."""

    request: str | None = None
    tag_verdict: str | None = None
    content_verdict: str | None = None
    format_problem: str | None = None


class RequestEpisode(msgspec.Struct, gc=False):
    """The part of an `Episode` that gaps are made of; read from the same line, the rest skipped."""

    index: int
    outcome: str
    measures: dict[str, bool | None]
    facts: RequestFacts
    excluded: str | None = None


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
    """Those of the cells whose environment has a set of requests, with their episodes. Damaged lines are left out."""
    return [
        RequestCell(state, scan(state.folder, RequestEpisode)[0])
        for state in states
        if "requests" in state.record.texts
    ]


def by_request(
    episodes: Iterable[RequestEpisode], value: Callable[[RequestEpisode], bool | None]
) -> ByRequest:
    """The episodes' values by request; an episode whose value is None, or without a request, is left out.

    Sorted by request: resamples of a fixed seed then hang on no order in which the episodes were stored.
    """
    values: dict[str, list[float]] = {}
    for episode in episodes:
        own = value(episode)
        if own is not None and episode.facts.request is not None:
            values.setdefault(episode.facts.request, []).append(float(own))
    return dict(sorted(values.items()))
