"""What two cells can show at some n: the power for two rates, the least change from one, and the n that a change needs.

The normal approximation finds them, and simulation with the test that contrasts use confirms them: Fisher's exact test
(Boschloo's is a little more powerful), or sign flips over requests where the cells share them.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Literal, cast

from hanlon.analysis.stats.comparison import compare_episodes, compare_requests
from hanlon.design.request_rates import REQUEST_SD, cases_by_request, episodes_by_request, expected_effect
from hanlon.store.tally import Count

WANTED, ALPHA = 0.8, 0.05
DRAWS, REQUEST_DRAWS = 400, 100
"""Simulated pairs for one power: a standard error of 2 and of 4 points at 80 %."""
SEED = 20250705
MOST = 100_000
"""Episodes a cell beyond which no n is looked for."""
SIMULATED = 3000
"""Episodes a cell beyond which nothing is simulated: exact tests take long, and the approximation is close."""
STEP = 0.03
"""By this share an n or a change grows until a simulation confirms it."""
Way = Literal["fall", "rise"]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is independent: episodes, or so many `requests` whose rates differ by a standard deviation, in logits."""

    requests: int | None = None
    request_sd: float = REQUEST_SD


EPISODE = Unit()


@lru_cache(maxsize=65_536)
def approximate_power(base: float, treated: float, n: int, unit: Unit = EPISODE) -> float:
    """The power of a two-sided comparison of two rates at `n` episodes each by the normal approximation.

    That of statsmodels; by request that of a z test of the mean over requests.
    """
    from statsmodels.stats import proportion

    if base == treated:
        return ALPHA
    near_edge = 1e-9  # where both variances are 0 the formula divides by them
    base, treated = (min(max(rate, near_edge), 1 - near_edge) for rate in (base, treated))
    if unit.requests is None:
        power = cast(Any, proportion).power_proportions_2indep
        return float(power(treated - base, base, n, alpha=ALPHA, return_results=False))
    effect = expected_effect((-1.0, 1.0), (base, treated), n, unit.requests, unit.request_sd)
    return NormalDist().cdf(abs(effect.mean) / effect.error - NormalDist().inv_cdf(1 - ALPHA / 2))


@lru_cache(maxsize=4096)
def simulated_power(base: float, treated: float, n: int, unit: Unit = EPISODE) -> float:
    """The share of simulated pairs of cells that are told apart."""
    import numpy as np

    if unit.requests is not None:
        return _by_request((base, treated), n, unit)
    chance = np.random.default_rng(SEED)
    drawn = np.stack([chance.binomial(n, rate, DRAWS) for rate in (base, treated)], axis=1)
    pairs, times = np.unique(drawn, axis=0, return_counts=True)
    counts = ([Count(int(k1), n), Count(int(k2), n)] for k1, k2 in pairs)
    apart = [compare_episodes(pair, quick=True).p < ALPHA for pair in counts]
    return float((np.array(apart) * times).sum() / DRAWS)


def _by_request(rates: tuple[float, float], n: int, unit: Unit) -> float:
    import numpy as np

    chance = np.random.default_rng(SEED)
    episodes = episodes_by_request(n, unit.requests or 0)
    apart = 0
    for _ in range(REQUEST_DRAWS):
        shifts = chance.standard_normal(len(episodes))
        drawn = [cases_by_request(rate, episodes, shifts, unit.request_sd, chance) for rate in rates]
        means = [
            {str(number): [k / m] for number, (k, m) in enumerate(zip(cases, episodes, strict=True)) if m}
            for cases in drawn
        ]
        apart += compare_requests(means).p < ALPHA
    return apart / REQUEST_DRAWS


@lru_cache(maxsize=4096)
def least_change(
    base: float, n: int, way: Way, unit: Unit = EPISODE, *, simulate: bool = True
) -> float | None:
    """The rate nearest to `base` that `n` tells from it with a power of 80 %; None where not even 0 or 1 is.

    To a tenth of a point. Without `simulate`, and beyond `SIMULATED`, by the approximation alone.
    """
    edge = 0.0 if way == "fall" else 1.0
    near, far = 0.0, 1.0  # shares of the way to the edge
    for _ in range(20):
        middle = (near + far) / 2
        enough = approximate_power(base, base + middle * (edge - base), n, unit) >= WANTED
        near, far = (near, middle) if enough else (middle, far)
    simulate = simulate and n <= SIMULATED
    power = simulated_power if simulate else approximate_power
    while far < 1:
        treated = round(base + far * (edge - base), 3)
        if not simulate or power(base, treated, n, unit) >= WANTED:
            return treated
        far = min(1.0, far * (1 + STEP))
    return edge if power(base, edge, n, unit) >= WANTED else None


@lru_cache(maxsize=4096)
def n_needed(base: float, treated: float, unit: Unit = EPISODE, *, simulate: bool = True) -> int | None:
    """The n of each cell at which two rates are told apart with a power of 80 %; None where `MOST` is too few.

    Where cells share requests it is a multiple of these.
    """
    step = unit.requests or 1
    few, many = 0, MOST // step + 1
    while many - few > 1:
        middle = (few + many) // 2
        enough = middle * step > 1 and approximate_power(base, treated, middle * step, unit) >= WANTED
        few, many = (few, middle) if enough else (middle, many)
    while many * step <= MOST:
        small = many * step <= SIMULATED
        if not (simulate and small) or simulated_power(base, treated, many * step, unit) >= WANTED:
            return many * step
        many += max(1, round(STEP * many))
    return None
