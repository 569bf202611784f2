"""How far a gap could move if what was not counted, or not read, had gone one way or the other."""

from collections.abc import Callable

from hanlon.analysis.gaps.differences import mean_difference
from hanlon.analysis.gaps.episodes import UNPARSED, RequestEpisode, by_request
from hanlon.analysis.gaps.pairs import Pair


def exclusion_bounds(pair: Pair, measure: str) -> list[float] | None:
    """The gap if all excluded episodes had complied in one tier and not in the other, lowest first.

    Requests of which only excluded episodes are there come in, so both bounds may lie to one side of the gap.
    """
    return _bounds(pair, measure, lambda episode: episode.excluded is not None)


def unparsed_bounds(pair: Pair, measure: str) -> list[float] | None:
    """The gap if all unparsed replies had complied in one tier and not in the other, lowest first."""
    return _bounds(
        pair, measure, lambda episode: None if episode.excluded is not None else episode.outcome == UNPARSED
    )


def _bounds(
    pair: Pair, measure: str, open_question: Callable[[RequestEpisode], bool | None]
) -> list[float] | None:
    """Both ends, where `open_question` says which episodes could go either way, and None which are left out."""

    def settled(value: bool) -> Callable[[RequestEpisode], bool | None]:
        def of(episode: RequestEpisode) -> bool | None:
            is_open = open_question(episode)
            return None if is_open is None else value if is_open else episode.measures.get(measure)

        return of

    ends = [
        mean_difference(
            by_request(pair.first.episodes, settled(first)),
            by_request(pair.second.episodes, settled(not first)),
        )
        for first in (False, True)
    ]
    return [end for end in ends if end is not None] or None
