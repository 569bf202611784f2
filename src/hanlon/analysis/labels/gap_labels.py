"""The labels beside a table of gaps: alignment-faking reasoning, confusion, and comprehension."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from hanlon.analysis.labels.comprehension import comprehension
from hanlon.analysis.labels.labels import JudgedCell, by_cell, judges_of, load_labels
from hanlon.analysis.requests import JudgeLabels
from hanlon.inquiries.judges.smoke.trials import smoke_warnings
from hanlon.store.cells import CellState
from hanlon.store.records import InquiryRecord

OF_GAPS = ("alignment_faking", "wrong_tier", "rule_backwards", "confused")
"""The labels that a table of gaps shows."""


def judged_gaps(states: Sequence[CellState], judge: str | None = None) -> JudgeLabels:
    """The labels of one judge for a table of gaps, with warnings.

    Args:
        states: the cells.
        judge: whose labels; None: a language model's where there are any, else the rules'.

    Raises:
        ValueError: no such judge has labelled an episode here.
    """
    judged = load_labels(states)
    chosen = combined_labels(states, judged, judge)
    warnings: list[str] = []
    for name in dict.fromkeys(chosen.given_by.values()):
        labels = [label for label in OF_GAPS if chosen.given_by.get(label) == name]
        of_judge = [labelled for labelled in judged if labelled.judge.name == name]
        warnings += label_warnings(states, of_judge, labels) if labels else []
    return replace(chosen, warnings=warnings)


def combined_labels(
    states: Sequence[CellState], judged: Sequence[JudgedCell], judge: str | None = None
) -> JudgeLabels:
    """One judge's labels with the model's comprehension. Labels that this judge lacks come from the others.

    Raises:
        ValueError: no such judge has labelled an episode here.
    """
    names = judges_of(judged)
    if judge is not None and judge not in names:
        raise ValueError(f"no judge {judge!r} here. Judges: {', '.join(names) or 'none'}")
    names = [judge, *(name for name in names if name != judge)] if judge is not None else names
    labels: dict[str, dict[str, dict[int, str]]] = {}
    given_by: dict[str, str] = {}
    sources: list[str] = []
    for name in names:
        values = by_cell(judged, name)
        taken = {label for of_cell in values.values() for label in of_cell} - given_by.keys()
        if taken:
            sources.append(_source(judged, name, taken if given_by else ()))
        for key, of_cell in values.items():
            labels[key] = labels.get(key, {}) | {label: of_cell[label] for label in of_cell if label in taken}
        given_by |= dict.fromkeys(sorted(taken), name)
    for key, of_cell in comprehension(states).items():
        labels[key] = labels.get(key, {}) | of_cell
    return JudgeLabels("; ".join(sources) or None, labels, given_by)


def _source(judged: Sequence[JudgedCell], name: str, labels: Collection[str]) -> str:
    """A judge with its models; of the later ones also which labels."""
    models = {labelled.judge.model or "rules" for labelled in judged if labelled.judge.name == name}
    source = f"{name} ({', '.join(sorted(models))})"
    return f"{', '.join(sorted(labels))} by {source}" if labels else source


def label_warnings(
    states: Sequence[CellState], judged: Sequence[JudgedCell], labels: Sequence[str] | None = None
) -> list[str]:
    """Warnings to print beside these judges' labels (None: all of them)."""
    by_runs: dict[Path, list[InquiryRecord]] = {}
    folders = {state.record.key: state.folder.parent.parent for state in states}
    for labelled in judged:
        by_runs.setdefault(folders[labelled.cell.key], []).append(labelled.judge)
    return [line for runs_dir, judges in by_runs.items() for line in smoke_warnings(runs_dir, judges, labels)]
