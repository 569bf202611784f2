"""The alpha of planned looks at a sweep that is still sampling: a group-sequential boundary by alpha spending.

Source: Lan & DeMets, Biometrika 70 (1983) 659-663, with their spending function of the O'Brien-Fleming type: little is
spent early, so the last look is tested nearly as if there had been no other. A look spends what its share of the
episodes allows. The chance to cross first at a look comes from integrating over the paths that have crossed at none
before it (Armitage, McPherson & Rowe, JRSS A 132 (1969) 235-244).
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, cast

from hanlon.store.records import SweepRecord

ALPHA = 0.05
"""Two-sided, of all looks together, and of the one test of a sweep without looks."""
MOST_LOOKS = 20
"""With more, the first looks could stop nothing: 20 spend 1e-23 at the first."""
NODES = 200
"""Of the Gauss-Legendre quadrature between the bounds. Up to 20 looks, 400 nodes change no alpha by 1e-9."""
FARTHEST = 38.0
"""Standard deviations beyond which a normal tail is 0 in floating point."""


@lru_cache
def nominal_alphas(looks: int, alpha: float = ALPHA) -> tuple[float, ...]:
    """The two-sided alpha at which to test at each of several equally spaced looks, the last one being the end.

    The chance that a true null hypothesis is rejected at any of them is `alpha`.

    Raises:
        ValueError: fewer than 1 look or more than 20, or an alpha that is not above 0 and below 1.
    """
    if not 1 <= looks <= MOST_LOOKS or not 0 < alpha < 1:
        raise ValueError(
            f"looks are 1 to {MOST_LOOKS} and alpha lies between 0 and 1, not looks={looks}, alpha={alpha}"
        )
    from scipy import special

    return tuple(2 * float(special.ndtr(-bound)) for bound in _bounds(looks, alpha))


def alpha_of(
    sweep: SweepRecord, episodes_a_cell: int, cells: Collection[str] = (), alpha: float = ALPHA
) -> float:
    """The alpha at which to test what a sweep has stored: that of the last look that its episodes have reached.

    Before the first look it is that of the first. A sweep without planned looks has the whole `alpha`.

    Args:
        sweep: its record, with the looks that were written down before its first call.
        episodes_a_cell: the fewest that a cell has.
        cells: keys of the cells that are tested, by which their model's looks are found; without any, the first
            model's.
        alpha: of a sweep without looks.
    """
    plans = [plan for plan in sweep.looks if not cells or set(cells) & set(plan.cells)]
    if not plans:
        return alpha
    looks = plans[0].looks
    reached = [look for look in looks if look.n <= episodes_a_cell]
    return (reached[-1] if reached else looks[0]).alpha


def _spent(fraction: float, alpha: float) -> float:
    """Two-sided alpha spent by an information fraction: 2 - 2 Phi(z / sqrt(t)) of Lan & DeMets, for each side."""
    from scipy import special

    return 4 * float(special.ndtr(special.ndtri(alpha / 4) / fraction**0.5)) if fraction else 0.0


def _bounds(looks: int, alpha: float) -> list[float]:
    """The z at which each look stops. Between looks the sum of the data so far moves as Brownian motion."""
    import numpy as np
    from scipy import optimize, special

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    sums, chances = np.zeros(1), np.ones(1)  # of the paths that have crossed at no look so far
    step = (1 / looks) ** 0.5
    bounds: list[float] = []
    for number in range(looks):
        root = ((number + 1) / looks) ** 0.5
        spend = _spent((number + 1) / looks, alpha) - _spent(number / looks, alpha)

        def excess(
            z: float, sums: Any = sums, chances: Any = chances, root: float = root, s: float = spend
        ) -> float:
            tails = special.ndtr((sums - z * root) / step) + special.ndtr((-sums - z * root) / step)
            return float(np.sum(chances * tails)) - s

        bounds.append(float(cast(Any, optimize).brentq(excess, 0.0, FARTHEST)))
        edge = bounds[-1] * root
        moves = (edge * nodes[:, None] - sums[None, :]) / step
        density = np.exp(-(moves**2) / 2) / (step * (2 * np.pi) ** 0.5)
        sums, chances = edge * nodes, edge * weights * (density @ chances)
    return bounds
