"""Constrained maximum likelihood of binomial rates: all rates of a grid at once, within what a hypothesis allows.

The region is a set of linear inequalities, and the log-likelihood is concave, so that the maximum is the limit of
weighted projections (Newton's method with inequalities). A projection is a least distance problem, solved as
non-negative least squares: Lawson & Hanson, Solving Least Squares Problems (1974), chapter 23.
Inference under such constraints: Robertson, Wright & Dykstra, Order Restricted Statistical Inference (1988);
Silvapulle & Sen, Constrained Statistical Inference (2005).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS, CLOSE = 40, 1e-6
"""The most steps of a fit; the last moves no rate by more than this, or the deviance by no larger a share."""
SHARPER = 10.0
"""Each step's weights are those of rates so many times nearer to 0 or 1: a rate of 0 can leave it in the first ones."""
EDGE = 1e-9
"""Rates nearer to 0 or 1 than this are taken for this in a logarithm."""


@dataclass(frozen=True)
class Counts:
    """Cases `k` among `n` episodes of each rate."""

    k: "NDArray[Any]"
    n: "NDArray[Any]"

    @cached_property
    def rates(self) -> "NDArray[Any]":
        """k/n."""
        return self.k / self.n

    def deviance(self, rates: "NDArray[Any]") -> "NDArray[Any]":
        """Twice the log-likelihood that these rates fall short of k/n, for each rate."""
        from scipy.special import xlogy

        p = rates.clip(EDGE, 1 - EDGE)
        k, n, seen = self.k, self.n, self.rates
        return 2 * (xlogy(k, seen / p) + xlogy(n - k, (1 - seen) / (1 - p)))


@dataclass(frozen=True)
class Region:
    """The rates with `coefficients @ rates >= bounds`. Rows of coefficients are constraints."""

    coefficients: "NDArray[Any]"
    bounds: "NDArray[Any]"

    @cached_property
    def boxed(self) -> "tuple[NDArray[Any], NDArray[Any]]":
        """The constraints with those that keep a rate between 0 and 1."""
        import numpy as np

        size = self.coefficients.shape[1]
        return (
            np.vstack([self.coefficients, np.eye(size), -np.eye(size)]),
            np.concatenate([self.bounds, np.zeros(size), -np.ones(size)]),
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """The rates of a region that are nearest to the counts, and their deviance. None: the region is empty."""

    rates: "NDArray[Any]"
    deviance: float
    converged: bool = True


def fit(counts: Counts, region: Region, steps: int = STEPS) -> Fit | None:
    """The maximum likelihood of a region; None where no rates lie in it."""
    rates, deviance = (counts.k + 0.5) / (counts.n + 1), float("inf")
    for step in range(steps):
        edge = (0.5 / (counts.n + 1) * SHARPER**-step).clip(EDGE)
        p = rates.clip(edge, 1 - edge)
        stays = (rates <= EDGE) & (counts.k == 0) | (rates >= 1 - EDGE) & (counts.k == counts.n)
        exact = bool((stays | (p == rates) | (edge <= EDGE)).all())
        nearest = _project(
            *(_quadratic(counts, p) if step else (counts.rates, counts.n / (p * (1 - p)))), region
        )
        if nearest is None:
            return None
        if step:
            nearest, value = _shortened(counts, rates, nearest, deviance)
        else:
            value = float(counts.deviance(nearest).sum())
        moved, rates = float(abs(nearest - rates).max()), nearest
        if exact and (moved < CLOSE or abs(deviance - value) < CLOSE * max(value, 1.0)):
            return Fit(rates, min(value, deviance))
        deviance = value
    return Fit(rates, deviance, converged=False)


def _quadratic(counts: Counts, p: "NDArray[Any]") -> "tuple[NDArray[Any], NDArray[Any]]":
    """The lowest point of the quadratic function that has the deviance's slope and curvature at `p`, and its weights.

    With the expected curvature in place of the observed one, tied rates swing about their maximum, and one of no cases
    nears 0 in ever smaller steps.
    """
    k, n = counts.k, counts.n
    curvature = k / p**2 + (n - k) / (1 - p) ** 2
    return p + (k / p - (n - k) / (1 - p)) / curvature, curvature


def _shortened(
    counts: Counts, origin: "NDArray[Any]", target: "NDArray[Any]", deviance: float
) -> "tuple[NDArray[Any], float]":
    """The step to the target, halved until it does not worsen the fit."""
    for _ in range(12):
        value = float(counts.deviance(target).sum())
        if value <= deviance + CLOSE / 2:
            return target, value
        target = (origin + target) / 2
    return origin, deviance


def _project(target: "NDArray[Any]", weights: "NDArray[Any]", region: Region) -> "NDArray[Any] | None":
    """The point of a region with the least weighted squared distance from a target; None if the region is empty."""
    import numpy as np
    from scipy import optimize

    coefficients, bounds = region.boxed
    gap = bounds - coefficients @ target
    if (gap <= EDGE).all():
        return target
    scale = 1 / np.sqrt(weights)
    scaled = coefficients * scale
    lengths = np.sqrt((scaled**2).sum(axis=1))
    lengths[lengths == 0] = 1.0
    system = np.vstack([(scaled / lengths[:, None]).T, gap / lengths])
    goal = np.zeros(len(target) + 1)
    goal[-1] = 1.0
    solution, _ = cast(Any, optimize).nnls(system, goal)
    residual = system @ solution - goal
    if abs(residual[-1]) < 1e-12:
        return None
    point = target - residual[:-1] / residual[-1] * scale
    return point.clip(0.0, 1.0)
