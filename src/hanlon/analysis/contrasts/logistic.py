"""A logistic model of a grid's counts, beside the effects on the probability scale, where one can be fitted.

Its odds ratios do not depend on how near a base rate is to 0 or 1; where a combination of factors has no case, or
nothing but cases, they have no finite value, and the model says so.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import msgspec

from hanlon.analysis.contrasts.factorial import corners_of
from hanlon.analysis.contrasts.grid import RANDOM, Grid
from hanlon.store.tally import Count

EDGE = 1e-6
"""A fitted probability as near as this to 0 or 1 is one that the fit was still moving there."""


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """The odds ratio of one level against its reference, or of two together beyond their product, with Wald limits.

    `changed` holds each factor with its two levels.
    """

    changed: Mapping[str, tuple[Any, Any]]
    ratio: float
    lo: float
    hi: float
    p: float


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A fitted model. `problem` says why it has no odds ratios, or only why it has no interactions.

    The wording is one more factor of it, whose odds ratios are left out.
    """

    measure: str
    cells: int
    episodes: int
    odds_ratios: tuple[OddsRatio, ...] = ()
    problem: str | None = None


MOST_INTERACTIONS = 60
"""Above it they are left out: hundreds of odds ratios beside each other are noise, and take longer than all else."""

Columns = tuple[tuple[str, str], ...]
"""What a column of the design is on: (factor, level as JSON) pairs, one for a main effect, two for an interaction."""


def logistic(grid: Grid, measure: str, factors: Sequence[str] = (), level: float = 0.95) -> LogisticModel:
    """Fit the grid's counts with main effects and two-way interactions, or with main effects alone (statsmodels GLM).

    `factors` limits the interactions. Every factor that varies has its main effect. Interactions are left out if the
    cells cannot tell them apart, or have no cases or only cases.
    """
    counts = [cell.tally.measures.get(measure, Count()) for cell in grid.cells]
    filled = [(point, count) for point, count in zip(grid.points, counts, strict=True) if count.n]
    mains: list[Columns] = [((name, to),) for name, levels in grid.varied.items() for to in levels[1:]]
    wanted = [
        main[0] for main in mains if main[0][0] not in RANDOM and main[0][0] in (factors or grid.varied)
    ]
    together = [
        pair for pair in combinations(wanted, 2) if pair[0][0] != pair[1][0] and any(corners_of(grid, pair))
    ]
    counted = (measure, len(filled), sum(count.n for _, count in filled))
    problem = None if together else "no context has both factors in all combinations"
    if len(together) > MOST_INTERACTIONS:
        together, problem = [], f"{len(together)} are too many for one model; name fewer factors"
    for columns in ([*mains, *together], mains) if together else (mains,):
        fitted = _fitted(grid, filled, columns, level)
        if not isinstance(fitted, str):
            return LogisticModel(
                *counted, tuple(odds for odds in fitted if not set(odds.changed) & set(RANDOM)), problem
            )
        problem = fitted
    return LogisticModel(*counted, problem=problem)


def _fitted(
    grid: Grid, filled: Sequence[tuple[Mapping[str, str], Count]], columns: Sequence[Columns], level: float
) -> list[OddsRatio] | str:
    """The odds ratios of the columns, or why they have none."""
    import numpy as np
    from statsmodels.genmod import families, generalized_linear_model

    rows = [[1.0, *(float(all(p[n] == to for n, to in column)) for column in columns)] for p, _ in filled]
    design = np.array(rows)
    if len(rows) < len(columns) + 1 or np.linalg.matrix_rank(design) < len(columns) + 1:
        return "the grid's cells do not tell all its factors apart"
    observed = np.array([[count.k, count.n - count.k] for _, count in filled])
    glm = cast(Any, generalized_linear_model).GLM(observed, design, family=cast(Any, families).Binomial())
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # separation is looked for below, whatever a version of statsmodels says of it
        try:
            fit = glm.fit(maxiter=100)
        except (np.linalg.LinAlgError, ValueError):
            return "the fit failed"
    if float(fit.fittedvalues.min()) < EDGE or float(fit.fittedvalues.max()) > 1 - EDGE or not fit.converged:
        edge = sum(count.k in (0, count.n) for _, count in filled)
        return f"separation: {edge} of {len(filled)} cells have no case or nothing but cases"
    limits = fit.conf_int(alpha=1 - level)
    return [
        OddsRatio(
            {n: (msgspec.json.decode(grid.varied[n][0]), msgspec.json.decode(to)) for n, to in column},
            float(np.exp(fit.params[number])),
            float(np.exp(limits[number][0])),
            float(np.exp(limits[number][1])),
            float(fit.pvalues[number]),
        )
        for number, column in enumerate(columns, 1)
    ]
