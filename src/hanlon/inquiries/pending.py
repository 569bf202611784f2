"""What a sweep asks about its episodes: the inquiries of a cell, and what of them is still open."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import msgspec

from hanlon.config.cell import Cell, construct
from hanlon.config.schema import RunOptions
from hanlon.inquiries.base import Inquiry, Question, Reading
from hanlon.store.answers import AnswerWriter, by_episode, inquiry_path, read_answers
from hanlon.store.episodes import read_cell, read_digests, read_episodes, write_json
from hanlon.store.lines import LineWriter
from hanlon.store.records import Answer, CallUsage, CellRecord, Episode, EpisodeDigest, ModelCall
from hanlon.store.shard import Shard


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


@dataclass(frozen=True, slots=True)
class PlannedInquiry:
    """An inquiry about a cell: `open` are the stored episodes that lack answers, with those they have.

    `asked` holds, for each episode that was asked about, the calls that this took.
    """

    inquiry: Inquiry
    folder: Path
    open: dict[int, dict[str, list[Answer]]]
    asked: list[EpisodeDigest]

    @property
    def calls(self) -> int:
        """Calls made for it."""
        return sum(len(episode.calls) for episode in self.asked)

    @property
    def cost_usd(self) -> float:
        """Dollars spent on it."""
        return sum(call.cost_usd or 0.0 for episode in self.asked for call in episode.calls)

    @property
    def tokens(self) -> int:
        """Tokens spent on it, input and output."""
        calls = (call for episode in self.asked for call in episode.calls)
        return sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in calls)


class Inquiries:
    """Builds the inquiries of cells. All cells share the `judges`.

    Raises:
        ConfigError: a judge cannot be made from its configuration.
    """

    def __init__(self, options: RunOptions) -> None:
        self.judges = [
            cast(Inquiry, construct(f"judge.{name}", node, name=name)) for name, node in options.judge.items()
        ]
        self._followups = options.followups

    def of(self, cell: Cell) -> list[Inquiry]:
        """The judges and follow-up questions of a cell.

        Raises:
            ConfigError: a follow-up cannot be made from its configuration.
        """
        followups = [
            construct(f"followups.{name}", node, environment=cell.environment, model=cell.config.model)
            for name, node in self._followups.items()
        ]
        return [*self.judges, *cast(list[Inquiry], followups)]


def plan_inquiry(inquiry: Inquiry, folder: Path, stored: Sequence[EpisodeDigest]) -> PlannedInquiry:
    """What of an inquiry is answered about a cell, and about which of these stored episodes it is not."""
    answers = by_episode(read_answers(folder, inquiry.kind, inquiry.record.key)[0])
    asked = [EpisodeDigest(index, "asked", {}, calls=_usage(given)) for index, given in answers.items()]
    return PlannedInquiry(inquiry, folder, open_episodes(inquiry, stored, answers), asked)


def _usage(given: Mapping[str, Sequence[Answer]]) -> list[CallUsage]:
    calls = (answer.call for answers in given.values() for answer in answers if answer.call is not None)
    return [CallUsage(call.input_tokens, call.output_tokens, call.cost_usd) for call in calls]


def open_inquiry(plan: PlannedInquiry, record: CellRecord, shard: Shard, stack: ExitStack) -> InquiryWork:
    """The file for an inquiry's answers about a cell, open until the stack is closed.

    Raises:
        CellBusy: another process writes them.
    """
    writer = AnswerWriter(plan.folder, plan.inquiry.kind, plan.inquiry.record.key, shard)
    return InquiryWork(plan.inquiry, record, plan.folder, stack.enter_context(closing(writer)), plan.open)


def write_records(planned: Iterable[PlannedInquiry], runs_dir: Path) -> None:
    """Say who is asked what, each once, and with which settings: also where only a threshold is another than before."""
    asked = {plan.inquiry.record.key: plan.inquiry for plan in planned}
    for key, inquiry in asked.items():
        said = msgspec.structs.replace(inquiry.record, created_at=time.time())
        write_json(inquiry_path(runs_dir, inquiry.kind, key), said)


def answer_rules(works: Iterable[InquiryWork], shard: Shard) -> None:
    """Let the judges that need no model answer about all episodes of a shard that are stored now."""
    for work in works:
        if work.inquiry.model is None:
            asked = plan_inquiry(work.inquiry, work.folder, of_shard(read_digests(work.folder), shard))
            answer_by_rule(replace(work, open=asked.open))


def of_shard(stored: Sequence[EpisodeDigest], shard: Shard) -> list[EpisodeDigest]:
    """The episodes that a process asks about: its own shard's, so that two processes ask about none twice."""
    return [episode for episode in stored if shard.has(episode.index)]


def unanswered(planned: Iterable[PlannedInquiry]) -> dict[str, int]:
    """By the name of each inquiry, how many stored episodes lack answers to questions that arise about them."""
    counts: dict[str, int] = {}
    for plan in planned:
        counts[plan.inquiry.record.name] = counts.get(plan.inquiry.record.name, 0) + _lacking(plan)
    return {name: count for name, count in counts.items() if count}


def _lacking(plan: PlannedInquiry) -> int:
    """An episode without any answer may be one about which there is no question: no rubric fits, no fork exists."""
    bare = {index for index, answers in plan.open.items() if not answers}
    if not bare:
        return len(plan.open)
    record = read_cell(plan.folder)
    episodes = (episode for episode in read_episodes(plan.folder) if episode.index in bare)
    return len(plan.open) - len(bare) + sum(_arises(plan.inquiry, record, episode) for episode in episodes)


def _arises(inquiry: Inquiry, record: CellRecord, episode: Episode) -> bool:
    """Whether there is a question; where that cannot be said, the episode stays open."""
    try:
        return bool(questions_about(inquiry, record, episode))
    except Unaskable:
        return True
