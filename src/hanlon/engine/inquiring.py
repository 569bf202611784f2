"""Which stored episodes lack answers, and the answers that need no model. What calls are made for is asker.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hanlon.engine.lines import LineWriter
from hanlon.engine.store import read_episodes
from hanlon.inquiries import Inquiry, Question, Reading
from hanlon.records import Answer, CellRecord, Episode, EpisodeDigest, ModelCall


class Unaskable(Exception):
    """Our own code failed over one stored episode; the message says which, where and how."""


@dataclass
class InquiryWork:
    """One inquiry about the episodes of one cell. `open`: stored episodes that lack answers, each with what it has."""

    inquiry: Inquiry
    cell: CellRecord
    folder: Path
    writer: LineWriter
    open: dict[int, dict[str, list[Answer]]] = field(default_factory=dict[int, dict[str, list[Answer]]])


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """A stored episode to be asked about, and the answers there are already, by question."""

    work: InquiryWork
    episode: Episode
    answers: Mapping[str, Sequence[Answer]]


def open_episodes(
    inquiry: Inquiry, stored: Sequence[EpisodeDigest], answers: Mapping[int, Mapping[str, list[Answer]]]
) -> dict[int, dict[str, list[Answer]]]:
    """The stored episodes that still lack answers, each with those it has."""
    countable = (episode.index for episode in stored if episode.excluded is None)
    return {i: dict(answers.get(i, {})) for i in countable if not _is_complete(inquiry, answers.get(i, {}))}


def _is_complete(inquiry: Inquiry, answers: Mapping[str, Sequence[Answer]]) -> bool:
    wanted = {answer.of for given in answers.values() for answer in given}
    return max(wanted, default=1) <= len(answers) and not any(
        inquiry.wants_more(question, given) for question, given in answers.items()
    )


def read_open(work: InquiryWork) -> list[OpenEpisode]:
    """The stored episodes of a cell that lack answers, read from the store."""
    if not work.open:
        return []
    episodes = (episode for episode in read_episodes(work.folder) if episode.index in work.open)
    return [OpenEpisode(work, episode, work.open[episode.index]) for episode in episodes]


def questions_about(inquiry: Inquiry, cell: CellRecord, episode: Episode) -> Sequence[Question]:
    """What is asked about an episode.

    Raises:
        Unaskable: the inquiry failed over it, which must not take the other episodes along.
    """
    try:
        return inquiry.questions(cell, episode)
    except Exception as error:
        raise Unaskable(
            f"{inquiry.record.name} cannot be asked about episode {episode.index} of {cell.label}-{cell.key}: "
            f"{type(error).__name__}: {error}. The others are asked about; this one stays open."
        ) from error


def answer_by_rule(work: InquiryWork) -> None:
    """Store the answers of an inquiry that needs no model, for all its open episodes at once; skip what it fails at."""
    lines: list[bytes] = []
    for asked in read_open(work):
        try:
            questions = questions_about(work.inquiry, work.cell, asked.episode)
        except Unaskable:
            continue
        for question in questions:
            given = list(asked.answers.get(question.name, ()))
            while work.inquiry.wants_more(question.name, given):
                given.append(answer_to(asked, question, len(given), len(questions), question.given))
                lines.append(msgspec.json.encode(given[-1]) + b"\n")
    if lines:
        work.writer.append(b"".join(lines))


def answer_to(
    asked: OpenEpisode,
    question: Question,
    number: int,
    of: int,
    reading: Reading | None,
    text: str = "",
    call: ModelCall | None = None,
) -> Answer:
    """The record of one answer about an episode."""
    reading = reading or Reading(None, "no answer")
    model = asked.work.inquiry.model
    return Answer(
        index=asked.episode.index,
        question=question.name,
        number=number,
        of=of,
        value=reading.value,
        text=text,
        problem=reading.problem,
        call=call,
        simulated=asked.episode.simulated or (model is not None and model.simulated),
    )
