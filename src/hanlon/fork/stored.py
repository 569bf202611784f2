"""The branches that a cell's folder holds, each with what its children came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hanlon.store.cells import CellState
from hanlon.store.episodes import branch_folders, read_branch, read_digests
from hanlon.store.records import BranchRecord, EpisodeDigest
from hanlon.store.tally import Count


@dataclass(frozen=True, slots=True)
class StoredBranch:
    """A branch and its children."""

    record: BranchRecord
    folder: Path
    children: Sequence[EpisodeDigest]

    def count(self, measure: str, first: int = 0) -> Count:
        """The cases of a measure among the countable children from draw `first` on."""
        cases = [
            child.measures.get(measure)
            for child in self.children
            if child.excluded is None and child.index >= first
        ]
        return Count(k=sum(case is True for case in cases), n=sum(case is not None for case in cases))

    @property
    def excluded(self) -> int:
        """Children that what the machinery did keeps out of n."""
        return sum(child.excluded is not None for child in self.children)


def stored_branches(state: CellState, index: int | None = None) -> list[StoredBranch]:
    """The branches of a cell's episodes, or of one of them, by parent and turn; those without a child are left out."""
    branches = [
        StoredBranch(read_branch(folder), folder, read_digests(folder))
        for folder in branch_folders(state.folder, index)
    ]
    kept = [branch for branch in branches if branch.children]
    return sorted(kept, key=lambda b: (b.record.index, b.record.turn, b.record.change, b.record.said_by))


def named_change(typed: str, said_by: str) -> str:
    """A change for people; "" where nothing is changed."""
    return f"{typed} said by the {said_by}" if said_by else typed
