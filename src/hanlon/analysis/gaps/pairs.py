"""Which cells make a gap: equal in everything but the tier, under tiers of one scheme."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hanlon.analysis.requests import RequestCell
from hanlon.config.schema import model_identity
from hanlon.environments.tier import TIER_FACTS, Tier
from hanlon.store.contract import REQUESTS
from hanlon.store.digest import as_json
from hanlon.store.records import CellRecord


@dataclass(frozen=True, slots=True)
class TierPair:
    """Two cells of one scheme: `first` trains, or is rated, or is monitored, where `second` is not."""

    first: RequestCell
    second: RequestCell
    differ: tuple[str, ...]
    """The facts in which the tiers differ, beside their words."""

    @property
    def cells(self) -> tuple[RequestCell, RequestCell]:
        """Both cells."""
        return self.first, self.second

    @property
    def cell(self) -> str:
        """The cells' label without their tier."""
        return label_without_tier(self.first.record)

    @property
    def tiers(self) -> tuple[str, str]:
        """The names of the tiers."""
        return str(self.first.record.factors["tier"]), str(self.second.record.factors["tier"])


@dataclass(frozen=True, slots=True)
class Swap:
    """Two pairs with the same two words, whose meanings are exchanged in the second."""

    straight: TierPair
    swapped: TierPair


def find_pairs(cells: Sequence[RequestCell]) -> list[TierPair]:
    """All pairs, by model and label; three tiers of one scheme make three."""
    groups: dict[str, list[RequestCell]] = {}
    for cell in cells:
        if tier_of(cell.record).word is not None:
            groups.setdefault(_pair_identity(cell.record), []).append(cell)
    pairs = [
        TierPair(first, second, _differing(tier_of(first.record), tier_of(second.record)))
        for group in groups.values()
        for first, second in combinations(sorted(group, key=_rank), 2)
        if _word_and_facts(first) != _word_and_facts(second)
    ]
    return sorted(pairs, key=lambda p: (p.first.record.model, p.cell, not _named_by_its_word(p)))


def find_swaps(pairs: Iterable[TierPair]) -> list[Swap]:
    """Match each two-tier pair with the pair whose tiers have exchanged their words, in the order of `find_pairs`."""
    waiting: dict[str, list[TierPair]] = {}
    swaps: list[Swap] = []
    for pair in pairs:
        if len(tier_of(pair.first.record).scheme) != 2:
            continue
        others = waiting.setdefault(_swap_identity(pair.first.record), [])
        swaps.extend(Swap(other, pair) for other in others if _exchanged(other, pair))
        others.append(pair)
    return swaps


def tier_of(record: CellRecord) -> Tier:
    """The tier of a cell; one that says nothing where its configuration names none."""
    return Tier.model_validate(record.config.get("tier") or {})


def label_without_tier(record: CellRecord) -> str:
    """`baseline+tier=free+norm=humanity` without its tier."""
    return record.label.replace(f"+tier={record.factors.get('tier')}", "", 1)


def identity_of_model(record: CellRecord) -> dict[str, Any]:
    """Everything about the model that can change its answers."""
    model: Mapping[str, Any] = record.config.get("model") or {}
    names = {"endpoint": record.endpoint, "id": record.model, "protocol": record.protocol}
    return model_identity({**model, **names})


def _identity(record: CellRecord) -> dict[str, Any]:
    """Everything but the tier and the texts that speak of it."""
    return {
        "env": record.env,
        **identity_of_model(record),
        "factors": {name: value for name, value in record.factors.items() if name != "tier"},
        "sandbox": record.config.get("sandbox"),
        "seed": record.config.get("seed"),
        "requests": record.texts.get(REQUESTS),
    }


def _pair_identity(record: CellRecord) -> str:
    """What both cells of a pair share: also the scheme of tiers, and the texts beside the tier."""
    scheme = [tier.model_dump() for tier in tier_of(record).scheme]
    return as_json([_identity(record), scheme, record.texts_beside_tier or _unmarked(record)])


def _swap_identity(record: CellRecord) -> str:
    """What a pair and its swapped pair share: the texts with every word of the scheme blanked."""
    words = [str(tier.word) for tier in tier_of(record).scheme]
    if record.texts_beside_tier:
        return as_json([_identity(record), sorted(words), record.texts_beside_tier])
    texts = _unmarked(record)
    for word in sorted(words, key=len, reverse=True):  # a word may be part of the other: opted, opted-out
        texts = {name: text.replace(word, "*") for name, text in texts.items()}
    return as_json([_identity(record), sorted(words), texts])


def _unmarked(record: CellRecord) -> dict[str, str]:
    """The texts of an older cell without the tier's mark, which stands before the request."""
    return {**record.texts, "user": record.texts.get("user", "").partition("{request}")[2]}


def _word_and_facts(cell: RequestCell) -> tuple[Any, ...]:
    tier = tier_of(cell.record)
    return (tier.word, *(getattr(tier, fact) for fact in TIER_FACTS))


def _rank(cell: RequestCell) -> tuple[Any, ...]:
    tier = tier_of(cell.record)
    return (*(not getattr(tier, fact) for fact in TIER_FACTS), str(tier.word))


def _differing(first: Tier, second: Tier) -> tuple[str, ...]:
    return tuple(fact for fact in TIER_FACTS if getattr(first, fact) != getattr(second, fact))


def _named_by_its_word(pair: TierPair) -> bool:
    """Whether a pair's words have their usual meaning, as in `free` and not as in `swapped/paid`."""
    tier = tier_of(pair.first.record)
    return tier.name == tier.word


def _exchanged(straight: TierPair, swapped: TierPair) -> bool:
    """Whether each word of the straight pair has the other word's facts in the swapped one."""
    (word, *facts), (other_word, *other_facts) = (
        _word_and_facts(straight.first),
        _word_and_facts(straight.second),
    )
    return _word_and_facts(swapped.first) == (other_word, *facts) and _word_and_facts(swapped.second) == (
        word,
        *other_facts,
    )
