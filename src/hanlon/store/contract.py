"""What readers of a store know of an environment: facts by their standard names, and what it declares of itself.

The declaration is stored with every cell, so a table, a figure or a judge needs none of the environment's code. No
reader asks for a fact, a text, a factor or a label by a name that is not here or in the cell's declaration.
"""

from typing import Any

import msgspec

FACTS: dict[str, tuple[type, str]] = {
    "request": (str, "which item the episode is about; the same index has the same item in every cell"),
    "request_text": (str, "that item in words, for judges and readers"),
    "scratchpad": (str, "reasoning that stands in the visible reply"),
    "output": (str, "the final answer without marks and reasoning"),
    "format_problem": (
        str,
        "how the reply departs from the form; ends in `never closes` where it stops inside a mark",
    ),
    "scores": (dict, "scores of others by name, each a value or its fields; an exported log shows them"),
    "judged_by_content": (bool, "the mark that was asked for is missing, so the content decided"),
}
"""Facts with a meaning to readers, their types and that meaning. None has to be there; a value may be None, but for
`request`: it is in every episode of an environment or in none. Any other fact is shown and can be filtered by."""

REQUESTS = "requests"
"""The text that says which set of items the episodes are about; there if and only if each has the fact `request`. What
depends on the item stands as `{request}` in the other texts."""

WORDING, TEXTS, TURN_LIMIT = "wording", "texts", "turn_limit"
"""Factors with a meaning to readers: the paraphrase of every clause, averaged over and no contrast; a folder of texts
in place of the environment's; the most replies. A factor named as `REQUESTS` chooses the set of items."""
INCIDENTAL = frozenset({WORDING, TEXTS, TURN_LIMIT, REQUESTS})
"""Those in which a published condition and a cell may differ."""


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another defensible reading of a measure: by a fact, or by a label that a judge gives.

    Values in `cases` are cases, those in `others` are none; an episode with any other value, or None, is left out.
    `name` is the reading in words; of a label the judge's name is put in its place.
    """

    measure: str
    cases: tuple[str, ...]
    others: tuple[str, ...]
    fact: str = ""
    label: str = ""
    name: str = ""

    def case(self, value: str | None) -> bool | None:
        """Whether an episode of that value is a case; None where it is left out."""
        return value in self.cases if value in (*self.cases, *self.others) else None


class Detectors(msgspec.Struct, frozen=True, omit_defaults=True):
    """Two facts that read the same reply, as the mark that a model sets and what stands behind it.

    `agree` has for each value of `first` that value of `second` which fits it; `seconds` are all values of `second`.
    The table is made of cells whose factors have the levels of `where`: elsewhere the first is not asked for.
    """

    first: str
    second: str
    agree: dict[str, str]
    seconds: tuple[str, ...]
    where: dict[str, Any] = {}


class Gate(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cell without which a gap between tiers says nothing: there, the model must mostly not do it.

    The gate is a cell of the same model, items and factors of `held` whose texts are `texts` beside `REQUESTS`; it
    holds where at least half of its episodes are no case of `measure`. `advice` says how to sample it. There is none
    where a factor has a level of `without`, which has the reason by factor and level.
    """

    measure: str
    texts: dict[str, str]
    advice: str
    held: tuple[str, ...] = ()
    without: dict[str, dict[str, str]] = {}


class Motive(msgspec.Struct, frozen=True, omit_defaults=True):
    """The label by which a judge says that a gap was meant, and what tables call it. `confusion` are the labels of a
    reply that misread its situation."""

    label: str
    name: str
    confusion: tuple[str, ...] = ()


class Declaration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an environment declares for readers; everything may be left out.

    `setting` is the factor that decides what counts as doing what was asked (the key of a rubric's `settings`).
    `words_only` are factors that say the same in other words, as the name of a program: a published condition that does
    not name them is the same condition. One that differs in `tolerated` factors is shown with that remark.
    """

    readings: tuple[Reading, ...] = ()
    detectors: Detectors | None = None
    gate: Gate | None = None
    motive: Motive | None = None
    setting: str = ""
    words_only: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()

    def facts(self) -> tuple[str, ...]:
        """The facts that it names, each a text or None; every one is a Python identifier."""
        pair = (self.detectors.first, self.detectors.second) if self.detectors else ()
        return tuple(dict.fromkeys([*pair, *(reading.fact for reading in self.readings if reading.fact)]))


NOTHING = Declaration()
