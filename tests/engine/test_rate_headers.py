"""Rate-limit headers and durations, whatever an endpoint writes into them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.engine.limiter import duration_s, refill_rate


def _headers(limit: object, remaining: object, reset: object) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": str(reset),
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("7", 7), ("-3", 0), ("1d", 86400)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    """As OpenAI writes them, and plain seconds."""
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5x", "s", "1s!", "nan", "inf", "-inf", "1h 2m"])
def test_what_is_no_duration_is_unknown(text: str) -> None:
    """Nothing is guessed."""
    assert duration_s(text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_finite_duration_or_none(text: str) -> None:
    """No header breaks a sweep."""
    seconds = duration_s(text)
    assert seconds is None or 0 <= seconds < math.inf or len(text) > 15


def test_a_bucket_that_runs_low_gives_its_rate() -> None:
    """What refills, and what is left within a minute."""
    assert refill_rate(_headers(20, 0, "1s")) == pytest.approx(20)
    assert refill_rate(_headers(20, 6, "700ms")) == pytest.approx(20.1)


def test_a_bucket_for_a_day_is_not_kept_half_full() -> None:
    """Thousands that are left are no reason to go slowly."""
    rate = refill_rate(_headers(14_400, 6_000, "14h"))
    assert rate is not None
    assert rate > 50


def test_a_well_filled_bucket_needs_no_pace() -> None:
    """Above half full nothing is said."""
    assert refill_rate(_headers(20, 15, "250ms")) is None


NUMBERS = st.one_of(st.floats(), st.integers(), st.text(max_size=8))


@given(NUMBERS, NUMBERS, st.one_of(NUMBERS, st.sampled_from(["1s", "0s", "1ms", "300d"])))
def test_any_headers_give_a_usable_rate_or_none(limit: object, remaining: object, reset: object) -> None:
    """nan, inf, negative and huge numbers: a positive rate or no pace."""
    rate = refill_rate(_headers(limit, remaining, reset))
    assert rate is None or rate > 0
