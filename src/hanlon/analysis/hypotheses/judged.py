"""One prediction about one contrast with its ending, and how a prediction ends over all its contrasts."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanlon.analysis.equivalence import Ending
from hanlon.analysis.hypotheses.claims import Weighed
from hanlon.analysis.hypotheses.matrix import Claimed
from hanlon.analysis.hypotheses.observing import Observation


@dataclass(frozen=True, slots=True)
class Judged:
    """One prediction about one contrast: what was seen, the corrected p, and its ending with the reason."""

    claim: Claimed
    seen: Observation
    test: Weighed
    p_holds: float
    p_fails: float
    ending: Ending
    reason: str = ""

    @property
    def after_look(self) -> int:
        """Episodes of its cells that were added after a look at the rates."""
        return sum(cell.tally.after_look for cell in self.claim.instance.cells)

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for a prediction that several hypotheses make: one test of Holm's family."""
        prediction = self.claim.prediction
        return (self.claim.instance.key, prediction.claim, prediction.threshold, self.test)


def endings(judged: Sequence[Judged], hypothesis: str) -> dict[int, Ending]:
    """How each prediction of a hypothesis ended over all its contrasts, by its place in the hypothesis's list."""
    found: dict[int, list[Judged]] = {}
    for each in judged:
        if each.claim.hypothesis.name == hypothesis:
            found.setdefault(each.claim.place, []).append(each)
    return {place: together(own) for place, own in found.items()}


def together(instances: Sequence[Judged]) -> Ending:
    """One prediction over all its contrasts: those without room are left out where others have it."""
    if any(each.ending == "failed" for each in instances):
        return "failed"
    telling = [each for each in instances if not each.test.lacks or each.reason != each.test.lacks]
    return "held" if telling and all(each.ending == "held" for each in telling) else "undetermined"
