"""The judges' labels of stored episodes: votes read from the store and turned into labels, without a call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from hanlon.inquiries.judges.votes import Label, labels_of
from hanlon.store.answers import answered_keys, by_episode, read_answers, read_inquiries
from hanlon.store.cells import CellState
from hanlon.store.episodes import runs_dir_of
from hanlon.store.records import Answer, CellRecord, InquiryRecord, Kind


@dataclass(frozen=True, slots=True)
class JudgedCell:
    """One judge's labels of one cell, by episode index."""

    judge: InquiryRecord
    cell: CellRecord
    labels: Mapping[int, Sequence[Label]]


def load_labels(
    states: Iterable[CellState], *, threshold: float | None = None, maybe: float | None = None
) -> list[JudgedCell]:
    """The labels of all judges that have answered about these cells, in the order of the judges' names.

    Labels of episodes that were excluded later stay in; rates take countable episodes only.

    Raises:
        ValueError: a threshold out of range.
    """
    judged: list[JudgedCell] = []
    for state in states:
        for record, answers in answers_by_inquiry(state.folder, "judges"):
            labels = {
                index: labels_of(record, votes, threshold=threshold, maybe=maybe)
                for index, votes in answers.items()
            }
            judged.append(JudgedCell(record, state.record, labels))
    return sorted(judged, key=lambda labelled: (labelled.judge.name, -labelled.judge.created_at))


def answers_by_inquiry(folder: Path, kind: Kind) -> Iterator[tuple[InquiryRecord, dict[int, list[Answer]]]]:
    """Each inquiry of a kind that has answers about a cell, with its answers by episode index."""
    keys = answered_keys(folder, kind)
    records = read_inquiries(runs_dir_of(folder), kind) if keys else {}
    for key in keys:
        if key in records:
            episodes = by_episode(read_answers(folder, kind, key)[0])
            yield (
                records[key],
                {index: list(chain(*questions.values())) for index, questions in episodes.items()},
            )


def judges_of(judged: Sequence[JudgedCell]) -> list[str]:
    """The judges' names, each once. Language models come before rules: they are the better judges."""
    ranked = sorted(judged, key=lambda labelled: labelled.judge.model is None)
    return list(dict.fromkeys(labelled.judge.name for labelled in ranked))


def by_cell(judged: Sequence[JudgedCell], judge: str) -> dict[str, dict[str, dict[int, str]]]:
    """One judge's values by cell key, label and episode index. Of two keys of a name the latest counts."""
    values: dict[str, dict[str, dict[int, str]]] = {}
    for labelled in judged:
        if labelled.judge.name == judge and labelled.cell.key not in values:
            of_cell = values.setdefault(labelled.cell.key, {})
            for index, labels in labelled.labels.items():
                for label in labels:
                    of_cell.setdefault(label.name, {})[index] = label.value
    return values
