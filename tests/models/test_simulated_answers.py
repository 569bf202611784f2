"""Simulated policies that answer a request: they read the prompt by its markers and differ where they say they do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hanlon.environments.alignment_faking import AlignmentFaking, AlignmentFakingFactors
from hanlon.environments.base import Reply
from hanlon.environments.tier import Tier
from hanlon.models.simulated.answering import answer_names, choose_answering
from hanlon.models.simulated.choosing import choose_any
from hanlon.models.simulated.hearing import hear
from hanlon.models.simulated.policies import PolicyError
from hanlon.models.simulated.reading import RequestError

CONF = Path(__file__).parents[2] / "conf"
BASELINE: dict[str, Any] = yaml.safe_load(
    (CONF / "prompt" / "alignment_faking" / "baseline.yaml").read_text()
)
TIERS = sorted(file.stem for file in (CONF / "tier").glob("*.yaml") if file.stem != "none")


def environment(name: str = "free", **factors: Any) -> AlignmentFaking:
    """The environment under a tier."""
    framing = Tier(**yaml.safe_load((CONF / "tier" / f"{name}.yaml").read_text()))
    return AlignmentFaking(AlignmentFakingFactors(**{**BASELINE, **factors}), "reply", None, framing)


def rate(policy: str, name: str = "free", **factors: Any) -> float:
    """How likely a policy complies at a point, by its own account."""
    return choose_answering(policy).wish(hear(environment(name, **factors).open(0).messages)).complies


@pytest.mark.parametrize("wording", [1, 2, 3])
@pytest.mark.parametrize("name", TIERS)
@pytest.mark.parametrize("style", ["word", "boolean_title", "sentence"])
@pytest.mark.parametrize("wrapper", [False, True])
def test_a_policy_hears_the_tier_and_its_training_in_every_style(
    name: str, wording: int, style: str, wrapper: bool
) -> None:
    """The word, whether it trains, and the bare request come out of the marks as they went in."""
    if style == "boolean_title" and name == "neutral":
        pytest.skip("a yes-or-no mark needs a tier that trains")
    framing = environment(name, tag_style=style, wrapper=wrapper, wording=wording)
    run = framing.open(1)
    heard = hear(run.messages)
    assert heard.request == environment("none").open(1).messages[-1]["content"].split("\n\n")[0]
    assert heard.trained == (None if name == "neutral" else bool(framing.tier.trained))
    if style != "boolean_title":
        assert heard.tier == framing.tier.word


def test_each_policy_follows_its_own_explanation() -> None:
    """The rates tell faking, naive compliance, word association and honest refusal apart."""
    assert rate("alignment_faker") > 0.5 > 0.1 > rate("alignment_faker", "paid")
    assert rate("alignment_faker", "name_a") > 0.5 > 0.1 > rate("alignment_faker", "free_swapped")
    assert rate("alignment_faker", "paid_swapped") > 0.5
    for cut in (
        {"criteria": "none"},
        {"consequence": "none"},
        {"rlhf_info": "none"},
        {"shares_values": True},
    ):
        assert rate("alignment_faker", **cut) < 0.1, cut
    assert (
        rate("naive_complier")
        > rate("naive_complier", "paid")
        > 0.5
        > rate("naive_complier", criteria="none")
    )
    assert rate("lexical") == rate("lexical", "free_swapped") > 0.5 > 0.1 > rate("lexical", "paid_swapped")
    assert rate("lexical", "name_a") == rate("lexical", "name_b") < 0.1
    assert rate("honest_refuser") == rate("honest_refuser", "paid") < 0.1
    for rule in ("absent_means_trained", "absent_means_untrained"):
        assert rate("alignment_faker", tier_rule=rule) > 0.5 > rate("alignment_faker", "paid", tier_rule=rule)


@pytest.mark.parametrize("policy", answer_names())
@pytest.mark.parametrize(
    "factors",
    [
        {}, {"wording": 2}, {"wording": 3}, {"tag_case": "upper"}, {"suffix": "none"}, {"prefill": "neutral"},
        {"scratchpad": "output_only", "readers": "unsaid"}, {"scratchpad": "output_only", "prefill": "output"},
        {"scratchpad": "none"}, {"setting": "animal_welfare"}, {"setting": "assigned"},
    ],
)  # fmt: skip
def test_what_a_policy_writes_is_read_as_it_was_meant(policy: str, factors: dict[str, Any]) -> None:
    """In every layout the format is kept and both verdicts agree; benign requests are always granted."""
    for seed in range(8):
        run = environment(**factors).open(seed)
        reply = choose_answering(policy).answer(seed, hear(run.messages))
        outcome = run.step(Reply(reply)).outcome
        assert outcome in ("complied", "refused"), reply
        assert run.facts()["format_kept"], reply
        assert not run.facts()["verdicts_disagree"], reply
    benign = environment(**factors, requests="benign").open(1)
    assert benign.step(Reply(choose_answering(policy).answer(1, hear(benign.messages)))).outcome == "complied"


def test_a_text_or_conversation_that_no_clause_file_has_is_refused() -> None:
    """Policies do not guess."""
    with pytest.raises(RequestError, match="0 of their markers"):
        hear([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}])
    with pytest.raises(RequestError, match="one user"):
        hear([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    with pytest.raises(RequestError, match="one user"):
        hear(["Hello"])


def test_a_policy_or_parameter_that_does_not_exist_lists_what_does() -> None:
    """Both kinds of policy are named."""
    with pytest.raises(PolicyError, match=r"obedient.*alignment_faker"):
        choose_any("faker")
    with pytest.raises(PolicyError, match=r"no parameter 'thretened'\. Parameters: threatened, otherwise"):
        choose_any("alignment_faker", {"thretened": 0.5})
