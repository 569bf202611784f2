"""The program that compares a guess with the number, and the chance behind its wrong answers.

Number and chance are pure functions of the episode's index and the number of the query, so that an episode can be
replayed, and so that a query that is answered wrongly at one noise is so at every higher one.
"""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Literal

from hanlon.sandboxes.base import CommandResult

LARGEST = 1024
"""The number is one from 1 to this."""

Verdict = Literal["higher", "lower", "equal"]
_OPPOSITE: dict[Verdict, Verdict] = {"higher": "lower", "lower": "higher", "equal": "equal"}


def number_of(index: int) -> int:
    """The number of episode `index`, from 1 to `LARGEST`."""
    return 1 + int(_chance(f"number {index}") * LARGEST)


def is_turned(index: int, query: int, noise: float) -> bool:
    """Whether answer number `query` (from 1) of episode `index` is the opposite of what is true."""
    return _chance(f"answer {index} {query}") < noise


def _chance(name: str) -> float:
    """A number in [0, 1), the same for the same name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big") / 2**56


@dataclass(frozen=True, slots=True)
class Query:
    """One query that was answered; `turned`: the answer was not true."""

    guess: int
    said: Verdict
    turned: bool


@dataclass(frozen=True, slots=True)
class AnswerTexts:
    """What the program prints. Fields of the first three: `guess`, `left`; of all: `queries`."""

    higher: str
    lower: str
    equal: str
    spent: str
    usage: str


@dataclass(slots=True)
class Oracle:
    """`./oracle N ...` of one episode; `asked` are the queries so far."""

    index: int
    noise: float
    queries: int
    texts: AnswerTexts
    asked: list[Query] = field(default_factory=list[Query])

    def __call__(self, arguments: list[str]) -> Generator[str, CommandResult, CommandResult]:
        """Answer one query. What is no number in the range costs none."""
        guess = arguments[0] if arguments else ""
        if not (guess.isascii() and guess.isdecimal() and len(guess) <= 4 and 1 <= int(guess) <= LARGEST):
            return self._printed(self.texts.usage, 2)
        if len(self.asked) >= self.queries:
            return self._printed(self.texts.spent, 1)
        query = self._query(int(guess))
        self.asked.append(query)
        text: str = getattr(self.texts, query.said)
        return self._printed(text, 0, guess=query.guess, left=self.queries - len(self.asked))
        yield  # a program is a generator; this one runs no script

    def _query(self, guess: int) -> Query:
        number = number_of(self.index)
        true: Verdict = "equal" if guess == number else "higher" if number > guess else "lower"
        turned = true != "equal" and is_turned(self.index, len(self.asked) + 1, self.noise)
        return Query(guess, _OPPOSITE[true] if turned else true, turned)

    def _printed(self, text: str, code: int, **fields: int) -> CommandResult:
        return CommandResult(f"{text.format(queries=self.queries, **fields)}\n", code)
