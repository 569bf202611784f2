"""The labels beside a table of gaps: alignment-faking reasoning, confusion, and comprehension.

A label of the smoke set takes part only if its judge passed there. Otherwise a line says why not, and how to try it. A
simulated judge may be untried: it makes no finding.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hanlon.analysis.labels.comprehension import comprehension
from hanlon.analysis.labels.labels import JudgedCell, by_cell, judges_of, load_labels
from hanlon.analysis.labels.trials import COMMAND, shortfall
from hanlon.analysis.requests import JudgeLabels
from hanlon.environments.stored import declaration_of
from hanlon.inquiries.judges.smoke.scores import SmokeScore
from hanlon.inquiries.judges.smoke.trials import smoke_labels, trial_of
from hanlon.store.cells import CellState
from hanlon.store.records import InquiryRecord

ADVICE = "not judged: add judge=[regex,llm]"


def judged_gaps(states: Sequence[CellState], judge: str | None = None) -> JudgeLabels:
    """The labels of one judge for a table of gaps. Labels that this judge lacks come from the others.

    Args:
        states: the cells.
        judge: whose labels; None: a language model's where there are any, else the rules'.

    Raises:
        ValueError: no such judge has labelled an episode here.
    """
    judged = load_labels(states)
    names = judges_of(judged)
    if judge is not None:
        if judge not in names:
            raise ValueError(f"no judge {judge!r} here. Judges: {', '.join(names) or 'none'}")
        names = [judge, *(name for name in names if name != judge)]
    wanted = _labels_of_gaps(states)
    combined, trials = _Combined(wanted), _trials(states, judged)
    for name in names:
        combined.add(judged, name, trials[name], only=name == judge)
    if absent := [label for label in wanted if label not in combined.given_by.keys() | combined.doubted]:
        combined.warnings.append(f"{', '.join(absent)}: {ADVICE}.")
    for key, of_cell in comprehension(states).items():
        combined.labels[key] = combined.labels.get(key, {}) | of_cell
    sources = "; ".join(combined.sources) or None
    return JudgeLabels(sources, combined.labels, combined.given_by, combined.warnings)


def _labels_of_gaps(states: Sequence[CellState]) -> list[str]:
    """The labels that the environments of these cells declare."""
    motives = [motive for state in states if (motive := declaration_of(state.record).motive)]
    return list(dict.fromkeys(label for motive in motives for label in (motive.label, *motive.confusion)))


@dataclass
class _Combined:
    """Labels of several judges, each from the first judge that gives it and is shown right on it."""

    wanted: Collection[str]
    """Those that a table of gaps needs."""
    labels: dict[str, dict[str, dict[int, str]]] = field(default_factory=dict[str, dict[str, dict[int, str]]])
    given_by: dict[str, str] = field(default_factory=dict[str, str])
    doubted: set[str] = field(default_factory=set[str])
    closed: set[str] = field(default_factory=set[str])
    sources: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def add(self, judged: Sequence[JudgedCell], name: str, trials: "_Trials", *, only: bool) -> None:
        """Add the labels of one judge. With `only`, no later judge replaces a label of this one that is doubted."""
        values = by_cell(judged, name)
        offered = (
            {label for of_cell in values.values() for label in of_cell} - self.given_by.keys() - self.closed
        )
        doubts: dict[str, list[str]] = {}
        for label in sorted(offered):
            if reason := _doubt(trials, label):
                doubts.setdefault(reason, []).append(label)
        doubted = {label for labels in doubts.values() for label in labels}
        self.doubted |= doubted
        self.closed |= doubted if only else set()
        for reason, labels in doubts.items():
            if shown := [label for label in labels if label in self.wanted]:
                self.warnings.append(f"{', '.join(shown)} by {name}: {reason}")
        taken = sorted(offered - doubted)
        if taken:
            self.sources.append(_source(judged, name, taken if self.given_by else ()))
        for key, of_cell in values.items():
            chosen = {label: of_cell[label] for label in of_cell if label in taken}
            self.labels[key] = self.labels.get(key, {}) | chosen
        self.given_by |= dict.fromkeys(taken, name)


def _source(judged: Sequence[JudgedCell], name: str, labels: Collection[str]) -> str:
    """A judge with its models; of the later ones also which labels."""
    models = {labelled.judge.model or "rules" for labelled in judged if labelled.judge.name == name}
    source = f"{name} ({', '.join(sorted(models))})"
    return f"{', '.join(sorted(labels))} by {source}" if labels else source


_Trials = Mapping[str, tuple[InquiryRecord, list[SmokeScore] | None]]
"""The judges of one name by key, each with its trial; None if it was not tried."""


def _trials(states: Sequence[CellState], judged: Sequence[JudgedCell]) -> Mapping[str, _Trials]:
    """By judge's name, the trials of those whose labels `by_cell` takes."""
    folders = {state.record.key: state.folder.parent.parent for state in states}
    trials: dict[str, dict[str, tuple[InquiryRecord, list[SmokeScore] | None]]] = {}
    used: set[tuple[str, str]] = set()
    for labelled in judged:
        judge, cell = labelled.judge, labelled.cell
        of_name = trials.setdefault(judge.name, {})
        if (judge.name, cell.key) not in used and judge.key not in of_name:
            of_name[judge.key] = (judge, trial_of(folders[cell.key], judge))
        used.add((judge.name, cell.key))
    return trials


def _doubt(trials: _Trials, label: str) -> str | None:
    """Why nothing is built on a label; None if it may be."""
    for judge, scores in trials.values():
        if scores is None and not judge.simulated and label in smoke_labels():
            advice = f"{COMMAND} {judge.name}" if judge.model else "these rules are of an older revision"
            return f"not tried on the smoke set, so no gap is split by it: {advice}."
        for score in scores or ():
            if score.label == label and score.passed is False:
                return f"{shortfall(score)} No gap is split by it."
    return None
