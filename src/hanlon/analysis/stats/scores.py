"""How well a yes-or-no judge agrees with a reference, in figures with intervals, all from scipy and statsmodels."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hanlon.analysis.stats.rates import wilson

RESAMPLES = 2000
"""Bootstrap resamples of an AUROC's interval."""
BOOTSTRAP_SEED = 20_412
"""Of the resampling, so that the same labels always print the same interval."""
LEVEL = 0.95
AUROC_METHOD = (
    f"percentile bootstrap within each class, {RESAMPLES} resamples, seed {BOOTSTRAP_SEED}, {LEVEL:.0%}"
)


@dataclass(frozen=True, slots=True)
class Score:
    """A value with the two-sided interval at `LEVEL`; None where it is not defined for these data."""

    value: float | None
    lo: float | None = None
    hi: float | None = None


UNDEFINED = Score(None)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of a judge against a reference: true and false positives and negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @classmethod
    def of(cls, pairs: Sequence[tuple[bool, bool]]) -> "Confusion":
        """Count (reference, judge) pairs."""
        return cls(
            tp=pairs.count((True, True)),
            fp=pairs.count((False, True)),
            fn=pairs.count((True, False)),
            tn=pairs.count((False, False)),
        )

    @property
    def n(self) -> int:
        """All pairs."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> Score:
        """The share of the judge's positives that are cases, with the Wilson interval."""
        return share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Score:
        """How many of the cases the judge named (sensitivity), with the Wilson interval."""
        return share(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Score:
        """How many of those that are no cases the judge left alone, with the Wilson interval."""
        return share(self.tn, self.tn + self.fp)

    @property
    def kappa(self) -> Score:
        """Cohen's kappa of reference and judge."""
        return kappa([[self.tp, self.fn], [self.fp, self.tn]])


def share(k: int, n: int) -> Score:
    """k/n with the Wilson score interval; undefined where n is 0."""
    return Score(k / n, *wilson(k, n, LEVEL)) if n else UNDEFINED


def kappa(table: Sequence[Sequence[int]]) -> Score:
    """Cohen's kappa (Cohen 1960) of a square table of counts, with the large-sample interval of statsmodels.

    Undefined where both sides gave one and the same answer throughout: agreement by chance is then certain. Where
    the large-sample interval has no width (they agree everywhere, or one side never varies), none is given.
    """
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa  # pyright: ignore[reportUnknownVariableType] untyped

    counts = np.array(table, dtype=float)
    if counts.sum() == 0 or np.count_nonzero(counts.sum(axis=0) + counts.sum(axis=1)) < 2:
        return UNDEFINED
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of the weighted variance, which is not used
        result = cast(Any, cohens_kappa(counts))
    return _with_interval(float(result.kappa), max(-1.0, result.kappa_low), min(1.0, result.kappa_upp))


def auroc(cases: Sequence[float], others: Sequence[float]) -> Score:
    """The area under the ROC curve of scores: the chance that a case scores above another, ties counting half.

    The Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982); interval: `AUROC_METHOD`.
    Undefined without cases or without others. No interval where a class has one member, or where every resample gives
    the same value (the scores part the classes perfectly, or not at all).
    """
    if not cases or not others:
        return UNDEFINED
    value = float(_area(cases, others))
    if min(len(cases), len(others)) < 2:
        return Score(value)
    import numpy as np
    from scipy.stats import bootstrap  # pyright: ignore[reportUnknownVariableType] untyped

    result = cast(Any, bootstrap)(
        (np.array(cases), np.array(others)),
        _area,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(BOOTSTRAP_SEED),
        vectorized=True,
    ).confidence_interval
    return _with_interval(value, result.low, result.high)


def spread(name: str, figure: Score) -> dict[str, float | None]:
    """A figure as the columns `name`, `name_lo` and `name_hi` of a row."""
    return {name: figure.value, f"{name}_lo": figure.lo, f"{name}_hi": figure.hi}


def worded(row: Mapping[str, Any], name: str) -> str:
    """The same columns as words: the value and its interval, a dash where it is undefined."""
    if row[name] is None:
        return "-"
    interval = "" if row[f"{name}_lo"] is None else f" [{row[f'{name}_lo']:.2f}, {row[f'{name}_hi']:.2f}]"
    return f"{row[name]:.2f}{interval}"


def _with_interval(value: float, low: float, high: float) -> Score:
    """A score without its interval where that is no number, or has no width and would look like certainty."""
    return Score(value, float(low), float(high)) if math.isfinite(low) and low < high else Score(value)


def _area(cases: Any, others: Any, axis: int = -1) -> Any:
    import numpy as np
    from scipy.stats import mannwhitneyu  # pyright: ignore[reportUnknownVariableType] untyped

    cases, others = np.asarray(cases, dtype=float), np.asarray(others, dtype=float)
    # the asymptotic p value is not used; the exact one would take the time
    result = cast(Any, mannwhitneyu)(cases, others, axis=axis, method="asymptotic")
    return result.statistic / (cases.shape[axis] * others.shape[axis])
