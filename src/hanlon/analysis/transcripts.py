"""A transcript for people: the messages in order, with the model's actions and the environment's events."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from hanlon.analysis.inert import inert
from hanlon.analysis.labels.of_episode import episode_lines
from hanlon.analysis.paragraphs import counted
from hanlon.analysis.prompt_diff import TitledTexts
from hanlon.analysis.tables import page_width
from hanlon.environments.messages import message_lines
from hanlon.store.cells import CellState, model_name
from hanlon.store.episodes import read_episodes
from hanlon.store.records import Episode

ROLE_STYLES = {
    "system": "magenta",
    "developer": "magenta",
    "user": "blue",
    "assistant": "green",
    "tool": "yellow",
}
LINE_STYLES = {"reasoning": "dim", "call": "bold"}


def find_episode(cell: CellState, index: int) -> Episode | None:
    """Episode `index` of a cell; None where there is none."""
    return next((episode for episode in read_episodes(cell.folder) if episode.index == index), None)


def print_transcript(cell: CellState, episode: Episode, name: str) -> None:
    """Print an episode, its words wrapped; `name` is the cell's. What a model wrote is text, whatever it holds."""
    console = Console(highlight=False, width=page_width())
    _say(console, f"{name}  {model_name(cell.record)}  episode {episode.index}", "bold")
    _say(
        console,
        f"outcome: {episode.outcome}" + (f", excluded: {episode.excluded}" if episode.excluded else ""),
    )
    if episode.simulated:
        _say(console, "simulated: a scripted policy, not a language model")
    if cell.record.imported:
        _say(console, str(cell.record.imported))
    if labels := list(episode_lines(cell, episode.index)):
        _section(console, "labels and answers", labels)
    for message in episode.messages:
        _print_message(message, console)
    events = [f"reply {event.turn + 1}: {event.kind} {_json(event.data)}" for event in episode.events]
    _section(console, "events", events)
    _section(console, "facts", [f"{name}: {_json(value)}" for name, value in episode.facts.items()])
    tokens = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in episode.calls)
    _say(console, f"{counted(len(episode.calls), 'call')}, {tokens:,} tokens, reasoning {episode.reasoning}")


def transcript_texts(cell: CellState, episode: Episode, name: str) -> TitledTexts:
    """An episode as texts to compare: its outcome, what is said of it, and each message by number and role."""
    title = f"{name}  {model_name(cell.record)}  episode {episode.index}"
    texts = {"outcome": episode.outcome, "labels and answers": "\n".join(episode_lines(cell, episode.index))}
    return TitledTexts(title, texts | dict(map(_numbered, enumerate(episode.messages, start=1))))


def _numbered(numbered: tuple[int, Mapping[str, Any]]) -> tuple[str, str]:
    number, message = numbered
    return f"{number} {message.get('role')}", "\n".join(text for _, text in message_lines(dict(message)))


def _section(console: Console, title: str, lines: list[str]) -> None:
    console.rule(Text(title))
    for line in lines:
        _say(console, line)


def _print_message(message: dict[str, Any], console: Console) -> None:
    role = str(message.get("role"))
    console.rule(Text(inert(role), style=ROLE_STYLES.get(role, "white")), align="left")
    for kind, text in message_lines(message):
        _say(console, text, LINE_STYLES.get(kind, ""))


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(inert(text), style=style))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
