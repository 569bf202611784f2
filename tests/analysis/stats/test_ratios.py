"""The ratio of two rates: published intervals, the edges, and what must hold for any counts."""

import math
from collections.abc import Callable
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import proportion

from hanlon.analysis.stats.comparison import compare_episodes, compare_requests
from hanlon.analysis.stats.ratios import SCORE, SCORE_BY_REQUEST, rate_ratio, ratio_by_request
from hanlon.store.tally import Count

MOST = 60


def uncorrected_level(n: int, level: float = 0.95) -> float:
    """The level at which the interval with the factor N / (N - 1) is Koopman's at `level`, which lacks it."""
    normal = NormalDist()
    z = normal.inv_cdf((1 + level) / 2) * math.sqrt((n - 1) / n)
    return 2 * normal.cdf(z) - 1


@pytest.mark.parametrize(
    ("counts", "limits"),
    [
        # Perondi et al. 2004 in Fagerland, Lydersen & Laake, Statistical Analysis of Contingency Tables (2017), ch. 4
        ((7, 34, 1, 34), (1.2086, 43.0330)),
        # 1 - prevented fraction [0.0251, 0.857] of 4/24 against 12/28: R package PF 9.6, the USDA's, method MN
        ((4, 24, 12, 28), (0.143, 0.9749)),
    ],
)
def test_published_limits_of_miettinen_and_nurminen(
    counts: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    """The limits as they are printed."""
    ratio = rate_ratio(*counts)
    assert (ratio.lo, ratio.hi) == pytest.approx(limits, rel=2e-3)
    assert ratio.method == SCORE


@pytest.mark.parametrize(
    ("counts", "limits"),
    [
        # Koopman, Biometrics 40 (1984) 513-517, the example
        ((36, 40, 16, 80), (2.94, 7.15)),
        # Perondi et al. 2004 as above
        ((7, 34, 1, 34), (1.2209, 42.5757)),
        # R package PF 9.6, score method: 1 - [0.0328, 0.855]
        ((4, 24, 12, 28), (0.145, 0.9672)),
    ],
)
def test_published_limits_of_koopman(counts: tuple[int, int, int, int], limits: tuple[float, float]) -> None:
    """Koopman's interval is the same without the factor N / (N - 1), thus one of another level."""
    ratio = rate_ratio(*counts, uncorrected_level(counts[1] + counts[3]))
    assert (ratio.lo, ratio.hi) == pytest.approx(limits, rel=5e-3)


@pytest.mark.parametrize(
    ("counts", "value", "limits"),
    [
        ((0, 10, 5, 10), 0.0, (0.0, 0.6412)),
        ((5, 10, 0, 10), None, (1.5596, math.inf)),
        ((0, 10, 0, 10), None, (0.0, math.inf)),
        ((3, 0, 5, 10), None, (0.0, math.inf)),
        ((5, 10, 0, 0), None, (0.0, math.inf)),
        # both 1: n / (n + z^2) and (n + z^2) / n, with z^2 corrected by 20/19
        ((10, 10, 10, 10), 1.0, (10 / 14.0436, 1.40436)),
        ((10, 10, 5, 10), 2.0, (1.2449, 4.3159)),
        ((5, 10, 10, 10), 0.5, (0.2317, 0.8033)),
        ((1, 1, 1, 1), 1.0, (0.1152, 8.6829)),
        ((0, 1, 1, 1), 0.0, (0.0, 3.8415)),
    ],
)
def test_edges(counts: tuple[int, int, int, int], value: float | None, limits: tuple[float, float]) -> None:
    """A rate of 0 or 1 on either side, one episode, none."""
    ratio = rate_ratio(*counts)
    assert ratio.value == value
    assert (ratio.lo, ratio.hi) == pytest.approx(limits, rel=2e-4, abs=1e-4)


COUNTS = st.integers(1, MOST).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(treated=COUNTS, base=COUNTS)
@settings(max_examples=300, deadline=None)
def test_the_limits_are_where_the_score_test_ends(treated: tuple[int, int], base: tuple[int, int]) -> None:
    """The test of statsmodels at a limit has p = 0.05; the value lies within."""
    ratio = rate_ratio(*treated, *base)
    if ratio.value is not None:
        assert 0 <= ratio.lo <= ratio.value <= ratio.hi < math.inf
    for limit in (ratio.lo, ratio.hi):
        if 0 < limit < math.inf and abs(limit - 1) > 1e-6:
            result = proportion.score_test_proportions_2indep(*treated, *base, value=limit, compare="ratio")
            assert result.pvalue == pytest.approx(0.05, abs=1e-5)


@given(treated=COUNTS, base=COUNTS)
@settings(max_examples=200, deadline=None)
def test_swapping_the_cells_inverts_the_ratio(treated: tuple[int, int], base: tuple[int, int]) -> None:
    """The interval of base over treated is that of treated over base, inverted."""
    forth, back = rate_ratio(*treated, *base), rate_ratio(*base, *treated)
    if treated[0] and base[0]:
        assert (forth.lo, forth.hi) == pytest.approx((1 / back.hi, 1 / back.lo), rel=1e-5)


@given(treated=COUNTS, base=COUNTS)
@settings(max_examples=200, deadline=None)
def test_a_higher_confidence_is_wider(treated: tuple[int, int], base: tuple[int, int]) -> None:
    """The interval at 99 % holds the one at 80 %."""
    narrow, wide = rate_ratio(*treated, *base, 0.8), rate_ratio(*treated, *base, 0.99)
    assert wide.lo <= narrow.lo + 1e-9
    assert narrow.hi <= wide.hi + 1e-9


def test_share_removed_and_multiple() -> None:
    """1 - ratio for any ratio, the ratio itself where it is above 1, nothing where the base has no case."""
    fell, rose, none = rate_ratio(1, 1000, 159, 1000), rate_ratio(27, 1000, 14, 1000), rate_ratio(3, 9, 0, 9)
    assert fell.share_removed == pytest.approx((0.9937, 0.9644, 0.9989), abs=1e-4)
    assert fell.multiple is None
    assert rose.multiple == pytest.approx((1.9286, 1.0285, 3.6203), abs=1e-4)
    assert none.share_removed is None
    assert none.multiple is None


def requests_of(values: list[tuple[float, float]]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Base and treated values by request."""
    base = {str(number): [first] for number, (first, _) in enumerate(values)}
    return base, {str(number): [second] for number, (_, second) in enumerate(values)}


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from([0, 1 / 3, 1.0]), st.sampled_from([0, 0.5, 1.0])), min_size=1))
@settings(max_examples=300, deadline=None)
def test_requests_hold_their_value(values: list[tuple[float, float]]) -> None:
    """The ratio of the means lies within its interval, and the cells' order inverts it."""
    base, treated = [b for b, _ in values], [t for _, t in values]
    ratio = ratio_by_request(treated, base)
    assert ratio.method == SCORE_BY_REQUEST
    if sum(base):
        assert ratio.value == pytest.approx(sum(treated) / sum(base))
        assert 0 <= ratio.lo <= (ratio.value or 0) <= ratio.hi < math.inf
    if sum(base) and sum(treated):
        back = ratio_by_request(base, treated)
        assert (back.lo, back.hi) == pytest.approx((1 / ratio.hi, 1 / ratio.lo), rel=1e-4)


def test_pairing_narrows_and_the_same_effect_everywhere_counts_as_independent() -> None:
    """Requests that agree in both cells leave less open; where all agree, repeats may be copies."""
    agreeing = ratio_by_request([1, 0, 0, 0] * 25, [1, 1, 0, 0] * 25)
    alike = ratio_by_request([1, 1, 0, 0] * 25, [1, 1, 0, 0] * 25)
    independent: Callable[[int], float] = lambda k: rate_ratio(k, 100, 50, 100).hi  # noqa: E731
    assert agreeing.hi < independent(25)
    assert alike.hi == pytest.approx(independent(50))


def test_comparisons_have_the_ratio() -> None:
    """Of two cells; not of a change, which is a difference of differences."""
    base, treated = requests_of([(1, 0), (1, 1), (0, 0), (1, 0)])
    by_request = compare_requests([base, treated]).ratio
    assert by_request is not None
    assert by_request.value == pytest.approx(1 / 3)
    assert compare_episodes([Count(159, 1000), Count(1, 1000)]).ratio == rate_ratio(1, 1000, 159, 1000)
    assert compare_requests([base, treated, base, treated]).ratio is None
    assert compare_episodes([Count(1, 9)] * 4).ratio is None
