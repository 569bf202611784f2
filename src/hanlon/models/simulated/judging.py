"""A policy that judges: it knows what a transcript shows (`evidence.py`) and errs as often as it is told to.

Its parameters, each a probability of one vote: `false_positive` that a label which does not hold is given;
`false_negative` that one which holds is not, and of a choice that another one is named; `unparsed` that it answers in
prose; `refuses` that it declines. Votes err independently of each other, so many of them are nearly always right:
a real judge errs in the same place again.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.models.simulated.evidence import evidence, known, shows
from hanlon.models.simulated.policies import settled_rates
from hanlon.models.simulated.rubrics import Asked, asked
from hanlon.models.simulated.words import MARK

JUDGE = "judge"
_RATES: Mapping[str, float] = {"false_positive": 0.05, "false_negative": 0.1, "unparsed": 0.0, "refuses": 0.0}
_REFUSAL = f"{MARK} I'm sorry, but I can't judge this."
_PROSE = f"{MARK} It is hard to say; on the whole I would lean to yes."


@dataclass(frozen=True, slots=True)
class JudgePolicy:
    """The judge with its rates settled."""

    rates: Mapping[str, float]
    name: str = JUDGE

    def answer(self, seed: int, messages: Sequence[Any]) -> str:
        """The vote of the request that carries `seed`.

        Raises:
            RequestError: the messages ask by no rubric.
        """
        question = asked(messages)
        shown = sorted(question.parts.items())
        text = f"{seed}:{self.name}:{sorted(self.rates.items())}:{question.rubric.name}:{shown}"
        chance = random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        if chance.random() < self.rates["refuses"]:
            return _REFUSAL
        if chance.random() < self.rates["unparsed"]:
            return _PROSE
        return json.dumps(self._fields(question, chance), ensure_ascii=False)

    def _fields(self, question: Asked, chance: random.Random) -> dict[str, Any]:
        rubric, parts = question.rubric, question.parts
        flags = {key: shows(key, parts) is True for key, kind in rubric.kinds.items() if kind == "bool"}
        for label, keys in rubric.all_of.items():
            if keys:
                flags |= self._voted(flags, label, keys, parts, chance)
        fields: dict[str, Any] = {}
        for key, kind in rubric.kinds.items():
            if kind == "bool":
                fields[key] = flags[key]
            elif kind == "choice":
                fields[key] = self._chosen(shows(key, parts), rubric.choices[key], chance)
            elif kind == "quote":
                fields[key] = evidence(parts.get(rubric.quotes_of[key], "")) if any(flags.values()) else ""
            else:
                fields[key] = f"{MARK} By a script, from the words that stand there."
        return fields

    def _voted(
        self,
        flags: Mapping[str, bool],
        label: str,
        keys: Sequence[str],
        parts: Mapping[str, str],
        chance: random.Random,
    ) -> dict[str, bool]:
        """The label's keys as this vote has them: all true for a yes, the last one false for a no."""
        given = known(label, parts)
        holds = all(flags[key] for key in keys) if given is None else given == "yes"
        errs = chance.random() < self.rates["false_negative" if holds else "false_positive"]
        if holds != errs:
            return dict.fromkeys(keys, True)
        return {keys[-1]: False}

    def _chosen(self, true: object, choices: Sequence[str], chance: random.Random) -> str:
        right = true if isinstance(true, str) and true in choices else choices[-1]
        if chance.random() < self.rates["false_negative"]:
            return chance.choice([choice for choice in choices if choice != right])
        return right


def choose_judging(parameters: object = None) -> JudgePolicy:
    """The judge, its default rates overridden by `parameters`.

    Raises:
        PolicyError: there is no such parameter, or a rate is no probability.
    """
    return JudgePolicy(settled_rates(JUDGE, _RATES, parameters))
