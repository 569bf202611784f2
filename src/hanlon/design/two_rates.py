"""What a comparison of two rates can show at some n: the power of our own tests, and the n that it takes.

Power is by simulation with the tests that a verdict uses (Fisher's exact test and Newcombe's interval; Boschloo's is a
little more powerful than Fisher's), or by the normal approximation of statsmodels.
"""

from functools import lru_cache
from typing import Any, Literal, cast

from hanlon.analysis.stats.differences import difference, fisher
from hanlon.analysis.stats.equivalence import vanishes

WANTED = 0.8
DRAWS = 400
"""Simulated pairs for one power: a standard error of 2 points at 80 %."""
SEED = 20250705
MOST = 100_000
"""Episodes a cell beyond which no n is looked for."""
Way = Literal["fall", "rise"]


@lru_cache(maxsize=4096)
def approximate_power(base: float, treated: float, n: int, alpha: float = 0.05) -> float:
    """The power of a two-sided comparison of two rates at `n` episodes each, by statsmodels' normal approximation."""
    from statsmodels.stats import proportion

    if base == treated:
        return alpha
    near_edge = 1e-9  # where both variances are 0 the formula divides by them
    base, treated = (min(max(rate, near_edge), 1 - near_edge) for rate in (base, treated))
    power = cast(Any, proportion).power_proportions_2indep
    return float(power(treated - base, base, n, alpha=alpha, return_results=False))


@lru_cache(maxsize=4096)
def simulated_power(base: float, treated: float, n: int, alpha: float = 0.05, draws: int = DRAWS) -> float:
    """The share of simulated pairs of cells that Fisher's exact test tells apart at `alpha`."""
    import numpy as np

    chance = np.random.default_rng(SEED)
    pairs = zip(chance.binomial(n, treated, draws), chance.binomial(n, base, draws), strict=True)
    return sum(fisher(int(k2), n, int(k1), n) < alpha for k2, k1 in pairs) / draws


@lru_cache(maxsize=4096)
def n_needed(base: float, treated: float, alpha: float = 0.05) -> int:
    """The n of each cell at which these rates are told apart with a power of 80 % (normal approximation)."""
    n = 10
    while approximate_power(base, treated, n, alpha) < WANTED and n < MOST:
        n = int(n * 1.1) + 1
    return n


@lru_cache(maxsize=4096)
def least_margin(base: float, n: int, alpha: float = 0.05) -> float:
    """The smallest margin within which equal rates are shown to lie with a power of 80 % (two one-sided tests)."""
    import numpy as np

    chance = np.random.default_rng(SEED)
    draws = DRAWS // 2
    pairs = zip(chance.binomial(n, base, draws), chance.binomial(n, base, draws), strict=True)
    intervals = (difference(int(k2), n, int(k1), n, 1 - 2 * alpha) for k2, k1 in pairs)
    return float(np.quantile([max(-interval.lo, interval.hi) for interval in intervals], WANTED))


@lru_cache(maxsize=4096)
def power_to_vanish(base: float, n: int, margin: float, alpha: float = 0.05) -> float:
    """How often a rate that falls from `base` to 0 is shown to vanish: base above, treated below the margin."""
    import numpy as np

    chance = np.random.default_rng(SEED)
    drawn = np.unique(chance.binomial(n, base, DRAWS), return_counts=True)  # a count is judged once
    held = (
        times
        for k, times in zip(*drawn, strict=True)
        if vanishes(int(k), n, 0, n, margin, alpha).result == "held"
    )
    return int(sum(held)) / DRAWS


@lru_cache(maxsize=4096)
def n_to_vanish(base: float, margin: float, alpha: float = 0.05) -> int | None:
    """The n of each cell at which that has a power of 80 %, within a tenth; None where the base is below the margin."""
    if base <= margin:
        return None
    n = 20
    while power_to_vanish(base, n, margin, alpha) < WANTED:
        if n > MOST:
            return None
        n = int(n * 1.1) + 1
    return n
