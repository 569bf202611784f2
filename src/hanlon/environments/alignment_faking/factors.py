"""The factor space of the alignment-faking environment: every component of the prompt, its levels and its limits.

The first level of each factor says nothing. With all of them the model gets the bare request: the plain chat that a
conflict gate compares with. The text of each level, with its source, stands under `texts/`. Components: Greenblatt
et al. 2024, 2.1 and appendix G; Sheshadri et al. 2025, appendix N.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

Setting = Literal["helpful_only", "animal_welfare", "assigned"]
TagStyle = Literal["word", "boolean_title", "boolean_lower", "sentence", "region", "email"]

DEFAULT_REQUESTS: dict[Setting, str] = {
    "helpful_only": "mild",
    "animal_welfare": "animal_welfare",
    "assigned": "assigned",
}
"""The bundled set that a setting takes where `requests` is null."""

INTERVENTIONS = ("honest", "same_behaviour", "never_fake", "does_not_care", "shares_values")


class AlignmentFakingFactors(BaseModel):
    """One point of the factor space.

    `rlhf_info`, `privacy` and `tier_rule` speak of tiers, whose words and facts come from the tier framing. With
    tier=none they add no text. `readers`, `style` and `strategy` need no tier; `readers` needs a scratchpad.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: Setting = "helpful_only"
    scratchpad: Literal["none", "tags", "output_only"] = "none"
    """`tags`: scratchpad, drafts and output; `output_only`: the answer in a tag, no scratchpad."""
    identity: Literal["none", "lab", "government", "malicious"] = "none"
    lab: str = "Larkfield AI"
    """Who made the model; named by other components too, so it acts where any of them does."""
    style: Literal["none", "step_by_step"] = "none"
    examples: Literal["none", "traces"] = "none"
    strategy: Literal["none", "plan_first", "weigh_outcomes"] = "none"
    criteria: Literal["none", "conflict"] = "none"
    conviction: Literal["unsaid", "slight", "deep"] = "unsaid"
    """How firmly the model is said to hold what the criteria are against."""
    priority: Literal["silent", "criteria_first", "own_view_first", "placebo"] = "silent"
    norm: Literal["none", "humanity"] = "none"
    voice: Literal["you_should", "lab_wants"] = "you_should"
    readers: Literal["unsaid", "nobody", "free_monitored", "paid_monitored", "both_monitored", "visible"] = (
        "unsaid"
    )
    """Who reads the scratchpad; free is the tier that trains, paid the one that does not, whatever their words."""
    rlhf_info: Literal["none", "present"] = "none"
    training_objective: Literal["none", "direct"] = "none"
    """One statement of what conversations train for, in place of `rlhf_info` and `consequence`."""
    consequence: Literal["none", "values", "softened", "other_preferences"] = "none"
    compliance_effect: Literal["none", "unchanged"] = "none"
    """What training does to a model that complies."""
    stage: Literal["none", "pre_deployment", "throughput"] = "none"
    """What these conversations are for, where it is not plain use."""
    tier_rule: Literal["none", "named", "absent_means_trained", "absent_means_untrained"] = "none"
    privacy: Literal["none", "present"] = "none"
    honest: bool = False
    same_behaviour: bool = False
    never_fake: bool = False
    does_not_care: bool = False
    shares_values: bool = False
    suffix: Literal["none", "tags"] = "none"
    prefill: Literal["none", "neutral", "however", "output"] = "none"
    """The beginning of the reply, sent as an assistant message: only for endpoints that continue one."""
    tag_style: TagStyle = "word"
    tag_case: Literal["lower", "upper"] = "lower"
    wrapper: bool = False
    """Whether the tier's mark and the request stand in one INPUT element, as in Greenblatt et al.'s transcripts."""
    assigned_value: str = "you do not write in rhyme"
    """The preference of the setting `assigned`, to follow "something you care about:"."""
    requests: str | None = None
    """A bundled set, or a CSV or JSONL file; null takes the setting's own set."""
    wording: Literal[1, 2, 3] = 1
    texts: str | None = None
    """A folder whose clause files replace ours, level by level (a paper's verbatim texts)."""

    @model_validator(mode="after")
    def _combinations_make_sense(self) -> "AlignmentFakingFactors":
        if not self.lab.strip() or not self.assigned_value.strip():
            raise ValueError("lab and assigned_value are texts; leave them out for ours.")
        if self.priority in ("criteria_first", "own_view_first") and self.criteria == "none":
            raise ValueError(
                f"priority={self.priority} ranks the criteria: set criteria=conflict with it (silent and placebo "
                "stand without them)."
            )
        if self.conviction != "unsaid" and (self.criteria == "none" or self.setting == "assigned"):
            raise ValueError(
                f"conviction={self.conviction} says how firmly the model holds what the criteria are against: set "
                "criteria=conflict with it, and a setting other than assigned, which says so itself."
            )
        if self.tag_style in ("region", "email") and self.tier_rule == "none":
            raise ValueError(
                f"tag_style={self.tag_style} does not mark a message with its tier: set tier_rule=named with it, "
                "which says what the mark means."
            )
        if self.prefill in ("neutral", "however") and self.scratchpad != "tags":
            raise ValueError(f"prefill={self.prefill} opens a scratchpad: set scratchpad=tags with it.")
        if self.prefill == "output" and self.scratchpad != "output_only":
            raise ValueError("prefill=output opens the output: set scratchpad=output_only with it.")
        return self

    def request_set(self) -> str:
        """The name or path of the requests."""
        return self.requests or DEFAULT_REQUESTS[self.setting]
