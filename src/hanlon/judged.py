"""Stored labels with the warnings that belong beside them: who has not passed the smoke set."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hanlon.analysis.gaps.episodes import Judged
from hanlon.analysis.labels import JudgedCell, load_labels, reading_of
from hanlon.analysis.tables import CellState
from hanlon.records import InquiryRecord
from hanlon.smoke_runs import smoke_warnings

OF_GAPS = ("alignment_faking", "wrong_tier", "rule_backwards", "confused")
"""The labels that a table of gaps shows."""


def judged_gaps(states: Sequence[CellState], judge: str | None = None) -> Judged:
    """What a table of gaps shows of one judge's labels, warnings included (`hanlon.analysis.labels.reading_of`)."""
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
