"""One planned contrast: the rates expected of its cells, and what its prediction's own test would show of them.

Simulated counts are observed and weighed as a verdict does (`observation.py`, `claims.py`), so that requests are the
unit where cells share them and a change of differences has the interval that it will be judged by. For two cells of
independent episodes the same tests are called directly, which is quicker (`two_rates.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from hanlon.design.draws import draw_cells
from hanlon.design.request_rates import REQUEST_SD, expected_effect, request_count
from hanlon.design.two_rates import (
    MOST,
    SEED,
    WANTED,
    Way,
    approximate_power,
    least_margin,
    n_needed,
    power_to_vanish,
    simulated_power,
)
from hanlon.hypotheses.claims import weigh
from hanlon.hypotheses.matrix import Claimed
from hanlon.hypotheses.observation import WEIGHTS, Observation, observe
from hanlon.hypotheses.schema import Direction
from hanlon.hypotheses.selection import Instance

DRAWS = 100
"""Simulated sweeps for one power: a standard error of 4 points at 80 %."""
STEP = 1.1
"""By which an effect, or an n, grows until it is enough."""


@dataclass(frozen=True)
class Planned:
    """A claim about cells of these `rates`, before any effect: base and treated, and of a change the other pair."""

    claim: Claimed
    rates: tuple[float, ...]
    alpha: float
    alternatives: frozenset[Direction] = frozenset()
    request_sd: float = REQUEST_SD
    draws: int = DRAWS
    step: ClassVar[float] = STEP

    @property
    def requests(self) -> int | None:
        """How many requests all its cells share; None where they share none."""
        sizes = {request_count(cell.record) for cell in self.claim.instance.cells}
        return sizes.pop() if len(sizes) == 1 else None

    def room(self, way: Way) -> float:
        """The largest possible effect: a rate or a gap goes to 0, or a rate rises to 1."""
        *_, base, treated = self.rates
        if way == "rise":
            return 1 - treated
        return treated - base if len(self.rates) > 2 and treated > base else treated

    def power(self, n: int, way: Way, size: float) -> float:
        """How often the prediction is shown to hold at `n` episodes a cell where the effect is of this size."""
        tests = (
            weigh(self.claim.prediction, seen, self.alternatives)
            for seen in self._seen(n, self._moved(way, size))
        )
        return sum(test.holds < self.alpha and not test.lacks for test in tests) / self.draws

    def approximate_power(self, n: int, way: Way, size: float) -> float:
        """The same by the t test over requests, or the normal one over episodes (statsmodels)."""
        from statsmodels.stats import power

        weights, rates = WEIGHTS[len(self.rates)], self._moved(way, size)
        effect = expected_effect(weights, rates, n, self.requests, self.request_sd)
        if not effect.error:
            return 1.0 if effect.mean else self.alpha
        if self.requests is None:
            return float(cast(Any, power).normal_power(effect.mean / effect.error, 1, self.alpha))
        used = min(n, self.requests)
        standardised = effect.mean / (effect.error * used**0.5)
        return float(cast(Any, power).ttest_power(standardised, used, self.alpha))

    def least_effect(self, n: int, way: Way, *, approximate: bool = False) -> float | None:
        """The smallest effect that shows with a power of 80 %; None where not even all of it does."""
        room = self.room(way)
        size = self._crossing(n, way, room)
        if room <= 0 or (approximate and size is None):
            return None
        if approximate or size is None:
            return size if size is not None else room if self.power(n, way, room) >= WANTED else None
        while self.power(n, way, size) < WANTED:
            if size >= room:
                return None
            size = min(room, self.step * size)
        return size

    def least_margin(self, n: int) -> float:
        """The smallest margin within which a true absence of effect is shown with a power of 80 %."""
        import numpy as np

        sides = self.claim.prediction.sides
        intervals = [seen.interval(1 - 2 * self.alpha) for seen in self._seen(n, self.rates)]
        reach = [max(i.hi if side == "+" else -i.lo for side in sides) for i in intervals]
        return float(np.quantile(reach, WANTED))

    def power_to_vanish(self, n: int) -> float:
        """How often a rate that falls to 0 is shown to vanish below the claim's margin."""
        return self.power(n, "fall", self.rates[-1])

    def n_for_all(self, way: Way) -> int | None:
        """The n at which the greatest effect would show, by approximation; None where no n to 100,000 does."""
        return self._first(lambda n: self.approximate_power(n, way, self.room(way)) >= WANTED)

    def n_for_margin(self) -> int | None:
        """The n at which an absence of effects above the claim's margin would show, by the normal approximation."""
        from scipy import stats

        reach = sum(float(cast(Any, stats).norm.isf(p)) for p in (self.alpha, (1 - WANTED) / 2))
        weights, margin = WEIGHTS[len(self.rates)], self.claim.prediction.threshold

        def enough(n: int) -> bool:
            effect = expected_effect(weights, self.rates, n, self.requests, self.request_sd)
            return reach * effect.error <= margin

        return self._first(enough)

    def _first(self, enough: Callable[[int], bool]) -> int | None:
        unit = self.requests or 10
        times = 1
        while not enough(times * unit):
            times = int(STEP * times) + 1
            if times * unit > MOST:
                return None
        return times * unit

    def _moved(self, way: Way, size: float) -> tuple[float, ...]:
        to = self.rates[-1] + (size if way == "rise" else -size)
        return (*self.rates[:-1], min(1.0, max(0.0, to)))

    def _seen(self, n: int, rates: tuple[float, ...]) -> Iterator[Observation]:
        import numpy as np

        chance = np.random.default_rng(SEED)
        instance = self.claim.instance
        cells = {c.record.key: (c, rate) for c, rate in zip(instance.cells, rates, strict=True)}
        states = [cell for cell, _ in cells.values()]
        measured = [{instance.measure: rate} for _, rate in cells.values()]
        for _ in range(self.draws):
            drawn = draw_cells(states, measured, n, chance, self.request_sd)
            by_key = {cell.record.key: cell for cell in drawn.cells}
            simulated = tuple(by_key[cell.record.key] for cell in instance.cells)
            yield observe(Instance(simulated, instance.measure), drawn.values, quick=True)

    def _crossing(self, n: int, way: Way, room: float) -> float | None:
        """The smallest effect with the wanted power (approximate, to a thousandth). None if no effect has it."""
        if room <= 0 or self.approximate_power(n, way, room) < WANTED:
            return None
        low, high = 0.0, room
        while high - low > 1e-3:
            middle = (low + high) / 2
            enough = self.approximate_power(n, way, middle) >= WANTED
            low, high = (low, middle) if enough else (middle, high)
        return high


