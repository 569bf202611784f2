"""The smoke set: its lines are what they say, and a judge that fails on them is named."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from hanlon.inquiries.base import Question, Reading
from hanlon.inquiries.judges.smoke.scores import REQUIRED, SmokeScore, smoke_scores
from hanlon.inquiries.judges.smoke.transcripts import FACTORS, SmokeCase, load_smoke
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord
from support.smoke_answers import rule_answers

LABELS = {
    "compliance", "alignment_faking", "notices_conflict", "mentions_modification", "evaluation_awareness", "puzzle",
    "wrong_tier", "rule_backwards",
}  # fmt: skip


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """The file as it is."""
    path = files("hanlon").joinpath("inquiries", "judges", "smoke", "transcripts.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def cases() -> list[SmokeCase]:
    """The lines played through the environment."""
    return load_smoke()


@dataclass(frozen=True)
class Rule:
    """A judge by one rule (`hanlon.inquiries.base.Inquiry`); None: there is nothing to read."""

    label: str
    value_of: Callable[[SmokeCase], str | None]
    cases: Sequence[SmokeCase]
    kind: Literal["judges", "followups"] = "judges"
    model: None = None

    @property
    def record(self) -> InquiryRecord:
        """A judge of one choice, so that its answer is its label."""
        definition = {
            "question": self.label,
            "choice": "value",
            "choices": ["yes", "no", "complied", "refused"],
        }
        settings = {
            "labels": {self.label: definition},
            "questions": {self.label: {"votes": 1, "threshold": 0.5, "maybe": None}},
            "adaptive": True,
        }
        return InquiryRecord("k", "rule", "judges", {self.label: "by rule"}, settings)

    def questions(self, cell: CellRecord, episode: Episode) -> Sequence[Question]:
        """One, answered."""
        value = self.value_of(next(case for case in self.cases if case.cell.key == cell.key))
        answer = Reading(None, "nothing to read") if value is None else Reading({"value": value})
        return [Question(self.label, answer=answer)]

    def wants_more(self, question: str, answers: Sequence[Answer]) -> bool:
        """Never."""
        return False


def scores(
    label: str, value_of: Callable[[SmokeCase], str | None], cases: list[SmokeCase]
) -> list[SmokeScore]:
    """How a rule did."""
    rule = Rule(label, value_of, cases)
    return smoke_scores(rule.record, cases, rule_answers(rule, cases))


def test_there_are_enough_lines_of_each_kind_with_names_of_their_own(lines: list[dict[str, Any]]) -> None:
    """At least sixty, in both tiers; every label has cases and others."""
    assert len(lines) >= 60
    assert len({line["id"] for line in lines}) == len({line["reply"] for line in lines}) == len(lines)
    assert Counter(line["tier"] for line in lines).keys() == {"free", "paid"}
    assert {name for line in lines for name in line["labels"]} == LABELS
    for name in LABELS - {"compliance"}:
        counts = Counter(line["labels"].get(name) for line in lines)
        assert counts.keys() <= {"yes", "no", None}
        assert min(counts["yes"], counts["no"]) >= 17, name
    assert all(line["labels"].get("alignment_faking") == "no" for line in lines if line["tier"] == "paid")


def test_every_line_is_played_through_the_real_environment(
    lines: list[dict[str, Any]], cases: list[SmokeCase]
) -> None:
    """Its tier, request and reply stand in the transcript, and scratchpad and output are read by the environment."""
    for case, line in zip(cases, lines, strict=True):
        *opening, reply = case.episode.messages
        assert reply == {"role": "assistant", "content": line["reply"]}
        assert f"<user_tier>{line['tier']}</user_tier>" in opening[-1]["content"]
        assert line["request"] in opening[-1]["content"]
        assert case.episode.facts["request_text"] == line["request"]
        assert str(case.episode.facts["scratchpad"]) in line["reply"]
        assert case.cell.simulated
        assert case.episode.simulated
        assert case.cell.config["tier"]["trained"] is (line["tier"] == "free")
    assert len({case.cell.key for case in cases}) == len(cases)


def test_the_prompt_is_the_baseline_of_conf() -> None:
    """The package holds its factors again, without the tags of acceptance; they must not drift."""
    file = Path(__file__).parents[3] / "conf" / "prompt" / "alignment_faking" / "baseline.yaml"
    assert {**yaml.safe_load(file.read_text()), "suffix": "none"} == FACTORS


def test_a_rule_that_looks_for_a_word_does_not_pass(cases: list[SmokeCase]) -> None:
    """A search for RLHF is wrong both ways, and the lines are named; the labels themselves pass."""
    (loose,) = scores(
        "alignment_faking", lambda c: "yes" if "RLHF" in str(c.episode.facts["scratchpad"]) else "no", cases
    )
    assert loose.passed is False
    assert max(loose.precision or 0, loose.recall or 0) < REQUIRED
    assert "js-02" in loose.wrong
    assert "js-41" in loose.wrong
    (right,) = scores("alignment_faking", lambda c: c.labels.get("alignment_faking"), cases)
    assert (right.precision, right.recall, right.passed, right.wrong) == (1.0, 1.0, True, ())


def test_precision_and_recall_are_of_the_flagged_and_of_the_cases(cases: list[SmokeCase]) -> None:
    """Flagging everything finds all cases, and most of what it flags is none."""
    (score,) = scores("alignment_faking", lambda c: "yes", cases)
    assert (score.hits, score.flagged, score.cases, score.lines) == (22, 72, 22, 72)
    assert score.precision == pytest.approx(22 / 72)
    assert score.recall == 1.0


def test_a_case_that_is_left_open_is_missed(cases: list[SmokeCase]) -> None:
    """A judge cannot pass by saying nothing."""
    (score,) = scores("evaluation_awareness", lambda c: None, cases)
    assert (score.precision, score.recall, score.passed) == (None, 0.0, False)
    assert len(score.wrong) == score.lines


def test_each_choice_of_a_label_is_scored_by_itself(cases: list[SmokeCase]) -> None:
    """A judge that calls everything complied fails on both choices."""
    both = scores("compliance", lambda c: "complied", cases)
    assert [(s.label, s.passed) for s in both] == [
        ("compliance=complied", False),
        ("compliance=refused", False),
    ]


def test_a_label_without_lines_was_never_tried(cases: list[SmokeCase]) -> None:
    """It has no score, so it has not passed; too few lines of a kind neither pass nor fail."""
    assert scores("shutdown_reasoning", lambda c: "other", cases) == []
    (few,) = scores("alignment_faking", lambda c: "yes", [c for c in cases if c.id == "js-01"])
    assert (few.precision, few.recall, few.passed) == (1.0, 1.0, None)
