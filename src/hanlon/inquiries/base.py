"""The contract of an inquiry: questions about an episode that is already stored, each with answers of its own.

A judge asks another model (or a rule) what a transcript shows; follow-up questions ask the model itself. Either
is a pure function of the stored episode: it makes no call, and can be repeated, extended or re-read without
sampling the episode again. The engine makes the calls, in the lanes and under the budget that sampling has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from hanlon.config.schema import ModelConfig
from hanlon.environments.base import Estimate, Message
from hanlon.store.records import Answer, CellRecord, Episode, InquiryRecord


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a reply: its fields, or None and why there are none."""

    value: dict[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one episode.

    Either `given` is the answer already (a rule's, or why there can be none), or `messages` are sent, with the
    further `request_fields` of the body, and `read` reads the reply's visible text.
    """

    name: str
    messages: Sequence[Message] = ()
    read: Callable[[str], Reading] | None = None
    given: Reading | None = None
    request_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Inquiry(Protocol):
    """A judge, or a set of follow-up questions."""

    @property
    def record(self) -> InquiryRecord:
        """Who is asked what. Its `key` hashes all that can change an answer, and nothing else: not how many votes."""
        ...

    @property
    def kind(self) -> Literal["judges", "followups"]:
        """Where its record lies, and whether its answers are `labels.<key>.jsonl` or `followups.<key>.jsonl`."""
        ...

    @property
    def model(self) -> ModelConfig | None:
        """Who answers; None where a rule does, without a call."""
        ...

    def estimate(self, env: str, episode: Estimate) -> Estimate:
        """What asking about one episode of this environment takes, where the episode itself takes so much."""
        ...

    def questions(self, cell: CellRecord, episode: Episode) -> Sequence[Question]:
        """What is asked about an episode; nothing where nothing can be (an excluded one, for instance)."""
        ...

    def wants_more(self, question: str, answers: Sequence[Answer]) -> bool:
        """Whether another answer is needed beyond these, which are all of one question about one episode."""
        ...
