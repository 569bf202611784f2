"""What the reader lists and filters: every episode of some cells in columns, without its messages.

It is read with the parts of each line that a list needs, and again only for files that have grown.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hanlon.analysis.inert import inert, inert_tree
from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import JudgedCell, load_labels
from hanlon.inquiries.judges.votes import OPEN
from hanlon.store.cells import CellState, model_names
from hanlon.store.digest import as_json
from hanlon.store.episodes import scan
from hanlon.store.lines import DamagedLine
from hanlon.store.people import Remark

NEVER = -1
"""In a column, the place of no value."""
Columns = dict[str, Any]


class ListedFacts(msgspec.Struct):
    """The facts by which the reader finds two episodes that belong together."""

    request: Any = None


class ListedEpisode(msgspec.Struct):
    """The part of an episode's line that a list needs."""

    index: int
    outcome: str
    excluded: str | None = None
    facts: ListedFacts = msgspec.field(default_factory=ListedFacts)


@dataclass
class Numbered:
    """Texts by number, in the order in which they came."""

    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def number(self, text: str | None) -> int:
        """The number of a text; `NEVER` of none."""
        return NEVER if text is None else self.numbers.setdefault(text, len(self.numbers))

    @property
    def texts(self) -> list[str]:
        """The texts, with every character to be seen."""
        return [inert(text) for text in self.numbers]


class Listed:
    """The episodes of some cells, read again where their files have changed."""

    def __init__(self, states: Sequence[CellState]) -> None:
        """Read nothing yet."""
        self.states = states
        self._read: dict[Path, tuple[object, list[ListedEpisode]]] = {}
        self._damaged: dict[Path, list[DamagedLine]] = {}

    def episodes(self, state: CellState) -> list[ListedEpisode]:
        """A cell's episodes by index."""
        files = sorted(state.folder.glob("episodes*.jsonl"))
        signature = [(file.name, file.stat().st_size) for file in files]
        if self._read.get(state.folder, (None,))[0] != signature:
            found, self._damaged[state.folder] = scan(state.folder, ListedEpisode)
            self._read[state.folder] = (signature, sorted(found, key=lambda episode: episode.index))
        return self._read[state.folder][1]

    @property
    def damaged(self) -> int:
        """The lines that are no episodes, of the files that were read."""
        return sum(map(len, self._damaged.values()))

    def columns(self, chosen: Mapping[str, Collection[int]] | None = None) -> Columns:
        """The cells and a row for each of their episodes; of those in `chosen` alone where it is given."""
        outcomes, excluded, requests = Numbered(), Numbered(), Numbered()
        rows: dict[str, list[int]] = {
            name: [] for name in ("cell", "index", "outcome", "excluded", "request")
        }
        for number, state in enumerate(self.states):
            for episode in self.episodes(state):
                if chosen is not None and episode.index not in chosen.get(state.record.key, ()):
                    continue
                request = episode.facts.request
                rows["cell"].append(number)
                rows["index"].append(episode.index)
                rows["outcome"].append(outcomes.number(episode.outcome))
                rows["excluded"].append(excluded.number(episode.excluded))
                rows["request"].append(requests.number(None if request is None else str(request)))
        names = {
            "outcomes": outcomes.texts,
            "exclusions": excluded.texts,
            "requests": requests.texts,
            "open": list(OPEN),
            "damaged": self.damaged,
        }
        return {"cells": cell_columns(self.states), "rows": rows, **names}


def cell_columns(states: Sequence[CellState]) -> list[dict[str, Any]]:
    """What the reader knows of each cell: names, factors as text, and the texts that it sends."""
    models = model_names(state.record for state in states)
    return inert_tree(
        [
            {
                "key": state.record.key,
                "label": state.record.label,
                "env": state.record.env,
                "model": models[state.record.key],
                "simulated": state.record.simulated,
                "imported": str(state.record.imported or ""),
                "factors": {name: _level(level) for name, level in state.record.factors.items()},
                "texts": dict(state.record.texts),
            }
            for state in states
        ]
    )


def _level(level: Any) -> str:
    return level if isinstance(level, str) else as_json(level)


def label_columns(
    states: Sequence[CellState], columns: Columns, remarks: Iterable[Remark] = ()
) -> list[Columns]:
    """A column for each label of each judge, set of follow-up questions and person, over the rows of `columns`."""
    judged = [*load_labels(states), *followup_labels(states)]
    positions = {state.record.key: number for number, state in enumerate(states)}
    row_of = {
        at: row for row, at in enumerate(zip(columns["rows"]["cell"], columns["rows"]["index"], strict=True))
    }
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    for kind, judge, name, key, index, value in (*_labelled(judged), *_remarked(remarks)):
        row = row_of.get((positions.get(key, NEVER), index))
        if row is not None:
            found.setdefault((kind, judge, name), {}).setdefault(row, value)
    return [_column(*at, values, len(row_of)) for at, values in sorted(found.items())]


def _labelled(judged: Iterable[JudgedCell]) -> Iterator[tuple[str, str, str, str, int, str]]:
    for each in judged:
        for index, labels in each.labels.items():
            for label in labels:
                yield each.judge.kind, each.judge.name, label.name, each.cell.key, index, label.value


def _remarked(remarks: Iterable[Remark]) -> Iterator[tuple[str, str, str, str, int, str]]:
    for remark in remarks:
        yield "people", remark.rater or "a person", remark.question, remark.cell, remark.index, remark.value


def _column(kind: str, judge: str, name: str, values: Mapping[int, str], rows: int) -> Columns:
    numbered = Numbered()
    of = [NEVER] * rows
    for row, value in sorted(values.items()):
        of[row] = numbered.number(value)
    return {"kind": kind, "judge": inert(judge), "name": inert(name), "values": numbered.texts, "of": of}
