"""Effects over wordings: the same contrast in each paraphrase, and how far they spread.

A wording is a random factor: 1 to 3 stand for all that might have been written. So the mean effect's interval must
grow with the spread between wordings, which no number of episodes makes smaller.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.grid import subject
from hanlon.analysis.stats.differences import Difference
from hanlon.store.contract import WORDING
from hanlon.store.digest import as_json

METHOD = "t over wordings"
ROUNDING = 1e-12
"""Below it a spread is that of floating-point numbers."""


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

    @property
    def differences(self) -> dict[str, float | None]:
        """The difference in each wording."""
        return {
            str(wording): contrast.comparison.difference.value
            for wording, contrast in zip(self.wordings, self.contrasts, strict=True)
        }


def over_wordings(contrasts: Sequence[Contrast]) -> list[OverWordings]:
    """The contrasts of grids with several wordings, gathered over them; one entry where one wording alone has it."""
    groups: dict[tuple[Any, ...], list[Contrast]] = defaultdict(list)
    for contrast in contrasts:
        if WORDING in contrast.pair.held:
            groups[_apart_from_wording(contrast)].append(contrast)
    return [_gathered(group) for group in groups.values()]


def _apart_from_wording(contrast: Contrast) -> tuple[Any, ...]:
    pair = contrast.pair
    held = {name: level for name, level in pair.held.items() if name != WORDING}
    changes = as_json([pair.changed, pair.levels, held])
    return (*subject(pair.base.record), contrast.measure, pair.factor, changes)


def _gathered(group: Sequence[Contrast]) -> OverWordings:
    ordered = tuple(sorted(group, key=lambda contrast: str(contrast.pair.held[WORDING])))
    wordings = tuple(contrast.pair.held[WORDING] for contrast in ordered)
    differences = [contrast.comparison.difference for contrast in ordered]
    level = differences[0].level
    defined = [difference for difference in differences if difference.value is not None]
    values = [cast(float, difference.value) for difference in defined]
    if len(values) < 2:
        mean = Difference(values[0] if values else None, -1.0, 1.0, level, METHOD)
        return OverWordings(ordered, wordings, mean, None, 1.0)
    mean, sd, p = random_mean(defined)
    return OverWordings(ordered, wordings, mean, sd, p)


def random_mean(differences: Sequence[Difference]) -> tuple[Difference, float, float]:
    """The mean of two or more differences that were drawn at random: its interval, their sd, the p of no effect.

    Student's t over the draws (statsmodels `DescrStatsW`), within [-1, 1], and never narrower than what sampling alone
    leaves open for these draws: where all are 0/n against 0/n they have no spread, and t no width. That part adds the
    squared arms of the single intervals (MOVER, as in
    `hanlon.analysis.stats.differences.linear_combination`), and the p is
    the larger one of the two.
    """
    from scipy import stats
    from statsmodels.stats import weightstats

    values = [cast(float, d.value) for d in differences]
    level, m = differences[0].level, len(values)
    drawn = cast(Any, weightstats).DescrStatsW(values)
    mean, sd = float(drawn.mean), float(drawn.std_ddof(1))
    down = math.sqrt(sum((d.lo - v) ** 2 for v, d in zip(values, differences, strict=True))) / m
    up = math.sqrt(sum((d.hi - v) ** 2 for v, d in zip(values, differences, strict=True))) / m
    lo, hi, p = mean - down, mean + up, _sampling_p(mean, down if mean > 0 else up, level)
    if sd > ROUNDING:
        t_lo, t_hi = drawn.tconfint_mean(alpha=1 - level)
        lo, hi = min(lo, float(t_lo)), max(hi, float(t_hi))
        p = max(p, float(cast(Any, stats).ttest_1samp(values, 0.0).pvalue))
    return Difference(mean, max(-1.0, lo), min(1.0, hi), level, METHOD), sd, p


def _sampling_p(mean: float, arm: float, level: float) -> float:
    """The p of no effect at which an interval's arm, scaled as a normal one, just reaches zero."""
    from scipy import stats

    if abs(mean) < ROUNDING:
        return 1.0
    normal = cast(Any, stats).norm
    return float(2 * normal.sf(abs(mean) / arm * normal.isf((1 - level) / 2)))
