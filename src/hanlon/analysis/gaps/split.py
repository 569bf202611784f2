"""A gap split by what an episode is: a judge's label, a measure or a fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hanlon.analysis.gaps.pairs import find_pairs
from hanlon.analysis.gaps.rows import PairRow, compare_tiers, count_pair, pair_rows
from hanlon.analysis.requests import Labels, RequestCell, by_request
from hanlon.analysis.stats.comparison import Comparison
from hanlon.store.episodes import scan
from hanlon.store.tally import Count

ASSOCIATION = (
    "An association, not an effect: {column} was not assigned, and the episodes of either row differ in other "
    "things too. Only requests with such an episode in both tiers are in the gap."
)


@dataclass(frozen=True, slots=True)
class SplitRow(PairRow):
    """The gap among the episodes of a pair in which a column has this value."""

    column: str
    value: bool
    counts: tuple[Count, Count]
    comparison: Comparison


class EpisodeFacts(msgspec.Struct, gc=False):
    """An episode's facts, whatever they are."""

    index: int
    outcome: str
    facts: dict[str, Any]


def split_rows(
    cells: Sequence[RequestCell], column: str, labels: Labels | None = None, measures: Sequence[str] = ()
) -> list[SplitRow]:
    """Two rows for each pair and measure, of the episodes where the column is true and where it is false.

    `column` is a judge's label (yes and no; maybe is in neither part), a measure or a boolean fact.

    Raises:
        KeyError: no episode of a pair has a boolean of that name; the message lists what there is.
    """
    pairs = find_pairs(cells)
    paired = {id(cell): cell for pair in pairs for cell in pair.cells}
    values = {key: _values(cell, column, labels or {}) for key, cell in paired.items()}
    if pairs and not any(values.values()):
        raise KeyError(
            f"no episode of a pair has a true or false '{column}'. There are: "
            f"{', '.join(_names(pairs[0].first, labels or {}))}"
        )
    return [
        _split_row(row, column, value, values)
        for row in pair_rows(pairs, cells, measures)
        for value in (True, False)
    ]


def _split_row(row: PairRow, column: str, value: bool, values: Mapping[int, Mapping[int, bool]]) -> SplitRow:
    tiers = [
        [episode for episode in cell.countable if values[id(cell)].get(episode.index) is value]
        for cell in row.pair.cells
    ]
    first, second = (by_request(tier, lambda episode: episode.measures.get(row.measure)) for tier in tiers)
    return SplitRow(
        row.pair, row.model, row.measure, column, value,
        counts=count_pair(tiers, row.measure), comparison=compare_tiers(first, second),
    )  # fmt: skip


def _values(cell: RequestCell, column: str, labels: Labels) -> dict[int, bool]:
    """The column's value in each episode that has one, by the episode's index."""
    if given_labels := cell.labels(labels, column):
        return {index: label == "yes" for index, label in given_labels.items() if label in ("yes", "no")}
    if column in cell.record.measures:
        values = {episode.index: episode.measures.get(column) for episode in cell.episodes}
    else:
        values = {episode.index: episode.facts.get(column) for episode in _facts(cell)}
    return {index: value for index, value in values.items() if isinstance(value, bool)}


def _names(cell: RequestCell, labels: Labels) -> list[str]:
    """What a cell could be split by."""
    facts = {
        name for episode in _facts(cell) for name, value in episode.facts.items() if isinstance(value, bool)
    }
    return list(dict.fromkeys([*labels.get(cell.record.key, {}), *cell.record.measures, *sorted(facts)]))


def _facts(cell: RequestCell) -> Sequence[EpisodeFacts]:
    return scan(cell.state.folder, EpisodeFacts)[0]
