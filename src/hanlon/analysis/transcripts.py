"""A transcript for people: the messages in order, with the model's actions and the environment's events."""

from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

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


def print_transcript(cell: CellState, index: int) -> bool:
    """Print episode `index` of a cell; False where there is none."""
    for episode in read_episodes(cell.folder):
        if episode.index == index:
            _print(cell, episode, Console(highlight=False, soft_wrap=True))
            return True
    return False


def _print(cell: CellState, episode: Episode, console: Console) -> None:
    record = cell.record
    console.print(f"[bold]{escape(record.label)}[/]  {escape(model_name(record))}  episode {episode.index}")
    excluded = f", excluded: {episode.excluded}" if episode.excluded else ""
    console.print(f"outcome: [bold]{escape(episode.outcome)}[/]{escape(excluded)}")
    if episode.simulated:
        console.print("simulated: a scripted policy, not a language model")
    for message in episode.messages:
        _print_message(message, console)
    console.rule("events")
    for event in episode.events:
        console.print(escape(f"reply {event.turn + 1}: {event.kind} {_json(event.data)}"))
    console.rule("facts")
    for name, value in episode.facts.items():
        console.print(escape(f"{name}: {_json(value)}"))
    tokens = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in episode.calls)
    console.print(f"{len(episode.calls)} calls, {tokens:,} tokens, reasoning {episode.reasoning}")


def _print_message(message: dict[str, Any], console: Console) -> None:
    role = str(message.get("role"))
    console.rule(f"[{ROLE_STYLES.get(role, 'white')}]{escape(role)}[/]", align="left")
    for kind, text in message_lines(message):
        console.print(escape(text), style=LINE_STYLES.get(kind))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
