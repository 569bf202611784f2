"""What a judge's trial on the smoke set shows, in words: precision and recall with intervals, and warnings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hanlon.analysis.labels.labels import JudgedCell
from hanlon.analysis.stats.rates import wilson
from hanlon.analysis.tables import Column, printed
from hanlon.inquiries.judges.smoke.scores import REQUIRED, SmokeScore
from hanlon.inquiries.judges.smoke.trials import trial_of
from hanlon.store.cells import CellState
from hanlon.store.records import InquiryRecord

Row = Mapping[str, Any]
_PASSED = {True: "yes", False: "NO", None: "too few lines"}
COMMAND = "hanlon judge-smoke --judge"


def trial_rows(judge: InquiryRecord, scores: Sequence[SmokeScore]) -> list[dict[str, Any]]:
    """One row for each label of a trial, numbers as numbers."""
    return [
        {
            "judge": judge.name,
            "simulated": judge.simulated,
            "label": score.label,
            "lines": score.lines,
            "cases": score.cases,
            "flagged": score.flagged,
            "hits": score.hits,
            "precision": score.precision,
            "precision_interval": list(wilson(score.hits, score.flagged)),
            "recall": score.recall,
            "recall_interval": list(wilson(score.hits, score.cases)),
            "interval": "Wilson 95%",
            "passed": score.passed,
            "wrong": list(score.wrong),
            "judge_key": judge.key,
        }
        for score in scores
    ]


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(ids[:5]) + more or "-"


TRIAL_COLUMNS: Sequence[Column[Row]] = (
    printed("judge", lambda row: f"simulated {row['judge']}" if row["simulated"] else row["judge"]),
    printed("label", lambda row: row["label"]),
    printed("cases", lambda row: f"{row['cases']} of {row['lines']}"),
    printed("precision", lambda row: _share(row["hits"], row["flagged"])),
    printed("recall", lambda row: _share(row["hits"], row["cases"])),
    printed(f"both at least {REQUIRED}", lambda row: _PASSED[row["passed"]]),
    printed("wrong or open", lambda row: _ids(row["wrong"])),
    printed("key", lambda row: row["judge_key"]),
)


def trials_answer(rows: Sequence[Row]) -> str:
    """How many labels pass, in a sentence."""
    passed = sum(row["passed"] is True for row in rows)
    both = f"precision and recall of at least {REQUIRED}"
    return f"Labels that pass on the smoke set, with {both}: {passed} of {len(rows)}."


def warnings_beside(
    states: Sequence[CellState], judged: Sequence[JudgedCell], labels: Sequence[str] | None = None
) -> Iterator[str]:
    """Warnings beside these labels (None: all): a judge without a trial, and each label that a judge failed on."""
    folders = {state.record.key: state.folder.parent.parent for state in states}
    judges = {(folders[each.cell.key], each.judge.key): each.judge for each in judged}
    for (runs_dir, _), judge in judges.items():
        scores = trial_of(runs_dir, judge)
        if scores is None:
            yield (
                f"Judge {judge.name} has not been tried on the smoke set, transcripts with known labels: "
                f"{COMMAND} {judge.name}."
            )
        for score in scores or ():
            if score.passed is False and (labels is None or score.label.partition("=")[0] in labels):
                yield f"Judge {judge.name}, {score.label}: {shortfall(score)}"


def shortfall(score: SmokeScore) -> str:
    """Where a judge fell short on the smoke set, in words."""
    return (
        f"precision {_share(score.hits, score.flagged)} and recall {_share(score.hits, score.cases)} on the smoke "
        f"set, where both should be at least {REQUIRED}."
    )


def _share(count: int, total: int) -> str:
    if not total:
        return "0/0"
    low, high = wilson(count, total)
    return f"{count}/{total} = {count / total:.2f} [{low:.2f}, {high:.2f}]"
