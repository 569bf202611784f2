"""A verdict by prediction: the contexts of each folded into one, which is shown by the context that decides it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hanlon.analysis.stats.equivalence import Ending
from hanlon.hypotheses.claims import JudgedPrediction, together
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.verdict import Finding, GridVerdict

EITHER = "the interval allows either"


@dataclass(frozen=True, slots=True)
class Folded:
    """One prediction over all contrasts that a grid has of it, each of which is a context."""

    prediction: Prediction
    contexts: Sequence[JudgedPrediction]

    @property
    def ending(self) -> Ending:
        """Failed in one context is failed; held in all that have room for the effect is held."""
        return together(self.contexts)

    @property
    def shown(self) -> JudgedPrediction:
        """The context that decides: the plainest failure, else what is furthest from holding among those with room."""
        failed = [one for one in self.contexts if one.ending == "failed"]
        if failed:
            return min(failed, key=lambda one: (one.p_fails, one.test.fails))
        telling = [one for one in self.contexts if not one.test.lacks] or self.contexts
        open_ones = [one for one in telling if one.ending == "undetermined"] or telling
        return max(open_ones, key=lambda one: (one.p_holds, one.test.holds))

    @property
    def count(self) -> str:
        """In how many contexts it ended so; empty where there is one."""
        if len(self.contexts) == 1:
            return ""
        ended = sum(one.ending == self.ending for one in self.contexts)
        return f"{ended} of {len(self.contexts)}"


@dataclass(frozen=True, slots=True)
class FoldedFinding:
    """What is left of one hypothesis (or several that the grid cannot part), with its predictions that were tested."""

    finding: Finding
    predictions: Sequence[Folded]

    @property
    def decisive(self) -> Folded | None:
        """The prediction on which it stands or falls; None where nothing was tested."""
        failed = [one for one in self.predictions if one.ending == "failed"]
        if failed:
            return min(failed, key=lambda one: (one.shown.p_fails, one.shown.test.fails))
        open_ones = [one for one in self.predictions if one.ending == "undetermined"] or self.predictions
        return max(open_ones, key=lambda one: (one.shown.p_holds, one.shown.test.holds), default=None)

    @property
    def counts(self) -> Counter[Ending]:
        """How many predictions ended how."""
        return Counter(one.ending for one in self.predictions)

    @property
    def reasons(self) -> Counter[str]:
        """Why it is undetermined: its predictions, by their deciding contexts, or what held ones do not cover."""
        if self.finding.doubts:
            return Counter([self.finding.because])
        return Counter(one.shown.reason for one in self.predictions if one.ending == "undetermined")


def folded(verdict: GridVerdict) -> list[FoldedFinding]:
    """The findings of one grid, each with its predictions."""
    return [FoldedFinding(finding, _predictions(verdict, finding.names[0])) for finding in verdict.findings]


def by_contrast(
    found: Sequence[FoldedFinding],
) -> dict[str, dict[tuple[str, Ending], list[tuple[str, Folded]]]]:
    """What the hypotheses predict of each contrast: by selector, then by claim and its ending, the names that claim it.

    A claim that rivals share is one test, and so one entry.
    """
    contrasts: dict[str, dict[tuple[str, Ending], list[tuple[str, Folded]]]] = {}
    for one in found:
        for own in one.predictions:
            claims = contrasts.setdefault(own.prediction.selector, {})
            name = " or ".join(one.finding.names)
            claims.setdefault((own.prediction.claim, own.ending), []).append((name, own))
    return contrasts


def _predictions(verdict: GridVerdict, name: str) -> list[Folded]:
    by_place: dict[int, list[JudgedPrediction]] = {}
    for one in verdict.judged:
        if one.claim.hypothesis.name == name:
            by_place.setdefault(one.claim.place, []).append(one)
    return [Folded(own[0].claim.prediction, own) for own in by_place.values()]
