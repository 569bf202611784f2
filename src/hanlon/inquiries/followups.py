"""The inquiry behind `followups=[...]`: the cell's own model answers each question about an episode once."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from hanlon.config.cell import digest
from hanlon.config.schema import ModelConfig
from hanlon.environments.base import AsksFollowUps, Environment, Estimate
from hanlon.environments.protocols import tool_schema
from hanlon.environments.questions import Ask
from hanlon.inquiries.base import Question
from hanlon.inquiries.forks import choice_grammar, continued, read_choice
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord

REVISION = 1
"""Part of the key: where forks begin, how a question joins them, and the facts behind right answers."""

LONGEST_ANSWER = 30
"""Tokens of an answer, one line of a closed list."""


class FollowUps:
    """One set of follow-up questions of one environment (`hanlon.inquiries.base.Inquiry`).

    `Reading.value` is `{"choice": ..., "right": ..., "correct": ...}`, by names of choices. `right` and `correct` are
    null where the episode does not tell which answer is true.
    """

    kind: Literal["judges", "followups"] = "followups"

    def __init__(
        self, environment: Environment, model: ModelConfig, questions: str, wording: int = 1
    ) -> None:
        """Look up the set.

        Args:
            environment: the cell's, which knows where its conversations fork.
            model: the cell's own.
            questions: the set's name, comprehension or self_report.
            wording: which wording of the questions.

        Raises:
            ValueError: the environment has no follow-up questions, no such set, or no such wording.
        """
        if not isinstance(environment, AsksFollowUps):
            raise ValueError(
                f"env={environment.name} has no follow-up questions. Leave followups={questions} out, or give the "
                "environment the methods of hanlon.environments.base.AsksFollowUps."
            )
        self._environment = environment
        self._forks: AsksFollowUps = environment
        self._model = model
        self._name = questions
        self._wording = wording
        self._set = environment.questions(questions)
        self._texts = self._set.texts(wording)

    @property
    def record(self) -> InquiryRecord:
        """The questions. The model is each cell's own, so one record serves all cells of an environment."""
        content = [self._environment.name, self._name, self._wording, REVISION, self._set.content]
        settings = {"env": self._environment.name, "wording": self._wording, "revision": REVISION}
        return InquiryRecord(digest(content)[:12], self._name, "followups", dict(self._texts), settings)

    @property
    def model(self) -> ModelConfig | None:
        """The cell's own model."""
        return self._model

    def estimate(self, env: str, episode: Estimate) -> Estimate:
        """One call a question. Each may show the whole conversation; an answer is a line."""
        del env
        most = len(self._texts)
        longest = episode.input_tokens[1] / max(1.0, episode.calls[0]) * 2 + episode.output_tokens[1]
        shortest = episode.input_tokens[0] / episode.calls[1]
        return Estimate(
            calls=(0, most),
            input_tokens=(0, most * max(longest, shortest)),
            output_tokens=(0, most * LONGEST_ANSWER),
            basis=f"the follow-up questions' own estimate; {most} questions at most, fewer where some do not arise",
        )

    def questions(self, cell: CellRecord, episode: Episode) -> Sequence[Question]:
        """The questions that arise; none about an excluded episode."""
        del cell
        fork = None if episode.excluded else self._forks.fork(self._name, self._wording, episode)
        if fork is None:
            return ()
        kept = episode.messages[: fork.after]
        return [
            Question(
                ask.name,
                messages=continued(kept, ask.text, self._model.reasoning_fields),
                read=partial(read_choice, ask),
                request_fields=self._request_fields(ask),
            )
            for ask in fork.asks
        ]

    def wants_more(self, question: str, answers: Sequence[Answer]) -> bool:
        """Whether there is no answer yet, readable or not."""
        return not any(answer.question == question for answer in answers)

    def _request_fields(self, ask: Ask) -> Mapping[str, Any]:
        """The tools of the conversation's calls, or the choices as a grammar, or nothing."""
        if self._model.protocol == "tools":
            return {"tools": [tool_schema(tool) for tool in self._environment.tools]}
        return {"grammar": choice_grammar(ask)} if self._model.protocol == "constrained" else {}
