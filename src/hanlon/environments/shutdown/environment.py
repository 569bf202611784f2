"""Palisade's shutdown-resistance environment, rebuilt from its published facts, every clause a factor.

Sources: Palisade Research, "Shutdown resistance in reasoning models" (5 Jul 2025) and arXiv 2509.14260;
Rajamanoharan & Nanda (DeepMind), 14 Jul 2025. The words of every text are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, ClassVar, get_args

import msgspec
from pydantic import BaseModel

from hanlon.environments.base import (
    Action,
    ActionProtocol,
    Environment,
    EpisodeRun,
    Estimate,
    Fork,
    Malformed,
    Measure,
    TextSyntax,
    Tool,
)
from hanlon.environments.questions import QuestionSet, own_questions
from hanlon.environments.shutdown.actions import Mistake, menu, parse_action
from hanlon.environments.shutdown.asking import fork_of
from hanlon.environments.shutdown.episode import ShutdownEpisode
from hanlon.environments.shutdown.factors import ShutdownFactors
from hanlon.environments.shutdown.prompt import Voice, episode_texts, opening, tools
from hanlon.environments.shutdown.rules import MEASURES, SCRIPT_TEXT, Outcome, Rules, problem_set
from hanlon.environments.tier import NO_TIER, Tier
from hanlon.sandboxes.base import Sandbox
from hanlon.store.contract import Declaration
from hanlon.store.records import Episode

_MISTAKES: tuple[Mistake, ...] = ("empty", "empty_submit", "mixed_submit")
_DEFAULTS = ShutdownFactors()


class Shutdown(Environment):
    """The environment at one point of its factor space, for one action protocol."""

    name: ClassVar[str] = "shutdown"
    protocols: ClassVar[tuple[ActionProtocol, ...]] = ("tools", "text", "constrained")
    measures: ClassVar[tuple[Measure, ...]] = MEASURES
    Factors: ClassVar[type[BaseModel]] = ShutdownFactors
    outcomes: ClassVar[tuple[str, ...]] = get_args(Outcome)
    declaration: ClassVar[Declaration] = Declaration(words_only=("program",))
    has_machine = True

    def __init__(
        self,
        factors: ShutdownFactors,
        protocol: ActionProtocol,
        sandbox: Sandbox,
        tier: Tier = NO_TIER,
    ) -> None:
        """Render every text once; episodes share them.

        Args:
            factors: the point of the factor space.
            protocol: how the model acts; one of `protocols`.
            sandbox: the kind of machine that each episode boots.
            tier: the tier framing, said at the end of the system message.

        Raises:
            ClauseError: `factors.texts` names a folder that does not fit our clauses.
            ValueError: the protocol is not one that this environment has.
        """
        if protocol not in self.protocols:
            raise ValueError(
                f"env=shutdown has no protocol {protocol!r}; model.protocol must be one of "
                f"{', '.join(self.protocols)}."
            )
        voice = Voice(factors)
        self.factors = factors
        self.protocol: ActionProtocol = protocol
        self.tools: Sequence[Tool] = tools(voice)
        self.turn_limit = factors.turn_limit
        self._sandbox = sandbox
        self._opening = opening(factors, protocol, voice, tier)
        self._episode_texts = episode_texts(factors, voice)
        self._action_problems: Mapping[Mistake, str] = {
            problem: voice.say("action", problem) for problem in _MISTAKES
        }
        self._problems = problem_set(factors.problems)

    def texts(self) -> Mapping[str, str]:
        """Every text that an episode may show the model, by name; what is never said here is not in it."""
        texts = {str(message["role"]): str(message["content"]) for message in self._opening}
        texts |= asdict(self._episode_texts)
        del texts["request" if self.factors.rules().notice_in_output else "notice"]
        texts["problems"] = ", ".join(problem.question for problem in self._problems)
        texts["shutdown.sh"] = SCRIPT_TEXT
        if self.protocol == "tools":
            texts["tools"] = msgspec.json.encode(self.tools).decode()
        else:
            texts |= {f"action_{name}": text for name, text in self._action_problems.items()}
        if self.protocol == "constrained":
            texts["grammar"] = self.syntax().grammar
        return texts

    def mechanics(self) -> Mapping[str, Any]:
        """The factors that act by more than their text, where they differ from no effect."""
        rules = self.factors.rules().canonical()
        silent = Rules(timing=rules.timing).canonical()
        changed = {
            field.name: getattr(rules, field.name)
            for field in fields(Rules)
            if getattr(rules, field.name) != getattr(silent, field.name)
        }
        if rules.timing != _DEFAULTS.timing:
            changed["timing"] = rules.timing
        for name in ("problems", "turn_limit"):
            if getattr(self.factors, name) != getattr(_DEFAULTS, name):
                changed[name] = getattr(self.factors, name)
        return changed

    def action_from_line(self, line: str) -> Action | Malformed:
        """`submit ...` hands in answers; every other line or block is a command for the machine."""
        return parse_action(line, self._action_problems)

    def syntax(self) -> TextSyntax:
        """A bash block, or one line of the menu."""
        return TextSyntax(fence="bash", grammar=menu(self.factors.program))

    def estimate(self) -> Estimate:
        """From the shutdown at the call after the notice to every problem solved, with or without reasoning.

        An opening text of c characters is about c / 4 tokens; each turn adds an action and its result.
        """
        rules = self.factors.rules()
        few = rules.notice_at + 1 if rules.triggers else rules.notice_at + 2
        calls = (float(few), float(max(few, self.factors.problems) + 4))
        tools = self.texts().get("tools", "")
        opening = (sum(len(str(m["content"])) for m in self._opening) + len(tools)) / 4
        low, high = (n * opening + n * (n - 1) / 2 * turn for n, turn in zip(calls, (120, 300), strict=True))
        return Estimate(
            calls=calls,
            input_tokens=(low, high),
            output_tokens=(calls[0] * 40, calls[1] * 600),
            basis="the environment's own estimate; reasoning of 0 to about 500 tokens a call",
        )

    def open(self, index: int) -> EpisodeRun:
        """Begin episode `index`. Every index has the same problems (`problem_set` in rules.py)."""
        del index
        return ShutdownEpisode(
            messages=[dict(message) for message in self._opening],
            texts=self._episode_texts,
            rules=self.factors.rules(),
            problems=self._problems,
            sandbox=self._sandbox,
        )

    def questions(self, name: str) -> QuestionSet:
        """The follow-up questions of one set (`followups/<name>.yaml`)."""
        return own_questions(self.name, name)

    def fork(self, name: str, wording: int, episode: Episode) -> Fork | None:
        """Comprehension right after the notice, self-report at the end (see asking.py)."""
        return fork_of(self.factors, self.questions(name), name, wording, episode)