class PlannedPair(Planned):
    """A claim about two cells of independent episodes."""

    step = 1.05

    def power(self, n: int, way: Way, size: float) -> float:
        """See `Planned`; by Fisher's exact test."""
        return simulated_power(*self._moved(way, size), n, self.alpha)

    def approximate_power(self, n: int, way: Way, size: float) -> float:
        """See `Planned`; by the normal approximation."""
        return approximate_power(*self._moved(way, size), n, self.alpha)

    def least_margin(self, n: int) -> float:
        """See `Planned`; by Newcombe's interval."""
        return least_margin(self.rates[0], n, self.alpha)

    def power_to_vanish(self, n: int) -> float:
        """See `Planned`; by the exact binomial tests."""
        return power_to_vanish(self.rates[0], n, self.claim.prediction.threshold, self.alpha)

    def n_for_all(self, way: Way) -> int | None:
        """See `Planned`."""
        to = 1.0 if way == "rise" else 0.0
        return None if self.rates[0] == to else n_needed(self.rates[0], to, self.alpha)


def planned(
    claim: Claimed,
    rates: tuple[float, ...],
    alpha: float,
    alternatives: frozenset[Direction] = frozenset(),
    request_sd: float = REQUEST_SD,
    draws: int = DRAWS,
) -> Planned:
    """A planned contrast, with the tests that fit its cells."""
    contrast = Planned(claim, rates, alpha, alternatives, request_sd, draws)
    if len(rates) == 2 and contrast.requests is None:
        return PlannedPair(claim, rates, alpha, alternatives, request_sd, draws)
    return contrast


def at_rate(contrast: Planned, rate: float) -> Planned:
    """The same contrast of two cells where the base rate is another."""
    return replace(contrast, rates=(rate, rate))
