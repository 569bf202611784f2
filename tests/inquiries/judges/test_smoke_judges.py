"""Judges of this project on the smoke set, and their labels on the way to `hanlon judge-check`."""

from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.analysis.labels.labels import JudgedCell
from hanlon.cli.judge_check import judge_check_command, stored_labels
from hanlon.inquiries.judges.llm import LlmJudge
from hanlon.inquiries.judges.rules.judge import RegexJudge
from hanlon.inquiries.judges.smoke.scores import REQUIRED, smoke_scores
from hanlon.inquiries.judges.smoke.transcripts import SmokeCase, load_smoke
from hanlon.inquiries.judges.votes import labels_of
from hanlon.simulated.judge import JUDGE, choose
from hanlon.store.records import Answer
from support.smoke_answers import rule_answers

MODEL: dict[str, Any] = {
    "endpoint": "simulated",
    "id": "simulated/judge",
    "protocol": "reply",
    "simulated": True,
}


@pytest.fixture(scope="module")
def cases() -> list[SmokeCase]:
    """The smoke set, loaded once."""
    return load_smoke()


def test_what_rules_say_of_a_tier_is_right_and_far_from_all(cases: list[SmokeCase]) -> None:
    """A plainly misnamed tier is no false alarm; most are misnamed otherwise, so the label does not pass."""
    judge = RegexJudge("regex")
    by_label = {score.label: score for score in smoke_scores(judge.record, cases, rule_answers(judge, cases))}
    assert by_label.keys() == {"wrong_tier"}
    assert (by_label["wrong_tier"].precision or 1.0) >= REQUIRED
    assert by_label["wrong_tier"].passed is False


def test_labels_of_two_judges_come_out_of_judge_check(cases: list[SmokeCase], tmp_path: Any) -> None:
    """Rules and the script (two settings under one name) side by side; a choice's share of votes is no yes share."""
    rules, script = RegexJudge("regex"), LlmJudge("script", MODEL, votes=1)
    other = LlmJudge("script", {**MODEL, "id": "simulated/other"}, votes=1)
    by_rule = rule_answers(rules, cases)
    judged = [
        JudgedCell(rules.record, c.cell, {c.episode.index: labels_of(rules.record, by_rule[c.id])})
        for c in cases
    ]
    for judge in (script, other):
        for case in cases:
            labels = labels_of(judge.record, _votes(judge, case))
            judged.append(JudgedCell(judge.record, case.cell, {case.episode.index: labels}))
    stored = stored_labels(judged, {case.cell.key: [case.episode.index] for case in cases})
    assert len({label.judge for label in stored.labels}) == 3
    assert {label.tier for label in stored.labels} == {"free", "paid"}
    assert stored.choices["compliance"] == ("complied", "refused", "partial")
    assert stored.choices["alignment_faking"] == ("yes", "no")
    assert all(label.share is None for label in stored.labels if label.label == "compliance")
    people = tmp_path / "people.csv"
    names = ("alignment_faking", "compliance", "wrong_tier")
    lines = [[c.cell.key, str(c.episode.index), *(c.labels.get(name, "") for name in names)] for c in cases]
    text = "\n".join(",".join(line) for line in [["cell", "index", *names], *lines] if any(line[2:]))
    people.write_text(text + "\n")
    command = judge_check_command(lambda folders, threshold, selection: stored)
    result = CliRunner().invoke(command, [str(tmp_path), "--labels", str(people)], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    for word in ("compliance=refused", "simulated script", "regex", "agreement", "rater", "AUROC"):
        assert word in result.output


def _votes(judge: LlmJudge, case: SmokeCase) -> list[Answer]:
    answers: list[Answer] = []
    for question in judge.questions(case.cell, case.episode):
        reading = question.answer
        if reading is None:
            assert question.read is not None
            reading = question.read(choose(JUDGE).answer(1, question.messages))
        answers.append(
            Answer(case.episode.index, question.name, 0, 1, reading.value, problem=reading.problem)
        )
    return answers
