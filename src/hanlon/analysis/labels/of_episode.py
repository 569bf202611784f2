"""What judges and follow-up questions say of single episodes: as values to search, and as lines beside a transcript."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hanlon.analysis.labels.answers import answer_lines, followup_labels
from hanlon.analysis.labels.labels import answers_by_inquiry, load_labels
from hanlon.inquiries.judges.votes import Label, labels_of
from hanlon.store.cells import CellState
from hanlon.store.records import Answer

_REASON = "why"
"""The field in which a judge says why; the others that hold text are quotes."""


def labels_by_episode(state: CellState) -> Mapping[int, Mapping[str, set[str]]]:
    """The values of each label, by episode index and label; several judges may differ on one."""
    values: dict[int, dict[str, set[str]]] = {}
    for judged in [*load_labels([state]), *followup_labels([state])]:
        for index, labels in judged.labels.items():
            for label in labels:
                values.setdefault(index, {}).setdefault(label.name, set()).add(label.value)
    return values


def episode_lines(state: CellState, index: int) -> Iterator[str]:
    """The labels of an episode by each judge, with votes, reasons and quotes, then the follow-up answers."""
    for judge, answers in answers_by_inquiry(state.folder, "judges"):
        votes = answers.get(index, [])
        mark = " (simulated)" if judge.simulated else ""
        for label in labels_of(judge, votes):
            yield f"{judge.name}{mark}, {label.name}: {label.value}{_votes(label)}"
            yield from _quoted([vote for vote in votes if vote.question == label.question])
    yield from answer_lines(state, index)


def _votes(label: Label) -> str:
    if label.votes < 2:
        return ""
    unread = f", {label.unparsed} unread" if label.unparsed else ""
    return f" ({label.yes} of {label.parsed} votes{unread})"


def _quoted(votes: Sequence[Answer]) -> Iterator[str]:
    """Each text that votes rest on, once, and each problem of a vote that could not be read."""
    texts = Counter(
        (field, text)
        for vote in votes
        for field, text in (vote.value or {}).items()
        if isinstance(text, str) and text
    )
    for (field, text), count in texts.items():
        times = f" ({count} votes)" if count > 1 else ""
        yield f"  {field}: {text}{times}" if field == _REASON else f'  {field}: "{text}"{times}'
    for problem, count in Counter(vote.problem for vote in votes if vote.problem).items():
        yield f"  not read: {problem}" + (f" ({count} votes)" if count > 1 else "")
