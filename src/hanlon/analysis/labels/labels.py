"""What judges said of stored episodes: votes read from the store, made labels under any threshold, without a call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hanlon.analysis.requests import JudgeLabels
from hanlon.inquiries.judges.smoke.trials import smoke_warnings
from hanlon.inquiries.judges.votes import Label, labels_of
from hanlon.store.answers import Kind, answered_keys, by_episode, read_answers, read_inquiries
from hanlon.store.cells import CellState
from hanlon.store.records import Answer, CellRecord, InquiryRecord


def correct_by_question(answers: Sequence[Answer]) -> dict[str, bool | None]:
    """For each question asked about one episode, whether its answer is right.

    None where no answer could be read, or where what happened does not say which is right.
    """
    found: dict[str, bool | None] = {}
    for answer in answers:
        correct = (answer.value or {}).get("correct")
        found[answer.question] = correct if isinstance(correct, bool) else found.get(answer.question)
    return found


def comprehended(answers: Sequence[Answer]) -> bool | None:
    """Whether all questions of a comprehension set about one episode were answered right.

    One wrong answer settles it. None where none is wrong and one, or all, could not be read: an unreadable reply
    shows neither understanding nor its lack. None, too, where nothing was asked.
    """
    correct = correct_by_question(answers).values()
    if any(value is False for value in correct):
        return False
    return True if correct and all(correct) else None


COMPREHENSION = "comprehension"
"""The set of follow-up questions, and the column that says whether all of them were answered right."""


@dataclass(frozen=True, slots=True)
class JudgedCell:
    """One judge's labels of one cell, by episode index."""

    judge: InquiryRecord
    cell: CellRecord
    labels: Mapping[int, Sequence[Label]]


def load_labels(
    states: Iterable[CellState], *, threshold: float | None = None, maybe: float | None = None
) -> list[JudgedCell]:
    """The labels of all judges that have answered about these cells, judges in the order of their names.

    Of an episode that was sampled again, or excluded since, nothing is left out: rates take countable ones only.

    Raises:
        ValueError: a threshold out of range.
    """
    judged: list[JudgedCell] = []
    for state in states:
        for record, answers in _answers(state.folder, "judges"):
            labels = {
                index: labels_of(
                    record, [a for own in given.values() for a in own], threshold=threshold, maybe=maybe
                )
                for index, given in answers.items()
            }
            judged.append(JudgedCell(record, state.record, labels))
    return sorted(judged, key=lambda one: (one.judge.name, -one.judge.created_at))


def _answers(folder: Path, kind: Kind) -> Iterator[tuple[InquiryRecord, dict[int, dict[str, list[Answer]]]]]:
    keys = answered_keys(folder, kind)
    records = read_inquiries(folder.parent.parent, kind) if keys else {}
    for key in keys:
        if key in records:
            yield records[key], by_episode(read_answers(folder, kind, key)[0])


def judges_of(judged: Sequence[JudgedCell]) -> list[str]:
    """The judges' names, each once; one that a language model answers before a rule, for that is the better judge."""
    ranked = sorted(judged, key=lambda one: one.judge.model is None)
    return list(dict.fromkeys(one.judge.name for one in ranked))


def by_cell(judged: Sequence[JudgedCell], judge: str) -> dict[str, dict[str, dict[int, str]]]:
    """One judge's labels as cell key -> label -> episode index -> value; of two keys the judge asked last."""
    found: dict[str, dict[str, dict[int, str]]] = {}
    for one in judged:
        if one.judge.name == judge and one.cell.key not in found:
            own = found.setdefault(one.cell.key, {})
            for index, labels in one.labels.items():
                for label in labels:
                    own.setdefault(label.name, {})[index] = label.value
    return found


def comprehension(states: Iterable[CellState]) -> dict[str, dict[str, dict[int, str]]]:
    """Whether the model understood its situation, as `by_cell` has labels: yes, no, or unscored."""
    words = {True: "yes", False: "no", None: "unscored"}
    found: dict[str, dict[str, dict[int, str]]] = {}
    for state in states:
        for record, answers in _answers(state.folder, "followups"):
            if record.name == COMPREHENSION:
                own = found.setdefault(state.record.key, {}).setdefault(COMPREHENSION, {})
                for index, given in answers.items():
                    own[index] = words[comprehended([a for answers in given.values() for a in answers])]
    return found


def reading_of(
    states: Sequence[CellState], judged: Sequence[JudgedCell], judge: str | None = None
) -> JudgeLabels:
    """The labels that a table of gaps shows, of one judge, with the model's comprehension.

    What that judge has no label for, such as confusion, is taken from the others: only rules see the tier.

    Args:
        states: the cells.
        judged: their labels, from `load_labels`.
        judge: whose labels; None: a language model's where there are any, else the rules'.

    Raises:
        ValueError: no such judge has labelled an episode here.
    """
    names = judges_of(judged)
    if judge is not None and judge not in names:
        raise ValueError(f"no judge {judge!r} here. Judges: {', '.join(names) or 'none'}")
    chosen = judge if judge is not None else next(iter(names), None)
    labels = by_cell(judged, chosen) if chosen is not None else {}
    said = [] if chosen is None else [_said_by(judged, chosen)]
    given = {
        label: one.judge.name
        for one in judged
        if one.judge.name == chosen
        for label in one.judge.settings["labels"]
    }
    for other in names:
        found = by_cell(judged, other)
        lacking = {name for own in found.values() for name in own} - given.keys()
        if lacking:
            said.append(f"{', '.join(sorted(lacking))} by {_said_by(judged, other)}")
        for key, own in found.items():
            labels[key] = labels.get(key, {}) | {name: own[name] for name in own if name in lacking}
        given |= dict.fromkeys(lacking, other)
    for key, own in comprehension(states).items():
        labels[key] = labels.get(key, {}) | own
    return JudgeLabels("; ".join(said) or None, labels, given)


def _said_by(judged: Sequence[JudgedCell], name: str) -> str:
    models = {one.judge.model or "rules" for one in judged if one.judge.name == name}
    return f"{name} ({', '.join(sorted(models))})"


OF_GAPS = ("alignment_faking", "wrong_tier", "rule_backwards", "confused")
"""The labels that a table of gaps shows."""


def judged_gaps(states: Sequence[CellState], judge: str | None = None) -> JudgeLabels:
    """What a table of gaps shows of one judge's labels, warnings included."""
    judged = load_labels(states)
    reading = reading_of(states, judged, judge)
    warnings: list[str] = []
    for name in dict.fromkeys(reading.given_by.values()):
        own = [one for one in judged if one.judge.name == name]
        labels = [label for label in OF_GAPS if reading.given_by.get(label) == name]
        warnings += label_warnings(states, own, labels) if labels else []
    return replace(reading, warnings=warnings)


def label_warnings(
    states: Sequence[CellState], judged: Sequence[JudgedCell], labels: Sequence[str] | None = None
) -> list[str]:
    """What to print beside labels of these judges."""
    by_runs: dict[Path, list[InquiryRecord]] = {}
    folders = {state.record.key: state.folder.parent.parent for state in states}
    for one in judged:
        by_runs.setdefault(folders[one.cell.key], []).append(one.judge)
    return [line for runs_dir, own in by_runs.items() for line in smoke_warnings(runs_dir, own, labels)]
