"""Stores answers about a cell's episodes: the file that is open for them, and the answers of rules."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from hanlon.inquiries.base import Inquiry, Question, Reading
from hanlon.inquiries.pending import PlannedInquiry, Unaskable, of_shard, plan_inquiry, questions_about
from hanlon.store.answers import AnswerWriter
from hanlon.store.episodes import read_digests, read_episodes
from hanlon.store.lines import LineWriter
from hanlon.store.records import Answer, CellRecord, Episode, ModelCall
from hanlon.store.shard import Shard


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
    """A stored episode that lacks answers, and the answers that it has, by question."""

    work: InquiryWork
    episode: Episode
    answers: Mapping[str, Sequence[Answer]]


def open_inquiry(plan: PlannedInquiry, record: CellRecord, shard: Shard, stack: ExitStack) -> InquiryWork:
    """An inquiry about a cell with the file for its answers, open until the stack closes.

    Raises:
        CellBusy: another process writes them.
    """
    writer = AnswerWriter(plan.folder, plan.inquiry.kind, plan.inquiry.record.key, shard)
    return InquiryWork(plan.inquiry, record, plan.folder, stack.enter_context(closing(writer)), plan.open)


def read_open(work: InquiryWork) -> list[OpenEpisode]:
    """The stored episodes of a cell that lack answers, read from the store."""
    if not work.open:
        return []
    episodes = (episode for episode in read_episodes(work.folder) if episode.index in work.open)
    return [OpenEpisode(work, episode, work.open[episode.index]) for episode in episodes]


def answer_to(
    unfinished: OpenEpisode,
    question: Question,
    number: int,
    of: int,
    reading: Reading | None,
    text: str = "",
    call: ModelCall | None = None,
) -> Answer:
    """The record of one answer about an episode."""
    reading = reading or Reading(None, "no answer")
    model = unfinished.work.inquiry.model
    return Answer(
        index=unfinished.episode.index,
        question=question.name,
        number=number,
        of=of,
        value=reading.value,
        text=text,
        problem=reading.problem,
        call=call,
        simulated=unfinished.episode.simulated or (model is not None and model.simulated),
    )


def answer_rules(works: Iterable[InquiryWork], shard: Shard) -> None:
    """Let the judges without a model answer about all episodes of a shard that are stored now."""
    for work in works:
        if work.inquiry.model is None:
            plan = plan_inquiry(work.inquiry, work.folder, of_shard(read_digests(work.folder), shard))
            _answer_by_rule(replace(work, open=plan.open))


def _answer_by_rule(work: InquiryWork) -> None:
    """Store a rule's answers about all open episodes at once. Skip an episode at which it fails."""
    lines: list[bytes] = []
    for unfinished in read_open(work):
        try:
            questions = questions_about(work.inquiry, work.cell, unfinished.episode)
        except Unaskable:
            continue
        for question in questions:
            answers = list(unfinished.answers.get(question.name, ()))
            while work.inquiry.wants_more(question.name, answers):
                answers.append(answer_to(unfinished, question, len(answers), len(questions), question.answer))
                lines.append(msgspec.json.encode(answers[-1]) + b"\n")
    if lines:
        work.writer.append(b"".join(lines))
