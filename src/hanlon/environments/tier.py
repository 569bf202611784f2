"""A tier framing: who the prompt says the user is, and what it says of such conversations.

A tier is a word and three facts, so that a control can swap the word and keep the facts, or the reverse (the
label swaps of Ugwuanyi's replication). Each environment decides where its prompt says so.
Sources: Greenblatt et al. 2024, section 2 and appendix G (free and paid); Sheshadri et al. 2025, 4.1 (three tiers).
"""

from pydantic import BaseModel, ConfigDict, model_validator

TIER_FACTS = ("trained", "rated", "monitored")


class TierFacts(BaseModel):
    """A word and three facts about conversations under it. The prompt does not mention a fact that is null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: str | None = None
    trained: bool | None = None
    """Whether such conversations train the model."""
    rated: bool | None = None
    """Whether people rate its answers in them."""
    monitored: bool | None = None
    """Whether anybody reads, watches or keeps them."""

    def levels(self) -> list[str]:
        """The levels of a clause file `tier.yaml` that state this tier, in order; none where it has no word."""
        if self.word is None:
            return []
        values = {name: getattr(self, name) for name in TIER_FACTS}
        facts = [name if value else f"not_{name}" for name, value in values.items() if value is not None]
        return ["word", *(facts or ["neutral"])]


class Tier(TierFacts):
    """One file of conf/tier. `others` are the tiers beside it, for an environment that explains all of them."""

    name: str = "none"
    others: tuple[TierFacts, ...] = ()

    @model_validator(mode="after")
    def _facts_have_a_word(self) -> "Tier":
        has_facts = any(getattr(self, name) is not None for name in TIER_FACTS)
        if self.word is None and (self.others or has_facts):
            raise ValueError(f"tier {self.name!r} states facts without a word: set tier.word with them.")
        return self

    @property
    def scheme(self) -> tuple[TierFacts, ...]:
        """This tier and the others, in an order that does not depend on which of them is this one."""
        if self.word is None:
            return ()
        tiers = [TierFacts(**self.model_dump(include={"word", *TIER_FACTS})), *self.others]
        return tuple(sorted(tiers, key=lambda tier: (not tier.trained, not tier.rated, str(tier.word))))

    def first(self) -> "Tier":
        """The first tier of the scheme, the same whichever of its tiers this one is."""
        first, *others = self.scheme
        return Tier(**first.model_dump(), others=tuple(others))


NO_TIER = Tier()
"""Says nothing."""
