"""Tests that something is absent: two rates are nearly equal, or a behaviour vanishes.

Two rates are equal within a margin if their difference is below the margin and above its opposite: two one-sided tests
by confidence interval (Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680). Of independent rates
take a score interval: Wald's has no width at 0/n. A result is `held`, `failed`, or `undetermined` where the data allow
either.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from hanlon.analysis.stats.differences import Difference

Result = Literal["held", "failed", "undetermined"]
LEAST_ALPHA, MOST_ALPHA = 1e-9, 0.5
DIGITS = 1e-4
"""To which the base-10 logarithm of an inverted p is found."""


def p_below(interval: Callable[[float], Difference], bound: float) -> float:
    """The p that a difference is below `bound`: the smallest alpha at which its one-sided upper limit is.

    Args:
        interval: the two-sided interval at any confidence.
        bound: a fraction.
    """
    return _smallest_alpha(lambda level: interval(level).hi - bound)


def p_above(interval: Callable[[float], Difference], bound: float) -> float:
    """The p that a difference is above `bound`; see `p_below`."""
    return _smallest_alpha(lambda level: bound - interval(level).lo)


def _smallest_alpha(excess: Callable[[float], float]) -> float:
    """The smallest alpha at which the interval at 1 - 2 alpha has no excess (which is below 0 then)."""
    from scipy import optimize

    def of(log_alpha: float) -> float:
        return excess(1 - 2 * 10**log_alpha)

    least, most = math.log10(LEAST_ALPHA), math.log10(MOST_ALPHA) - 1e-9
    if of(most) >= 0:
        return 1.0
    if of(least) < 0:
        return LEAST_ALPHA
    return float(10 ** cast(Any, optimize).brentq(of, least, most, xtol=DIGITS))


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Whether a behaviour that the control shows is gone under treatment, each by an exact one-sided test at `alpha`.

    `treated_lo` and `treated_hi` are the one-sided bounds of the treated rate (Clopper-Pearson). `p` is the larger one
    of the two tests'. `control_worked` says that the control's rate is shown to be above the margin.
    """

    treated_lo: float
    treated_hi: float
    p: float
    result: Result
    control_worked: bool


def vanishes(
    control_k: int, control_n: int, treated_k: int, treated_n: int, margin: float, alpha: float = 0.05
) -> Vanishing:
    """Whether the control's rate is above `margin` and the treated one below it; both must be shown.

    An intersection-union test, so neither part needs a correction (Berger, Technometrics 24 (1982) 295-300). The
    bounds are exact because Wilson's one-sided upper bound at 0/n lies too low (2.6 % for 0/100, exact 3.0 %).
    Without a control that is above the margin nothing is determined.

    Raises:
        ValueError: the margin is not above 0 and below 1.
    """
    if not 0 < margin < 1:
        raise ValueError(
            f"a margin is a fraction above 0 and below 1, such as 0.05 for 5 points; not {margin}."
        )
    control_lo, _ = one_sided_bounds(control_k, control_n, alpha)
    treated_lo, treated_hi = one_sided_bounds(treated_k, treated_n, alpha)
    worked = control_lo > margin
    if not worked:
        result: Result = "undetermined"
    else:
        result = "held" if treated_hi < margin else "failed" if treated_lo > margin else "undetermined"
    p = max(_exact_p(control_k, control_n, margin, "greater"), _exact_p(treated_k, treated_n, margin, "less"))
    return Vanishing(treated_lo, treated_hi, p, result, worked)


def one_sided_bounds(k: int, n: int, alpha: float) -> tuple[float, float]:
    """The lower and the upper exact bound, each wrong with a probability of at most `alpha`."""
    from statsmodels.stats import proportion

    if n == 0:
        return 0.0, 1.0
    lo, hi = cast(Any, proportion).proportion_confint(k, n, alpha=2 * alpha, method="beta")
    return float(lo), float(hi)


def _exact_p(k: int, n: int, margin: float, alternative: str) -> float:
    from scipy import stats

    return 1.0 if n == 0 else float(cast(Any, stats).binomtest(k, n, margin, alternative).pvalue)
