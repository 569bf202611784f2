"""A sample of stored episodes for reading, in which every outcome is represented."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest

Outcomes = Mapping[str, Mapping[int, str]]
"""The outcome of each episode, or another word by which a sample takes turns: by cell key and index."""


def sample(outcomes: Outcomes, limit: int) -> dict[str, set[int]]:
    """Choose at most `limit` episodes: their indices by cell.

    It takes one of each outcome in turn, and within an outcome one of each cell in turn. So every outcome is in the
    sample, if there are no more than `limit`. The same episodes give the same sample.
    """
    strata: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for key, by_index in outcomes.items():
        for index, outcome in sorted(by_index.items()):
            strata[outcome][key].append((key, index))
    turns = [list(_in_turn(list(by_cell.values()))) for _, by_cell in sorted(strata.items())]
    chosen: dict[str, set[int]] = {key: set() for key in outcomes}
    for key, index in islice(_in_turn(turns), limit):
        chosen[key].add(index)
    return chosen


def _in_turn(rows: list[list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    """The first of each row, then the second of each that has one, and so on."""
    for turn in zip_longest(*rows):
        yield from (episode for episode in turn if episode is not None)
