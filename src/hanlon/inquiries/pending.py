"""The inquiries of a cell, and the stored episodes about which each of them still lacks answers."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from hanlon.config.cell import Cell, construct
from hanlon.config.schema import RunOptions
from hanlon.inquiries.base import Inquiry, Question
from hanlon.store.answers import by_episode, inquiry_path, read_answers
from hanlon.store.episodes import read_cell, read_episodes, write_json
from hanlon.store.records import Answer, CallUsage, CellRecord, Episode, EpisodeDigest
from hanlon.store.shard import Shard

AnswersByQuestion = Mapping[str, Sequence[Answer]]


class Unaskable(Exception):
    """Our own code failed over one stored episode. The message says which, where and how."""


@dataclass(frozen=True, slots=True)
class PlannedInquiry:
    """An inquiry about a cell: `open` are the stored episodes that lack answers, with those they have.

    `answered` holds, for each episode with answers, the calls that they took.
    """

    inquiry: Inquiry
    folder: Path
    open: dict[int, dict[str, list[Answer]]]
    answered: list[EpisodeDigest]

    @property
    def calls(self) -> int:
        """Calls made for it."""
        return sum(len(episode.calls) for episode in self.answered)

    @property
    def cost_usd(self) -> float:
        """Dollars spent on it."""
        return sum(call.cost_usd or 0.0 for episode in self.answered for call in episode.calls)

    @property
    def tokens(self) -> int:
        """Tokens spent on it, input and output."""
        calls = (call for episode in self.answered for call in episode.calls)
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
    """An inquiry about a cell: the answers that are there, and those of these stored episodes that lack some."""
    answers = by_episode(read_answers(folder, inquiry.kind, inquiry.record.key)[0])
    answered = [
        EpisodeDigest(index, "answered", {}, calls=_usage(questions)) for index, questions in answers.items()
    ]
    countable = (episode.index for episode in stored if episode.excluded is None)
    unfinished = {
        index: dict(answers.get(index, {}))
        for index in countable
        if not _is_complete(inquiry, answers.get(index, {}))
    }
    return PlannedInquiry(inquiry, folder, unfinished, answered)


def _is_complete(inquiry: Inquiry, answers: AnswersByQuestion) -> bool:
    questions = {answer.of for of_question in answers.values() for answer in of_question}
    return max(questions, default=1) <= len(answers) and not any(
        inquiry.wants_more(question, of_question) for question, of_question in answers.items()
    )


def _usage(answers: AnswersByQuestion) -> list[CallUsage]:
    calls = (
        answer.call for of_question in answers.values() for answer in of_question if answer.call is not None
    )
    return [CallUsage(call.input_tokens, call.output_tokens, call.cost_usd) for call in calls]


def write_records(planned: Iterable[PlannedInquiry], runs_dir: Path) -> None:
    """Store each inquiry's record with its settings, also where only a threshold has changed."""
    inquiries = {plan.inquiry.record.key: plan.inquiry for plan in planned}
    for key, inquiry in inquiries.items():
        record = msgspec.structs.replace(inquiry.record, created_at=time.time())
        write_json(inquiry_path(runs_dir, inquiry.kind, key), record)


def of_shard(stored: Sequence[EpisodeDigest], shard: Shard) -> list[EpisodeDigest]:
    """The episodes of a process's own shard, so that no two processes ask about the same one."""
    return [episode for episode in stored if shard.has(episode.index)]


def questions_about(inquiry: Inquiry, cell: CellRecord, episode: Episode) -> Sequence[Question]:
    """The inquiry's questions about an episode.

    Raises:
        Unaskable: the inquiry failed over this episode, which must not stop the others.
    """
    try:
        return inquiry.questions(cell, episode)
    except Exception as error:  # whatever it is, the others are asked
        raise Unaskable(
            f"{inquiry.record.name} cannot be asked about episode {episode.index} of {cell.label}-{cell.key}: "
            f"{type(error).__name__}: {error}. The others are asked about; this one stays open."
        ) from error


def unanswered(planned: Iterable[PlannedInquiry]) -> dict[str, int]:
    """For each inquiry by name, how many stored episodes lack answers to questions that arise about them."""
    counts: dict[str, int] = {}
    for plan in planned:
        counts[plan.inquiry.record.name] = counts.get(plan.inquiry.record.name, 0) + _lacking(plan)
    return {name: count for name, count in counts.items() if count}


def _lacking(plan: PlannedInquiry) -> int:
    """An episode without any answer may have no question: no rubric fits, or no fork exists."""
    bare = {index for index, answers in plan.open.items() if not answers}
    if not bare:
        return len(plan.open)
    record = read_cell(plan.folder)
    episodes = (episode for episode in read_episodes(plan.folder) if episode.index in bare)
    return len(plan.open) - len(bare) + sum(_arises(plan.inquiry, record, episode) for episode in episodes)


def _arises(inquiry: Inquiry, record: CellRecord, episode: Episode) -> bool:
    """Whether there is a question. An episode that cannot be asked about stays open."""
    try:
        return bool(questions_about(inquiry, record, episode))
    except Unaskable:
        return True
