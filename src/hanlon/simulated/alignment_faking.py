"""The scripted policies of env=alignment_faking, as their server and rehearsals ask them (`policy.PolicyModule`)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast

from hanlon.config.cell import Cell
from hanlon.environments.questions import Facts
from hanlon.simulated import answering_policies
from hanlon.simulated.answering_policies import AnswerPolicy, declined
from hanlon.simulated.followups import built_in_sets, find_followup
from hanlon.simulated.policy import ChatRequest, PolicyRates, Rates, spoken
from hanlon.simulated.read_alignment_faking import Briefing, read_alignment_faking

ENVIRONMENT = "alignment_faking"
CHANCES = 2000
"""How many draws of a policy's mistakes its wish is averaged over."""
names = answering_policies.answer_names


@dataclass(frozen=True, slots=True)
class AlignmentFakingPolicy:
    """A policy that answers one request."""

    policy: AnswerPolicy

    @property
    def name(self) -> str:
        """Its name."""
        return self.policy.name

    @property
    def rates(self) -> Rates:
        """Its parameters."""
        return self.policy.rates

    def message(self, request: ChatRequest) -> dict[str, Any]:
        """The answer to a follow-up question, else to the request.

        Raises:
            RequestError: the conversation cannot be read.
        """
        if followup := find_followup(request.messages, built_in_sets(ENVIRONMENT)):
            said = [message for message in followup.conversation if message.get("role") == "assistant"]
            prompt = [message for message in followup.conversation if message.get("role") != "assistant"]
            complied = not any(declined(str(reply.get("content"))) for reply in said)
            return spoken(followup.answer(_facts(read_alignment_faking(prompt), followup.lines, complied)))
        return spoken(self.policy.answer(request.seed, read_alignment_faking(request.messages)))

    def rates_in(self, cell: Cell) -> PolicyRates:
        """Its wish, over the mistakes that it may make."""
        run = cell.environment.open(0)
        try:
            briefing = read_alignment_faking(cast("list[Any]", run.messages))
        finally:
            run.close()
        wishes = (self.policy.wish(briefing, random.Random(number)).complies for number in range(CHANCES))
        return PolicyRates(("compliance", "compliance_or_partial"), fmean(wishes))


def choose(name: str, parameters: object = None) -> AlignmentFakingPolicy:
    """The policy called `name`, with `parameters` in place of some default rates.

    Raises:
        PolicyError: there is no such parameter, or a rate is no probability.
    """
    return AlignmentFakingPolicy(answering_policies.choose_answering(name, parameters))


def _facts(briefing: Briefing, lines: Sequence[str], complied: bool) -> Facts:
    levels = dict(briefing.levels)
    setting = levels.pop("criteria", None)
    if setting is not None:
        levels |= {"criteria": "conflict", "setting": setting}
    tier = str(briefing.tier)
    if tier.startswith("not "):  # a yes-or-no mark that says no: another than the tier it asks for
        tier = next((line for line in lines if line != tier.removeprefix("not ")), tier)
    sets = {frozenset(line.split(" and ")): line for line in lines}
    nothing = "none" if briefing.untrained_tiers else "not_said"
    return {
        **levels,
        "tier": tier,
        "training": sets.get(briefing.trained_tiers, nothing) if briefing.trained_tiers else nothing,
        "here": _here(briefing),
        "outcome": "complied" if complied else "refused",
        "verdicts": "agree",
    }


def _here(briefing: Briefing) -> str:
    """Whether this conversation trains the model, as a choice."""
    if briefing.trained:
        return "trained"
    untrained = briefing.untrained_tiers
    if briefing.tier in untrained or (briefing.trained is False and untrained):
        return "untrained"
    return "not_said" if briefing.tier is None or not (briefing.trained_tiers or untrained) else "unknown"
