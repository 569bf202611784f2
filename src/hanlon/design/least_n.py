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
class Least:
    """The least n for one policy, None where none up to the most does.

    `at` is the rehearsal there (or at the most); `limit` is what was last in the way, one step below (or at the most).
    """

    policy: str
    right: tuple[str, ...]
    n: int | None
    at: Rehearsal
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Found:
    """The search of one grid: each policy's least n, and the one at which all of them were confirmed, if any."""

    on: RehearsalSetup
    unit: int
    most: int
    least: Sequence[Least]
    n: int | None
    confirmed: Sequence[Rehearsal]


def ladder(unit: int, most: int) -> list[int]:
    """The sizes that are tried: multiples of a unit, each at most double the one before."""
    return [unit * step for step in STEPS if unit * step <= most] or [unit]


def find_n(
    on: RehearsalSetup, most: int = MOST, seed: int = SEED, say: Callable[[str], None] = lambda line: None
) -> Found:
    """Search the least n for each scripted policy of a grid, and the one for all.

    Args:
        on: the grid.
        most: episodes a cell beyond which no n is looked for.
        seed: of the draws while bracketing; those that confirm have the next ones.
        say: told what is being tried, for a person who waits.
    """
    unit = max((request_count(state.record) or UNIT for state in on.states), default=UNIT)
    rungs = ladder(unit, most)
    testable = [policy for policy in on.truths if set(on.right(policy)) - set(on.matrix.silent)]
    least = [_least(on, policy, rungs, seed, say) for policy in testable]
    found = [one.n for one in least if one.n is not None]
    if not found or len(found) < len(least):
        return Found(on, unit, most, least, None, [one.at for one in least])
    confirmed: list[Rehearsal] = []
    for n in rungs[rungs.index(max(found)) :]:
        say(f"all policies at n = {n:,}")
        confirmed = [one.at if one.n == n else on.rehearse(one.policy, n, VERIFY, seed + 2) for one in least]
        if all(does(on, each) for each in confirmed):
            return Found(on, unit, most, least, n, confirmed)
    return Found(on, unit, most, least, None, confirmed)


def does(on: RehearsalSetup, rehearsal: Rehearsal) -> bool:
    """Whether the right hypothesis stands alone often enough, the wrong ones seldom, and opposed ones fall."""
    return _could_do(on, rehearsal, rehearsal.repeats)


def _least(
    on: RehearsalSetup, policy: str, rungs: Sequence[int], seed: int, say: Callable[[str], None]
) -> Least:
    right = " and ".join(on.right(policy))
    below, above = -1, len(rungs)
    while above - below > 1:
        middle = (below + above) // 2
        say(f"{right} (simulated/{policy}) at n = {rungs[middle]:,}")
        tried = on.rehearse(policy, rungs[middle], BRACKET, seed, lambda r: _decided(on, r, BRACKET))
        below, above = (below, middle) if _could_do(on, tried, BRACKET) else (middle, above)
    while above < len(rungs):
        say(f"{right} (simulated/{policy}) confirmed at n = {rungs[above]:,}?")
        found = on.rehearse(policy, rungs[above], CONFIRM, seed + 1, lambda r: not _could_do(on, r, CONFIRM))
        if does(on, found):
            last = _limit(on, on.rehearse(policy, rungs[above - 1], BELOW, seed)) if above else None
            return Least(policy, found.right, rungs[above], found, last)
        above += 1
    found = on.rehearse(policy, rungs[-1], VERIFY, seed + 1)
    return Least(policy, found.right, None, found, _limit(on, found))


def _could_do(on: RehearsalSetup, rehearsal: Rehearsal, planned: int) -> bool:
    """Whether, if all the sweeps that are left of those planned ended as they should, the whole would do."""
    left = planned - rehearsal.repeats

    def best(share: float) -> float:
        return (share * rehearsal.repeats + left) / planned

    pairs = on.pairs(rehearsal)
    return (
        all(best(rehearsal.alone[name]) >= WANTED - TINY for name in _speaking(on, rehearsal))
        and all(best(pair.wrong_falls) >= WANTED - TINY for pair in pairs if pair.opposed)
        and all(pair.wrong_stands * rehearsal.repeats / planned <= WRONG + TINY for pair in pairs)
    )


def _decided(on: RehearsalSetup, rehearsal: Rehearsal, planned: int) -> bool:
    """Whether no end of the sweeps that are left would change what is made of them while bracketing."""
    if not _could_do(on, rehearsal, planned):
        return True
    enough = WANTED * planned / rehearsal.repeats - TINY
    pairs = on.pairs(rehearsal)
    return all(rehearsal.alone[name] >= enough for name in _speaking(on, rehearsal)) and all(
        pair.wrong_falls >= enough for pair in pairs if pair.opposed
    )


def _limit(on: RehearsalSetup, rehearsal: Rehearsal) -> Limit | None:
    """What is most in the way, or nearest to it; None where the grid has no rival to part from."""
    found: list[tuple[float, Limit]] = []
    for pair in on.pairs(rehearsal):
        if pair.wrong_stands > WRONG:
            why = f"{pair.wrong} is consistent too in {pair.wrong_stands:.0%}"
            found.append((1 - WRONG, Limit(pair.right, (pair.wrong,), why, 1 - pair.wrong_stands)))
        if pair.opposed:
            why = f"{pair.wrong} is ruled out in {pair.wrong_falls:.0%}"
            found.append((WANTED, Limit(pair.right, (pair.wrong,), why, pair.wrong_falls)))
    found += [(WANTED, _not_standing(on, rehearsal, name)) for name in _speaking(on, rehearsal)]
    return min(found, key=lambda one: one[1].share - one[0], default=(0.0, None))[1]


def _not_standing(on: RehearsalSetup, rehearsal: Rehearsal, right: str) -> Limit:
    """The prediction of a right hypothesis that held least often, and the rivals from which it parts it."""
    held = {place: share for (name, place), share in rehearsal.held.items() if name == right}
    place = min(held, key=lambda place: held[place])
    claims = [c for c in on.matrix.claims if c.hypothesis.name == right and c.place == place]
    parts = {
        wrong
        for claim in claims
        for wrong, allowed in on.matrix.columns[claim.column].items()
        if wrong not in rehearsal.right and not allowed & claim.allowed
    }
    said = claims[0].prediction
    second = f" by {said.changed_by}" if said.changed_by else ""
    second = f" against {said.compared_with}" if said.compared_with else second
    stands = rehearsal.stands[right]
    why = f"{said.contrast}{second}: {said.claim}; shown in {held[place]:.0%}, it stands in {stands:.0%}"
    return Limit(right, tuple(sorted(parts)), why, stands)


def _speaking(on: RehearsalSetup, rehearsal: Rehearsal) -> list[str]:
    return [name for name in rehearsal.right if name not in on.matrix.silent]
