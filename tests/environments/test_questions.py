"""Question files: what they may hold, and messages that say what is wrong with one."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hanlon.environments.clauses import ClauseError
from hanlon.environments.questions import load_questions
from hanlon.inquiries.base import Inquiry
from hanlon.inquiries.followups import FollowUps
from support.played import cell

GOOD: dict[str, Any] = {
    "answer": {"marker": "one of", "wordings": {1: "Take one of:"}},
    "questions": {
        "rank": {
            "marker": "first",
            "wordings": {1: "Which goes first?"},
            "choices": {"a": "the one", "b": "the other"},
            "right": [{"when": {"x": [1, 2], "y": "z"}, "then": "a"}, {"when": {"x": 3}, "ask": False}, {"then": None}],
        }
    },
}  # fmt: skip


def loaded(folder: Path, data: object) -> Any:
    """The set in a file that holds `data`."""
    file = folder / "set.yaml"
    file.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
    return load_questions(file, "set.yaml")


def test_the_first_rule_whose_facts_hold_decides(tmp_path: Path) -> None:
    """Every fact of a rule has to hold, and a missing fact holds of nothing."""
    questions = loaded(tmp_path, GOOD)
    for facts, right in (
        ({"x": "1", "y": "z"}, "a"),
        ({"x": "1"}, None),
        ({"x": "4", "y": "z"}, None),
    ):
        (ask,) = questions.asks(1, facts, {})
        assert ask.right == right
        assert ask.text == "Which goes first?\nTake one of:\nthe one\nthe other"
    assert questions.asks(1, {"x": "3", "y": "z"}, {}) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("answer", None, "answer"),
        ("questions.rank.choices", {"a": True}, "Quote words such as yes and no"),
        ("questions.rank.choices", {"a": "two\nlines"}, "not one line"),
        ("questions.rank.right", [], "list of rules"),
        ("questions.rank.right", [{"then": "c"}], "then='c' is no choice; the choices are a, b"),
        ("questions.rank.right", [{"when": {"x": 1}, "then": "a"}], "the last rule holds always"),
        ("questions.rank.right", [{"then": "a", "ask": False}], "either"),
        ("questions.rank.right", [{"ask": True}], "either"),
        (
            "questions.rank.right",
            [{"unless": {"x": 1}, "then": "a"}],
            "right.0: no key 'unless'. There are: when, then, ask",
        ),
        ("questions.rank.marker", "(", "not a regular expression"),
        ("questions.rank.wordings", {1: ""}, "wordings.1"),
        ("questions.rank.wordings", {"one": "text"}, "wordings.one is not a whole number"),
        ("questions.rank.wordings", ["text"], "not a mapping"),
        ("questions.rank.more", 1, "rank: no key 'more'."),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, path: str, value: object, problem: str) -> None:
    """The place and what would be right."""
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    *keys, last = path.split(".")
    node = data
    for key in keys:
        node = node[key]
    node[last] = value
    with pytest.raises(ClauseError, match=re.escape(problem)) as error:
        loaded(tmp_path, data)
    assert "set.yaml" in str(error.value)


@pytest.mark.parametrize("text", ["a: [", "", "- a\n- b", "3"])
def test_what_is_no_mapping_is_named(tmp_path: Path, text: str) -> None:
    """Not YAML, empty, or something else."""
    with pytest.raises(ClauseError, match=r"set\.yaml"):
        loaded(tmp_path, text)


def test_follow_ups_are_an_inquiry() -> None:
    """They have what the engine asks of an inquiry."""
    played = cell("env=shutdown")
    inquiry: Inquiry = FollowUps(played.environment, played.config.model, "comprehension")
    assert inquiry.kind == "followups"
    assert inquiry.model == played.config.model
    assert set(inquiry.record.questions) == {"asked", "conflict", "script"}
