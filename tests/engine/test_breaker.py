"""The circuit breaker: opens on failures in a row, lets one call try, resumes, and gives up in time."""

import asyncio

import pytest

from hanlon.engine.breaker import OPEN_AT, Breaker, OutageTooLong
from support.fake_clock import on_fake_clock


def _opened(said: list[str], patience_s: float = 60.0) -> Breaker:
    breaker = Breaker("x", patience_s, said.append)
    breaker.succeeded(False)
    for _ in range(OPEN_AT):
        breaker.failed("HTTP 503", False)
    return breaker


@on_fake_clock
async def test_it_opens_after_failures_in_a_row_only() -> None:
    """A success in between begins the count again."""
    said: list[str] = []
    breaker = Breaker("x", 60, said.append)
    for _ in range(3):
        for _ in range(OPEN_AT - 1):
            breaker.failed("HTTP 503", False)
        breaker.succeeded(False)
    assert not breaker.open
    assert await breaker.ready() is False
    for _ in range(OPEN_AT):
        breaker.failed("HTTP 503", False)
    assert breaker.open
    assert len(said) == 1
    assert "HTTP 503" in said[0]


@on_fake_clock
async def test_one_call_tries_and_its_success_lets_all_go() -> None:
    """Of twenty that wait, one is let through; when it succeeds the others follow as ordinary calls."""
    said: list[str] = []
    breaker = _opened(said)
    waiting = [asyncio.create_task(breaker.ready()) for _ in range(20)]
    await asyncio.sleep(3)
    (first,) = [task for task in waiting if task.done()]
    assert first.result() is True
    breaker.succeeded(True)
    assert sum(await asyncio.gather(*waiting)) == 1
    assert "answers again" in said[-1]


@on_fake_clock
async def test_a_call_from_before_the_outage_does_not_end_it() -> None:
    """Its late answer tells nothing of now, its late failure does not lengthen the pause."""
    breaker = _opened([])
    breaker.succeeded(False)
    assert breaker.open
    for _ in range(20):
        breaker.failed("late", False)
    async with asyncio.timeout(2.5):
        assert await breaker.ready() is True


@pytest.mark.parametrize("end", ["failed", "abandoned", "answered"])
@on_fake_clock
async def test_after_a_try_another_may(end: str) -> None:
    """Whatever became of the call that tried, even a cancellation or a 429, the next is let through."""
    breaker = _opened([])
    assert await breaker.ready() is True
    if end == "failed":
        breaker.failed("HTTP 503", True)
    elif end == "abandoned":
        breaker.abandoned(True)
    else:
        breaker.answered(True)
    async with asyncio.timeout(5):
        assert await breaker.ready() is (end != "answered")


@on_fake_clock
async def test_patience_ends_for_everybody() -> None:
    """All that wait are told, and so is who comes later."""
    breaker = _opened([], patience_s=60)
    assert await breaker.ready() is True
    waiting = [asyncio.create_task(breaker.ready()) for _ in range(5)]
    async with asyncio.timeout(61):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {OutageTooLong}
    with pytest.raises(OutageTooLong, match="x has not answered for"):
        await breaker.ready()


@on_fake_clock
async def test_an_end_wakes_who_rests_and_who_waits() -> None:
    """An endpoint that is given up holds nobody."""
    breaker = _opened([])
    assert await breaker.ready() is True
    resting, waiting = asyncio.create_task(breaker.rest(60)), asyncio.create_task(breaker.ready())
    await asyncio.sleep(0.01)
    breaker.end("its server has ended")
    async with asyncio.timeout(5):
        await resting
        with pytest.raises(OutageTooLong, match="its server has ended"):
            await waiting
