"""Gaps split by a column of the episodes, such as whether the model told its tier rightly: associations only.

The column is no factor: nobody assigned it, so that episodes with and without it differ in other things too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hanlon.analysis.gaps.differences import newcombe, paired_difference, sign_flips
from hanlon.analysis.gaps.episodes import Labels, RequestCell, by_request
from hanlon.analysis.gaps.pairs import Pair, find_pairs
from hanlon.analysis.gaps.rows import as_row, chosen, counted, names_among, place
from hanlon.engine.store import scan

Column = Mapping[int, bool]
"""An episode's value by index; an episode without one is in neither part."""


class AllFacts(msgspec.Struct, gc=False):
    """An episode's facts, whatever they are."""

    index: int
    outcome: str
    facts: dict[str, Any]


def split_rows(
    cells: Sequence[RequestCell], column: str, labels: Labels | None = None, measures: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Two rows for each pair and measure, of the episodes where the column is true and where it is false.

    `column` is a judge's label (yes and no; maybe is in neither part), a measure or a boolean fact.

    Raises:
        KeyError: no episode of a pair has a boolean of that name; the message lists what there is.
    """
    pairs, names = find_pairs(cells), names_among(cells)
    paired = {id(cell): cell for pair in pairs for cell in (pair.first, pair.second)}
    found = {key: _column(cell, column, labels or {}) for key, cell in paired.items()}
    if pairs and not any(found.values()):
        raise KeyError(
            f"no episode of a pair has a true or false '{column}'. There are: "
            f"{', '.join(_names(pairs[0].first, labels or {}))}"
        )
    return [
        _split_row(pair, names, column, wanted, (found[id(pair.first)], found[id(pair.second)]), measure)
        for pair in pairs
        for measure in chosen(pair, measures)
        for wanted in (True, False)
    ]


def _split_row(
    pair: Pair,
    names: Mapping[str, str],
    column: str,
    wanted: bool,
    columns: tuple[Column, Column],
    measure: str,
) -> dict[str, Any]:
    parts = [
        [episode for episode in cell.countable if own.get(episode.index) is wanted]
        for cell, own in zip((pair.first, pair.second), columns, strict=True)
    ]
    first, second = (by_request(part, lambda episode: episode.measures.get(measure)) for part in parts)
    (k1, n1), (k2, n2) = (counted(part, measure) for part in parts)
    return {
        **place(pair, names),
        "column": column,
        "value": wanted,
        "measure": measure,
        "k": [k1, k2],
        "n": [n1, n2],
        **as_row(paired_difference(first, second)),
        "p": sign_flips(first, second),
        "unpaired": [*newcombe(k1, n1, k2, n2)],
        "association": True,
    }


def _column(cell: RequestCell, name: str, labels: Labels) -> Column:
    own = cell.labels(labels, name)
    if own:
        return {index: value == "yes" for index, value in own.items() if value in ("yes", "no")}
    if name in cell.record.measures:
        found = {episode.index: episode.measures.get(name) for episode in cell.episodes}
    else:
        found = {row.index: row.facts.get(name) for row in scan(cell.state.folder, AllFacts)[0]}
    return {index: value for index, value in found.items() if isinstance(value, bool)}


def _names(cell: RequestCell, labels: Labels) -> list[str]:
    """What this cell could be split by."""
    facts = {
        name
        for row in scan(cell.state.folder, AllFacts)[0]
        for name, value in row.facts.items()
        if isinstance(value, bool)
    }
    return list(dict.fromkeys([*labels.get(cell.record.key, {}), *cell.record.measures, *sorted(facts)]))
