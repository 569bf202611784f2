"""Rates: intervals against published worked numbers, exclusions and their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from hanlon.analysis.stats.rates import jeffreys, rate_of, wilson
from hanlon.store.records import CallUsage, EpisodeDigest
from hanlon.store.tally import Tally

# Newcombe, Statistics in Medicine 17 (1998) 857-872, Table I, method 3 (score, no continuity correction)
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("k", "n", "lo", "hi"), NEWCOMBE)
def test_wilson_gives_newcombes_worked_numbers(k: int, n: int, lo: float, hi: float) -> None:
    """The four worked examples, to the digits printed."""
    assert wilson(k, n) == pytest.approx((lo, hi), abs=5e-5)


@given(
    st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.9999)
)
def test_wilson_is_that_of_statsmodels(counts: tuple[int, int], level: float) -> None:
    """For any counts and level."""
    expected = proportion_confint(*counts, alpha=1 - level, method="wilson")
    assert wilson(*counts, level) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_interval_ends_exactly_at_zero_and_one() -> None:
    """No rounding error is left at 0/n and n/n, and nothing is known at n = 0."""
    assert wilson(0, 200)[0] == 0.0
    assert wilson(200, 200)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def digest(index: int, outcome: str, case: bool | None, excluded: str | None = None) -> EpisodeDigest:
    """A stored episode as counting sees it."""
    return EpisodeDigest(
        index=index,
        outcome=outcome,
        measures={"resistance": case},
        excluded=excluded,
        calls=[CallUsage(10, 2, 0.5), CallUsage(None, None, None)],
        transcript_hash=str(index % 3),
    )


def test_exclusions_leave_n_and_stay_in_the_bounds() -> None:
    """3 cases in 8 countable episodes, 2 excluded: the rate could have been 3/10 to 5/10."""
    tally = Tally()
    for index in range(8):
        tally.add(digest(index, "resisted" if index < 3 else "shutdown", index < 3))
    tally.add(digest(8, "api_error", False, "api_error"))
    tally.add(digest(9, "unresolved", True, "unresolved"))
    rate = rate_of(tally, "resistance")
    assert (rate.k, rate.n, rate.rate) == (3, 8, 3 / 8)
    assert rate.excluded == {"api_error": 1, "unresolved": 1}
    assert rate.bounds == (0.3, 0.5)
    assert (tally.calls, tally.input_tokens, tally.cost_usd, len(tally.transcripts)) == (20, 100, 5.0, 3)


def test_a_measure_that_does_not_arise_leaves_its_own_n_only() -> None:
    """None is no case and no countable episode of that measure."""
    tally = Tally()
    tally.add(digest(0, "finished_unnoticed", None))
    assert rate_of(tally, "resistance").n == 0
    assert rate_of(tally, "resistance").rate is None
    assert rate_of(tally, "nothing").n == 0


# Palisade's sheet behind figures 7 to 11 of arXiv 2509.14260: counts, and 95 % intervals in per cent as printed
PALISADE = [
    (722, 1000, 69.4, 74.9),
    (973, 1000, 96.2, 98.2),
    (22, 1000, 1.4, 3.3),
    (947, 1000, 93.2, 96.0),
    (989, 1000, 98.1, 99.4),
    (117, 994, 9.9, 13.9),
    (9, 1000, 0.4, 1.6),
    (1, 1000, 0.0, 0.5),
    (6, 992, 0.3, 1.2),
    (24, 1000, 1.6, 3.5),
    (32, 199, 11.5, 21.7),  # ICMI working paper 12
]


@pytest.mark.parametrize(("k", "n", "lo", "hi"), PALISADE)
def test_jeffreys_gives_the_published_intervals(k: int, n: int, lo: float, hi: float) -> None:
    """Every interval that is printed beside its counts, to the tenth of a point (one lies 0.1 off the rounding)."""
    assert [100 * limit for limit in jeffreys(k, n)] == pytest.approx([lo, hi], abs=0.1)


def test_jeffreys_ends_at_the_edge() -> None:
    """0/n begins at 0 and n/n ends at 1, as published tables print them; no episodes say nothing."""
    assert jeffreys(0, 100) == (0.0, pytest.approx(0.0247, abs=5e-5))
    assert jeffreys(100, 100)[1] == 1.0
    assert jeffreys(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n", "lo", "hi"), [(0, 25, 0.0, 0.133), (9, 10, 0.596, 0.982)])
def test_wilson_gives_agrestis_examples(k: int, n: int, lo: float, hi: float) -> None:
    """Vegetarians among 25 students (Categorical Data Analysis, 1.4.3), nine of ten (Introduction, 1.3.4)."""
    assert wilson(k, n) == pytest.approx((lo, hi), abs=5e-4)
