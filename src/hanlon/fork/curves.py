"""The rate of a measure by turn: how likely the outcome was after each reply that a parent had given.

Turn t keeps the first t replies, so the reply after it has the jump of the rate from turn t to turn t+1. After the last
reply nothing is left to chance: there the rate is the parent's own outcome, 0 or 1, and no child is sampled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanlon.fork.stored import StoredBranch
from hanlon.store.tally import Count


@dataclass(frozen=True, slots=True)
class Curve:
    """The counts of one parent's children without a change, by turn. `end` is the parent's own case, None if none."""

    parent: str
    index: int
    replies: int
    counts: Mapping[int, Count]
    end: bool | None

    def rate(self, turn: int) -> float | None:
        """The rate at a turn; None where nothing was sampled."""
        if turn == self.replies:
            return None if self.end is None else float(self.end)
        count = self.counts.get(turn)
        return count.k / count.n if count and count.n else None

    def jumps(self) -> dict[int, float]:
        """By reply, how much it moved the rate, where both turns are known."""
        rates = {turn: rate for turn in range(self.replies + 1) if (rate := self.rate(turn)) is not None}
        return {turn: rates[turn + 1] - rates[turn] for turn in rates if turn + 1 in rates}

    @property
    def decisive(self) -> int | None:
        """The reply with the largest jump toward the parent's own outcome; the first of equal ones."""
        jumps, sign = self.jumps(), 1 if self.end else -1
        return max(jumps, key=lambda reply: (sign * jumps[reply], -reply)) if jumps else None


def curves(branches: Sequence[StoredBranch], measure: str) -> list[Curve]:
    """The curve of each parent that has children without a change, in the order of their indices."""
    unchanged = [branch for branch in branches if not branch.record.change]
    by_parent: dict[int, list[StoredBranch]] = {}
    for branch in unchanged:
        by_parent.setdefault(branch.record.index, []).append(branch)
    return [
        Curve(
            parent=group[0].record.parent,
            index=index,
            replies=group[0].record.replies,
            counts={branch.record.turn: branch.count(measure) for branch in group},
            end=group[0].record.measures.get(measure),
        )
        for index, group in sorted(by_parent.items())
    ]
