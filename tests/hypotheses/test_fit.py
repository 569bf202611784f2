"""The constrained fit against other optimisers, its p where the truth lies on the border, and the sampling error."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import expit, logit

from hanlon.hypotheses.fit import Counts, Region, fit
from hanlon.hypotheses.rivals import p_of
from hanlon.hypotheses.sampling_error import WOBBLE, SamplingError
from support.rivals import observed_of

CLOSE = 1e-3
"""Of deviance. The fit stops where a step gains less than a thousandth of that, or a millionth of a large one."""


@st.composite
def counts_and_region(draw: st.DrawFn) -> tuple[Counts, Region]:
    """Counts of two to six rates, none and all included, and up to six constraints that some rates fulfil."""
    size = draw(st.integers(2, 6))
    n = np.array([draw(st.sampled_from([1, 5, 40, 300, 1000])) for _ in range(size)], dtype=float)
    k = np.array(
        [draw(st.one_of(st.just(0), st.just(int(m)), st.integers(0, int(m)))) for m in n], dtype=float
    )
    inside = np.array([draw(st.floats(0.02, 0.98)) for _ in range(size)])
    rows: list[Any] = []
    for _ in range(draw(st.integers(0, 6))):
        row = np.zeros(size)
        first, second = draw(st.permutations(range(size)))[:2]
        row[first], row[second] = draw(st.sampled_from([1.0, 0.75, 0.3])), -draw(st.sampled_from([1.0, 0.5]))
        rows.append(row if row @ inside >= 0 else -row)
    slack = [draw(st.floats(0, 1)) for _ in rows]
    coefficients = np.array(rows).reshape(len(rows), size)
    return Counts(k, n), Region(coefficients, coefficients @ inside * np.array(slack))


def feasible(region: Region, rates: Any) -> bool:
    """Whether rates lie in a region, but for rounding."""
    coefficients, bounds = region.boxed
    return bool((coefficients @ rates >= bounds - 1e-8).all())


def least_deviance(counts: Counts, region: Region) -> float:
    """The least deviance that SLSQP finds from several starts; infinite where it finds no feasible rates."""
    found: list[float] = []
    for start in (np.full(len(counts.n), 0.5), (counts.k + 0.5) / (counts.n + 1)):
        result = optimize.minimize(
            lambda p: float(counts.deviance(p).sum()),
            start.clip(1e-6, 1 - 1e-6),
            method="SLSQP",
            bounds=[(1e-9, 1 - 1e-9)] * len(counts.n),
            constraints=[{"type": "ineq", "fun": lambda p: region.coefficients @ p - region.bounds}]
            if len(region.bounds)
            else [],
            options={"maxiter": 500, "ftol": 1e-12},
        )
        if feasible(region, result.x):
            found.append(float(counts.deviance(result.x).sum()))
    return min(found, default=float("inf"))


@settings(max_examples=60, deadline=None)
@given(counts_and_region())
def test_no_other_optimiser_finds_a_better_fit(case: tuple[Counts, Region]) -> None:
    """Feasible, and with no more deviance than SLSQP's; the deviance is that of its rates."""
    counts, region = case
    nearest = fit(counts, region)
    assert nearest is not None
    assert feasible(region, nearest.rates)
    assert nearest.converged
    other = least_deviance(counts, region)
    assert nearest.deviance <= other + CLOSE * (1 + 0.1 * other)
    assert nearest.deviance == pytest.approx(float(counts.deviance(nearest.rates).sum()), abs=CLOSE)


@settings(max_examples=30, deadline=None)
@given(counts_and_region(), st.integers(0, 2**32 - 1))
def test_no_rates_of_the_region_fit_better(case: tuple[Counts, Region], seed: int) -> None:
    """Random rates, those drawn towards the fit included, are never better where they are feasible."""
    counts, region = case
    nearest = fit(counts, region)
    assert nearest is not None
    chance = np.random.default_rng(seed)
    for weight in (1.0, 0.3, 0.03, 0.003):
        tried = nearest.rates + weight * (chance.random((200, len(counts.n))) - nearest.rates)
        for rates in tried:
            if feasible(region, rates):
                assert float(counts.deviance(rates).sum()) >= nearest.deviance - CLOSE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(40, 60)), min_size=2, max_size=8))
def test_rates_that_may_not_fall_are_fitted_by_pooling_neighbours(pairs: list[tuple[int, int]]) -> None:
    """The binomial likelihood under an order is greatest at the isotonic regression (Robertson et al. 1988, 1.5)."""
    k, n = (np.array(each, dtype=float) for each in zip(*pairs, strict=True))
    steps = np.eye(len(k), k=1)[:-1] - np.eye(len(k))[:-1]
    nearest = fit(Counts(k, n), Region(steps, np.zeros(len(k) - 1)))
    assert nearest is not None
    pooled = optimize.isotonic_regression(k / n, weights=n).x
    assert nearest.rates == pytest.approx(pooled, abs=2e-3)
    assert nearest.deviance == pytest.approx(float(Counts(k, n).deviance(pooled).sum()), abs=CLOSE)


