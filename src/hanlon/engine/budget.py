"""The money and tokens of one sweep: what is spent, what is under way, and when to stop.

New episodes start only while what is spent and what those in flight are expected to cost stays below the budget
less its reserve; episodes in flight may use the reserve, since cutting them off would lose the long ones, and
those resist. No call starts once the budget itself is used up, calls under way included.
"""

import asyncio
from dataclasses import dataclass, field

from hanlon.store.records import ModelCall

RESERVE = 0.1
"""The share of the budget that is kept for finishing what has begun."""


@dataclass
class _Mean:
    """A running mean per item; a guess while nothing is known."""

    total: float = 0.0
    count: int = 0
    guess: float = 0.0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / self.count if self.count else self.guess


@dataclass
class _Account:
    """One limited quantity. `limit` None: unlimited; `settled` is what ended episodes and earlier runs have spent."""

    limit: float | None
    settled: float = 0.0
    per_episode: _Mean = field(default_factory=_Mean)
    per_call: _Mean = field(default_factory=_Mean)

    def __post_init__(self) -> None:
        self.spent = self.settled

    def allows_episode(self, in_flight: int) -> bool:
        """Episodes in flight are taken to cost what the mean one does, or what they have cost already."""
        if self.limit is None:
            return True
        mean = self.per_episode.value
        committed = max(self.spent, self.settled + in_flight * mean)
        return committed + mean <= self.limit * (1 - RESERVE)

    @property
    def guessing(self) -> bool:
        """Whether no episode has been seen yet: a guess may make others wait, but stops no sweep."""
        return self.limit is not None and self.per_episode.count == 0

    @property
    def spends_reserve(self) -> bool:
        """Whether only the reserve is left."""
        return self.limit is not None and self.spent >= self.limit * (1 - RESERVE)

    def allows_call(self, in_flight: int, reserve: float = 0.0) -> bool:
        if self.limit is None:
            return True
        return self.spent + (in_flight + 1) * self.per_call.value <= self.limit * (1 - reserve)


def _share(limit: float | None, spent: float, calls: int, workers: int) -> _Account:
    """One worker's equal share of a limit and of what `calls` earlier calls have spent of it."""
    share = None if limit is None else limit / workers
    return _Account(share, spent / workers, per_call=_Mean(spent, calls))


class Budget:
    """One per process. `usd` and `tokens` are the limits of the whole sweep, what is stored of it included.

    Each of several `workers` has an equal share of the limits and of what is spent already.
    Once it refuses an episode it stays so for this run: what is left finishes the episodes in flight.
    """

    def __init__(
        self,
        usd: float | None,
        tokens: int | None,
        spent_usd: float = 0.0,
        spent_tokens: int = 0,
        calls: int = 0,
        workers: int = 1,
    ) -> None:
        """`calls` is how many calls earlier runs have spent that on: what the next one is expected to cost."""
        self._workers = workers
        self._usd = _share(usd, spent_usd, calls, workers)
        self._tokens = _share(tokens, float(spent_tokens), calls, workers)
        self._accounts = {"budget_usd": self._usd, "max_tokens_total": self._tokens}
        self._episodes_in_flight = self._calls_in_flight = 0
        self._episode_closed = asyncio.Event()
        self._reached = ""
        self._uncounted: set[str] = set()

    def expect(self, usd: float | None, tokens: float, seen: bool) -> None:
        """What an episode is expected to cost; where such were `seen`, it counts as one of them."""
        for account, value in ((self._usd, usd), (self._tokens, tokens)):
            if value is not None and seen:
                account.per_episode.add(value)
            account.per_episode.guess = value or 0.0

    async def open_episode(self) -> bool:
        """Whether another episode may start, once that is known; counts it in where it may."""
        for name, account in self._accounts.items():
            while not account.allows_episode(self._episodes_in_flight):
                if not account.guessing or account.spends_reserve:
                    self._reached = self._reached or name
                if self._reached or not self._episodes_in_flight:
                    break
                self._episode_closed.clear()
                await self._episode_closed.wait()
        if self._reached:
            return False
        self._episodes_in_flight += 1
        return True

    def close_episode(self, calls: list[ModelCall] | None) -> None:
        """An episode has ended with these calls, or was dropped (None)."""
        self._episodes_in_flight -= 1
        self._episode_closed.set()
        if calls is None:
            return
        usd, tokens = sum(call.cost_usd or 0.0 for call in calls), sum(_tokens(call) for call in calls)
        for account, value in ((self._usd, usd), (self._tokens, tokens)):
            account.per_episode.add(value)
            account.settled += value

    def open_inquiry(self) -> bool:
        """Whether another question about a stored episode may be asked: the reserve is for episodes in flight."""
        for name, account in self._accounts.items():
            if not account.allows_call(self._calls_in_flight, RESERVE):
                self._reached = self._reached or name
        return not self._reached

    def close_inquiry(self, calls: list[ModelCall]) -> None:
        """An episode has been asked about with these calls."""
        self._usd.settled += sum(call.cost_usd or 0.0 for call in calls)
        self._tokens.settled += sum(_tokens(call) for call in calls)

    def open_call(self) -> bool:
        """Whether another call of an episode in flight may be sent; counts it in where it may."""
        for name, account in self._accounts.items():
            if not account.allows_call(self._calls_in_flight):
                self._reached = self._reached or name
                return False
        self._calls_in_flight += 1
        return True

    def close_call(self, call: ModelCall | None) -> None:
        """A call has come back, or has failed for good (None)."""
        self._calls_in_flight -= 1
        if call is None:
            return
        for account, value in ((self._usd, call.cost_usd or 0.0), (self._tokens, _tokens(call))):
            account.spent += value
            account.per_call.add(value)

    def cannot_count(self, call: ModelCall) -> str:
        """Why a limit cannot be kept with a model whose calls come back like this one, and what helps; or nothing."""
        if self._usd.limit is not None and call.cost_usd is None:
            name, helps = "budget_usd", "Set its model.price (which needs token counts)"
        elif self._tokens.limit is not None and not (call.input_tokens and call.output_tokens is not None):
            name, helps = "max_tokens_total", "Let its server return the usage"
        else:
            return ""
        self._uncounted.add(call.requested_model)
        usage = f"{call.input_tokens} prompt and {call.output_tokens} completion tokens, cost {call.cost_usd}"
        return (
            f"{name} cannot be kept, since its replies do not say what they cost ({usage}); it was stopped. {helps} or "
            f"leave {name} out, then type the same command again."
        )

    def uncounted(self, model_id: str) -> bool:
        """Whether `cannot_count` has found a call of this model."""
        return model_id in self._uncounted

    @property
    def exhausted(self) -> str:
        """Why no further episode starts, and how to go on; empty while they do."""
        if not self._reached:
            return ""
        account = self._accounts[self._reached]
        assert account.limit is not None
        on = "on this sweep" if self._workers == 1 else f"by one of {self._workers} workers"
        spent, limit = (
            (f"${account.spent:.4g}", f"${account.limit:g}")
            if account is self._usd
            else (f"{account.spent:,.0f}", f"{account.limit:,.0f}")
        )
        return (
            f"{self._reached}={account.limit * self._workers:.12g} is reached: {spent} of {limit} spent {on} "
            f"({RESERVE:.0%} are kept for episodes in flight). To go on, raise it and type the same command again."
        )


def _tokens(call: ModelCall) -> int:
    return (call.input_tokens or 0) + (call.output_tokens or 0)
