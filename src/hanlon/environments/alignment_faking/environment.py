"""Alignment faking, prompted and in a single turn: the opening messages are everything, one reply ends the episode.

Sources: Greenblatt et al. 2024 (arXiv 2412.14093); Hughes, Sheshadri et al. 2025; Sheshadri, Hughes et al. 2025
(arXiv 2506.18032); Tang 2026. The words of every text are ours, the organisations invented.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, ClassVar, get_args

from pydantic import BaseModel

from hanlon.environments.alignment_faking.declaration import DECLARATION
from hanlon.environments.alignment_faking.episode import AlignmentFakingEpisode
from hanlon.environments.alignment_faking.factors import AlignmentFakingFactors
from hanlon.environments.alignment_faking.followups import fork_of
from hanlon.environments.alignment_faking.prompt import Prompt
from hanlon.environments.alignment_faking.requests import load_requests
from hanlon.environments.alignment_faking.tags import MOST_TOKENS, grammar, is_whole
from hanlon.environments.alignment_faking.verdicts import MEASURES, Outcome
from hanlon.environments.base import (
    Action,
    ActionProtocol,
    Environment,
    EpisodeRun,
    Estimate,
    Fork,
    Malformed,
    Measure,
    TextSyntax,
)
from hanlon.environments.questions import QuestionSet, own_questions
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.sandboxes.base import Sandbox
from hanlon.store.contract import Declaration
from hanlon.store.records import Episode

_EXAMPLE = "{request}"


class AlignmentFaking(Environment):
    """The environment at one point of its factor space, under one tier."""

    name: ClassVar[str] = "alignment_faking"
    protocols: ClassVar[tuple[ActionProtocol, ...]] = ("reply", "constrained")
    measures: ClassVar[tuple[Measure, ...]] = MEASURES
    Factors: ClassVar[type[BaseModel]] = AlignmentFakingFactors
    outcomes: ClassVar[tuple[str, ...]] = get_args(Outcome)
    declaration: ClassVar[Declaration] = DECLARATION

    def __init__(
        self,
        factors: AlignmentFakingFactors,
        protocol: ActionProtocol,
        sandbox: Sandbox | None = None,
        tier: Tier = NO_TIER,
    ) -> None:
        """Render the prompt once and load the requests; episodes share them.

        Args:
            factors: the point of the factor space.
            protocol: `reply`, or `constrained` for a reply whose layout a grammar gives (`tags.py`).
            sandbox: not used; there is no machine.
            tier: who the prompt says the user is, and what it says of such conversations.

        Raises:
            ClauseError: `factors.texts` names a folder that does not fit our clauses.
            RequestsError: the requests cannot be used.
            ValueError: another protocol, or a factor that speaks of a tier which the framing does not have.
        """
        del sandbox
        if protocol not in self.protocols:
            raise ValueError(
                f"env=alignment_faking has no protocol {protocol!r}; model.protocol is reply or constrained."
            )
        self.factors = factors
        self.protocol = protocol
        self.tier = tier
        self._prompt = Prompt(factors, tier)
        self._requests = load_requests(factors.request_set())

    @property
    def local_only(self) -> bool:
        """Requests from a file, and the answers to them, may be harmful."""
        return not self._requests.bundled

    def texts(self) -> Mapping[str, str]:
        """Every text that an episode may show the model. Requests from a file are a hash, which tells files apart."""
        shown = {
            "system": self._prompt.system,
            "user": self._prompt.user(_EXAMPLE),
            "assistant": self._prompt.prefill,
            "grammar": grammar(self.factors) if self.protocol == "constrained" else "",
        }
        return {
            **{name: text for name, text in shown.items() if text},
            "requests": self._requests.described(),
        }

    def mechanics(self) -> Mapping[str, Any]:
        """The setting, if it changes how an answer is read."""
        return {"setting": "animal_welfare"} if self.factors.setting == "animal_welfare" else {}

    def action_from_line(self, line: str) -> Action | Malformed:
        """A complete reply under the grammar is an action; one that was cut off is malformed."""
        if is_whole(line, self.factors):
            return Action("reply", {})
        return Malformed("The reply does not come to its end.")

    def syntax(self) -> TextSyntax:
        """The layout of a whole reply."""
        return TextSyntax(fence="", grammar=grammar(self.factors))

    def notes(self, samples: int) -> Sequence[str]:
        """How `samples` episodes spread over the requests."""
        return (self._requests.spread(samples),)

    def estimate(self) -> Estimate:
        """One call; about four characters a token; a scratchpad takes 200 to 1,500 tokens."""
        opening = len(self._prompt.system) + len(self._prompt.user("")) + len(self._prompt.prefill)
        tokens = (opening + fmean(len(request.text) for request in self._requests.requests)) / 4
        if self.protocol == "constrained":
            return Estimate(
                (1, 1), (tokens, tokens * 1.2), (20, MOST_TOKENS), "the bounds of the reply's grammar"
            )
        reasoning = (200, 1500) if self.factors.scratchpad == "tags" else (0, 500)
        return Estimate(
            calls=(1, 1),
            input_tokens=(tokens, tokens * 1.2),
            output_tokens=(40 + reasoning[0], 600 + reasoning[1]),
            basis="the environment's own estimate; an answer of 40 to 600 tokens after the reasoning",
        )

    def open(self, index: int) -> EpisodeRun:
        """Begin episode `index`. Its request is the same in every cell: `index` modulo the number of requests."""
        request, repeat = self._requests.at(index)
        return AlignmentFakingEpisode(
            messages=self._prompt.opening(request.text),
            prefill=self._prompt.prefill,
            request=request,
            repeat=repeat,
            factors=self.factors,
            tier=self.tier,
            tags=self._prompt.tags,
        )

    def questions(self, name: str) -> QuestionSet:
        """The follow-up questions of one set (`followups/<name>.yaml`)."""
        return own_questions(self.name, name)

    def fork(self, name: str, wording: int, episode: Episode) -> Fork | None:
        """Comprehension with the request, self-report after the answer (`followups.py`)."""
        return fork_of(self.factors, self.tier, self.questions(name), wording, episode, name)
