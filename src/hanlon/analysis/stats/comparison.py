"""Compare cells by one measure: the difference, its interval at any confidence, and the p of no difference.

One comparison stands behind contrasts, gaps and verdicts. Where cells share their requests, the request is the unit
(bootstrap and sign flips over requests); else all episodes are independent (Newcombe, Boschloo or Fisher).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from hanlon.analysis.stats.by_request import BOOTSTRAP, SAME, ByRequest, bootstrap, flip_p, shared_means
from hanlon.analysis.stats.differences import (
    BOSCHLOO_LIMIT,
    Difference,
    Term,
    boschloo,
    difference,
    fisher,
    inverted_p,
    linear_combination,
)
from hanlon.analysis.stats.ratios import Ratio, rate_ratio, ratio_by_request
from hanlon.store.tally import Count

WEIGHTS = {2: (-1.0, 1.0), 4: (1.0, -1.0, -1.0, 1.0)}
"""Of base and treated in a difference; of two pairs in a change, which is the second difference minus the first."""
FISHER, BOSCHLOO = "Fisher", "Boschloo"
NO_REQUEST = "no request in all cells"
BY_REQUEST = "Newcombe, n = requests"
"""The interval where every request has the same effect, so that the bootstrap has no width."""


@dataclass(frozen=True)
class Comparison:
    """The treated cell's rate minus the base's, or how far one such difference is beyond another.

    Args:
        interval: the difference with its two-sided interval at a confidence.
        test: the name of the test of no difference.
        unit: what was sampled independently: "episode" or "request".
        units: how many requests all cells share; 0 where the unit is the episode.
        compute_p: the two-sided p of no difference; it may take long, so it waits until it is asked for.
        level: the confidence of `difference` and `ratio`.
        ratio_interval: the ratio of treated to base with its interval at a confidence; None for a change.
    """

    interval: Callable[[float], Difference]
    test: str
    unit: str
    units: int
    compute_p: Callable[[], float]
    level: float = 0.95
    ratio_interval: Callable[[float], Ratio] | None = None

    @cached_property
    def p(self) -> float:
        """The two-sided p of no difference, by `test`."""
        return self.compute_p()

    @cached_property
    def difference(self) -> Difference:
        """The difference with its interval at `level`."""
        return self.interval(self.level)

    @cached_property
    def ratio(self) -> Ratio | None:
        """The ratio with its interval at `level`; None for a change of one difference from another."""
        return self.ratio_interval and self.ratio_interval(self.level)


def compare_episodes(counts: Sequence[Count], level: float = 0.95, *, quick: bool = False) -> Comparison:
    """Compare independent episodes of a base and a treated cell, or of two such pairs.

    Newcombe's interval, and Boschloo's test or (`quick`, and at large n) Fisher's; of a change MOVER, inverted for p.
    """
    if len(counts) > 2:
        terms = [Term(weight, c.k, c.n) for weight, c in zip(WEIGHTS[len(counts)], counts, strict=True)]

        def change(at: float) -> Difference:
            return linear_combination(terms, at)

        return Comparison(change, "the interval, inverted", "episode", 0, lambda: inverted_p(change), level)
    base, treated = counts
    table = (treated.k, treated.n, base.k, base.n)
    if quick or treated.n * base.n > BOSCHLOO_LIMIT:
        test, exact_p = FISHER, fisher
    else:
        test, exact_p = BOSCHLOO, boschloo
    return Comparison(
        lambda at: difference(*table, at),
        test,
        "episode",
        0,
        lambda: exact_p(*table),
        level,
        lambda at: rate_ratio(*table, at),
    )


def compare_requests(cells: Sequence[ByRequest], level: float = 0.95) -> Comparison:
    """Compare a base and a treated cell, or two such pairs, over the requests that all of them share.

    Where the effect is the same for every request the bootstrap has no width. The interval is then Newcombe's (MOVER's
    for a change) for as many independent episodes as there are requests, since repeats of a request may be copies.
    """
    means = shared_means(cells)
    weights = WEIGHTS[len(cells)]
    effects = tuple(
        sum(weight * mean for weight, mean in zip(weights, request, strict=True))
        for request in zip(*means, strict=True)
    )
    n = len(effects)

    def interval(at: float) -> Difference:
        if not n:
            return Difference(None, -1.0, 1.0, at, NO_REQUEST)
        if max(effects) - min(effects) < SAME:
            terms = [Term(weight, sum(cell), n) for weight, cell in zip(weights, means, strict=True)]
            alike = linear_combination(terms, at)
            return Difference(fmean(effects), alike.lo, alike.hi, at, BY_REQUEST)
        return Difference(fmean(effects), *bootstrap(effects, at), at, BOOTSTRAP)

    def ratio(at: float) -> Ratio:
        base, treated = means
        return ratio_by_request(treated, base, at)

    paired_ratio = ratio if len(cells) == 2 else None
    return Comparison(interval, "sign flips", "request", n, lambda: flip_p(effects), level, paired_ratio)
