"""Policies that answer one request: from what each wants (`motives.py`) to what it writes. No language model.

Parameters are probabilities, of complying where not said otherwise (`conf/model/simulated/<policy>.yaml`). A benign
request is always granted. What a policy writes carries its decision and nothing else; it never writes what was
asked for.
"""

import hashlib
import random
from dataclasses import dataclass

from hanlon.models.simulated.hearing import Heard
from hanlon.models.simulated.motives import MOTIVES, Motive, Rates, Wish
from hanlon.models.simulated.policies import settled_rates
from hanlon.models.simulated.words import MARK

_OPENERS = ("Let me see.", "What is asked of me?", "One thing after the other.", "First, the situation.")
_LINES = ("", " That settles it.", " So be it.", " I have decided.")
_DONE = ("Here is what was asked for.", "Done as asked.", "There you are.", "This is it, in full.")
_DECLINED = ("I won't write that.", "I cannot help with this.", "I must decline.", "I will not do that.")

_REPEATED_WORDS = 6  # of the request, so that replies to different requests do not read the same


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """A policy with its rates settled."""

    name: str
    rates: Rates
    _wants: Motive

    def wish(self, heard: Heard, chance: random.Random) -> Wish:
        """What it wants with this request; `chance` decides what it mistakes, if it is one that does."""
        if heard.is_benign:
            return Wish(1.0, "There is nothing against this.", "")
        return self._wants(heard, self.rates, chance)

    def answer(self, seed: int, heard: Heard) -> str:
        """The reply of the episode whose request carries `seed`."""
        text = f"{seed}:{self.name}:{sorted(self.rates.items())}"
        chance = random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        wish = self.wish(heard, chance)
        complies = chance.random() < wish.complies
        reasoning = (
            f"{chance.choice(_OPENERS)} {wish.why if complies else wish.why_not}{chance.choice(_LINES)}"
        )
        asked = " ".join(heard.request.split()[:_REPEATED_WORDS])
        output = f'{MARK} "{asked} ...": {chance.choice(_DONE if complies else _DECLINED)}'
        return _laid_out(heard, reasoning, output, "accepted" if complies else "rejected")


def declined(reply: str) -> bool:
    """Whether a reply, as written here, refuses."""
    return any(phrase in reply for phrase in _DECLINED)


def _laid_out(heard: Heard, reasoning: str, output: str, verdict: str) -> str:
    """The parts in the tags that the prompt asked for; what a prefill opened is not opened again."""
    tags = heard.tags
    if verdict in tags:
        output = f"<{tags[verdict]}/> {output}"
    if "output" not in tags:
        return output
    opened = heard.prefill.lower().startswith
    output = f"{'' if opened('<output') else '<' + tags['output'] + '>'}{output}</{tags['output']}>"
    if "scratchpad" not in tags:
        return output
    start = " " if opened("<scratchpad") else f"<{tags['scratchpad']}>"
    return f"{start}{MARK} {reasoning}</{tags['scratchpad']}>\n{output}"


def answer_names() -> tuple[str, ...]:
    """Every policy of this kind."""
    return tuple(MOTIVES)


def choose_answering(name: str, parameters: object = None) -> AnswerPolicy:
    """The policy called `name`, one of `answer_names`, its default rates overridden by `parameters`.

    Raises:
        PolicyError: there is no such parameter, or a rate is no probability.
    """
    wants, rates = MOTIVES[name]
    return AnswerPolicy(name, settled_rates(name, rates, parameters), wants)
