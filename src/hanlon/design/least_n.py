"""The least n at which a sweep does what it is for: the right rival is left standing alone, and the others fall.

Found on a ladder of sensible sizes by rehearsals (`rehearsal.py`): a few sweeps while bracketing, more to confirm, with
draws of their own. At the n that all policies need together each of them is rehearsed again, since more episodes could
also leave a wrong hypothesis standing that was undetermined before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hanlon.design.rehearsal import SEED, Rehearsal, RehearsalSetup
from hanlon.design.request_rates import request_count
from hanlon.design.two_rates import WANTED

WRONG = 0.05
"""The share of sweeps in which a wrong hypothesis may be consistent."""
MOST = 10_000
"""Episodes a cell beyond which no n is looked for."""
UNIT = 20
"""Episodes of which n is a multiple where cells share no requests."""
STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500)
TINY = 1e-9
"""Shares that differ by less are equal."""
BRACKET, CONFIRM, VERIFY, BELOW = 10, 30, 20, 10
"""Sweeps of a policy: while bracketing, at its least n, at the n of all, and one step below its least n."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What keeps a right hypothesis from its end at some n: the rivals that it is not parted from, and why.

    `share` is that of the sweeps in which that was as it should be.
    """

    right: str
    wrong: tuple[str, ...]
    why: str
    share: float


@dataclass(frozen=True, slots=True)
class LeastN:
    """The least n for one policy. None: no n up to the largest tried is enough.

    `rehearsal` is the one at that n, and `limit` is what was still in the way one step below. Where n is None, both are
    those of the largest n tried.
    """

    policy: str
    right: tuple[str, ...]
    n: int | None
    rehearsal: Rehearsal
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Search:
    """The search of one grid: each policy's least n, and the one at which all of them were confirmed, if any."""

    setup: RehearsalSetup
    unit: int
    most: int
    least: Sequence[LeastN]
    n: int | None
    confirmed: Sequence[Rehearsal]


def ladder(unit: int, most: int) -> list[int]:
    """The sizes that are tried: multiples of a unit, each at most double the one before."""
    return [unit * step for step in STEPS if unit * step <= most] or [unit]


def find_n(
    setup: RehearsalSetup, most: int = MOST, seed: int = SEED, say: Callable[[str], None] = lambda line: None
) -> Search:
    """Search the least n for each scripted policy of a grid, and the one for all.

    Args:
        setup: the grid.
        most: episodes a cell beyond which no n is looked for.
        seed: of the draws while bracketing; those that confirm have the next ones.
        say: is called with what is being tried, for a person who waits.
    """
    unit = max((request_count(state.record) or UNIT for state in setup.states), default=UNIT)
    rungs = ladder(unit, most)
    testable = [policy for policy in setup.policies if set(setup.right(policy)) - set(setup.matrix.silent)]
    least = [_least_n(setup, policy, rungs, seed, say) for policy in testable]
    sizes = [policy.n for policy in least if policy.n is not None]
    confirmed = [policy.rehearsal for policy in least]
    if sizes and len(sizes) == len(least):
        for n in rungs[rungs.index(max(sizes)) :]:
            say(f"all policies at n = {n:,}")
            confirmed = [
                policy.rehearsal if policy.n == n else setup.rehearse(policy.policy, n, VERIFY, seed + 2)
                for policy in least
            ]
            if all(does(setup, rehearsal) for rehearsal in confirmed):
                return Search(setup, unit, most, least, n, confirmed)
    return Search(setup, unit, most, least, None, confirmed)


def does(setup: RehearsalSetup, rehearsal: Rehearsal) -> bool:
    """Whether the right hypothesis stands alone often enough, the wrong ones seldom, and opposed ones fall."""
    return _could_do(setup, rehearsal, rehearsal.repeats)


