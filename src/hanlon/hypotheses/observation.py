"""What a grid shows of one contrast: its cells' rates, and their comparison (`hanlon.analysis.stats.comparison`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from hanlon.analysis.requests import Values, no_requests
from hanlon.analysis.stats.by_request import ByRequest
from hanlon.analysis.stats.comparison import WEIGHTS, Comparison, compare_episodes, compare_requests
from hanlon.analysis.stats.differences import Difference
from hanlon.analysis.stats.rates import Rate, rate_of
from hanlon.hypotheses.selection import Instance
from hanlon.store.tally import Count


@dataclass(frozen=True)
class Observation:
    """What is seen of one contrast. `first` is the interval of the first pair's difference, of a change alone."""

    rates: tuple[Rate, ...]
    comparison: Comparison
    first: Callable[[float], Difference] | None = None

    @property
    def interval(self) -> Callable[[float], Difference]:
        """The difference and its two-sided interval at a confidence."""
        return self.comparison.interval

    @property
    def test(self) -> str:
        """The name of the test of no difference."""
        return self.comparison.test

    @property
    def unit(self) -> str:
        """What was sampled independently: "episode" or "request"."""
        return self.comparison.unit

    @property
    def p(self) -> float:
        """The two-sided p of no difference, by `test`."""
        return self.comparison.p

    @property
    def difference(self) -> Difference:
        """The difference with its 95 % interval."""
        return self.comparison.difference

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest difference, had the exclusions of each cell gone either way."""
        weights = WEIGHTS[len(self.rates)]
        ends = [
            sorted((weight * rate.bounds[0], weight * rate.bounds[1]))
            for weight, rate in zip(weights, self.rates, strict=True)
        ]
        return sum(low for low, _ in ends), sum(high for _, high in ends)

    @property
    def excluded(self) -> int:
        """The number of excluded episodes in all its cells."""
        return sum(sum(rate.excluded.values()) for rate in self.rates)


def observe(instance: Instance, values: Values = no_requests, *, quick: bool = False) -> Observation:
    """What is stored of a contrast; `quick` takes Fisher's test of independent episodes whatever the n."""
    rates = tuple(rate_of(cell.tally, instance.measure) for cell in instance.cells)
    counts = [Count(rate.k, rate.n) for rate in rates]
    by_request = [values(cell, instance.measure) for cell in instance.cells]
    shared = all(requests is not None for requests in by_request)

    def compare(cells: int) -> Comparison:
        if shared:
            return compare_requests(cast("list[ByRequest]", by_request[:cells]))
        return compare_episodes(counts[:cells], quick=quick)

    return Observation(rates, compare(len(rates)), compare(2).interval if len(rates) > 2 else None)
