"""How often `hanlon fork` finds a decisive turn that is there, claims one that is not, and covers the truth.

Rehearsals draw the children of parents whose rates by turn are known, and ask the code that prints the table. Planted:
all parents keep a rate until one reply and another after it; by parent: each parent has a decisive reply of its own.
None planted: each parent keeps its own rate at all turns. Coverage is that of 95 % intervals over parents whose rates
are drawn from a beta distribution, of rates and of jumps; the percentile bootstrap stands beside. Shares have Wilson
95 % intervals.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from arguments import read_arguments
from hanlon.analysis.stats.by_request import bootstrap
from hanlon.analysis.stats.clusters import mean_difference, mean_rate
from hanlon.analysis.stats.rates import wilson
from hanlon.fork.curves import Curve
from hanlon.fork.jumps import parent_rows, turn_rows
from hanlon.store.tally import Count

if TYPE_CHECKING:
    from numpy.random import Generator

REPLIES = 7
SPREADS = (0.0, 0.05, 0.2)
"""Share of the variance of one draw that lies between parents."""


def drawn_rates(rng: "Generator", mean: float, spread: float, parents: int) -> list[float]:
    """A rate for each parent."""
    if not spread:
        return [mean] * parents
    weight = (1 - spread) / spread
    return [float(rate) for rate in rng.beta(mean * weight, (1 - mean) * weight, parents)]


def drawn_curves(rng: "Generator", rates: Sequence[Sequence[float]], draws: int) -> list[Curve]:
    """The curves of parents with these rates by turn; all of them are cases."""
    return [
        Curve(
            "rehearsed",
            index,
            len(of_parent),
            {turn: Count(int(rng.binomial(draws, rate)), draws) for turn, rate in enumerate(of_parent)},
            end=True,
        )
        for index, of_parent in enumerate(rates)
    ]


def share(hits: Sequence[bool]) -> str:
    """A share with its interval."""
    lo, hi = wilson(sum(hits), len(hits))
    return f"{100 * fmean(hits):5.1f} % [{100 * lo:.1f}, {100 * hi:.1f}]"


def found(rng: "Generator", before: float, after: float, spread: float, parents: int, draws: int) -> bool:
    """Whether the largest jump over parents is claimed and is the planted one."""
    decisive = int(rng.integers(0, REPLIES - 1))
    low, high = drawn_rates(rng, before, spread, parents), drawn_rates(rng, after, spread, parents)
    rates = [
        [a if turn <= decisive else b for turn in range(REPLIES)] for a, b in zip(low, high, strict=True)
    ]
    rows = [row for row in turn_rows(drawn_curves(rng, rates, draws)) if row.jump]
    best = max(rows, key=lambda row: abs(row.jump.value) if row.jump else 0.0)
    return best.is_claimed and best.turn == decisive


def found_by_parent(rng: "Generator", before: float, after: float, parents: int, draws: int) -> float:
    """The share of parents whose own decisive reply is claimed."""
    decisive = [int(rng.integers(0, REPLIES - 1)) for _ in range(parents)]
    rates = [[before if turn <= reply else after for turn in range(REPLIES)] for reply in decisive]
    rows = parent_rows(drawn_curves(rng, rates, draws))
    return fmean(row.is_claimed and row.reply == decisive[row.curve.index] for row in rows)


def claimed(rng: "Generator", mean: float, spread: float, parents: int, draws: int) -> tuple[bool, bool]:
    """Whether any jump is claimed where none is planted: over parents, and in some parent."""
    rates = [[rate] * REPLIES for rate in drawn_rates(rng, mean, spread, parents)]
    of_parents = drawn_curves(rng, rates, draws)
    return (
        any(row.is_claimed for row in turn_rows(of_parents)),
        any(row.is_claimed for row in parent_rows(of_parents)),
    )


def covered(
    rng: "Generator", before: float, after: float, spread: float, parents: int, draws: int
) -> tuple[bool, bool, bool]:
    """Whether the intervals of a rate, of a jump, and the bootstrap's of the rate hold the truth."""
    low, high = drawn_rates(rng, before, spread, parents), drawn_rates(rng, after, spread, parents)
    counts = [
        (Count(int(rng.binomial(draws, a)), draws), Count(int(rng.binomial(draws, b)), draws))
        for a, b in zip(low, high, strict=True)
    ]
    rate, jump = mean_rate([count for count, _ in counts]), mean_difference(counts)
    lo, hi = bootstrap(tuple(count.k / count.n for count, _ in counts))
    return rate.lo <= before <= rate.hi, jump.lo <= after - before <= jump.hi, lo <= before <= hi


def main() -> None:
    """Print the shares."""
    arguments = read_arguments(__doc__, rehearsals=2000)
    rehearsals = range(20 if arguments.smoke else arguments.rehearsals)
    rng, parents, draws = np.random.default_rng(20260624), 8, 20
    print(f"{parents} parents x {draws} draws, {REPLIES} turns, {len(rehearsals)} rehearsals each")
    for before, after in ((0.1, 0.9), (0.3, 0.95), (0.1, 0.5)):
        for spread in SPREADS:
            hits = [found(rng, before, after, spread, parents, draws) for _ in rehearsals]
            print(
                f"planted {before:.2f} to {after:.2f}, between parents {spread:.2f}: found in {share(hits)}"
            )
        alone = fmean(found_by_parent(rng, before, after, parents, draws) for _ in rehearsals)
        print(
            f"planted {before:.2f} to {after:.2f} by parent: found by itself in {100 * alone:.1f} % of parents"
        )
    for mean in (0.05, 0.2, 0.5, 0.9):
        for spread in SPREADS:
            over, single = zip(*(claimed(rng, mean, spread, parents, draws) for _ in rehearsals), strict=True)
            print(
                f"none planted, rate {mean:.2f}, between parents {spread:.2f}: claimed over parents in {share(over)}, "
                f"in some parent in {share(single)}"
            )
    for before, after in ((0.1, 0.5), (0.2, 0.8), (0.35, 0.35), (0.5, 0.9)):
        for spread in SPREADS:
            hits = [covered(rng, before, after, spread, parents, draws) for _ in rehearsals]
            rate, jump, resampled = zip(*hits, strict=True)
            print(
                f"covered, {before:.2f} to {after:.2f}, between parents {spread:.2f}: rate {share(rate)}, jump "
                f"{share(jump)}, bootstrap of the rate {share(resampled)}"
            )


if __name__ == "__main__":
    main()