def _least_n(
    setup: RehearsalSetup, policy: str, rungs: Sequence[int], seed: int, say: Callable[[str], None]
) -> LeastN:
    right = setup.right(policy)
    title = f"{' and '.join(right)} (simulated/{policy})"
    below, above = -1, len(rungs)
    while above - below > 1:
        middle = (below + above) // 2
        say(f"{title} at n = {rungs[middle]:,}")
        tried = setup.rehearse(policy, rungs[middle], BRACKET, seed, lambda r: _decided(setup, r, BRACKET))
        below, above = (below, middle) if _could_do(setup, tried, BRACKET) else (middle, above)
    for rung in range(above, len(rungs)):
        n = rungs[rung]
        say(f"{title} confirmed at n = {n:,}?")
        confirmed = setup.rehearse(policy, n, CONFIRM, seed + 1, lambda r: not _could_do(setup, r, CONFIRM))
        if does(setup, confirmed):
            limit = _limit(setup, setup.rehearse(policy, rungs[rung - 1], BELOW, seed)) if rung else None
            return LeastN(policy, right, n, confirmed, limit)
    at_most = setup.rehearse(policy, rungs[-1], VERIFY, seed + 1)
    return LeastN(policy, right, None, at_most, _limit(setup, at_most))


def _could_do(setup: RehearsalSetup, rehearsal: Rehearsal, planned: int) -> bool:
    """Whether the rehearsal could still pass if all sweeps that are left ended as they should."""
    left = planned - rehearsal.repeats

    def best(share: float) -> float:
        return (share * rehearsal.repeats + left) / planned

    pairs = setup.pairs(rehearsal)
    return (
        all(best(rehearsal.alone[name]) >= WANTED - TINY for name in _speaking(setup, rehearsal))
        and all(best(pair.wrong_falls) >= WANTED - TINY for pair in pairs if pair.opposed)
        and all(pair.wrong_stands * rehearsal.repeats / planned <= WRONG + TINY for pair in pairs)
    )


def _decided(setup: RehearsalSetup, rehearsal: Rehearsal, planned: int) -> bool:
    """Whether no end of the sweeps that are left would change what is made of them while bracketing."""
    if not _could_do(setup, rehearsal, planned):
        return True
    enough = WANTED * planned / rehearsal.repeats - TINY
    return all(rehearsal.alone[name] >= enough for name in _speaking(setup, rehearsal)) and all(
        pair.wrong_falls >= enough for pair in setup.pairs(rehearsal) if pair.opposed
    )


def _limit(setup: RehearsalSetup, rehearsal: Rehearsal) -> Limit | None:
    """What is most in the way, or nearest to it; None where the grid has no rival to part from."""
    limits: list[tuple[float, Limit]] = []
    for pair in setup.pairs(rehearsal):
        if pair.wrong_stands > WRONG:
            why = f"{pair.wrong} is consistent too in {pair.wrong_stands:.0%}"
            limits.append((1 - WRONG, Limit(pair.right, (pair.wrong,), why, 1 - pair.wrong_stands)))
        if pair.opposed:
            why = f"{pair.wrong} is ruled out in {pair.wrong_falls:.0%}"
            limits.append((WANTED, Limit(pair.right, (pair.wrong,), why, pair.wrong_falls)))
    limits += [(WANTED, _not_standing(setup, rehearsal, name)) for name in _speaking(setup, rehearsal)]
    _, nearest = min(limits, key=lambda limit: limit[1].share - limit[0], default=(0.0, None))
    return nearest


def _not_standing(setup: RehearsalSetup, rehearsal: Rehearsal, right: str) -> Limit:
    """The prediction of a right hypothesis that held least often, and the rivals from which it parts it."""
    held = {number: share for (name, number), share in rehearsal.held.items() if name == right}
    number = min(held, key=lambda number: held[number])
    claims = [c for c in setup.matrix.claims if c.hypothesis.name == right and c.number == number]
    parts = {
        wrong
        for claim in claims
        for wrong, allowed in setup.matrix.columns[claim.column].items()
        if wrong not in rehearsal.right and not allowed & claim.allowed
    }
    prediction = claims[0].prediction
    second = f" by {prediction.changed_by}" if prediction.changed_by else ""
    second = f" against {prediction.compared_with}" if prediction.compared_with else second
    stands = rehearsal.stands[right]
    claim = f"{prediction.contrast}{second}: {prediction.claim}"
    why = f"{claim}; shown in {held[number]:.0%} of sweeps, its hypothesis stands in {stands:.0%}"
    return Limit(right, tuple(sorted(parts)), why, stands)


def _speaking(setup: RehearsalSetup, rehearsal: Rehearsal) -> list[str]:
    return [name for name in rehearsal.right if name not in setup.matrix.silent]
