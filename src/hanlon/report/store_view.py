"""What `hanlon view` answers: the index of a store, one episode, a search, and remarks that are written beside it."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hanlon.analysis.inert import inert
from hanlon.inquiries.judges.votes import NO, YES
from hanlon.report.answers import (
    InquiryAnswers,
    answers_at,
    inquiry_answers,
    read_people,
    remarks_on,
    roots_of,
)
from hanlon.report.branches import branch_state, child_at, listed_branches
from hanlon.report.finding import episode_at, indices_with
from hanlon.report.index import Columns, Listed, label_columns
from hanlon.report.transcript import transcript
from hanlon.store.answers import read_inquiries
from hanlon.store.cells import CellState, folders_below, in_grid_order
from hanlon.store.episodes import read_cell
from hanlon.store.people import NOTE, Remark, RemarkKind, write_remark
from hanlon.store.records import Episode
from hanlon.store.tally import Tally


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A remark as the reader sends it."""

    kind: RemarkKind
    cell: str
    index: int
    question: str
    value: str
    rater: str = ""


class NotHere(Exception):
    """There is no such cell, episode or label; the message says which."""


@dataclass
class StoreView:
    """A store that is looked at. It keeps the index and the answers of the cell that was read last."""

    states: Sequence[CellState]
    listed: Listed = field(init=False)
    _asked: tuple[str, InquiryAnswers] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read no episode yet."""
        self.listed = Listed(self.states)

    def read_ahead(self) -> None:
        """Read the index now, in the background, so that the first page need not wait for it."""
        threading.Thread(target=self._columns, daemon=True).start()

    def index(self) -> Mapping[str, Any]:
        """The columns of all episodes, and the labels that a person may give."""
        return {"columns": self._columns(), "asked": self._questions()}

    def labels(self) -> list[Columns]:
        """The columns of labels, of judges and of people."""
        columns = self._columns()
        remarks = [remark for root in roots_of(self.states) for remark in read_people(root)["labels"]]
        return label_columns(self.states, columns, remarks)

    def episode(self, key: str, index: int) -> Mapping[str, Any]:
        """One episode as the reader shows it.

        Raises:
            NotHere: there is none.
        """
        state = self._cell(key)
        episode = self._stored(state, index)
        people = read_people(state.folder.parent.parent)
        remarks = remarks_on([*people["labels"], *people["notes"]], state, index)
        shown = transcript(episode, answers_at(self._answers(state), index), remarks)
        return {**shown, "branches": listed_branches(state, index)}

    def child(self, key: str, branch: str, draw: int) -> Mapping[str, Any]:
        """One child of an episode of a cell as the reader shows it.

        Raises:
            NotHere: there is none.
        """
        state = branch_state(self._cell(key), branch)
        read = child_at(state, draw) if state else None
        if state is None or read is None:
            raise NotHere(f"there is no draw {draw} of branch {branch}")
        shown = transcript(read[0], answers_at(inquiry_answers(state), draw), kept=read[1])
        return {**shown, "title": inert(f"{state.record.label}, draw {draw}")}

    def search(self, key: str, text: str) -> list[int]:
        """The episodes of a cell in whose messages a text stands."""
        return sorted(indices_with(self._cell(key).folder, text)) if text else []

    def remark(self, sent: Sent) -> None:
        """Write a remark beside the store.

        Raises:
            NotHere: there is no such cell, episode or label, or it has no such value.
            CellBusy: another process writes one at this moment.
        """
        state = self._cell(sent.cell)
        self._stored(state, sent.index)
        asked = {question["name"]: question["choices"] for question in self._questions()}
        if sent.kind == "labels" and sent.value and sent.value not in asked.get(sent.question, ()):
            raise NotHere(
                f"{sent.question}={sent.value} is no label of a judge here. Labels: {', '.join(asked)}"
            )
        question = NOTE if sent.kind == "notes" else sent.question
        remark = Remark(sent.index, question, sent.cell, sent.value.strip(), sent.rater.strip(), time.time())
        with self._lock:
            write_remark(state.folder.parent.parent, sent.kind, remark)

    def _stored(self, state: CellState, index: int) -> Episode:
        episode = episode_at(state.folder, index)
        if episode is None:
            raise NotHere(f"{state.record.label} has no episode {index}")
        return episode

    def _columns(self) -> Columns:
        with self._lock:
            return self.listed.columns()

    def _cell(self, key: str) -> CellState:
        for state in self.states:
            if state.record.key == key:
                return state
        raise NotHere(f"there is no cell {key}")

    def _answers(self, state: CellState) -> InquiryAnswers:
        with self._lock:
            if self._asked is None or self._asked[0] != state.record.key:
                self._asked = (state.record.key, inquiry_answers(state))
            return self._asked[1]

    def _questions(self) -> list[dict[str, Any]]:
        """The labels that judges give, which people may give as well."""
        choices: dict[str, list[str]] = {}
        for root in roots_of(self.states):
            for judge in read_inquiries(root, "judges").values():
                for name, definition in judge.settings["labels"].items():
                    choices[name] = list(definition.get("choices") or (YES, NO))
        return [{"name": name, "choices": legal} for name, legal in choices.items()]


def open_store(runs: Sequence[Path]) -> StoreView:
    """The cells below the run folders, none of whose episodes is read yet."""
    states = [CellState(read_cell(folder), Tally(), folder) for folder in folders_below(runs)]
    return StoreView(in_grid_order(states, runs))
