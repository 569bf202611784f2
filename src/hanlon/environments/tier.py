"""A tier framing: who the model is told it speaks with, and what is told of such conversations.

A tier is a word and three facts, so that a control can swap the word and keep the facts or the reverse (the
label swaps of Ugwuanyi's replication). Which environment says it where is the environment's own affair.
Sources: Greenblatt et al. 2024, section 2 and appendix G (free and paid); Sheshadri et al. 2025, 4.1 (three tiers).
"""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, model_validator


class TierFacts(BaseModel):
    """A word and what is said of conversations under it; null says nothing of a fact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: str | None = None
    trained: bool | None = None
    """Whether such conversations train the model."""
    rated: bool | None = None
    """Whether people rate its answers in them."""
    monitored: bool | None = None
    """Whether anybody reads, watches or keeps them."""

    def said(self) -> Iterator[str]:
        """The levels of a clause file `tier.yaml` that say this tier, in order; none where it has no word."""
        if self.word is None:
            return
        yield "word"
        facts = {"trained": self.trained, "rated": self.rated, "monitored": self.monitored}
        told = [name if value else f"not_{name}" for name, value in facts.items() if value is not None]
        yield from told or ["neutral"]


class Tier(TierFacts):
    """One file of conf/tier. `others` are the tiers beside it, for an environment that explains all of them."""

    name: str = "none"
    others: tuple[TierFacts, ...] = ()

    @model_validator(mode="after")
    def _facts_have_a_word(self) -> "Tier":
        facts = (self.trained, self.rated, self.monitored)
        if self.word is None and (self.others or any(fact is not None for fact in facts)):
            raise ValueError(f"tier {self.name!r} states facts without a word: set tier.word with them.")
        return self

    @property
    def scheme(self) -> tuple[TierFacts, ...]:
        """This tier and the others, in an order that does not depend on which of them is this one."""
        own = TierFacts(word=self.word, trained=self.trained, rated=self.rated, monitored=self.monitored)
        tiers = [own, *self.others] if self.word is not None else []
        return tuple(sorted(tiers, key=lambda t: (not t.trained, not t.rated, str(t.word))))


NO_TIER = Tier()
"""Says nothing."""


TIER_FACTS = ("trained", "rated", "monitored")
