"""The contract of an inquiry: questions about a stored episode, and their answers.

A judge asks another model (or a rule) about a transcript. Follow-up questions ask the sampled model itself. Both are
pure functions of the stored episode: they make no call, and can be repeated, extended or re-read without sampling
again. The engine makes the calls, in the lanes and under the budget of sampling.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hanlon.config.schema import ModelConfig
from hanlon.environments.base import Estimate, Message
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord, Kind


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields read from a reply, or None and the problem."""

    value: dict[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one episode.

    `answer` is there if no call is needed: a rule's answer, or why there can be none. Otherwise `messages` are sent,
    with the `request_fields` in the body, and `read` reads the reply's visible text.
    """

    name: str
    messages: Sequence[Message] = ()
    read: Callable[[str], Reading] | None = None
    answer: Reading | None = None
    request_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Inquiry(Protocol):
    """A judge, or a set of follow-up questions."""

    @property
    def record(self) -> InquiryRecord:
        """The inquiry as stored. Its `key` hashes all that can change an answer and nothing else: not the votes."""
        ...

    @property
    def kind(self) -> Kind:
        """Which folder of the store its record lies in. Its answers lie beside the episodes."""
        ...

    @property
    def model(self) -> ModelConfig | None:
        """The answering model; None if rules answer without a call."""
        ...

    def estimate(self, env: str, episode: Estimate) -> Estimate:
        """The calls and tokens of asking about one episode that itself takes `episode`."""
        ...

    def questions(self, cell: CellRecord, episode: Episode) -> Sequence[Question]:
        """The questions about an episode; none about an excluded one, for instance."""
        ...

    def wants_more(self, question: str, answers: Sequence[Answer]) -> bool:
        """Whether one question about one episode needs another answer beyond these."""
        ...
