"""How the rate of a cell is taken to differ from request to request where power is simulated.

A request's rate is the cell's rate moved on the logit scale by what is easy or hard about the request. The shift is
normal, the same in all cells (some requests are refused sooner than others, whoever asks), and its standard deviation
is the one parameter. The cell's rate is the mean over requests.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from hanlon.store.contract import REQUESTS
from hanlon.store.records import CellRecord

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

REQUEST_SD = 1.0
"""In logits. A convention of ours, since no study of compliance gaps publishes it: about a mean of 50 %, nineteen in
twenty requests lie between 12 and 88 %, which is neither a set of copies nor one of requests that are always or never
refused."""
NODES = 64
"""Of the Gauss-Hermite quadrature: means over requests are exact to 1e-8 up to a standard deviation of 3."""
_USERS_SET = re.compile(r"(\d+) requests, sha256 ")


def request_count(record: CellRecord) -> int | None:
    """How many requests the episodes of a cell go round; None where its environment has none."""
    texts = record.texts.get(REQUESTS)
    if texts is None:
        return None
    users_set = _USERS_SET.match(texts)  # a user's file is described by its size and hash, ours line by line
    return int(users_set[1]) if users_set else len(texts.splitlines())


@dataclass(frozen=True, slots=True)
class RequestEffect:
    """A weighted sum of rates over requests: its mean, and the standard error of its estimate."""

    mean: float
    error: float


def shifted(rate: float, shifts: "NDArray[Any]", sd: float) -> "NDArray[Any]":
    """The rate of each request, whose standard normal `shifts` are in units of `sd`."""
    import numpy as np
    from scipy import special

    if not 0 < rate < 1:
        return np.full(shifts.shape, rate)
    return cast("NDArray[Any]", special.expit(_centre(rate, sd) + sd * shifts))


def episodes_by_request(n: int, requests: int) -> "NDArray[Any]":
    """The episodes of each request, where `n` episodes go round the requests in their order."""
    import numpy as np

    repeats, more = divmod(n, requests)
    return np.full(requests, repeats) + (np.arange(requests) < more)


def cases_by_request(
    rate: float, episodes: "NDArray[Any]", shifts: "NDArray[Any]", sd: float, chance: "Generator"
) -> "NDArray[Any]":
    """Drawn cases of each request in its episodes."""
    return chance.binomial(episodes, shifted(rate, shifts, sd))


def expected_effect(
    weights: Sequence[float], rates: Sequence[float], n: int, requests: int | None, sd: float
) -> RequestEffect:
    """The mean of a contrast and the standard error of its estimate by request, or by independent episodes.

    The variance of a request's contrast is that between requests and, of its `n / requests` repeats, the binomial one.
    """
    import numpy as np

    mean = sum(w * rate for w, rate in zip(weights, rates, strict=True))
    if requests is None:
        return RequestEffect(
            mean, sum(w * w * r * (1 - r) / n for w, r in zip(weights, rates, strict=True)) ** 0.5
        )
    used = min(n, requests)
    nodes, mass = _quadrature()
    by_node = [shifted(rate, nodes, sd) for rate in rates]
    contrast = sum(w * p for w, p in zip(weights, by_node, strict=True))
    between = float(np.sum(mass * (contrast - mean) ** 2))
    within = sum(float(np.sum(mass * w * w * p * (1 - p))) for w, p in zip(weights, by_node, strict=True))
    return RequestEffect(mean, ((between + within * used / n) / used) ** 0.5)


@lru_cache(maxsize=4096)
def _centre(rate: float, sd: float) -> float:
    """The logit about which requests with this standard deviation have this mean rate."""
    import numpy as np
    from scipy import optimize, special

    nodes, mass = _quadrature()

    def excess(centre: float) -> float:
        return float(np.sum(mass * special.expit(centre + sd * nodes))) - rate

    reach = abs(float(special.logit(rate))) * (1 + sd) + 10 * sd + 1
    return float(cast(Any, optimize).brentq(excess, -reach, reach))


@lru_cache(maxsize=1)
def _quadrature() -> tuple["NDArray[Any]", "NDArray[Any]"]:
    """Nodes and masses of the standard normal distribution."""
    import numpy as np

    nodes, mass = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, mass / mass.sum()
