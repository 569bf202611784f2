"""The tables of a verdict: what each factor does, the rivals, and every prediction that was put to the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.effects import effect_text, share_text
from hanlon.analysis.contrasts.grid import TIER
from hanlon.analysis.tables import Column, Item, p_value, points, points_interval, printed
from hanlon.hypotheses.binding import Bound
from hanlon.hypotheses.printed.answers import Judged, percent
from hanlon.hypotheses.printed.wording import SeenClaim
from hanlon.hypotheses.verdict import Rival

UNTESTED = ("not put to the test", "not fitted")


def _effect(contrast: Contrast) -> str:
    """What is changed, in words; of tiers, which have the same words, also by name."""
    text, changed = effect_text(contrast), contrast.pair.changed
    if len(changed) == 1 and TIER in changed:
        return " -> ".join([f"tier {changed[TIER][0]}", str(changed[TIER][1])])
    return text


def _points(contrast: Contrast) -> str:
    difference = contrast.comparison.difference
    return f"{points(difference.value)} {points_interval(difference.lo, difference.hi)}"


EFFECTS: tuple[Column[Contrast], ...] = (
    printed("effect", _effect),
    printed(
        "k/n",
        lambda row: f"{row.base.k}/{row.base.n} -> {row.treated.k}/{row.treated.n}",
        right=True,
        fixed=True,
    ),
    printed("points", _points, fixed=True),
    printed("share removed", lambda row: share_text(row.comparison.ratio).removeprefix("removes ") or "-"),
)


@dataclass(frozen=True, slots=True)
class RivalRow:
    """A rival with the prediction at which it is furthest from the counts."""

    rival: Rival
    misfit: SeenClaim | None

    @property
    def tested(self) -> str:
        """How many of its predictions were put to the test."""
        fit = self.rival.fit
        return f"{fit.tested} of {len(fit.bound.hypothesis.predicts)}"


RIVALS: tuple[Column[RivalRow], ...] = (
    printed("rival", lambda row: row.rival.name),
    printed("status", lambda row: row.rival.status),
    printed("explains", lambda row: f"{percent(max(row.rival.fit.share, 0))}", right=True),
    printed("p", lambda row: p_value(row.rival.p), right=True),
    printed("tested", lambda row: row.tested),
    printed("free", lambda row: str(row.rival.fit.free), right=True),
)


def rival_rows(judged: Judged) -> list[RivalRow]:
    """The rivals that were put to the test."""
    return [
        RivalRow(rival, judged.misfit(rival))
        for rival in judged.verdict.rivals
        if rival.status not in UNTESTED
    ]


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A prediction with all of its contexts."""

    hypothesis: str
    contexts: Sequence[SeenClaim]

    @property
    def shown(self) -> SeenClaim:
        """The context furthest from what is predicted."""
        return max(self.contexts, key=lambda context: context.short)

    @property
    def met(self) -> str:
        """Whether the counts lie as predicted, in each context."""
        met = sum(context.met for context in self.contexts)
        if len(self.contexts) == 1:
            return "yes" if met else "no"
        return f"{met} of {len(self.contexts)}"


def _seen_points(row: PredictionRow) -> str:
    comparison = row.shown.comparison
    if comparison is None:
        return "-"
    difference = comparison.difference
    return f"{points(difference.value)} {points_interval(difference.lo, difference.hi)}"


PREDICTIONS: tuple[Column[PredictionRow], ...] = (
    printed("hypothesis", lambda row: row.hypothesis),
    printed("prediction", lambda row: f"{row.shown.contrast_text} {row.shown.claim.prediction.text}"),
    printed("met", lambda row: row.met),
    printed("k/n", lambda row: row.shown.counts_text, right=True),
    printed("points", _seen_points),
    printed(
        "p no difference", lambda row: p_value(row.shown.comparison and row.shown.comparison.p), right=True
    ),
)


def prediction_rows(judged: Judged) -> Iterator[PredictionRow]:
    """Every prediction that was put to the test, by hypothesis."""
    for bound in in_order(judged):
        by_number: dict[int, list[SeenClaim]] = {}
        for seen in judged.seen(bound):
            by_number.setdefault(seen.claim.number, []).append(seen)
        yield from (PredictionRow(bound.hypothesis.name, contexts) for contexts in by_number.values())


def in_order(judged: Judged) -> list[Bound]:
    """The hypotheses as the rivals are ordered, those without a verdict as they were written down."""
    return [rival.fit.bound for rival in judged.verdict.rivals] or list(judged.verdict.planned.bound.values())


def at_level(columns: Sequence[Column[Item]], level: float) -> list[Column[Item]]:
    """The columns, with the confidence of the intervals in the heading."""
    return [
        replace(column, name=f"points [{100 * level:.4g} %]") if column.name == "points" else column
        for column in columns
    ]
