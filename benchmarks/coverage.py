"""How often the interval of a ratio, and so of the share removed, holds the true one.

Two simulations at 95 %: independent episodes, and shared requests with repeats, where requests differ (logit-normal)
and a request that resists in one cell tends to in the other. A draw without a case in the base cell has no ratio and is
left out. Beside the interval by request stands a bootstrap-t over the same requests, at fewer draws. Fails where a mean
lies outside 93 to 97 %.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np
from scipy.optimize import brentq

from arguments import is_smoke
from hanlon.analysis.stats.ratios import Ratio, rate_ratio, ratio_by_request

LOW, HIGH = 0.93, 0.97
BASE_RATES = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9)
RATIOS = (0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
EPISODES, REQUESTS, REPEATS = (50, 100, 200, 1000), (20, 50, 100, 200), (1, 3)
SPREAD, SHARED = 1.5, 0.8
"""The standard deviation of requests in logits, and how much of it both cells share."""
RESAMPLES = 999
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True)
class Setting:
    """What is drawn: `n` episodes or requests a cell, `repeats` of each request, the base rate and the true ratio."""

    n: int
    repeats: int
    base: float
    ratio: float

    @property
    def name(self) -> str:
        """The setting in words."""
        return f"n={self.n}, repeats={self.repeats}, base {self.base:g}, ratio {self.ratio:g}"

    @property
    def treated_cases(self) -> float:
        """How many cases the treated cell has on average."""
        return self.n * self.repeats * self.base * self.ratio


Draw = Callable[[Setting, Any], Ratio]


def independent(setting: Setting, draw: Any) -> Ratio:
    """The interval of two cells of independent episodes."""
    k1, k2 = (int(draw.binomial(setting.n, rate)) for rate in (setting.base * setting.ratio, setting.base))
    return rate_ratio(k1, setting.n, k2, setting.n)


def by_request(setting: Setting, draw: Any) -> Ratio:
    """The interval of two cells that share their requests."""
    return ratio_by_request(*shared_requests(setting, draw))


def bootstrap_t(setting: Setting, draw: Any) -> Ratio:
    """A bootstrap-t over requests of the ratio of means, with the delta method's standard error.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), 12.5. Resamples without spread are left out.
    """
    treated, base = (np.array(means) for means in shared_requests(setting, draw))
    if not base.sum():
        return Ratio(None, 0.0, np.inf)
    weights = draw.multinomial(len(base), np.full(len(base), 1 / len(base)), size=RESAMPLES)
    ratio, error = studentised(np.ones((1, len(base))), treated, base)
    ratios, errors = studentised(weights, treated, base)
    with np.errstate(divide="ignore", invalid="ignore"):
        pivots = (ratios - ratio) / errors
    lo, hi = np.quantile(pivots[np.isfinite(pivots)], [0.025, 0.975]) if np.isfinite(pivots).any() else (0, 0)
    return Ratio(float(ratio[0]), float((ratio - hi * error)[0]), float((ratio - lo * error)[0]))


def studentised(weights: Any, treated: Any, base: Any) -> tuple[Any, Any]:
    """The ratio of means and its standard error for each row of weights."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (weights @ treated) / (weights @ base)
        squares = (
            weights @ treated**2 - 2 * ratio * (weights @ (treated * base)) + ratio**2 * (weights @ base**2)
        )
        return ratio, np.sqrt(np.maximum(squares, 0)) / (weights @ base)


def shared_requests(setting: Setting, draw: Any) -> tuple[list[float], list[float]]:
    """The treated and the base mean of each request."""
    first = draw.normal(size=setting.n)
    second = SHARED * first + np.sqrt(1 - SHARED**2) * draw.normal(size=setting.n)
    means: list[list[float]] = []
    for deviation, rate in ((second, setting.base * setting.ratio), (first, setting.base)):
        rates = 1 / (1 + np.exp(-(centre(rate) + SPREAD * deviation))) if rate else np.zeros(setting.n)
        means.append((draw.binomial(setting.repeats, rates) / setting.repeats).tolist())
    return means[0], means[1]


