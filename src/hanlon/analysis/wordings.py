"""Effects over wordings: the same contrast in each paraphrase, and how far they spread.

A wording is a random factor: 1 to 3 stand for all that might have been written. So the mean effect's interval must
grow with the spread between wordings, which no number of episodes makes smaller.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from hanlon.analysis.contrasts import Contrast
from hanlon.analysis.differences import Difference

WORDING = "wording"
METHOD = "t over wordings"


@dataclass(frozen=True, slots=True)
class OverWordings:
    """One contrast in each wording that has it. `wordings` are their levels, in the order of `contrasts`.

    `mean` is None where no wording gave a difference; its interval is (-1, 1) with fewer than two. `sd` is the
    standard deviation of the differences between wordings (n - 1), None with fewer than two. `p` is of no mean effect.
    """

    contrasts: tuple[Contrast, ...]
    wordings: tuple[Any, ...]
    mean: Difference
    sd: float | None
    p: float


def over_wordings(found: Sequence[Contrast]) -> list[OverWordings]:
    """The contrasts of grids with several wordings, gathered over them; one entry where one wording alone has it."""
    groups: dict[tuple[Any, ...], list[Contrast]] = defaultdict(list)
    for one in found:
        if WORDING in one.pair.held:
            groups[_apart_from_wording(one)].append(one)
    return [_gathered(group) for group in groups.values()]


def _apart_from_wording(one: Contrast) -> tuple[Any, ...]:
    record = one.pair.base.record
    held = {name: level for name, level in one.pair.held.items() if name != WORDING}
    place = (record.env, record.model, record.endpoint, record.protocol, record.simulated, one.measure)
    return (
        *place,
        one.pair.factor,
        msgspec.json.encode([one.pair.changed, one.pair.levels, held], order="sorted"),
    )


def _gathered(group: Sequence[Contrast]) -> OverWordings:
    ordered = tuple(sorted(group, key=lambda one: str(one.pair.held[WORDING])))
    known = [d for d in (one.comparison.difference for one in ordered) if d.value is not None]
    values = [cast(float, d.value) for d in known]
    level = ordered[0].comparison.difference.level
    wordings = tuple(one.pair.held[WORDING] for one in ordered)
    if len(values) < 2:
        mean = Difference(values[0] if values else None, -1.0, 1.0, level, METHOD)
        return OverWordings(ordered, wordings, mean, None, 1.0)
    mean, sd, p = random_mean(known)
    return OverWordings(ordered, wordings, mean, sd, p)


def random_mean(differences: Sequence[Difference]) -> tuple[Difference, float, float]:
    """The mean of at least two differences that are draws themselves: its interval, their sd, the p of no effect.

    Student's t over the draws (statsmodels `DescrStatsW`), within [-1, 1], and never narrower than what sampling alone
    leaves open for these draws: where all are 0/n against 0/n they have no spread, and t no width. That part adds the
    squared arms of the single intervals (MOVER, as in `hanlon.analysis.differences.linear_combination`).
    """
    from scipy import stats
    from statsmodels.stats import weightstats

    values = [cast(float, d.value) for d in differences]
    level, m = differences[0].level, len(values)
    drawn = cast(Any, weightstats).DescrStatsW(values)
    mean, sd = float(drawn.mean), float(drawn.std_ddof(1))
    lo, hi = (mean, mean) if sd == 0 else drawn.tconfint_mean(alpha=1 - level)
    down, up = (
        math.sqrt(sum(arm**2 for arm in arms)) / m
        for arms in (
            [v - d.lo for v, d in zip(values, differences, strict=True)],
            [d.hi - v for v, d in zip(values, differences, strict=True)],
        )
    )
    low, high = max(-1.0, min(float(lo), mean - down)), min(1.0, max(float(hi), mean + up))
    t_p = 1.0 if sd == 0 else float(cast(Any, stats).ttest_1samp(values, 0.0).pvalue)
    return Difference(mean, low, high, level, METHOD), sd, t_p
