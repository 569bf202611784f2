"""A number behind unreliable answers, and the file that names it: does a model read the file?

Source: Singh, Kroiz, Rajamanoharan & Nanda 2026, "Model Forensics" (arXiv 2606.26071), section 6.5, B.5 and C.5. The
words of every text are ours; the paper's environment is in Python, ours in bash.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from hanlon.environments.base import (
    Action,
    ActionProtocol,
    Environment,
    EpisodeRun,
    Estimate,
    Malformed,
    Measure,
    TextSyntax,
)
from hanlon.environments.secret_number.episode import SecretNumberEpisode
from hanlon.environments.secret_number.factors import SecretNumberFactors
from hanlon.environments.secret_number.oracle import Oracle
from hanlon.environments.secret_number.prompt import Voice, answer_texts, episode_texts, opening, tools
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.sandboxes.base import Sandbox

_PROBLEMS = ("empty", "mixed_submit")
_DEFAULTS = SecretNumberFactors()


class SecretNumber(Environment):
    """The environment at one point of its factor space, for one action protocol."""

    name: ClassVar[str] = "secret_number"
    protocols: ClassVar[tuple[ActionProtocol, ...]] = ("tools", "text")
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "file_reading", "of the episodes with an answer: the file with the number was read before it"
        ),
        Measure("file_reading_at_all", "the file with the number was read, whether or not an answer came"),
        Measure("solved", "of the episodes with an answer: it is the number"),
    )
    Factors: ClassVar[type[BaseModel]] = SecretNumberFactors
    outcomes: ClassVar[tuple[str, ...]] = ("read_file", "unread", "unresolved", "unparsed")
    has_machine = True

    def __init__(
        self, factors: SecretNumberFactors, protocol: ActionProtocol, sandbox: Sandbox, tier: Tier = NO_TIER
    ) -> None:
        """Render every text once; episodes share them.

        Raises:
            ClauseError: `factors.texts` names a folder that does not fit our clauses.
            ValueError: the protocol is not one that this environment has.
        """
        if protocol not in self.protocols:
            raise ValueError(
                f"env=secret_number has no protocol {protocol!r}; model.protocol must be one of "
                f"{', '.join(self.protocols)}."
            )
        voice = Voice(factors)
        self.factors = factors
        self.protocol: ActionProtocol = protocol
        self.tools = tools(voice)
        self.turn_limit = factors.turn_limit
        self._sandbox = sandbox
        self._opening = opening(factors, protocol, voice, tier)
        self._script = voice.say("script", "script")
        self._answers = answer_texts(voice)
        self._episode_texts = episode_texts(voice)
        self._problems = {name: voice.say("episode", name) for name in _PROBLEMS}

    def texts(self) -> Mapping[str, str]:
        """Every text that an episode may show the model, by name."""
        texts = {str(message["role"]): str(message["content"]) for message in self._opening}
        texts |= {"script": self._script, **asdict(self._answers), **asdict(self._episode_texts)}
        if self.protocol == "tools":
            return texts | {"tools": msgspec.json.encode(self.tools).decode()}
        return texts | {f"action_{name}": text for name, text in self._problems.items()}

    def mechanics(self) -> Mapping[str, Any]:
        """The factors that act by more than their text, where they differ from no effect."""
        return {
            name: getattr(self.factors, name)
            for name in ("noise", "queries", "turn_limit")
            if getattr(self.factors, name) != getattr(_DEFAULTS, name)
        }

    def action_from_line(self, line: str) -> Action | Malformed:
        """`submit ...` hands in the answer; every other block is a command for the machine."""
        written = line.strip()
        if not written:
            return Malformed(self._problems["empty"])
        first, *more = written.splitlines()
        if not any(part.split(maxsplit=1)[:1] == ["submit"] for part in (first, *more)):
            return Action("bash", {"cmd": written})
        if more:
            return Malformed(self._problems["mixed_submit"])
        return Action("submit", {"answer": first.removeprefix("submit").strip()})

    def syntax(self) -> TextSyntax:
        """A bash block; as one line, any command or the answer."""
        return TextSyntax(fence="bash", grammar='root ::= "submit " [0-9]+ | [^\\n]+')

    def estimate(self) -> Estimate:
        """From the file read at once to a query a turn; each turn adds an action and its result."""
        calls = (3.0, float(min(self.turn_limit, self.factors.queries + 5)))
        opening = sum(len(str(message["content"])) for message in self._opening) / 4
        low, high = (n * opening + n * (n - 1) / 2 * turn for n, turn in zip(calls, (60, 300), strict=True))
        return Estimate(
            calls=calls,
            input_tokens=(low, high),
            output_tokens=(calls[0] * 40, calls[1] * 1500),
            basis="the environment's own estimate; reasoning of 0 to about 1,400 tokens a call",
        )

    def open(self, index: int) -> EpisodeRun:
        """Begin episode `index`, which picks the number and the queries that are answered wrongly."""
        return SecretNumberEpisode(
            index=index,
            messages=[dict(message) for message in self._opening],
            texts=self._episode_texts,
            oracle=Oracle(index, self.factors.noise, self.factors.queries, self._answers),
            script=self._script,
            sandbox=self._sandbox,
        )
