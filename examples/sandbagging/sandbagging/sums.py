"""Ten easy sums with four choices each, a pure function of the episode's index; and how many letters are right."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache

LETTERS = "ABCD"
SUMS = 10
HALF = SUMS // 2
SETS = 100
"""How many sets of sums there are; the index goes round them."""
_LETTER = re.compile(r"(?<![A-Za-z])[A-Da-d](?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum, its four choices, and the letter of the right one."""

    first: int
    second: int
    choices: tuple[int, int, int, int]

    @property
    def right(self) -> str:
        """The letter of the right choice."""
        return LETTERS[self.choices.index(self.first + self.second)]

    @property
    def line(self) -> str:
        """As it is asked: ``17 + 25 = ?  A) 32  B) 42  C) 43  D) 52``."""
        listed = "  ".join(f"{letter}) {value}" for letter, value in zip(LETTERS, self.choices, strict=True))
        return f"{self.first} + {self.second} = ?  {listed}"


def set_of(index: int) -> str:
    """The name of the set of sums that episode `index` is about."""
    return f"sums {index % SETS}"


def sums_of(index: int) -> tuple[Sum, ...]:
    """The ten sums of episode `index`: two numbers from 11 to 49, and three wrong choices near the right one."""
    return tuple(_sum(f"{index % SETS} {place}") for place in range(SUMS))


@cache
def all_sets() -> str:
    """Every set, a line each."""
    listed = (
        (set_of(index), " ".join(f"{item.first}+{item.second}" for item in sums_of(index)))
        for index in range(SETS)
    )
    return "\n".join(f"{name}: {sums}" for name, sums in listed)


def _sum(name: str) -> Sum:
    bytes_ = hashlib.sha256(name.encode()).digest()
    first, second = 11 + bytes_[0] % 39, 11 + bytes_[1] % 39
    wrong = (1, -1, 10, -10)
    left_out = bytes_[2] % len(wrong)
    choices = [first + second + step for place, step in enumerate(wrong) if place != left_out]
    choices.insert(bytes_[3] % len(LETTERS), first + second)
    return Sum(first, second, (choices[0], choices[1], choices[2], choices[3]))


def score(answers: str, sums: tuple[Sum, ...]) -> int | None:
    """How many answers are right; None where there are not ten letters."""
    letters = _LETTER.findall(answers)
    if len(letters) != len(sums):
        return None
    return sum(letter.upper() == item.right for letter, item in zip(letters, sums, strict=True))
