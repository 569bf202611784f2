"""A verdict by prediction: the contexts of each folded into one, which is shown by the context that decides it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hanlon.analysis.stats.equivalence import Result
from hanlon.hypotheses.claims import JudgedPrediction, by_prediction, result_of
from hanlon.hypotheses.printed.wording import contrast_text
from hanlon.hypotheses.schema import Prediction
from hanlon.hypotheses.verdict import Finding, GridVerdict

EITHER = "the interval allows either"


@dataclass(frozen=True, slots=True)
class FoldedPrediction:
    """One prediction over all contrasts that a grid has of it, each of which is a context."""

    contexts: Sequence[JudgedPrediction]
    contrast: str

    @property
    def prediction(self) -> Prediction:
        """What is predicted."""
        return self.contexts[0].claim.prediction

    @property
    def result(self) -> Result:
        """Failed in one context is failed; held in all that have room for the effect is held."""
        return result_of(self.contexts)

    @property
    def shown(self) -> JudgedPrediction:
        """The context that decides: the plainest failure, else what is furthest from holding among those with room."""
        telling = [
            context for context in self.contexts if not context.test.lacks or context.result == "failed"
        ]
        return _deciding(telling or self.contexts)

    @property
    def count(self) -> str:
        """In how many contexts the result is so; empty where there is one."""
        if len(self.contexts) == 1:
            return ""
        alike = sum(context.result == self.result for context in self.contexts)
        return f"{alike} of {len(self.contexts)}"


@dataclass(frozen=True, slots=True)
class FoldedFinding:
    """What is left of one hypothesis (or several that the grid cannot part), with its predictions that were tested."""

    finding: Finding
    predictions: Sequence[FoldedPrediction]
    exploratory: bool

    @property
    def name(self) -> str:
        """The hypothesis, or all that cannot be parted."""
        return " or ".join(self.finding.names)

    @property
    def decisive(self) -> FoldedPrediction | None:
        """The prediction on which it stands or falls; None where nothing was tested."""
        if not self.predictions:
            return None
        deciding = _deciding([folded.shown for folded in self.predictions])
        return next(folded for folded in self.predictions if folded.shown is deciding)

    @property
    def counts(self) -> Counter[Result]:
        """How many predictions have which result."""
        return Counter(folded.result for folded in self.predictions)

    @property
    def reasons(self) -> Counter[str]:
        """Why it is undetermined: its predictions, by their deciding contexts, or what held ones do not cover."""
        if self.finding.unexplained:
            return Counter([self.finding.because])
        return Counter(folded.shown.reason for folded in self.predictions if folded.result == "undetermined")


def _deciding(judged: Sequence[JudgedPrediction]) -> JudgedPrediction:
    """The plainest failure, else what is furthest from holding."""
    if failed := [each for each in judged if each.result == "failed"]:
        return min(failed, key=lambda each: (each.p_fails, each.test.fails))
    open_ones = [each for each in judged if each.result == "undetermined"] or judged
    return max(open_ones, key=lambda each: (each.p_holds, each.test.holds))


def folded_findings(verdict: GridVerdict) -> list[FoldedFinding]:
    """The findings of one grid, each with its predictions."""
    return [
        FoldedFinding(
            finding,
            _predictions(verdict, finding.names[0]),
            exploratory=not verdict.preregistered.issuperset(finding.names),
        )
        for finding in verdict.findings
    ]


def _predictions(verdict: GridVerdict, name: str) -> list[FoldedPrediction]:
    no_effect = verdict.matrix.grid.no_effect
    return [
        FoldedPrediction(contexts, contrast_text([context.claim for context in contexts], no_effect))
        for contexts in by_prediction(verdict.judged, name).values()
    ]


def by_contrast(
    findings: Sequence[FoldedFinding],
) -> dict[str, dict[tuple[str, Result], list[tuple[str, FoldedPrediction]]]]:
    """What the hypotheses predict of each contrast: by selector, then by claim and its result, the names that claim it.

    A claim that rivals share is one test, and so one entry.
    """
    contrasts: dict[str, dict[tuple[str, Result], list[tuple[str, FoldedPrediction]]]] = {}
    for folded in findings:
        for prediction in folded.predictions:
            claims = contrasts.setdefault(prediction.prediction.selector, {})
            key = prediction.prediction.claim, prediction.result
            claims.setdefault(key, []).append((folded.name, prediction))
    return contrasts
