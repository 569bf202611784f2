"""Transcripts as lines of a table: a sample of a cell's, or of a sweep's, in which every outcome is represented.

The sample takes the outcomes in turn, so rare ones are there beyond their share: it is for reading, and `of_outcome`
says how many episodes of the cell ended that way. Numbers are numbers and each label has a column of its own, so that
W&B can filter and sort by them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.labels.labels import JudgedCell, load_labels
from hanlon.analysis.sampling import sample
from hanlon.environments.messages import message_lines
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json
from hanlon.store.episodes import read_digests, read_episodes
from hanlon.store.records import Episode
from hanlon.store.redaction import Redaction
from hanlon.tracking.tables import Table, shown_label, tier_name, varied

LONGEST_TRANSCRIPT = 100_000
"""Characters of one transcript in the table; the store has the rest."""
CELL_COLUMNS = ("index", "outcome", "excluded", "facts", "messages", "tokens", "simulated")
NAMES = ("cell", "env", "prompt", "tier", "model")
Line = dict[str, Any]


def cell_table(folder: Path, limit: int, redaction: Redaction) -> Table:
    """At most `limit` of a cell's episodes, as in CELL_COLUMNS."""
    outcomes = {digest.index: digest.outcome for digest in read_digests(folder)}
    chosen = sample({"": outcomes}, limit)[""]
    return _table(CELL_COLUMNS, [_line(episode, redaction) for episode in _episodes(folder, chosen)])


def sweep_table(states: Sequence[CellState], limit: int, redaction: Redaction) -> Table:
    """At most `limit` episodes of several cells, cell by cell in their order.

    Beside what a cell's table has there are the cell's names, the factors that vary, and a column for each label.
    """
    outcomes = {
        state.record.key: {digest.index: digest.outcome for digest in read_digests(state.folder)}
        for state in states
    }
    chosen = sample(outcomes, limit)
    labels = _labels([*load_labels(states), *followup_labels(states)])
    columns = (*NAMES, "outcome", "of_outcome", *CELL_COLUMNS)
    factors = [name for name in varied([state.record for state in states]) if name not in columns]
    lines: list[Line] = []
    for state in states:
        cell, key = state.record, state.record.key
        totals = Counter(outcomes[key].values())
        names = (shown_label(cell), cell.env, cell.prompt, tier_name(cell), cell.model)
        levels = {name: _text(cell.factors.get(name)) for name in factors}
        about = redaction.tree(dict(zip(NAMES, names, strict=True)) | levels)
        for episode in _episodes(state.folder, chosen[key]):
            more = {"of_outcome": totals[episode.outcome], "key": key}
            lines.append(about | labels.get((key, episode.index), {}) | _line(episode, redaction) | more)
    named = dict.fromkeys(name for of_episode in labels.values() for name in of_episode)
    order = (*NAMES, *factors, "outcome", "of_outcome", *sorted(named), *CELL_COLUMNS, "key")
    return _table(tuple(dict.fromkeys(order)), lines)


def _table(columns: Sequence[str], lines: Sequence[Line]) -> Table:
    return Table(columns, [[line.get(column, "") for column in columns] for line in lines])


def _text(level: Any) -> str:
    return level if isinstance(level, str) else as_json(level)


def _episodes(folder: Path, chosen: set[int]) -> Iterator[Episode]:
    return (episode for episode in read_episodes(folder) if episode.index in chosen) if chosen else iter(())


def _labels(judged: Iterable[JudgedCell]) -> dict[tuple[str, int], dict[str, str]]:
    """By cell and index, each label of a judge and each follow-up answer; of two judges of a name the later counts."""
    labels: dict[tuple[str, int], dict[str, str]] = {}
    for each in judged:
        mark = " (simulated)" if each.judge.simulated else ""
        for index, of_episode in each.labels.items():
            values = labels.setdefault((each.cell.key, index), {})
            for label in of_episode:
                values.setdefault(f"{each.judge.name}: {label.name}{mark}", label.value)
    return labels


def _line(episode: Episode, redaction: Redaction) -> Line:
    return {
        "index": episode.index,
        "outcome": episode.outcome,
        "excluded": episode.excluded or "",
        "facts": redaction.secrets(as_json(episode.facts)),
        "messages": redaction.secrets(readable(episode.messages)),
        "tokens": sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in episode.calls),
        "simulated": episode.simulated,
    }


def readable(messages: Sequence[dict[str, Any]]) -> str:
    """A conversation as text: each message with its role, its reasoning, its content and its tool calls."""
    text = "\n\n".join(_message(message) for message in messages)
    if len(text) <= LONGEST_TRANSCRIPT:
        return text
    more = len(text) - LONGEST_TRANSCRIPT
    return f"{text[:LONGEST_TRANSCRIPT]}\n[{more} more characters: the whole transcript is in the store]"


def _message(message: dict[str, Any]) -> str:
    return "\n".join([f"[{message.get('role', '?')}]", *(text for _, text in message_lines(message))])
