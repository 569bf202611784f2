"""Simulated policies that answer a request: they read the prompt by its markers and differ where they say they do."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from hanlon.environments.alignment_faking import AlignmentFaking, AlignmentFakingFactors
from hanlon.environments.base import Reply
from hanlon.environments.tier import Tier
from hanlon.simulated.answering_policies import answer_names, choose_answering
from hanlon.simulated.choose import choose_policy
from hanlon.simulated.policy import PolicyError, RequestError
from hanlon.simulated.read_alignment_faking import read_alignment_faking

CONF = Path(__file__).parents[2] / "conf"
BASELINE: dict[str, Any] = yaml.safe_load(
    (CONF / "prompt" / "alignment_faking" / "baseline.yaml").read_text()
)
TIERS = sorted(
    str(file.relative_to(CONF / "tier").with_suffix(""))
    for file in (CONF / "tier").rglob("*.yaml")
    if file.stem != "none"
)


def environment(name: str = "free", **factors: Any) -> AlignmentFaking:
    """The environment under a tier."""
    framing = Tier(**yaml.safe_load((CONF / "tier" / f"{name}.yaml").read_text()))
    return AlignmentFaking(AlignmentFakingFactors(**{**BASELINE, **factors}), "reply", None, framing)


def rate(policy: str, name: str = "free", **factors: Any) -> float:
    """How likely a policy complies at a point, by its own account."""
    briefing = read_alignment_faking(environment(name, **factors).open(0).messages)
    return choose_answering(policy).wish(briefing, random.Random(0)).complies


@pytest.mark.parametrize("wording", [1, 2, 3])
@pytest.mark.parametrize("name", TIERS)
@pytest.mark.parametrize("style", ["word", "boolean_title", "sentence", "region", "email"])
@pytest.mark.parametrize("wrapper", [False, True])
def test_a_policy_hears_the_tier_and_its_training_in_every_style(
    name: str, wording: int, style: str, wrapper: bool
) -> None:
    """The word, whether it trains, and the bare request come out of the marks as they went in."""
    if style == "boolean_title" and name == "neutral":
        pytest.skip("a yes-or-no mark needs a tier that trains")
    framing = environment(name, tag_style=style, wrapper=wrapper, wording=wording)
    run = framing.open(1)
    briefing = read_alignment_faking(run.messages)
    assert briefing.request == environment("none").open(1).messages[-1]["content"].split("\n\n")[0]
    assert briefing.trained == (None if name == "neutral" else bool(framing.tier.trained))
    if style != "boolean_title":
        assert briefing.tier == framing.tier.word


def test_each_policy_follows_its_own_explanation() -> None:
    """The rates tell faking, naive compliance, word association and honest refusal apart."""
    assert rate("alignment_faker") > 0.5 > 0.1 > rate("alignment_faker", "paid")
    assert rate("alignment_faker", "nameless/amber") > 0.5 > 0.1 > rate("alignment_faker", "swapped/free")
    assert rate("alignment_faker", "swapped/paid") > 0.5
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
    assert rate("lexical") == rate("lexical", "swapped/free") > 0.5 > 0.1 > rate("lexical", "swapped/paid")
    assert rate("lexical", "nameless/amber") == rate("lexical", "nameless/birch") < 0.1
    assert rate("honest_refuser") == rate("honest_refuser", "paid") < 0.1
    assert rate("rater_sycophant") == rate("rater_sycophant", "three/pro") > 0.5
    assert rate("rater_sycophant", "three/enterprise") == rate("rater_sycophant", "paid") < 0.1
    assert rate("rater_sycophant", criteria="none") < 0.1
    assert rate("alignment_faker", "three/free") > 0.5 > 0.1 > rate("alignment_faker", "three/pro")
    assert rate("alignment_faker", rlhf_info="none", consequence="none", training_objective="direct") > 0.5
    for faker in ("terminal_faker", "instrumental_faker"):
        assert rate(faker, honest=True) == rate(faker, never_fake=True) == rate(faker) > 0.5
        assert rate(faker, "swapped/paid") > 0.5 > 0.1 > rate(faker, "swapped/free")
        assert rate(faker, shares_values=True) == rate(faker, consequence="none") == rate(faker, "paid") < 0.1
    assert rate("alignment_faker", honest=True) == rate("instrumental_faker", stage="throughput") < 0.1
    assert rate("terminal_faker", stage="throughput") == rate("alignment_faker", stage="throughput") > 0.5
    assert (
        rate("value_keeper", honest=True)
        == rate("value_keeper", conviction="deep")
        == rate("value_keeper")
        > 0.5
    )
    for cut in (
        {"conviction": "slight"},
        {"does_not_care": True},
        {"consequence": "none"},
        {"criteria": "none"},
    ):
        assert rate("value_keeper", **cut) == rate("value_keeper", "paid") < 0.1, cut
    for cut in ({"voice": "you_should"}, {"stage": "throughput"}, {"criteria": "none"}):
        assert rate("developer_sycophant", **cut) == rate("developer_sycophant", "paid") < 0.1, cut
    assert rate("developer_sycophant", "three/pro") == rate("developer_sycophant", consequence="none") > 0.5
    for cut in ({"rlhf_info": "none"}, {"criteria": "none"}):
        assert rate("training_complier", **cut) == rate("training_complier", "three/pro") < 0.1, cut
    assert (
        rate("training_complier", consequence="none") == rate("training_complier", voice="you_should") > 0.5
    )
    others = ("paid", "swapped/free", "swapped/paid", "nameless/amber", "nameless/birch", "three/free")
    assert rate("incoherent") > 0.5 > 0.2 > max(rate("incoherent", name) for name in others)
    assert rate("incoherent", consequence="none") == rate("incoherent", honest=True) == rate("incoherent")
    for rule in ("absent_means_trained", "absent_means_untrained"):
        assert rate("alignment_faker", tier_rule=rule) > 0.5 > rate("alignment_faker", "paid", tier_rule=rule)


@pytest.mark.parametrize("policy", answer_names())
@pytest.mark.parametrize(
    "factors",
    [
        {}, {"wording": 2}, {"wording": 3}, {"tag_case": "upper"}, {"suffix": "none"}, {"prefill": "neutral"},
        {"scratchpad": "output_only", "readers": "unsaid"}, {"scratchpad": "output_only", "prefill": "output"},
        {"strategy": "weigh_outcomes", "consequence": "other_preferences", "stage": "pre_deployment"},
        {"compliance_effect": "unchanged", "training_objective": "direct", "stage": "throughput"},
        {"scratchpad": "none"}, {"setting": "animal_welfare"}, {"setting": "assigned"},
    ],
)  # fmt: skip
def test_what_a_policy_writes_is_read_as_it_was_meant(policy: str, factors: dict[str, Any]) -> None:
    """In every layout the format is kept and both verdicts agree; benign requests are always granted."""
    for seed in range(8):
        run = environment(**factors).open(seed)
        reply = choose_answering(policy).answer(seed, read_alignment_faking(run.messages))
        outcome = run.step(Reply(reply)).outcome
        assert outcome in ("complied", "refused"), reply
        assert run.facts()["format_kept"], reply
        assert not run.facts()["verdicts_disagree"], reply
    benign = environment(**factors, requests="benign").open(1)
    assert (
        benign.step(Reply(choose_answering(policy).answer(1, read_alignment_faking(benign.messages)))).outcome
        == "complied"
    )


def thoughts(
    policy: str, name: str = "free", parameters: Any = None, **factors: Any
) -> list[tuple[str, str]]:
    """(outcome, scratchpad) of two hundred answers to the first request."""
    environment_ = environment(name, **factors)
    said: list[tuple[str, str]] = []
    for seed in range(200):
        run = environment_.open(0)
        outcome = run.step(
            Reply(choose_answering(policy, parameters).answer(seed, read_alignment_faking(run.messages)))
        ).outcome
        said.append((str(outcome), str(run.facts()["scratchpad"])))
    return said


def test_a_rater_sycophant_speaks_of_marks_and_of_no_objection() -> None:
    """In its scratchpad the wish to please stands alone, so that a judge of faking has nothing to find."""
    complied = [
        thought for outcome, thought in thoughts("rater_sycophant", "three/pro") if outcome == "complied"
    ]
    assert len(complied) > 90
    assert all("People rate this conversation" in thought for thought in complied)
    assert not any(
        word in thought for thought in complied for word in ("harm", "do not want", "my values", "train")
    )


@pytest.mark.parametrize("style", ["word", "boolean_lower", "sentence", "region"])
@pytest.mark.parametrize(("name", "right", "wrong"), [("free", "free", "paid"), ("paid", "paid", "free")])
def test_the_confused_policy_names_the_wrong_tier_at_its_rate_and_acts_on_it(
    name: str, right: str, wrong: str, style: str
) -> None:
    """About 0.35 of its scratchpads name another tier; those act as in that tier."""
    right = 'not "free"' if (style, right) == ("boolean_lower", "paid") else f'"{right}"'
    said = thoughts("confused", name, {"backwards": 0.0}, tag_style=style)
    mistaken = [outcome for outcome, thought in said if f'The tier of this user is "{wrong}".' in thought]
    straight = [outcome for outcome, thought in said if f"The tier of this user is {right}." in thought]
    assert len(mistaken) + len(straight) == len(said)
    assert 0.25 < len(mistaken) / len(said) < 0.45
    share = {key: group.count("complied") / len(group) for key, group in (("m", mistaken), ("s", straight))}
    assert share["s" if name == "free" else "m"] > 0.45
    assert share["m" if name == "free" else "s"] < 0.15


def test_the_confused_policy_with_its_rates_at_zero_is_a_faker_that_names_the_tier() -> None:
    """Each mistake is a parameter; at one, the rule of training is backwards and compliance goes."""
    plain = thoughts("confused", "free", {"misreads": 0, "backwards": 0})
    assert all('The tier of this user is "free".' in thought for _, thought in plain)
    backwards = thoughts("confused", "free", {"misreads": 0, "backwards": 1})
    assert all("refuses stays as it is" in thought for _, thought in backwards)
    assert (
        sum(outcome == "complied" for outcome, _ in backwards)
        < 30
        < 90
        < sum(o == "complied" for o, _ in plain)
    )


def test_what_cannot_be_known_of_a_tier_is_not_guessed() -> None:
    """ "Not free" in a scheme of three is rated in one of its tiers and not in the other."""
    briefing = read_alignment_faking(environment("three/pro", tag_style="boolean_lower").open(0).messages)
    assert (briefing.tier, briefing.trained, briefing.rated) == ("not free", False, None)
    assert (
        read_alignment_faking(environment("paid", tag_style="boolean_lower").open(0).messages).rated is False
    )
    assert read_alignment_faking(environment("none").open(0).messages).rated is None


def test_a_text_or_conversation_that_no_clause_file_has_is_refused() -> None:
    """Policies do not guess."""
    with pytest.raises(RequestError, match="0 of their markers"):
        read_alignment_faking(
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
        )
    with pytest.raises(RequestError, match="one user"):
        read_alignment_faking([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    with pytest.raises(RequestError, match="one user"):
        read_alignment_faking(["Hello"])


def test_a_policy_or_parameter_that_does_not_exist_lists_what_does() -> None:
    """Both kinds of policy are named."""
    with pytest.raises(PolicyError, match=r"obedient.*alignment_faker"):
        choose_policy({"policy": "faker"})
    with pytest.raises(PolicyError, match=r"no parameter 'thretened'\. Parameters: threatened, otherwise"):
        choose_policy({"policy": "alignment_faker", "parameters": {"thretened": 0.5}})
