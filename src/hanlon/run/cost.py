"""What sampling costs before it is done: calls, tokens and dollars as ranges, each with its basis.

The basis is the best there is: stored episodes of the same cell, else of the same environment and model, else what
the environment itself expects of an episode.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from hanlon.config.schema import ModelConfig
from hanlon.environments.base import Environment, Estimate
from hanlon.inquiries.base import Inquiry
from hanlon.store.records import CallUsage, EpisodeDigest

FEWEST = 5
"""Stored episodes below which they are no basis."""
Z = 2.0
"""Standard errors to either side: of the stored mean and of the sum still to be drawn, together."""


@dataclass(frozen=True, slots=True)
class Range:
    """A low and a high value."""

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Totals for the episodes still to be sampled.

    `cost_usd` is that of the models whose price is known, None where none is; `unpriced` are the ids of the others.
    """

    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost_usd: Range | None
    basis: str
    unpriced: frozenset[str] = frozenset()

    def __add__(self, other: "CostEstimate") -> "CostEstimate":
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return CostEstimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            sum(costs[1:], costs[0]) if costs else None,
            "; ".join(dict.fromkeys([*self.basis.split("; "), *other.basis.split("; ")])),
            self.unpriced | other.unpriced,
        )


NOTHING = CostEstimate(Range(0, 0), Range(0, 0), Range(0, 0), Range(0, 0), "nothing to sample")


def estimate_cell(
    missing: int,
    stored: Sequence[EpisodeDigest],
    similar: Sequence[EpisodeDigest],
    environment: Environment,
    model: ModelConfig,
) -> CostEstimate:
    """What `missing` further episodes of a cell take."""
    if not missing:
        return NOTHING
    for episodes, source in ((stored, "this cell"), (similar, "this environment and model")):
        if len(episodes) >= FEWEST:
            return _from_stored(missing, episodes, f"{len(episodes)} stored episodes of {source}", model)
    return _expected(missing, environment.estimate(), model)


def estimate_branch(
    missing: int,
    children: Sequence[EpisodeDigest],
    episodes: Sequence[EpisodeDigest],
    turn: int,
    environment: Environment,
    model: ModelConfig,
    *,
    keeps_prices: bool,
) -> CostEstimate:
    """What `missing` further children take that keep `turn` replies; `episodes` are those of their parent's cell.

    Without `keeps_prices` another model answers than did in these episodes, so that only their tokens tell.
    """
    if not missing:
        return NOTHING
    if len(children) >= FEWEST:
        return _from_stored(missing, children, f"{len(children)} stored children of the same branch", model)
    rest = [_from_turn(episode, turn, keeps_prices) for episode in episodes if len(episode.calls) > turn]
    if len(rest) >= FEWEST:
        return _from_stored(
            missing, rest, "the stored episodes of the parents' cells, from the same turn on", model
        )
    expected = environment.estimate()
    left = [max(1.0, calls - turn) for calls in expected.calls]
    return _expected(missing, replace(expected, calls=(left[0], left[1])), model)


def _from_turn(episode: EpisodeDigest, turn: int, keeps_prices: bool) -> EpisodeDigest:
    calls = episode.calls[turn:]
    if not keeps_prices:
        calls = [CallUsage(call.input_tokens, call.output_tokens) for call in calls]
    return EpisodeDigest(episode.index, episode.outcome, {}, calls=calls)


def estimate_inquiry(
    unasked: int, answered: Sequence[EpisodeDigest], inquiry: Inquiry, environment: Environment
) -> CostEstimate:
    """What it takes to ask about `unasked` further episodes. `answered` holds the calls about the others."""
    if not unasked or inquiry.model is None:
        return NOTHING
    name = inquiry.record.name
    if len(answered) >= FEWEST:
        return _from_stored(
            unasked, answered, f"{len(answered)} episodes that {name} was asked about", inquiry.model
        )
    return _expected(unasked, inquiry.estimate(environment.name, environment.estimate()), inquiry.model)


def _expected(missing: int, expected: Estimate, model: ModelConfig) -> CostEstimate:
    """By an estimate for one episode."""
    calls, tokens_in, tokens_out = (
        Range(missing * low, missing * high)
        for low, high in (expected.calls, expected.input_tokens, expected.output_tokens)
    )
    cost = _priced(tokens_in, tokens_out, model)
    return CostEstimate(calls, tokens_in, tokens_out, cost, expected.basis, _unpriced(cost, model))


def _from_stored(
    missing: int, stored: Sequence[EpisodeDigest], basis: str, model: ModelConfig
) -> CostEstimate:
    calls = _drawn(missing, [float(len(e.calls)) for e in stored])
    tokens_in = _drawn(missing, [float(sum(c.input_tokens or 0 for c in e.calls)) for e in stored])
    tokens_out = _drawn(missing, [float(sum(c.output_tokens or 0 for c in e.calls)) for e in stored])
    costs = [[c.cost_usd for c in e.calls] for e in stored]
    if all(cost is not None for episode in costs for cost in episode):
        cost = _drawn(missing, [sum(c or 0.0 for c in episode) for episode in costs])
    else:
        cost = _priced(tokens_in, tokens_out, model)
    return CostEstimate(calls, tokens_in, tokens_out, cost, basis, _unpriced(cost, model))


def _unpriced(cost: Range | None, model: ModelConfig) -> frozenset[str]:
    return frozenset() if cost is not None else frozenset({model.id})


def _drawn(missing: int, values: Sequence[float]) -> Range:
    """The sum of `missing` draws from what these values were drawn from."""
    spread = stdev(values) * math.sqrt(1 / len(values) + 1 / missing)
    return Range(missing * max(0.0, fmean(values) - Z * spread), missing * (fmean(values) + Z * spread))


def _priced(tokens_in: Range, tokens_out: Range, model: ModelConfig) -> Range | None:
    """List prices, nothing cached: what is cached costs less."""
    if model.server is not None:
        return Range(0.0, 0.0)
    if model.price is None:
        return None
    price = model.price
    return Range(
        price.cost_usd(tokens_in.low, 0, tokens_out.low), price.cost_usd(tokens_in.high, 0, tokens_out.high)
    )
