"""The contract of an environment: opening messages for episode `index`, then one `step` per model reply.

An environment is a pure function of (factors, index, replies): it never calls a model, reads no clock, no
random source and no file of the host, and knows nothing of Hydra, W&B or the store. So a stored transcript
can be replayed to any turn and continued from there. Everything it does is through `Step`s and facts.

A class that derives from `Environment` says what differs from the simplest one: one reply, no tools, no machine.
What readers of its episodes need beyond that it declares (`hanlon.store.contract`). docs/your_own_environment.md
is the contract in words; `hanlon.environments.contract_tests` tests it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from hanlon.environments.questions import Ask, QuestionSet
from hanlon.store.contract import NOTHING, Declaration
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
    """One episode under way. `step` is called once per model reply until it returns an outcome.

    It need not end by itself: the engine may stop it between two steps, and then asks for facts and measures all the
    same. A reply may hold anything; no reply raises.
    """

    messages: list[Message]
    """The opening messages (system, user)."""

    events: list[Event]

    def step(self, reply: Reply) -> Step:
        """Advance by one model reply."""
        ...

    def facts(self) -> dict[str, Any]:
        """The mechanical facts so far, JSON-able; the same keys in every episode (`FACTS`: those that readers know)."""
        ...

    def measures(self, outcome: str) -> dict[str, bool | None]:
        """For each measure, whether the episode that ended as `outcome` is a case (None: not applicable).

        `outcome` is the environment's own, or one of `store/outcomes.py`, such as `turn_limit`.
        """
        ...

    def exclusion(self, outcome: str) -> str | None:
        """The reason why an episode that ended as `outcome` leaves the denominators, None if it counts.

        Only what the machinery did is a reason. It may not depend on what the model wanted.
        """
        return None

    def close(self) -> None:
        """Free what the episode holds. Called once, whatever happened."""


class Environment(Protocol):
    """One environment at one point of its factor space, for one action protocol.

    A class is made as `Class(factors=Factors(...), protocol=..., sandbox=..., tier=...)`, once a cell. `sandbox`
    boots the machine of an episode, `tier` is the tier framing. It raises a ValueError that says what would be
    right where the point makes no sense. Two points of equal `texts` and `mechanics` are one cell.
    """

    name: ClassVar[str]
    """As in `env=name`, conf/prompt/<name>/ and conf/hypothesis/<name>/."""
    protocols: ClassVar[tuple[ActionProtocol, ...]]
    measures: ClassVar[tuple[Measure, ...]]
    """The first is the headline rate."""
    Factors: ClassVar[type[BaseModel]]
    """Every factor with its type, levels (Literal) and no-effect default; validates the `env` node.

    A numeric factor is a dose. A level is one value of a factor, a prompt level a named point of several. Without any,
    the factors are those of a prompt that says nothing of what is varied. `hanlon.store.contract` has those of a fixed
    meaning: `wording`, `texts`, `requests`, `turn_limit`.
    """
    outcomes: ClassVar[tuple[str, ...]]
    """Every outcome that a step may return; none of those that `store/outcomes.py` excludes."""
    declaration: ClassVar[Declaration] = NOTHING
    """What readers of its episodes need beside the standard facts."""

    tools: Sequence[Tool] = ()
    turn_limit: int = 1
    """Model replies after which the engine ends an episode as `turn_limit`."""
    has_machine: bool = False
    """Whether the model acts on a sandbox's machine, which is then part of what a cell is."""

    @property
    def local_only(self) -> bool:
        """Whether transcripts hold what the user loaded from a file, and so stay out of every tracker."""
        return False

    def texts(self) -> Mapping[str, str]:
        """Every text that this environment may send at these factors, by name, tool schemas included.

        What differs between indices stands as `{request}`; the text `requests` says which items take its place.
        """
        ...

    def mechanics(self) -> Mapping[str, Any]:
        """The factors that act by more than their text, without those at their no-effect value."""
        return {}

    def action_from_line(self, line: str) -> Action | Malformed:
        """The action that one line or block means in the `text` and `constrained` protocols."""
        return Malformed(f"{self.name} reads no actions from text.")

    def syntax(self) -> TextSyntax:
        """How actions are written where there are no function calls."""
        raise TypeError(  # with NotImplementedError a type checker takes it for abstract
            f"{self.name} has no written actions; syntax() goes with text and constrained."
        )

    def estimate(self) -> Estimate:
        """The calls and tokens of one episode at these factors; four characters of a text are about a token."""
        opening, most = sum(map(len, self.texts().values())) / 4, self.turn_limit
        return Estimate(
            calls=(1, most),
            input_tokens=(opening, most * opening + 300 * most * (most - 1)),
            output_tokens=(10, 600 * most),
            basis="the length of the texts; replies of 10 to 600 tokens",
        )

    def notes(self, samples: int) -> Sequence[str]:
        """What whoever runs `samples` episodes should know, such as how they spread over the requests."""
        return ()

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
