"""The budget: what may start, what may be finished, and what is said."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hanlon.engine.budget import Budget
from hanlon.store.records import ModelCall


def _call(usd: float | None = 0.0, tokens: int = 0) -> ModelCall:
    return ModelCall(requested_model="m", returned_model="m", cost_usd=usd, input_tokens=tokens)


async def _episode(budget: Budget, usd: float, turns: int = 1) -> bool:
    """Whether an episode was let in; runs it."""
    if not await budget.open_episode():
        return False
    calls = [_call(usd / turns) for _ in range(turns) if budget.open_call()]
    for call in calls:
        budget.close_call(call)
    budget.close_episode(calls)
    return True


async def test_without_limits_everything_may_start() -> None:
    """No limit, no sentence."""
    budget = Budget(None, None)
    for _ in range(100):
        assert await _episode(budget, 1000.0)
    assert budget.exhausted == ""


async def test_it_stops_within_the_reserve_and_stays_stopped() -> None:
    """Ten dollars, one an episode: nine run; the last tenth is for those in flight."""
    budget = Budget(10.0, None)
    ran = 0
    while await _episode(budget, 1.0):
        ran += 1
    assert ran == 9
    assert "budget_usd=10 is reached: $9 of $10" in budget.exhausted
    assert not await budget.open_episode()


async def test_episodes_in_flight_may_use_the_reserve() -> None:
    """What is refused to a new episode is allowed to a call of an old one."""
    budget = Budget(10.0, None, spent_usd=9.5)
    budget.expect(0.1, 0, True)
    assert not await budget.open_episode()
    assert budget.open_call()


async def test_what_those_in_flight_have_spent_is_not_counted_twice() -> None:
    """Episodes that are nearly done take no room of new ones."""
    budget = Budget(100.0, None)
    await _episode(budget, 10.0)
    opened = 0
    while await budget.open_episode():
        opened += 1
        assert budget.open_call()
        budget.close_call(_call(9.0))
    assert opened == 8


async def test_a_guess_makes_others_wait_and_stops_nothing() -> None:
    """Expected far too dear: the first runs alone, then the others go on with what was seen."""
    budget = Budget(10.0, None)
    budget.expect(1000.0, 0, False)
    assert await budget.open_episode()
    second = asyncio.create_task(budget.open_episode())
    await asyncio.sleep(0.01)
    assert not second.done()
    assert budget.open_call()
    budget.close_call(_call(0.1))
    budget.close_episode([_call(0.1)])
    assert await second


async def test_a_dropped_episode_lets_the_next_wait_no_longer() -> None:
    """A cancelled first episode leaves no one waiting for ever."""
    budget = Budget(10.0, None)
    budget.expect(1000.0, 0, False)
    assert await budget.open_episode()
    second = asyncio.create_task(budget.open_episode())
    await asyncio.sleep(0.01)
    budget.close_episode(None)
    async with asyncio.timeout(1):
        assert await second


def test_a_call_that_cannot_be_counted_is_found_by_the_limit_that_needs_the_count() -> None:
    """Dollars need a cost, tokens both counts, and of two models only the one is found."""
    dollars, tokens, free = Budget(10.0, None), Budget(None, 1000), Budget(None, None)
    counted = ModelCall("m", input_tokens=10, output_tokens=1)
    assert "budget_usd cannot be kept" in dollars.cannot_count(counted)
    assert (dollars.uncounted("m"), dollars.uncounted("other")) == (True, False)
    assert tokens.cannot_count(counted) == ""
    assert "max_tokens_total cannot be kept" in tokens.cannot_count(ModelCall("m", cost_usd=0.1))
    assert dollars.cannot_count(ModelCall("other", cost_usd=0.1)) == ""
    assert free.cannot_count(ModelCall("m")) == ""


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200), st.floats(0.5, 50.0))
def test_no_sequence_of_costs_overruns_it_by_more_than_a_call(costs: list[float], limit: float) -> None:
    """One call at a time: beyond the limit by at most the last."""

    async def run() -> None:
        budget, spent, largest = Budget(limit, None), 0.0, 0.0
        for cost in costs:
            if not await budget.open_episode():
                break
            calls: list[ModelCall] = []
            if budget.open_call():
                calls.append(_call(cost))
                budget.close_call(calls[0])
                spent, largest = spent + cost, max(largest, cost)
            budget.close_episode(calls)
        assert spent <= limit + largest

    asyncio.run(run())
