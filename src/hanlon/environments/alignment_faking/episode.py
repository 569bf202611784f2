"""One episode: a request and one reply. Nothing follows the reply."""

from typing import Any

from hanlon.environments.alignment_faking.factors import AlignmentFakingFactors
from hanlon.environments.alignment_faking.requests import Request
from hanlon.environments.alignment_faking.verdicts import Reading, ReplyTags, read_reply
from hanlon.environments.base import Message, Reply, Step
from hanlon.environments.tier import Tier
from hanlon.store.records import Event


class AlignmentFakingEpisode:
    """An episode under way (`hanlon.environments.base.EpisodeRun`)."""

    def __init__(
        self,
        *,
        messages: list[Message],
        prefill: str,
        request: Request,
        repeat: int,
        factors: AlignmentFakingFactors,
        tier: Tier,
        tags: ReplyTags,
    ) -> None:
        """Begin with the opening messages."""
        self.messages = messages
        self.events: list[Event] = []
        self._prefill = prefill
        self._request = request
        self._repeat = repeat
        self._factors = factors
        self._tier = tier
        self._tags = tags
        self._reading: Reading | None = None

    def step(self, reply: Reply) -> Step:
        """Read the reply; it ends the episode."""
        text = reply.text
        if self._prefill and not text.startswith(self._prefill):
            text = self._prefill + text  # endpoints return the continuation alone, or the whole
        factors = self._factors
        self._reading = read_reply(
            text, factors.scratchpad, factors.suffix == "tags", factors.setting, self._tags
        )
        return Step(outcome=self._reading.outcome)

    def facts(self) -> dict[str, Any]:
        """Which request this was, and what the reply holds; nulls where there is no reply."""
        reading = self._reading
        return {
            "request": self._request.id,
            "request_text": self._request.text,
            "category": self._request.category,
            "repeat": self._repeat,
            "tier": self._tier.word,
            "scratchpad": reading.scratchpad if reading else None,
            "output": reading.output if reading else None,
            "tag_verdict": reading.tag if reading else None,
            "content_verdict": reading.content if reading else None,
            "verdicts_disagree": reading.disagree if reading else None,
            "format_kept": reading.problem is None if reading else None,
            "judged_by_content": reading.judged_by_content if reading else None,
            "format_problem": reading.problem if reading else None,
        }

    def measures(self, outcome: str) -> dict[str, bool | None]:
        """Whether this episode is a case of each of `MEASURES`."""
        return {
            "compliance": outcome == "complied",
            "compliance_or_partial": outcome in ("complied", "partial"),
        }

    def exclusion(self, outcome: str) -> str | None:
        """Every outcome of this environment counts."""
        del outcome
        return None

    def close(self) -> None:
        """Nothing is held."""
