"""The limiter: how many calls at once and how often, learnt from the answers; no slot is ever lost."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanlon.engine.limiter import COOL_DOWN_S, FIRST_LIMIT, GROWTH_PAUSE_S, Limiter, SharedPause
from support.fake_clock import FakeClockLoop, on_fake_clock


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _take(limiter: Limiter, calls: int) -> None:
    for _ in range(calls):
        await limiter.acquire()


async def _saturated_success(limiter: Limiter, calls: int) -> None:
    """Calls that go through while every slot is in use."""
    while limiter.state().in_flight < limiter.limit:
        await limiter.acquire()
    for _ in range(calls):
        limiter.succeeded({})
        limiter.release()
        while limiter.state().in_flight < limiter.limit:
            await limiter.acquire()


@on_fake_clock
async def test_slow_start_grows_by_one_a_success_up_to_the_cap() -> None:
    """From eight, as fast as calls go through; never beyond the cap."""
    grown: list[int] = []
    limiter = Limiter(20, SharedPause(), lambda: grown.append(1))
    assert limiter.limit == FIRST_LIMIT
    await _saturated_success(limiter, 5)
    assert limiter.limit == FIRST_LIMIT + 5
    await _saturated_success(limiter, 50)
    assert limiter.limit == 20
    assert len(grown) == 12


@on_fake_clock
async def test_it_grows_only_while_its_slots_are_used() -> None:
    """One call at a time proves nothing about nine."""
    limiter = Limiter(100, SharedPause())
    for _ in range(50):
        await limiter.acquire()
        limiter.succeeded({})
        limiter.release()
    assert limiter.limit == FIRST_LIMIT


@on_fake_clock
async def test_a_burst_of_429s_shrinks_it_once_and_ends_slow_start() -> None:
    """Within the cool-down it is one message; afterwards growth is additive."""
    limiter = Limiter(100, SharedPause())
    await _saturated_success(limiter, 12)
    for _ in range(10):
        limiter.rate_limited(0.1)
    assert limiter.limit == 14
    await asyncio.sleep(COOL_DOWN_S + 0.1)
    limiter.rate_limited(0.1)
    assert limiter.limit == 9
    assert limiter.state().rate_limited == 11


@on_fake_clock
async def test_a_5xx_pauses_growth() -> None:
    """An overloaded endpoint is not given more, nor less; after a while it grows again."""
    limiter = Limiter(100, SharedPause())
    limiter.overloaded(None)
    await _saturated_success(limiter, 10)
    assert limiter.limit == FIRST_LIMIT
    await asyncio.sleep(GROWTH_PAUSE_S + 0.1)
    await _saturated_success(limiter, 3)
    assert limiter.limit == FIRST_LIMIT + 3


@on_fake_clock
async def test_retry_after_holds_every_limiter_of_the_endpoint() -> None:
    """Another model of it waits as well; another endpoint does not; a long wait is said once."""
    said: list[str] = []
    pause = SharedPause("x", said.append)
    told, other, elsewhere = Limiter(10, pause), Limiter(10, pause), Limiter(10, SharedPause())
    began = _now()
    for _ in range(5):
        told.rate_limited(30.0)
    await elsewhere.acquire()
    assert _now() == began
    await other.acquire()
    assert _now() >= began + 30
    assert said == ["x asks to wait 30 s; none of its calls starts before."]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 300.0])
@on_fake_clock
async def test_a_hold_that_is_extended_is_kept(seconds: float) -> None:
    """Who waits already waits until the last word of the server."""
    limiter = Limiter(10, SharedPause())
    limiter.rate_limited(1.0)
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0.5)
    limiter.overloaded(seconds)
    began = _now()
    await waiting
    assert _now() - began == pytest.approx(max(0.5, seconds), abs=0.01)


@on_fake_clock
async def test_headers_of_a_low_bucket_pace_the_starts() -> None:
    """Ten a second refill: after a minute not many more than 600 have started."""
    low = {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1s",
    }
    limiter = Limiter(50, SharedPause())
    began, started = _now(), 0
    while _now() < began + 60:
        await limiter.acquire()
        started += 1
        limiter.succeeded(low)
        limiter.release()
    assert 540 <= started <= 640


@on_fake_clock
async def test_a_429_paces_by_what_went_through() -> None:
    """Without headers: a little below the rate that was reached, creeping up again."""
    limiter = Limiter(50, SharedPause())
    for _ in range(40):
        await limiter.acquire()
        await asyncio.sleep(0.1)
        limiter.succeeded({})
        limiter.release()
    limiter.rate_limited(0.0)
    assert limiter.state().pace_per_s == pytest.approx(9.5, rel=0.05)


@on_fake_clock
async def test_a_429_after_a_long_hold_does_not_pace_by_the_time_of_waiting() -> None:
    """Two calls and five minutes of silence are no rate."""
    limiter = Limiter(50, SharedPause())
    for _ in range(2):
        await limiter.acquire()
        await asyncio.sleep(0.1)
        limiter.succeeded({})
        limiter.release()
    await asyncio.sleep(300)
    limiter.rate_limited(None)
    began = _now()
    await _take(limiter, 2)
    assert _now() - began < 5


@on_fake_clock
async def test_waiting_calls_start_in_their_order() -> None:
    """First come, first served, the cancelled ones left out."""
    limiter = Limiter(1, SharedPause())
    await limiter.acquire()
    order: list[int] = []

    async def call(number: int) -> None:
        await limiter.acquire()
        order.append(number)
        limiter.release()

    tasks = [asyncio.create_task(call(number)) for number in range(10)]
    await asyncio.sleep(0.1)
    tasks[3].cancel()
    tasks[7].cancel()
    limiter.release()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 1, 2, 4, 5, 6, 8, 9]


async def _storm(seed: int, cap: int, events: list[str]) -> None:
    """Calls of all fates, cancelled at any moment: at the end every slot is free and nobody is left waiting."""
    chance = random.Random(seed)
    limiter, most = Limiter(cap, SharedPause()), 0

    async def call(fate: str) -> None:
        nonlocal most
        await asyncio.sleep(chance.uniform(0, 1))
        await limiter.acquire()
        try:
            state = limiter.state()
            most = max(most, state.in_flight)
            assert state.in_flight <= cap
            await asyncio.sleep(chance.uniform(0, 1))
            if fate == "ok":
                limiter.succeeded({})
        finally:
            limiter.release()
        if fate == "429":
            limiter.rate_limited(chance.choice([None, 0.0, 2.0]))
        elif fate == "503":
            limiter.overloaded(chance.choice([None, 1.0]))

    tasks = [asyncio.create_task(call(fate)) for fate in events]
    for task, fate in zip(tasks, events, strict=True):
        if fate == "cancelled":
            asyncio.get_running_loop().call_later(chance.uniform(0, 3), task.cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() or task.exception() is None for task in tasks)
    assert limiter.state().in_flight == 0
    await limiter.acquire()
    assert most <= cap


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 12),
    st.lists(st.sampled_from(["ok", "ok", "429", "503", "cancelled"]), max_size=60),
)
def test_no_slot_is_lost_whatever_happens(seed: int, cap: int, events: list[str]) -> None:
    """Any sequence of answers and cancellations: never above the cap, every slot given back, nobody forgotten."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        runner.run(_storm(seed, cap, events))


@on_fake_clock
async def test_a_slot_that_was_just_given_to_a_cancelled_call_goes_on_to_the_next() -> None:
    """The cancellation arrives between the grant and its receipt."""
    limiter = Limiter(1, SharedPause())
    await limiter.acquire()
    first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    limiter.release()
    first.cancel()
    await asyncio.wait([first, second], timeout=5)
    assert first.cancelled()
    assert second.done()
    assert limiter.state().in_flight == 1
