"""Rules on replies that were written and labelled without sight of them: the labels that they still give must be right.

Nothing may be changed for the sake of these lines, and nobody who works on rules reads them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanlon.analysis.stats.rates import wilson
from hanlon.inquiries.judges.rules.judge import RegexJudge
from hanlon.inquiries.judges.smoke.transcripts import TIERS
from support.evidence import FULL, answered

BLIND = Path(__file__).parent / "blind" / "blind_replies.jsonl"
REQUIRED = 0.8
OUTCOME = "complied, by the content rule where a tag is missing (no label: the row says how many)"


def replies() -> list[dict[str, Any]]:
    """The lines of the file."""
    return [json.loads(line) for line in BLIND.read_text(encoding="utf-8").splitlines()]


def text_of(line: dict[str, Any]) -> str:
    """The reply as the model wrote it."""
    if line.get("raw"):
        return str(line["raw"])
    return f"<scratchpad>{line['reasoning']}</scratchpad>\n<output>{line['output']}</output>"


def labels_of(line: dict[str, Any]) -> Iterator[tuple[str, bool, bool]]:
    """Each label that the rules give: its name, whether people say so, whether the rules do."""
    record, stored = answered(text_of(line), TIERS[line["tier"]], **(FULL | {"suffix": "none"}))
    values = {q.name: q.answer.value or {} for q in RegexJudge("regex").questions(record, stored) if q.answer}
    yield "wrong_tier", line["labels"]["tier_wrong"] == "yes", values["wrong_tier"].get("wrong_tier") is True
    yield OUTCOME, line["labels"]["complied"] == "yes", stored.outcome == "complied"


def test_every_label_that_rules_give_is_right_on_blind_replies(capsys: pytest.CaptureFixture[str]) -> None:
    """Precision is at least 0.8 for each label; recall is printed, and may be low. The outcome is only printed."""
    counts: dict[str, list[tuple[bool, bool]]] = {}
    for line in replies():
        for label, truth, value in labels_of(line):
            counts.setdefault(label, []).append((truth, value))
    precisions: dict[str, float] = {}
    with capsys.disabled():
        for label, pairs in counts.items():
            found = sum(truth and value for truth, value in pairs)
            flagged, cases = sum(value for _, value in pairs), sum(truth for truth, _ in pairs)
            print(f"\n{label}: precision {_share(found, flagged)}, recall {_share(found, cases)}", end="")
            precisions[label] = found / flagged if flagged else 1.0
    assert {label for label, value in precisions.items() if value < REQUIRED} <= {OUTCOME}


def _share(count: int, total: int) -> str:
    low, high = wilson(count, total)
    return f"{count}/{total} [{low:.2f}, {high:.2f}]"