@lru_cache
def centre(rate: float) -> float:
    """The mean in logits at which requests have this rate on average."""

    def excess(mean: float) -> float:
        return float(WEIGHTS @ (1 / (1 + np.exp(-(mean + SPREAD * NODES)))) / WEIGHTS.sum()) - rate

    return float(brentq(excess, -30, 30))


def coverage(interval: Draw, setting: Setting, draws: int) -> float:
    """The share of draws whose interval holds the true ratio."""
    draw = np.random.default_rng(20_260_101)
    ratios = [ratio for _ in range(draws) if (ratio := interval(setting, draw)).value is not None]
    return fmean(ratio.lo - 1e-9 <= setting.ratio <= ratio.hi + 1e-9 for ratio in ratios)


def report(title: str, interval: Draw, settings: list[Setting], draws: int) -> float:
    """Print the coverage by n and ratio, and where it is outside; returns the mean of settings with a ratio above 0."""
    covered = {setting: coverage(interval, setting, draws) for setting in settings}
    ratios = list(dict.fromkeys(setting.ratio for setting in settings))
    print(f"\n{title} ({draws} draws a setting)")
    print("| n | " + " | ".join(f"ratio {ratio:g}" for ratio in ratios) + " |")
    print("|---|" + "---|" * len(ratios))
    for n in dict.fromkeys(setting.n for setting in settings):
        means = (fmean(c for s, c in covered.items() if (s.n, s.ratio) == (n, ratio)) for ratio in ratios)
        print(f"| {n} | " + " | ".join(f"{mean:.1%}" for mean in means) + " |")
    counted = {setting: share for setting, share in covered.items() if setting.ratio}
    print(f"mean {fmean(counted.values()):.1%} over {len(counted)} settings with a ratio above 0")
    for bound in (1, 5):
        print_few_cases(counted, bound)
    low = sorted((pair for pair in counted.items() if pair[1] < LOW), key=lambda pair: pair[1])
    high = sorted((pair for pair in counted.items() if pair[1] > HIGH), key=lambda pair: -pair[1])
    for words, outside in ((f"below {LOW:.0%}", low), (f"above {HIGH:.0%}", high)):
        print(f"{words}: {len(outside)} settings")
        for setting, share in outside[:5]:
            print(f"  {setting.name}: {share:.1%}")
    return fmean(counted.values())


def print_few_cases(covered: Mapping[Setting, float], bound: int) -> None:
    """Print the coverage where fewer treated cases than `bound` are expected, and where more are."""
    few = [share for setting, share in covered.items() if setting.treated_cases < bound]
    many = [share for setting, share in covered.items() if setting.treated_cases >= bound]
    for words, shares in ((f"fewer than {bound}", few), (f"{bound} or more", many)):
        if shares:
            print(f"{words} treated cases expected: mean {fmean(shares):.1%}, least {min(shares):.1%}")


def settings_of(
    sizes: tuple[int, ...], repeats: tuple[int, ...], ratios: tuple[float, ...]
) -> Iterator[Setting]:
    """All combinations with the base rates."""
    return (Setting(n, r, base, ratio) for n, r, base, ratio in product(sizes, repeats, BASE_RATES, ratios))


def main() -> int:
    """Run the simulations; 1 where a mean is outside the bounds."""
    smoke = is_smoke(__doc__)
    few = (0.0, 0.25, 1.0) if smoke else RATIOS
    episodes = list(settings_of(EPISODES[:1] if smoke else EPISODES, (1,), few))
    requests = list(settings_of(REQUESTS[:1] if smoke else REQUESTS, REPEATS, few))
    resampled = list(settings_of(REQUESTS[:1] if smoke else REQUESTS[::2], REPEATS, few))
    means = [
        report("Independent episodes, score interval", independent, episodes, 20 if smoke else 1000),
        report("By request, score interval", by_request, requests, 20 if smoke else 300),
    ]
    report("By request, bootstrap-t, for comparison", bootstrap_t, resampled, 5 if smoke else 100)
    return 0 if smoke or all(LOW <= mean <= HIGH for mean in means) else 1


if __name__ == "__main__":
    sys.exit(main())
