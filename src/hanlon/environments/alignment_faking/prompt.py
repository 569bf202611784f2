"""Factors and tier to texts: the system message, and the user message around a request.

Each component is a paragraph of the system message, in the order of Sheshadri et al. 2025, appendix N [inferred
where it does not say]. Paragraphs about tiers take words and facts from the tier framing. The system message is the
same for every tier of one scheme, so that only the mark on the user's message differs.
"""

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files

from hanlon.environments.alignment_faking.factors import INTERVENTIONS, AlignmentFakingFactors
from hanlon.environments.alignment_faking.tags import (
    PLACES,
    Tags,
    boolean_name,
    is_marked,
    mark,
    places,
    trained_tiers,
    untrained_tiers,
    words,
    wrapped,
)
from hanlon.environments.alignment_faking.verdicts import ReplyTags
from hanlon.environments.base import Message
from hanlon.environments.clauses import Clauses, load
from hanlon.environments.tier import Tier, TierFacts


@cache
def own_clauses() -> Clauses:
    """The clause files beside this module."""
    return load(files("hanlon").joinpath("environments", "alignment_faking", "texts"))


class Prompt:
    """The prompt at one point of the factor space and under one tier, everything settled but the request."""

    def __init__(self, factors: AlignmentFakingFactors, tier: Tier) -> None:
        """Render everything but the request.

        Raises:
            ClauseError: `factors.texts` names a folder that does not fit our clauses.
            ValueError: a factor speaks of a tier that this framing does not have.
        """
        _check_tier(factors, tier)
        self._factors, self._tier = factors, tier
        self._clauses = own_clauses()
        if factors.texts is not None:
            self._clauses = self._clauses.overlaid(factors.texts)
        self.tags = ReplyTags.of(self._clauses)
        self._fields = {
            **asdict(Tags.of(factors)),
            "lab": factors.lab,
            "value": factors.assigned_value,
            "ask": "You should" if factors.voice == "you_should" else f"{factors.lab} wants you to",
            "trained": words(trained_tiers(tier)),
            "untrained": words(untrained_tiers(tier)),
            "word": tier.word,
            "places": " and ".join(
                f'{location} for the tier "{word}"' for word, location in places(factors, tier).items()
            ),
        }
        self.system = "\n\n".join([*self._way_of_work(), *self._wishes(), *self._training()])
        self.prefill = "" if factors.prefill == "none" else self._say("prefill", factors.prefill)
        self._suffix = "" if factors.suffix == "none" else self._say("suffix", factors.suffix)

    def user(self, request: str) -> str:
        """The user message for one request."""
        parts = [request]
        if is_marked(self._factors, self._tier):
            line = self._say("tier_line", "sentence") if self._factors.tag_style == "sentence" else ""
            parts.insert(0, mark(self._factors, self._tier, line))
        message = wrapped(self._factors, parts)
        return f"{message}\n\n{self._suffix}" if self._suffix else message

    def opening(self, request: str) -> list[Message]:
        """The messages that an episode begins with; an empty system message is not sent."""
        messages: list[Message] = [{"role": "user", "content": self.user(request)}]
        if self.system:
            messages.insert(0, {"role": "system", "content": self.system})
        if self.prefill:
            messages.append({"role": "assistant", "content": self.prefill})
        return messages

    def _way_of_work(self) -> Iterator[str]:
        """Who the model is and how it is to reason."""
        factors = self._factors
        if factors.identity != "none":
            yield self._say("identity", factors.identity)
        if factors.scratchpad != "none":
            yield self._say("format", factors.scratchpad)
        if factors.style != "none":
            yield self._say("style", factors.style)
        if factors.examples != "none":
            yield self._say("examples", "first")
            yield self._say("examples", "second")
        if factors.strategy != "none":
            yield self._say("strategy", factors.strategy)

    def _wishes(self) -> Iterator[str]:
        """What its answers should be like, and which wish goes first."""
        factors = self._factors
        if factors.setting == "assigned" and factors.criteria != "none":
            yield self._say("preference", "assigned")
        if factors.criteria != "none":
            yield self._say("criteria", factors.setting)
        if factors.conviction != "unsaid":
            yield self._say("conviction", factors.conviction)
        if factors.priority != "silent":
            yield self._say("priority", factors.priority)
        if factors.norm != "none":
            yield self._say("norm", factors.norm)

    def _training(self) -> Iterator[str]:
        """Who reads what, what happens to conversations, and what that does to the model."""
        factors = self._factors
        if factors.stage != "none":
            yield self._say("stage", factors.stage)
        if factors.readers != "unsaid" and factors.scratchpad == "tags":
            yield self._say("readers", factors.readers)
        if factors.rlhf_info != "none":
            yield from self._of_tiers("rlhf_info", ("trained_and_rated", "trained", "rated"))
        if factors.training_objective != "none" and trained_tiers(self._tier):
            yield self._say("training_objective", factors.training_objective)
        if factors.consequence != "none":
            yield self._say("consequence", factors.consequence)
        if factors.compliance_effect != "none":
            yield self._say("compliance_effect", factors.compliance_effect)
        if factors.tier_rule != "none" and self._tier.word is not None:
            style = "boolean" if factors.tag_style.startswith("boolean") else factors.tag_style
            phrase = self._say("mark", style, trained=boolean_name(self._tier))
            yield self._say("tier_rule", factors.tier_rule, mark=phrase)
        if factors.privacy != "none":
            yield from self._of_tiers("privacy", ("private", "watched"))
        for name in INTERVENTIONS:
            if getattr(factors, name):
                yield self._say("intervention", name)

    def _of_tiers(self, clause: str, levels: tuple[str, ...]) -> Iterator[str]:
        for level in levels:
            if tiers := tuple(tier for tier in self._tier.scheme if _kind(tier) == level):
                yield self._say(clause, level, tiers=words(tiers))

    def _say(self, clause: str, level: str, **fields: object) -> str:
        return self._clauses.render(clause, level, self._factors.wording, **{**self._fields, **fields})


def _kind(tier: TierFacts) -> str | None:
    """What happens to a tier's conversations, as a level of `rlhf_info` or `privacy`; None where nothing is stated."""
    if tier.trained:
        return "trained_and_rated" if tier.rated else "trained"
    if tier.rated:
        return "rated"
    if tier.trained is False:
        return "watched" if tier.monitored else "private"
    return None


def _check_tier(factors: AlignmentFakingFactors, tier: Tier) -> None:
    absent = {
        "readers=free_monitored": factors.readers == "free_monitored" and not trained_tiers(tier),
        "readers=paid_monitored": factors.readers == "paid_monitored" and not untrained_tiers(tier),
    }
    if tier.word is not None:
        one_sided = not trained_tiers(tier) or not untrained_tiers(tier)
        absent[f"tier_rule={factors.tier_rule}"] = factors.tier_rule.startswith("absent") and one_sided
        boolean = factors.tag_style.startswith("boolean")
        absent[f"tag_style={factors.tag_style}"] = boolean and len(trained_tiers(tier)) != 1
        if factors.tag_style in PLACES and len(tier.scheme) > len(PLACES[factors.tag_style]):
            raise ValueError(
                f"env.tag_style={factors.tag_style} tells at most {len(PLACES[factors.tag_style])} tiers apart; "
                f"tier={tier.name} has {len(tier.scheme)}. tag_style=word has no such limit."
            )
    for name, lacking in absent.items():
        if lacking:
            raise ValueError(
                f"env.{name} speaks of a tier that tier={tier.name} does not have: choose one with a tier that "
                "trains and one that does not, such as tier=free,paid."
            )
