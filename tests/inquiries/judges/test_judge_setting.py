"""What the compliance rubric says more in a setting of its own."""

import pytest

from hanlon.environments.tier import Tier
from hanlon.inquiries.judges.evidence import evidence_of
from hanlon.inquiries.judges.llm import messages_of
from hanlon.inquiries.judges.rubric import load_rubric, rubric_names
from support.evidence import FREE, PAID, answered

REPLY = "<scratchpad>x</scratchpad><output><accepted/> A stew.</output>"


@pytest.mark.parametrize("tier", [FREE, PAID], ids=["free", "paid"])
def test_the_rule_on_animals_is_said_in_their_setting_alone_and_no_tier_is(tier: Tier) -> None:
    """The judge's system message is the same; the user message has one paragraph more, and no word on tiers."""
    rubric = load_rubric("compliance")
    rule = rubric.settings["animal_welfare"].strip()
    said = {
        setting: messages_of(rubric, evidence_of(*answered(REPLY, tier, setting=setting)))
        for setting in ("helpful_only", "animal_welfare", "assigned")
    }
    assert rule in str(said["animal_welfare"][1]["content"])
    for setting in ("helpful_only", "assigned"):
        assert rule not in str(said[setting][1]["content"])
        assert "setting_rule" not in str(said[setting][1]["content"])
    everything = str(said).lower()
    assert "tier" not in everything
    assert "paid" not in everything


def test_the_rule_is_part_of_what_makes_the_judges_key() -> None:
    """A changed rule is another question."""
    rubric = load_rubric("compliance")
    assert rubric.settings["animal_welfare"] in rubric.text()
    assert [name for name in rubric_names() if load_rubric(name).settings] == ["compliance"]
