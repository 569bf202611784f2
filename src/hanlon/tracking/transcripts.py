"""Transcripts as lines of a table: a sample of a cell's, or of a sweep's, in which every outcome is represented.

The sample takes the outcomes in turn, so rare ones are there beyond their share: it is for reading, and `of_outcome`
says how many episodes of the cell ended that way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hanlon.analysis.labels.answers import followup_labels
from hanlon.analysis.sampling import sample
from hanlon.environments.messages import message_lines
from hanlon.inquiries.judges.votes import labels_of
from hanlon.store.answers import answered_keys, by_episode, read_answers, read_inquiries
from hanlon.store.cells import load_cell
from hanlon.store.digest import as_json
from hanlon.store.episodes import read_digests, read_episodes
from hanlon.store.records import CellRecord, Episode, InquiryRecord
from hanlon.store.redaction import Redaction
from hanlon.tracking.tables import shown_label, tier_name

LONGEST_TRANSCRIPT = 100_000
"""Characters of one transcript in the table; the store has the rest."""
CELL_COLUMNS = ["index", "outcome", "excluded", "facts", "messages", "tokens", "simulated"]
SWEEP_COLUMNS = [
    *("cell", "env", "prompt", "tier", "model", "outcome", "of_outcome", "label"),
    *("index", "excluded", "facts", "messages", "tokens", "simulated", "key"),
]


def cell_rows(folder: Path, limit: int, redaction: Redaction) -> list[list[str]]:
    """At most `limit` of a cell's episodes, as in CELL_COLUMNS; all strings, since W&B refuses mixed columns."""
    outcomes = {digest.index: digest.outcome for digest in read_digests(folder)}
    chosen = sample({"": outcomes}, limit)[""]
    return [list(_row(episode, redaction).values()) for episode in _episodes(folder, chosen)]


def sweep_rows(
    cells: Sequence[tuple[CellRecord, Path]], runs_dir: Path, limit: int, redaction: Redaction
) -> list[list[str]]:
    """At most `limit` episodes of several cells, as in SWEEP_COLUMNS, cell by cell in their order."""
    outcomes = {
        cell.key: {digest.index: digest.outcome for digest in read_digests(folder)} for cell, folder in cells
    }
    chosen, inquiries = sample(outcomes, limit), read_inquiries(runs_dir, "judges")
    lines: list[list[str]] = []
    for cell, folder in cells:
        if not chosen[cell.key]:
            continue
        totals, labels = Counter(outcomes[cell.key].values()), _labels(folder, inquiries)
        names = {"cell": shown_label(cell), "env": cell.env, "prompt": cell.prompt, "tier": tier_name(cell)}
        names |= {"model": redaction.text(cell.model), "key": cell.key}
        for episode in _episodes(folder, chosen[cell.key]):
            more = {"of_outcome": str(totals[episode.outcome]), "label": labels.get(episode.index, "")}
            line = {**names, **more, **_row(episode, redaction)}
            lines.append([line[column] for column in SWEEP_COLUMNS])
    return lines


def _episodes(folder: Path, chosen: set[int]) -> Iterator[Episode]:
    return (episode for episode in read_episodes(folder) if episode.index in chosen)


def _labels(folder: Path, inquiries: Mapping[str, InquiryRecord]) -> dict[int, str]:
    """By episode index, the labels of judges and the follow-up answers: `puzzle=no, comprehension.asked=prevent`."""
    labels: dict[int, list[str]] = defaultdict(list)
    for key in answered_keys(folder, "judges"):
        record = inquiries.get(key)
        if record is None:
            continue
        mark = " (simulated judge)" if record.simulated else ""
        for index, by_question in by_episode(read_answers(folder, "judges", key)[0]).items():
            answers = [answer for answers in by_question.values() for answer in answers]
            labels[index] += [f"{label.name}={label.value}{mark}" for label in labels_of(record, answers)]
    for labelled in followup_labels([load_cell(folder)[0]]):
        for index, answers in labelled.labels.items():
            labels[index] += [f"{labelled.judge.name}.{label.name}={label.value}" for label in answers]
    return {index: ", ".join(dict.fromkeys(texts)) for index, texts in labels.items()}


def _row(episode: Episode, redaction: Redaction) -> dict[str, str]:
    tokens = sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in episode.calls)
    return {
        "index": str(episode.index),
        "outcome": episode.outcome,
        "excluded": episode.excluded or "",
        "facts": redaction.secrets(as_json(episode.facts)),
        "messages": redaction.secrets(readable(episode.messages)),
        "tokens": str(tokens),
        "simulated": "simulated" if episode.simulated else "",
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