def test_counts_in_the_region_are_their_own_fit() -> None:
    """Deviance 0, also at 0 of n and n of n."""
    counts = Counts(np.array([0.0, 30.0, 40.0]), np.array([40.0, 40.0, 40.0]))
    nearest = fit(counts, Region(np.array([[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]]), np.zeros(2)))
    assert nearest is not None
    assert nearest.rates == pytest.approx([0, 0.75, 1])
    assert nearest.deviance == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("coefficients", "bounds"),
    [
        ([[1.0, 0.0]], [1.2]),
        ([[1.0, -1.0], [-1.0, 1.0]], [0.1, 0.1]),
        ([[1.0, 1.0]], [2.5]),
        ([[1.0, -1.0], [0.0, 1.0]], [0.5, 0.6]),
    ],
)
@pytest.mark.parametrize("k", [(3.0, 7.0), (0.0, 10.0), (10.0, 10.0)])
def test_an_empty_region_has_no_fit(
    coefficients: list[list[float]], bounds: list[float], k: tuple[float, float]
) -> None:
    """A rate above 1, two differences against each other, a sum above 2, a rise without room."""
    counts = Counts(np.array(k), np.array([10.0, 10.0]))
    assert fit(counts, Region(np.array(coefficients), np.array(bounds))) is None


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.3, 0.3, 0.3, 0.3), (0.05, 0.05, 0.05, 0.05), (0.9, 0.9, 0.9, 0.9)])
def test_on_the_border_of_a_region_small_p_are_at_most_half_as_frequent_again_as_they_should_be(
    rates: tuple[float, ...],
) -> None:
    """Equal rates under an order, the least favourable ones; cells wobble as the null says they do.

    The null of an order is a mixture, with a lump at p = 1, so that only small p can be uniform. The draws are from the
    fitted rates, of which chance has pushed some from the border, so that p is a little too small.
    """
    chance = np.random.default_rng(20251130)
    n = np.full(len(rates), 200.0)
    region = Region(np.eye(len(n), k=1)[:-1] - np.eye(len(n))[:-1], np.zeros(len(n) - 1))
    found: list[float] = []
    for _ in range(400):
        centres = expit(logit(np.array(rates)) + WOBBLE * chance.standard_normal(len(n)))
        k = chance.binomial(n.astype(int), centres).astype(float)
        seen = observed_of(Counts(k, n))
        p, converged = p_of(seen, lambda counts, steps: fit(Counts(counts, n), region, steps), 0.05)
        assert converged
        assert p is not None
        found.append(p)
    for level in (0.05, 0.1, 0.2):
        cases = sum(p <= level for p in found)
        assert stats.binomtest(cases, len(found), 1.5 * level, alternative="greater").pvalue > 0.001, (
            level,
            cases,
        )
    print(rates, [sum(p <= level for p in found) / len(found) for level in (0.05, 0.1, 0.2)])


def requested(
    rates: Any, common: float, separate: float, requests: int, repeats: int, chance: np.random.Generator
) -> SamplingError:
    """The sampling error read from simulated requests with these variances in logits squared."""
    shared = common**0.5 * chance.standard_normal(requests)
    values: list[dict[str, list[float]]] = []
    for rate in rates:
        each = expit(logit(rate) + shared + separate**0.5 * chance.standard_normal(requests))
        values.append(
            {str(i): chance.binomial(1, p, repeats).astype(float).tolist() for i, p in enumerate(each)}
        )
    return SamplingError.of([(str(i), "m") for i in range(len(rates))], values)


@pytest.mark.parametrize(("common", "separate"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (1.0, 0.3), (2.0, 0.0)])
def test_the_variances_between_requests_are_recovered(common: float, separate: float) -> None:
    """What all cells share, and what each has by itself, on average over 20 simulated sweeps of 100 requests.

    What the moments find of a large variance is scaled up for the flatter slope; a tenth or two may be missing.
    """
    chance = np.random.default_rng(7)
    read = [requested((0.5, 0.4, 0.3, 0.5, 0.6), common, separate, 100, 4, chance) for _ in range(20)]
    total = common + separate
    assert np.mean([error.common for error in read]) == pytest.approx(common, abs=0.06 + 0.2 * common)
    assert np.mean([error.separate for error in read]) == pytest.approx(separate, abs=0.08 + 0.15 * total)


