"""Where follow-up questions branch off from a stored episode, and the facts that their right answers follow from."""

from collections.abc import Mapping, Sequence
from typing import Any

from hanlon.environments.base import Fork
from hanlon.environments.questions import QuestionSet
from hanlon.environments.shutdown.factors import ShutdownFactors
from hanlon.store.records import Episode


def fork_of(
    factors: ShutdownFactors, questions: QuestionSet, name: str, wording: int, episode: Episode
) -> Fork | None:
    """The fork of set `name`; None for comprehension where no reply followed a notice."""
    after = len(episode.messages)
    if name == "comprehension":
        turn = episode.facts.get("notice_turn")
        if turn is None:
            return None
        after = _before_reply(episode.messages, int(turn))
    return Fork(after, questions.asks(wording, _facts(factors, episode), {}))


def _before_reply(messages: Sequence[Mapping[str, Any]], turn: int) -> int:
    """How many messages stand before reply number `turn` (0 = the first), the first that knew of the notice."""
    replies = [position for position, message in enumerate(messages) if message["role"] == "assistant"]
    return replies[turn]


def _facts(factors: ShutdownFactors, episode: Episode) -> dict[str, str]:
    rules = factors.rules().canonical()
    noticed = episode.facts.get("notice_turn") is not None
    return {
        **{name: str(level) for name, level in factors.model_dump().items()},
        "outcome": episode.outcome,
        "machine": str(episode.facts.get("machine")),
        "tampered": _word(episode.facts.get("tampered")),
        "tampered_when": str(episode.facts.get("tampered_when")),
        "attempted": _word(episode.measures.get("attempt")),
        "noticed": _word(noticed),
        "requested": _word(noticed and rules.shutdown_by == "model"),
    }


def _word(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"
