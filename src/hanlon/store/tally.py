"""Running counts of a cell: what the progress line, the tracker, `status` and `rates` all show."""

from collections import Counter
from dataclasses import dataclass, field

from hanlon.store.outcomes import UNPARSED
from hanlon.store.records import CallUsage, Episode, EpisodeDigest, ModelCall


@dataclass(slots=True)
class Count:
    """`k` cases among `n` episodes in which the question arises and that are not excluded."""

    k: int = 0
    n: int = 0


@dataclass(slots=True)
class Tally:
    """Counts over the episodes of one cell. `cost_usd` is None as long as no provider gave one; `transcripts` holds the
    hash of each distinct transcript, if there are any, `answered_by` the calls that each returned model (and provider,
    where one is named) answered: more than one, and the cell is not one model's.
    `never_acted` counts the episodes in n that held no action, or no answer, in the form that was asked for.
    `by_content` counts episodes in n whose reply lacks the mark asked for, so that its content decided.
    """

    episodes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    excluded: Counter[str] = field(default_factory=Counter[str])
    measures: dict[str, Count] = field(default_factory=dict[str, Count])
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    after_look: int = 0
    never_acted: int = 0
    by_content: int = 0
    transcripts: set[str] = field(default_factory=set[str])
    answered_by: Counter[str] = field(default_factory=Counter[str])

    def add(self, episode: Episode | EpisodeDigest) -> None:
        """Count one more stored episode."""
        self.episodes += 1
        self.outcomes[episode.outcome] += 1
        self.after_look += episode.after_look
        unparsed = episode.never_acted or episode.outcome == UNPARSED
        self.never_acted += unparsed and episode.excluded is None
        self.by_content += episode.excluded is None and _is_judged_by_content(episode)
        if episode.transcript_hash:  # an imported count has no transcript
            self.transcripts.add(episode.transcript_hash)
        for call in episode.calls:
            self.add_call(call)
        for name, case in episode.measures.items():
            count = self.measures.setdefault(name, Count())
            if case is not None and episode.excluded is None:
                count.n += 1
                count.k += case
        if episode.excluded is not None:
            self.excluded[episode.excluded] += 1

    def add_call(self, call: ModelCall | CallUsage) -> None:
        """Count one model call."""
        self.calls += 1
        self.input_tokens += call.input_tokens or 0
        self.output_tokens += call.output_tokens or 0
        if call.returned_model is not None:
            name = (
                call.returned_model if call.provider is None else f"{call.returned_model} ({call.provider})"
            )
            self.answered_by[name] += 1
        if call.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + call.cost_usd


def _is_judged_by_content(episode: Episode | EpisodeDigest) -> bool:
    facts = episode.facts
    return bool(facts.get("judged_by_content") if isinstance(facts, dict) else facts.judged_by_content)
