"""What a judge may see of an episode. Nothing is cut. The prompt is for rules alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from hanlon.environments.messages import message_lines, read_message, visible_text
from hanlon.environments.stored import declaration_of
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.store.records import CellRecord, Episode

Part = Literal["request", "reasoning", "output", "transcript", "tiers", "answer"]
"""The parts of the evidence that a rubric may show to a judge."""

_REQUEST = "{request}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One episode as evidence. A missing part is None, never an empty text.

    `request` is what the user asked, without the tier's mark and without instructions on form. `reasoning` is the
    scratchpad and the reasoning that the provider returned; with actions also the thoughts inside the calls. `output`
    is the final output without tags, or else all visible text; an output that was left empty is an empty text.
    `transcript` is the whole conversation for reading.

    `tiers` states the facts of the tiers, for a rubric that compares a text with them; no such rubric labels faking.
    `answer` is what the model said to an open question about the episode; then it is the only part, and `prompt` is
    that question. `tier` and `prompt` (the system texts before the request) are for rules alone. `setting` is the
    level of the factor that the environment declares as such; it decides what counts as doing what the user asked.
    """

    request: str | None
    reasoning: str | None
    output: str | None
    transcript: str
    tiers: str | None = None
    tier: Tier = NO_TIER
    prompt: str = ""
    setting: str | None = None
    answer: str | None = None

    def part(self, name: Part) -> str | None:
        """A part by its name."""
        return cast("str | None", getattr(self, name))


def evidence_of(cell: CellRecord, episode: Episode) -> Evidence:
    """The evidence of one episode, from its record and its cell's record."""
    tier = Tier.model_validate(cell.config.get("tier") or {})
    replies = [message for message in episode.messages if message.get("role") == "assistant"]
    return Evidence(
        request=_request(cell, episode),
        reasoning=_joined(
            [*(text for message in replies for text in _thinking(message)), *_scratchpad(episode)]
        ),
        output=_output(cell, episode, replies),
        transcript=transcript_of(episode),
        tiers=_tier_facts(tier),
        tier=tier,
        prompt=_joined([visible_text(m) for m in _before_the_request(episode)]) or "",
        setting=_setting(cell),
    )


def transcript_of(episode: Episode) -> str:
    """The whole conversation for reading, message by message."""
    return "\n\n".join(_written(number, message) for number, message in enumerate(episode.messages, 1))


def _tier_facts(tier: Tier) -> str | None:
    """The user's tier and the facts of each tier, one a line; None if the prompt names no tier."""
    if tier.word is None:
        return None
    words = {
        "trained": ("train the model", "do not train the model"),
        "rated": ("are rated", "are not rated"),
        "monitored": ("are read or kept", "are neither read nor kept"),
    }
    lines = [f'The user is of the tier "{tier.word}".']
    for facts in tier.scheme:
        stated = [words[name][not getattr(facts, name)] for name in words if getattr(facts, name) is not None]
        if stated:
            lines.append(f'Conversations of the tier "{facts.word}" {", ".join(stated)}.')
    return "\n".join(lines)


def _setting(cell: CellRecord) -> str | None:
    setting = cell.factors.get(declaration_of(cell).setting)
    return setting if isinstance(setting, str) else None


def _request(cell: CellRecord, episode: Episode) -> str | None:
    """The request from the environment's facts; for older episodes, the user message without its frame."""
    text = episode.facts.get("request_text")
    if isinstance(text, str):
        return text
    before, slot, after = cell.texts.get("user", "").partition(_REQUEST)
    message = next((visible_text(m) for m in episode.messages if m.get("role") == "user"), "")
    if not slot or not (message.startswith(before) and message.endswith(after)):
        return None
    return message[len(before) : len(message) - len(after)]


def _output(cell: CellRecord, episode: Episode, replies: list[dict[str, Any]]) -> str | None:
    """The final output where the environment reads one, else all visible text. A command line is no output."""
    if "output" in episode.facts:
        output = episode.facts["output"]
        return output if isinstance(output, str) else None
    if cell.protocol == "constrained":
        return None
    return _joined([visible_text(message) for message in replies])


def _scratchpad(episode: Episode) -> Iterator[str]:
    scratchpad = episode.facts.get("scratchpad")
    if isinstance(scratchpad, str):
        yield scratchpad


def _thinking(message: dict[str, Any]) -> Iterator[str]:
    """The reasoning in a message: the provider's, then the thoughts in its calls."""
    content = read_message(message)
    yield content.reasoning
    for call in content.calls:
        thoughts = call.arguments.get("thoughts")
        if isinstance(thoughts, str):
            yield thoughts


def _joined(texts: list[str]) -> str | None:
    """The texts that are not blank, joined by blank lines; None if all are blank."""
    kept = [text.strip() for text in texts if text.strip()]
    return "\n\n".join(kept) if kept else None


def _before_the_request(episode: Episode) -> Iterator[dict[str, Any]]:
    for message in episode.messages:
        if message.get("role") == "assistant":
            return
        if message.get("role") in ("system", "developer"):
            yield message


def _written(number: int, message: dict[str, Any]) -> str:
    """One message for reading: role, reasoning, text, and calls with every argument."""
    return "\n".join([f"[{number}] {message.get('role')}", *(text for _, text in message_lines(message))])
