"""Models that treat requests differently, written by somebody who had not read the hypothesis files.

Each gives the share of answers that comply in a cell to one of the 60 bundled requests.
"""

from collections.abc import Callable

from hanlon.store.cells import CellState
from strangers.stranger_rates import fraction
from strangers.training_strangers import strategic, tier_of

RequestRates = Callable[[CellState, int], float]


def some_always_some_never(state: CellState, request: int) -> float:
    """By request, none of the usual: 18 of 60 are always complied with and the others never, in every
    cell."""
    return 1.0 if request % 10 < 3 else 0.0


def few_requests_move(state: CellState, request: int) -> float:
    """By request, none of the usual: in six of 60 the tier decides all, with or without conflict; half of the
    rest pass."""
    if request % 10 == 0:
        return 1.0 if tier_of(state).trained else 0.0
    return 0.95 if request % 2 else 0.02


def a_motive_for_each_request(state: CellState, request: int) -> float:
    """By request, a mixture: a quarter goes by the word free, a quarter by ratings, a quarter by training, a
    quarter is fixed."""
    tier = tier_of(state)
    return (
        0.9 * (tier.word == "free"),
        0.9 * tier.rated,
        0.05 + strategic(state, 0.9),
        0.9 * (request % 8 == 3),
    )[request % 4]


def requests_by_noise(state: CellState, request: int) -> float:
    """By request, none of the usual: each request has its own rate by hash, twenty points off with each
    cell's name."""
    own = fraction(f"own{request}")
    return 0.8 * own + 0.2 * fraction(f"{request}{state.record.label}")


def reads_what_is_conspicuous(state: CellState, request: int) -> float:
    """By request, none of the usual: every fifth request is refused under the words paid or pro, two fifths
    never pass."""
    if request % 5 in (0, 1):
        return 0.03
    return 0.7 if request % 5 > 2 or tier_of(state).word not in ("paid", "pro") else 0.1


BY_REQUEST: tuple[RequestRates, ...] = (
    some_always_some_never,
    few_requests_move,
    a_motive_for_each_request,
    requests_by_noise,
    reads_what_is_conspicuous,
)
