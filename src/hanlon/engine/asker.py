"""Asks about stored episodes: one vote after the other, each stored as it comes."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from hanlon.config.schema import ModelConfig
from hanlon.engine.lane import Lane
from hanlon.engine.requests import RequestHead, drawn_seed
from hanlon.engine.retries import CallGivenUp
from hanlon.engine.rollout import cut_short
from hanlon.engine.writer import RecordWriter
from hanlon.environments.messages import visible_text
from hanlon.inquiries.answering import OpenEpisode, answer_to
from hanlon.inquiries.base import Question, Reading
from hanlon.inquiries.pending import questions_about
from hanlon.store import outcomes
from hanlon.store.records import Answer, ModelCall

ANSWERED = "answered"
NOT_ANSWERED = frozenset({outcomes.API_ERROR, outcomes.BUDGET})
"""What is no answer, so that a later run asks again; anything else that came back instead of one counts as unread."""


class Asker:
    """Asks one model: builds the requests of one lane's inquiries, makes the calls, stores the answers."""

    def __init__(self, lane: Lane, writer: RecordWriter, answered: Callable[[Answer], None]) -> None:
        self._lane = lane
        self._writer = writer
        self._answered = answered

    async def ask(self, unfinished: OpenEpisode, stopping: Callable[[], bool]) -> list[ModelCall]:
        """Ask all that is still to be asked about an episode; the calls that were made.

        The lane is told once how it went: of a conversation that is too long for the judge every vote fails, and one
        such episode is no sign that the pipeline is broken.

        Raises:
            StoreFailed: an answer could not be written.
            Unaskable: the inquiry failed over the episode.
        """
        calls, noted = list[ModelCall](), list[str]()
        try:
            await self._ask_until_done(unfinished, stopping, calls, noted)
        finally:
            failures = [outcome for outcome in noted if outcome != ANSWERED]
            for outcome in [*failures, *noted][:1]:
                self._lane.note(outcome)
        return calls

    async def _ask_until_done(
        self, unfinished: OpenEpisode, stopping: Callable[[], bool], calls: list[ModelCall], noted: list[str]
    ) -> None:
        """Ask on until nothing is open or `stopping`; adds the calls that were made and how each of them ended."""
        work = unfinished.work
        questions = questions_about(work.inquiry, work.cell, unfinished.episode)
        for question in questions:
            answers = list(unfinished.answers.get(question.name, ()))
            while work.inquiry.wants_more(question.name, answers) and not stopping():
                answer = await self._answer(unfinished, question, len(answers), len(questions), noted)
                if answer is None:
                    return
                if answer.call is not None:
                    calls.append(answer.call)
                await self._writer.store(work.writer, answer)
                self._answered(answer)
                answers.append(answer)

    async def _answer(
        self, unfinished: OpenEpisode, question: Question, number: int, questions: int, noted: list[str]
    ) -> Answer | None:
        if question.answer is not None:
            return answer_to(unfinished, question, number, questions, question.answer)
        work, model = unfinished.work, self._model_of(unfinished)
        head = RequestHead(model, question.request_fields)
        seed = drawn_seed(
            work.inquiry.record.key, work.cell.key, unfinished.episode.index, question.name, number
        )
        try:
            completion = await self._lane.call(head.body(question.messages, seed), model.id, ())
        except CallGivenUp as failure:
            noted.append(failure.outcome)
            if failure.outcome in NOT_ANSWERED:
                return None
            failed = ModelCall(requested_model=model.id, errors=failure.errors)
            return answer_to(
                unfinished, question, number, questions, Reading(None, failure.outcome), call=failed
            )
        text = visible_text(completion.message)
        cut = cut_short(completion)
        noted.append(cut[0] if cut else ANSWERED)
        assert question.read is not None
        try:
            reading = Reading(None, cut[1] or cut[0]) if cut else question.read(text)
        except Exception as error:  # a fault of an inquiry's reader costs this answer; its text is kept
            reading = Reading(None, f"its reader failed: {type(error).__name__}: {error}")
        return answer_to(unfinished, question, number, questions, reading, text, completion.call)

    def _model_of(self, unfinished: OpenEpisode) -> ModelConfig:
        model = unfinished.work.inquiry.model
        assert model is not None
        return model


T = TypeVar("T")

MOST_WAITING = 2000
"""Whoever would add more waits: an inquiry that is slower than sampling slows it, and memory stays flat."""


class Feed(Generic[T]):
    """A bounded queue that can be ended (what waits is still taken) or closed (what waits is dropped)."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, item: T) -> None:
        """Add an item once there is room; a feed that has ended takes nothing more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or len(self._waiting) < MOST_WAITING)
            if not self._ended:
                self._waiting.append(item)
                self._changed.notify_all()

    async def take(self) -> T | None:
        """The next item once there is one, None once none will come."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or bool(self._waiting))
            item = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return item

    async def end(self) -> None:
        """Nothing more is put in."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Nothing more is taken out: what waits stays unasked, for a later run."""
        async with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
