"""How far counts scatter about the rates of a model: binomially, with requests in common, and with the wording.

A request's rate is the cell's rate moved on the logit scale by what is hard about the request: a part that all cells
share and a part of each cell's own, both normal, with variances by the method of moments. A cell's rate itself moves by
`WOBBLE` with words that should make no difference. Two measures of a cell are of the same episodes: what has the rarer
one has the other too, as a resistance is an attempt, and both move together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, cast

from hanlon.analysis.stats.by_request import ByRequest
from hanlon.analysis.stats.differences import Term, linear_combination
from hanlon.hypotheses.binding import Point
from hanlon.hypotheses.fit import Counts

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

WOBBLE = 0.2
"""Standard deviation in logits by which a cell's rate differs from that of a cell that should be equal."""
LOGISTIC_NORMAL = 0.346
"""(16 sqrt 3 / 15 pi)^2: the mean of expit(x + s z) is about expit(x / sqrt(1 + 0.346 s^2)); Zeger, Liang & Albert,
Biometrics 44 (1988) 1049-1060."""
FEW_REPEATS = 0.1
"""Least value of 1 - 1 / m: with one episode a request nothing is seen of a variance that is a cell's own."""
FLATTEST = 0.3
"""Of the squared slope: what flatter ones leave of a variance is not scaled up any further (v = 6.7, sd 2.6)."""
AT_ONCE = 2_000_000
"""Drawn requests that are held in memory at a time."""


