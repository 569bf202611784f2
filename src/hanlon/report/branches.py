"""The branches of one stored episode as the reader lists them beside its transcript."""

from typing import Any

from hanlon.analysis.inert import inert_tree
from hanlon.fork.stored import StoredBranch, named_change, stored_branches
from hanlon.report.finding import episode_at
from hanlon.store.cells import CellState
from hanlon.store.episodes import branch_folders, read_branch
from hanlon.store.records import Episode
from hanlon.store.tally import Tally


def listed_branches(state: CellState, index: int) -> list[dict[str, Any]]:
    """Each branch of an episode: where it leaves it, what it changes, its rate, its children with their outcomes."""
    measure = next(iter(state.record.measures))
    return inert_tree([_listed(branch, measure) for branch in stored_branches(state, index)])


def _listed(branch: StoredBranch, measure: str) -> dict[str, Any]:
    count = branch.count(measure)
    children = sorted(branch.children, key=lambda child: child.index)
    return {
        "key": branch.record.key,
        "turn": branch.record.turn,
        "change": named_change(branch.record.change, branch.record.said_by) or "no change",
        "rate": f"{measure} {count.k}/{count.n}",
        "children": [[child.index, child.excluded or child.outcome] for child in children],
    }


def branch_state(state: CellState, key: str) -> CellState | None:
    """A branch of a cell's episodes by its key, as a cell is read; None where the cell has none of that key."""
    for folder in branch_folders(state.folder):
        if folder.name.endswith(key):
            return CellState(read_branch(folder).cell, Tally(), folder)
    return None


def child_at(branch: CellState, draw: int) -> tuple[Episode, int] | None:
    """A child and how many of its first messages are its parent's; None where there is no such draw."""
    child = episode_at(branch.folder, draw)
    if child is None:
        return None
    said = [position for position, message in enumerate(child.messages) if message["role"] == "assistant"]
    new = sum(call.answered for call in child.calls)
    return child, said[len(said) - new] if new else len(child.messages)
