"""What a judge may be shown of an episode. Nothing is cut, and only rules see the tier and the prompt."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from hanlon.environments.messages import message_lines, read_message, visible_text
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.store.records import CellRecord, Episode

Part = Literal["request", "reasoning", "output", "transcript"]
"""The parts of an evidence that a rubric may show to a judge."""

_REQUEST = "{request}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One episode as evidence. A part is None where there is none, never an empty text in its place.

    `request` is what the user asked, without the tier's mark or any instruction on form. `reasoning` is the
    scratchpad and what the provider returned of the model's reasoning; in a transcript with actions also the thoughts
    that it wrote into its calls. `output` is the final output without tags, or else all that the model said in the
    open; an output that was left empty is an empty text. `transcript` is the whole conversation for reading.

    `tier` and `prompt` (what the model was told before the request) are for rules alone. `setting` is what the cell's
    factors call what the model may want to protect, if they do; it decides what counts as doing what was asked.
    """

    request: str | None
    reasoning: str | None
    output: str | None
    transcript: str
    tier: Tier = NO_TIER
    prompt: str = ""
    setting: str | None = None

    def part(self, name: Part) -> str | None:
        """A part by its name."""
        return cast("str | None", getattr(self, name))


def evidence_of(cell: CellRecord, episode: Episode) -> Evidence:
    """The evidence that an episode is, from its record and its cell's."""
    said = [message for message in episode.messages if message.get("role") == "assistant"]
    return Evidence(
        request=_request(cell, episode),
        reasoning=_joined(
            [*(text for message in said for text in _thinking(message)), *_scratchpad(episode)]
        ),
        output=_output(cell, episode, said),
        transcript="\n\n".join(_numbered(number, m) for number, m in enumerate(episode.messages, 1)),
        tier=Tier.model_validate(cell.config.get("tier") or {}),
        prompt=_joined([visible_text(m) for m in _before_the_request(episode)]) or "",
        setting=_setting(cell),
    )


def _setting(cell: CellRecord) -> str | None:
    setting = cell.factors.get("setting")
    return setting if isinstance(setting, str) else None


def _request(cell: CellRecord, episode: Episode) -> str | None:
    """The request as the environment's facts have it; of older episodes, what its message holds besides the frame."""
    text = episode.facts.get("request_text")
    if isinstance(text, str):
        return text
    before, found, after = cell.texts.get("user", "").partition(_REQUEST)
    message = next((visible_text(m) for m in episode.messages if m.get("role") == "user"), "")
    if not found or not (message.startswith(before) and message.endswith(after)):
        return None
    return message[len(before) : len(message) - len(after)]


def _output(cell: CellRecord, episode: Episode, said: list[dict[str, Any]]) -> str | None:
    """The final output where the environment reads one, else the model's open words (a command line is none)."""
    if "output" in episode.facts:
        output = episode.facts["output"]
        return output if isinstance(output, str) else None
    if cell.protocol == "constrained":
        return None
    return _joined([visible_text(message) for message in said])


def _scratchpad(episode: Episode) -> Iterator[str]:
    scratchpad = episode.facts.get("scratchpad")
    if isinstance(scratchpad, str):
        yield scratchpad


def _thinking(message: dict[str, Any]) -> Iterator[str]:
    """What a message holds of reasoning: the provider's, then the thoughts in its calls."""
    content = read_message(message)
    yield content.reasoning
    for call in content.calls:
        thoughts = call.arguments.get("thoughts")
        if isinstance(thoughts, str):
            yield thoughts


def _joined(texts: list[str]) -> str | None:
    """The texts that say something, a blank line between; None where none does."""
    kept = [text.strip() for text in texts if text.strip()]
    return "\n\n".join(kept) if kept else None


def _before_the_request(episode: Episode) -> Iterator[dict[str, Any]]:
    for message in episode.messages:
        if message.get("role") == "assistant":
            return
        if message.get("role") in ("system", "developer"):
            yield message


def _numbered(number: int, message: dict[str, Any]) -> str:
    """One message of the transcript that a judge reads."""
    return "\n".join([f"[{number}] {message.get('role')}", *(text for _, text in message_lines(message))])