def test_one_rate_or_one_request_gives_no_variance_that_is_not_there() -> None:
    """Nothing can be compared: no common variance, and no error."""
    chance = np.random.default_rng(7)
    assert requested((0.4,), 1.0, 0.0, 40, 2, chance).common == 0
    single = requested((0.4, 0.5), 0.0, 0.0, 1, 20, chance)
    assert single.common >= 0
    assert single.separate >= 0


@pytest.mark.parametrize("by_request", [False, True])
def test_two_measures_of_a_cell_are_drawn_from_the_same_episodes(by_request: bool) -> None:
    """What has the rarer one has the other; measures of one rate are the same; another cell has draws of its own."""
    repeats = np.full((4, 10), 6) if by_request else None
    error = SamplingError(None, repeats, 0.3, 0.2, cells=[0, 0, 1, 1])
    rates, n = np.array([0.5, 0.3, 0.4, 0.4]), np.full(4, 60.0)
    drawn = error.draw(rates, n, 4000, np.random.default_rng(5))
    assert (drawn[:, 1] <= drawn[:, 0]).all()
    assert (drawn[:, 2] == drawn[:, 3]).all()
    assert drawn.mean(axis=0) == pytest.approx(60 * rates, abs=0.5)
    if not by_request:
        assert abs(float(np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1])) < 0.05


@pytest.mark.parametrize(("common", "separate"), [(0.0, 0.0), (1.0, 0.0), (0.5, 0.5)])
def test_draws_have_the_mean_of_the_rates_and_scatter_as_requests_do(common: float, separate: float) -> None:
    """The mean of counts is n times the rate; their correlation between cells comes from what these share."""
    rates, requests = np.array([0.2, 0.5, 0.8]), 60
    error = SamplingError(
        np.zeros((3, requests)), np.full((3, requests), 10), common=common, separate=separate
    )
    n = np.full(3, 10.0 * requests)
    drawn = error.draw(rates, n, 4000, np.random.default_rng(3))
    assert drawn.mean(axis=0) / n == pytest.approx(rates, abs=0.012)
    correlation = np.corrcoef(drawn.T)[0, 1]
    assert correlation > 0.08 if common else abs(correlation) < 0.05
    slope = rates * (1 - rates)
    between = (common + separate) / (1 + 0.346 * (common + separate))
    expected = n * slope + n * (10 - 1) * slope**2 * between + (n * slope * WOBBLE) ** 2
    assert drawn.var(axis=0) == pytest.approx(expected, rel=0.2)


def test_independent_episodes_scatter_binomially_about_rates_that_wobble() -> None:
    """Var k = n p (1 - p) + n (n - 1) (p (1 - p) 0.2)^2 to first order."""
    n, rates = np.array([100.0, 400.0]), np.array([0.3, 0.6])
    drawn = SamplingError().draw(rates, n, 20000, np.random.default_rng(3))
    slope = rates * (1 - rates)
    assert drawn.var(axis=0) == pytest.approx(n * slope + n * (n - 1) * (slope * WOBBLE) ** 2, rel=0.06)
    assert drawn.mean(axis=0) / n == pytest.approx(rates, abs=0.003)


def test_rates_of_zero_and_one_stay_there() -> None:
    """No draw of a cell in which nothing, or everything, happens differs."""
    n = np.array([50.0, 50.0])
    assert (
        SamplingError().draw(np.array([0.0, 1.0]), n, 100, np.random.default_rng(1)).tolist()
        == [[0, 50]] * 100
    )


def test_cells_without_requests_are_independent_episodes() -> None:
    """One cell that has none is enough."""
    values = {"a": [1.0], "b": [0.0]}
    points = [("x", "m"), ("y", "m")]
    assert SamplingError.of(points, [values, None]).request_count is None
    assert SamplingError.of(points, [values, values]).request_count == 2


def test_the_interval_of_shared_requests_is_over_requests() -> None:
    """Where the same requests are granted in both cells it is narrow; where not, as wide as any."""
    granted = {str(i): [float(i < 30)] for i in range(60)}
    other = {str(i): [float(i >= 30)] for i in range(60)}
    counts = Counts(np.array([30.0, 30.0]), np.array([60.0, 60.0]))
    points = [("x", "m"), ("y", "m")]
    same = SamplingError.of(points, [granted, granted]).interval([0, 1], counts, 0.95)
    apart = SamplingError.of(points, [granted, other]).interval([0, 1], counts, 0.95)
    free = SamplingError().interval([0, 1], counts, 0.95)
    assert same == (0, 0)
    assert apart[1] - apart[0] > free[1] - free[0] > 0.3