@dataclass(frozen=True)
class SamplingError:
    """`means` and `repeats`: for each rate (row) and request (column) the mean and the number of episodes, if shared.
    `common` and `separate` are the variances between requests, in logits squared. `cells` has for each rate the number
    of its cell; without it each has its own.
    """

    means: "NDArray[Any] | None" = None
    repeats: "NDArray[Any] | None" = None
    common: float = 0.0
    separate: float = 0.0
    cells: Sequence[int] | None = None

    @classmethod
    def of(cls, points: Sequence[Point], values: Sequence[ByRequest | None]) -> "SamplingError":
        """That of rates with these values by request; independent episodes where some rate has none."""
        import numpy as np

        keys = list(dict.fromkeys(key for key, _ in points))
        cells = [keys.index(key) for key, _ in points]
        requests = sorted({request for each in values for request in each or ()})
        if not requests or any(not each for each in values):
            return cls(cells=cells)
        repeats = np.array([[len((each or {}).get(name, ())) for name in requests] for each in values])
        sums = np.array([[sum((each or {}).get(name, ())) for name in requests] for each in values])
        means = np.divide(sums, repeats, out=np.full(sums.shape, np.nan), where=repeats > 0)
        return cls(means, repeats, *_variances(means, repeats), cells)

    @property
    def request_count(self) -> int | None:
        """The number of requests that rates have in common; None for independent episodes."""
        return None if self.means is None else self.means.shape[1]

    def draw(
        self, rates: "NDArray[Any]", n: "NDArray[Any]", draws: int, chance: "Generator"
    ) -> "NDArray[Any]":
        """Counts of a model of these rates: draws x rates."""
        import numpy as np
        from scipy.special import expit, logit

        cells = np.arange(len(rates)) if self.cells is None else np.array(self.cells)
        shifts = WOBBLE * chance.standard_normal((draws, cells.max() + 1))
        with np.errstate(divide="ignore"):
            centres = logit(rates) + shifts[:, cells]
        nested = _Nested.of(cells, rates)
        if self.repeats is None:
            return nested.draw(n.astype(int), expit(centres), chance)
        spread = (1 + LOGISTIC_NORMAL * (self.common + self.separate)) ** 0.5
        at_once = max(1, AT_ONCE // self.repeats.size)
        batches = [centres[start : start + at_once] for start in range(0, draws, at_once)]
        return np.concatenate([self._cases(spread * batch, cells, nested, chance) for batch in batches])

    def _cases(
        self, centres: "NDArray[Any]", cells: "NDArray[Any]", nested: "_Nested", chance: "Generator"
    ) -> "NDArray[Any]":
        """Counts of draws with these logits: draws x rates."""
        from scipy.special import expit

        repeats = cast("NDArray[Any]", self.repeats)
        draws, requests = len(centres), repeats.shape[1]
        shifts = self.common**0.5 * chance.standard_normal((draws, requests, 1))
        separate = self.separate**0.5 * chance.standard_normal((draws, requests, cells.max() + 1))
        each = expit(centres[:, None, :] + shifts + separate[:, :, cells])
        return nested.draw(repeats.T.astype(int), each, chance).sum(axis=1)

    def interval(self, columns: Sequence[int], counts: Counts, level: float) -> tuple[float, float]:
        """The interval of treated minus base, or of how the second difference exceeds the first.

        By request a normal one over the requests that all share; else MOVER's on Wilson intervals (Newcombe's for two).
        """
        import numpy as np

        weights = (-1.0, 1.0) if len(columns) == 2 else (1.0, -1.0, -1.0, 1.0)
        if self.means is None:
            terms = [
                Term(weight, float(counts.k[column]), int(counts.n[column]))
                for weight, column in zip(weights, columns, strict=True)
            ]
            both = linear_combination(terms, level)
            return both.lo, both.hi
        effects = sum(weight * self.means[column] for weight, column in zip(weights, columns, strict=True))
        effects = np.asarray(effects)[~np.isnan(effects)]
        if len(effects) < 2:
            return -1.0, 1.0
        arm = NormalDist().inv_cdf((1 + level) / 2) * float(effects.std(ddof=1)) / len(effects) ** 0.5
        return float(effects.mean()) - arm, float(effects.mean()) + arm


@dataclass(frozen=True)
class _Nested:
    """Rates (the last axis) in rounds: `positions`, and `below` those of the next lower rate of the same cells."""

    rounds: "Sequence[tuple[NDArray[Any], NDArray[Any] | None]]"

    @classmethod
    def of(cls, cells: "NDArray[Any]", rates: "NDArray[Any]") -> "_Nested":
        import numpy as np

        order = np.lexsort((rates, cells))
        rank = np.zeros(len(order), dtype=int)
        for before, position in pairwise(order):
            if cells[before] == cells[position]:
                rank[position] = rank[before] + 1
        by_rank = [order[rank[order] == number] for number in range(rank.max() + 1)]
        rounds: list[tuple[NDArray[Any], NDArray[Any] | None]] = [(by_rank[0], None)]
        for lower, positions in pairwise(by_rank):
            place = {cells[position]: position for position in lower}
            rounds.append((positions, np.array([place[cells[position]] for position in positions])))
        return cls(rounds)

    def draw(self, n: "NDArray[Any]", rates: "NDArray[Any]", chance: "Generator") -> "NDArray[Any]":
        """Binomial counts: what has the lower rate has the higher one too."""
        import numpy as np

        n = np.broadcast_to(n, rates.shape)
        k = np.zeros(rates.shape, dtype=int)
        for positions, below in self.rounds:
            p = rates[..., positions]
            if below is None:
                k[..., positions] = chance.binomial(n[..., positions], p)
                continue
            more = (p - rates[..., below]) / np.maximum(1 - rates[..., below], 1e-12)
            left = np.maximum(n[..., positions] - k[..., below], 0)
            k[..., positions] = k[..., below] + chance.binomial(left, np.clip(more, 0, 1))
        return k


def _variances(means: "NDArray[Any]", repeats: "NDArray[Any]") -> tuple[float, float]:
    """The variance between requests that all rates share, and that of each rate's own, by the method of moments.

    About a rate p the logit's slope is p (1 - p): two rates' covariance over requests is the common variance times both
    slopes, a rate's own variance the sum of both variances times its slope squared, less what m episodes of a request
    scatter, p (1 - p) / m, over 1 - 1 / m. The slope that requests of variance v have on average is flatter by the root
    of 1 + 0.346 v.
    """
    import numpy as np

    total, every = repeats.sum(axis=1), np.nansum(means * repeats, axis=1)
    rates = (every + 0.5) / (total + 1)
    slopes = rates * (1 - rates)
    residuals = np.nan_to_num(means - (every / np.maximum(total, 1))[:, None])
    used = repeats > 0
    shared = used.astype(float) @ used.T
    covariances = residuals @ residuals.T / np.maximum(shared, 1)
    products = np.outer(slopes, slopes)
    apart = ~np.eye(len(rates), dtype=bool) & (shared > 1)
    common = max(float((covariances * products)[apart].sum() / max((products**2)[apart].sum(), 1e-12)), 0.0)
    single = np.array([(1 / repeats[i][used[i]]).mean() for i in range(len(rates))])
    over = covariances.diagonal() - slopes * single
    whole = float((over * slopes**2).sum() / ((1 - single).clip(FEW_REPEATS) * slopes**4).sum())
    whole = max(whole, common)
    flatter = 1 / max(1 - LOGISTIC_NORMAL * whole, FLATTEST)
    return common * flatter, (whole - common) * flatter
