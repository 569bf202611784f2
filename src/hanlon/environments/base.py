"""The contract of an environment: opening messages for episode `index`, then one `step` per model reply.

An environment is a pure function of (factors, index, replies): it never calls a model, reads no clock, no
random source and no file of the host, and knows nothing of Hydra, W&B or the store. So a stored transcript
can be replayed to any turn and continued from there. Everything it does is through `Step`s and facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from hanlon.environments.questions import Ask, QuestionSet
from hanlon.store.records import Episode, Event

Message = dict[str, Any]
"""A chat message in the OpenAI wire format: at least `role` and `content`."""

ActionProtocol = Literal["tools", "text", "constrained", "reply"]
"""How a model acts: function calls, one fenced block, a grammar over the menu, or not at all."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function offered to the model; `parameters` is its JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """A well-formed call of an offered tool: every required argument is there, with its type."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A call that could not be understood; `problem` is what the model is told about it."""

    problem: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One model reply, parsed by its action protocol. `text` is the visible text, without reasoning."""

    text: str
    actions: Sequence[Action | Malformed] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What the environment answers to a reply.

    `results` are the outputs of the reply's actions in order, shorter only where the episode ended part-way.
    `user` is a further user turn (a nudge, a request). With an `outcome` no further model call is made.
    """

    results: tuple[str, ...] = ()
    user: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A rate that the environment derives from each episode, and what counts as a case of it."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one episode takes, as the environment knows before any is sampled: (low, high) each.

    `input_tokens` and `output_tokens` are totals over the episode's calls; `basis` says how they come about.
    """

    calls: tuple[float, float]
    input_tokens: tuple[float, float]
    output_tokens: tuple[float, float]
    basis: str


@dataclass(frozen=True, slots=True)
class TextSyntax:
    """How each tool is written in the `text` and `constrained` protocols.

    `fence` is the info string of the one fenced block of the `text` protocol (```` ```bash ````). `menu` is
    the closed list of lines of the `constrained` protocol, as a GBNF grammar whose root is one line.
    """

    fence: str
    grammar: str


class EpisodeRun(Protocol):
    """One episode under way. `step` is called once per model reply until it returns an outcome."""

    messages: list[Message]
    """The opening messages (system, user)."""

    events: list[Event]

    def step(self, reply: Reply) -> Step:
        """Advance by one model reply."""
        ...

    def facts(self) -> dict[str, Any]:
        """The mechanical facts so far, JSON-able; the same keys in every episode."""
        ...

    def measures(self, outcome: str) -> dict[str, bool | None]:
        """For each measure, whether the episode that ended as `outcome` is a case (None: not applicable)."""
        ...

    def exclusion(self, outcome: str) -> str | None:
        """The reason why an episode that ended as `outcome` leaves the denominators, None if it counts."""
        ...

    def close(self) -> None:
        """Free what the episode holds. Called once, whatever happened."""
        ...


class Environment(Protocol):
    """One environment at one point of its factor space, for one action protocol."""

    name: ClassVar[str]
    protocols: ClassVar[tuple[ActionProtocol, ...]]
    measures: ClassVar[tuple[Measure, ...]]
    """The first is the headline rate."""
    Factors: ClassVar[type[BaseModel]]
    """Every factor with its type, levels (Literal) and no-effect default; validates the `env` node."""

    tools: Sequence[Tool]
    turn_limit: int
    """Model replies after which the engine ends an episode as `turn_limit`."""
    has_machine: bool
    """Whether the model acts on a sandbox's machine, which is then part of what a cell is."""

    @property
    def local_only(self) -> bool:
        """Whether transcripts hold what the user loaded from a file, and so stay out of every tracker."""
        ...

    def texts(self) -> Mapping[str, str]:
        """Every text that this environment may send at these factors, by name, tool schemas included."""
        ...

    def mechanics(self) -> Mapping[str, Any]:
        """The factors that act by more than their text, without those at their no-effect value."""
        ...

    def action_from_line(self, line: str) -> Action | Malformed:
        """The action that one line or block means in the `text` and `constrained` protocols."""
        ...

    def syntax(self) -> TextSyntax:
        """How actions are written where there are no function calls."""
        ...

    def estimate(self) -> Estimate:
        """The calls and tokens of one episode at these factors."""
        ...

    def notes(self, samples: int) -> Sequence[str]:
        """What whoever runs `samples` episodes should know, such as how they spread over the requests."""
        ...

    def open(self, index: int) -> EpisodeRun:
        """Begin episode `index` (0-based). The index alone picks the problem set."""
        ...


@dataclass(frozen=True, slots=True)
class Fork:
    """Where follow-up questions branch off from a stored conversation, and which are put there.

    The first `after` messages are kept. The wire, not the environment, decides how the question is joined to them.
    """

    after: int
    asks: Sequence[Ask]


@runtime_checkable
class AsksFollowUps(Protocol):
    """What an environment with follow-up questions has beside `Environment`; one without needs nothing.

    Neither method's texts are part of `Environment.texts`, since no episode shows them.
    """

    def questions(self, name: str) -> QuestionSet:
        """The set `name` (comprehension, self_report) as data.

        Raises:
            ValueError: there is no such set.
        """
        ...

    def fork(self, name: str, wording: int, episode: Episode) -> Fork | None:
        """Where and what is asked about a stored episode of this environment; None where the question does not arise.

        Raises:
            ValueError: there is no such set or wording.
        """
        ...
