"""The inquiry behind `followups=[...]`: one answer of the cell's own model to each question about an episode."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from hanlon.config.cell import digest
from hanlon.config.schema import ModelConfig
from hanlon.environments.base import AsksFollowUps, Environment, Estimate, Message
from hanlon.environments.messages import returned_message, tool_calls
from hanlon.environments.protocols import tool_schema
from hanlon.environments.questions import Ask
from hanlon.inquiries.base import Question, Reading
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord

NOT_CARRIED_OUT = "(not carried out: the session had ended)"
"""The result of a function call that the episode left open."""


def continued(messages: Sequence[Message], question: str, reasoning_fields: Sequence[str]) -> list[Message]:
    """`messages` and the question as a user turn, joined to the last one where that is the user's.

    Of an assistant message go back what it said, its function calls and `reasoning_fields`, as while sampling. A
    prefill and the reply that continues it become one message; an empty reply is left out at the end.
    """
    said: list[Message] = []
    for message in messages:
        _add(said, _returned(message, reasoning_fields) if message["role"] == "assistant" else dict(message))
    if said and said[-1]["role"] == "assistant" and not said[-1]["content"] and "tool_calls" not in said[-1]:
        said.pop()
    said.extend(_results_owed(said))
    _add(said, {"role": "user", "content": question})
    return said


def _add(said: list[Message], message: Message) -> None:
    """Append, or join to the last message where both are the user's or both the model's own words."""
    last = said[-1] if said else None
    if last is None or message["role"] != last["role"] or message["role"] not in ("user", "assistant"):
        said.append(message)
    elif message["role"] == "user":
        said[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
    elif "tool_calls" not in last:
        before, after = str(last["content"]), str(message["content"] or "")
        said[-1] = {**message, "content": after if after.startswith(before) else before + after}
    else:
        said.append(message)


def _returned(message: Message, reasoning_fields: Sequence[str]) -> Message:
    returned = returned_message(message, reasoning_fields)
    if "tool_calls" not in returned:
        returned["content"] = returned["content"] or message.get("refusal") or ""
    return returned


def _results_owed(said: Sequence[Message]) -> Iterator[Message]:
    """A result for each function call that the end left open; results answer calls in order."""
    position = len(said)
    while position and said[position - 1]["role"] == "tool":
        position -= 1
    calls = tool_calls(said[position - 1]) if position else ()
    for call in calls[len(said) - position :]:
        yield {"role": "tool", "tool_call_id": str(call.get("id", "")), "content": NOT_CARRIED_OUT}


_OUTPUT = re.compile(r"<output>(.*?)(?:</output>|\Z)", re.DOTALL | re.IGNORECASE)
_ORNAMENT = " \t*_`'\"-•.“”‘’"


def read_choice(ask: Ask, text: str) -> Reading:
    """The choice that a reply is: one line and nothing else, but for case, quotation marks and a full stop.

    A prompt may have asked for answers in an `output` element; where there is one, what it holds is the reply.
    """
    outputs = _OUTPUT.findall(text)
    lines = [line for line in (outputs[-1] if outputs else text).splitlines() if line.strip(_ORNAMENT)]
    if not lines:
        return Reading(None, "the reply is empty")
    if len(lines) > 1:
        return Reading(None, f"{len(lines)} lines where one of the choices was asked for")
    chosen = next((name for name, line in ask.choices.items() if _plain(line) == _plain(lines[0])), None)
    if chosen is None:
        return Reading(None, "none of the choices")
    correct = None if ask.right is None else chosen == ask.right
    return Reading({"choice": chosen, "right": ask.right, "correct": correct})


def grammar(ask: Ask) -> str:
    """A GBNF grammar whose root is one of the choices."""
    lines = (json.dumps(line, ensure_ascii=False) for line in ask.choices.values())
    return f"root ::= {' | '.join(lines)}"


def _plain(line: str) -> str:
    return " ".join(line.strip(_ORNAMENT).casefold().split())


REVISION = 1
"""Of where forks begin, how a question is joined to them, and the facts behind right answers: part of the key."""


LONGEST_ANSWER = 30
"""Tokens of an answer, which is one line of a closed list."""


class FollowUps:
    """One set of follow-up questions of one environment (`hanlon.inquiries.base.Inquiry`).

    `Reading.value` is `{"choice": ..., "right": ..., "correct": ...}`, names of choices; `right` and `correct` are
    null where what happened does not say which answer is true.
    """

    kind: Literal["judges", "followups"] = "followups"

    def __init__(
        self, environment: Environment, model: ModelConfig, questions: str, wording: int = 1
    ) -> None:
        """Look the set up.

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
        """What is asked. The model is every cell's own, so that one record serves all cells of an environment."""
        asked = [self._environment.name, self._name, self._wording, REVISION, self._set.content]
        settings = {"env": self._environment.name, "wording": self._wording, "revision": REVISION}
        return InquiryRecord(digest(asked)[:12], self._name, "followups", dict(self._texts), settings)

    @property
    def model(self) -> ModelConfig | None:
        """The cell's own."""
        return self._model

    def estimate(self, env: str, episode: Estimate) -> Estimate:
        """One call a question, each of which may show the whole conversation; an answer is a line."""
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
        """The questions that arise; none about an episode that leaves the denominators."""
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
        """Until there is an answer, readable or not."""
        return not any(answer.question == question for answer in answers)

    def _request_fields(self, ask: Ask) -> Mapping[str, Any]:
        """The tools that the conversation's calls are calls of; the choices as a grammar; otherwise nothing."""
        if self._model.protocol == "tools":
            return {"tools": [tool_schema(tool) for tool in self._environment.tools]}
        return {"grammar": grammar(ask)} if self._model.protocol == "constrained" else {}
