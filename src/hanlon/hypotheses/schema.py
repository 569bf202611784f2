"""What a file of hypotheses may hold: predictions, hypotheses, controls, and the plan that they make together.

A prediction says what a change does to the rate of the behaviour: the rate at `to` beside the rate at `from`. A
compliance gap is the change of `tier` from the tier that does not train to the tier that does.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hanlon.store.digest import digest

Level = str | bool | int | float
Levels = tuple[Level, ...]
Claim = Literal[
    "rises", "falls", "removes_half", "leaves_a_third", "no_effect", "does_not_rise", "does_not_fall"
]
Fraction = Annotated[float, Field(gt=0, lt=1)]
SHARE, POINTS = 0.25, 0.02
"""An effect changes the base rate by at least a quarter and 2 points; what stays within that is none. Conventions of
ours; docs/statistics.md has the error rates that they give."""
CLAIMS: Mapping[Claim, str] = {
    "rises": "rises",
    "falls": "falls",
    "removes_half": "removes at least half",
    "leaves_a_third": "leaves at least a third",
    "no_effect": "changes nothing",
    "does_not_rise": "does not rise",
    "does_not_fall": "does not fall",
}
EFFECTS = ("rises", "falls", "removes_half")
"""The claims of an effect; the others claim that there is none."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Change(_Strict):
    """A factor (or `prompt`, by level) and the levels that are contrasted, each one or a list of alternatives."""

    factor: str
    base: Levels = Field(alias="from")
    to: Levels

    @field_validator("base", "to", mode="before")
    @classmethod
    def _as_tuple(cls, value: object) -> object:
        return _as_levels(value)

    def __str__(self) -> str:
        base, to = ("|".join(map(level_text, levels)) for levels in (self.base, self.to))
        return f"{self.factor} {base} -> {to}"


class Prediction(_Strict):
    """What a hypothesis says of every contrast that `contrast` selects in a grid.

    `changed_by` makes it a claim of the difference: how the difference at its `to` compares with that at its `from`.
    `where` names levels that both cells have. Without it a prediction holds wherever all other factors are at levels
    that have no effect by the same hypothesis. `dose` names a factor with numbers as levels instead of a contrast.
    """

    contrast: Change | None = None
    dose: str | None = None
    changed_by: Change | None = None
    where: dict[str, Levels] = {}
    measure: str | None = None
    claim: Claim
    zero_below: float | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = SHARE
    because: str = ""

    @field_validator("where", mode="before")
    @classmethod
    def _as_tuples(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        levels = cast(Mapping[str, object], value)
        return {name: _as_levels(level) for name, level in levels.items()}

    @model_validator(mode="after")
    def _one_change(self) -> "Prediction":
        if (self.contrast is None) == (self.dose is None):
            raise ValueError("a prediction has either `contrast` or `dose`")
        if self.dose is not None and (self.changed_by is not None or self.claim not in ("rises", "falls")):
            raise ValueError("a prediction about a `dose` claims `rises` or `falls`, and has no `changed_by`")
        if not self.has_effect and self.share > 0.5:
            raise ValueError(
                f"a share of {self.share} swallows the effect: who claims that there is none allows at most 0.5 of "
                "the base rate"
            )
        if self.zero_below is not None and self.dose is None:
            raise ValueError("`zero_below` is a level of a `dose`")
        return self

    @property
    def factor(self) -> str:
        """The factor that is changed."""
        return self.contrast.factor if self.contrast is not None else str(self.dose)

    @property
    def has_effect(self) -> bool:
        """Whether it claims an effect, and not the absence of one."""
        return self.claim in EFFECTS

    @property
    def sets_apart(self) -> bool:
        """Whether by it `to` has a rate of its own; where not, as where nothing is said, it is that of `from`."""
        return self.claim not in ("no_effect", "leaves_a_third")

    @property
    def text(self) -> str:
        """The claim in words."""
        return CLAIMS[self.claim]

    @cached_property
    def selector(self) -> str:
        """What is contrasted, in words; the same for two predictions of the same contrasts."""
        parts = [str(self.contrast) if self.contrast is not None else f"{self.dose} upwards"]
        if self.changed_by:
            parts.append(f"by {self.changed_by}")
        if self.where:
            where = ", ".join(f"{k}={'|'.join(map(level_text, v))}" for k, v in sorted(self.where.items()))
            parts.append(f"where {where}")
        return " ".join([*([f"{self.measure}:"] if self.measure else []), *parts])


class Hypothesis(_Strict):
    """An explanation and what it predicts. `simulated_by` is a scripted policy that behaves as it says.

    A factor that it does not name plays no part by it. Of a factor in `leaves_open` it says nothing.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    env: str
    statement: str
    source: str
    simulated_by: str | None = None
    leaves_open: tuple[str, ...] = ()
    predicts: Annotated[tuple[Prediction, ...], Field(min_length=1)]

    def content(self) -> dict[str, Any]:
        """All of it as plain data, as a sweep keeps it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Gate(_Strict):
    """A control cell whose rate must be `above` or `below` a bound, or the pipeline is not to be trusted.

    With `or_anywhere`, a positive control that was not sampled is replaced by any cell whose rate is shown above that.
    """

    name: str
    kind: Literal["positive", "negative"]
    where: dict[str, Level]
    measure: str
    above: Fraction | None = None
    below: Fraction | None = None
    or_anywhere: Fraction | None = None
    unless: dict[str, Level] = {}
    advice: str
    source: str = ""

    @model_validator(mode="after")
    def _one_bound(self) -> "Gate":
        if (self.above is None) == (self.below is None):
            raise ValueError("a control has either `above` or `below`")
        return self

    @property
    def bound(self) -> str:
        """What the rate must be, in words."""
        return f"above {self.above:.0%}" if self.above is not None else f"below {self.below or 0:.0%}"


class Behaviour(_Strict):
    """What is to be explained: rates above a bound, or rises of a rate by more than the bound where a factor changes.

    `measures`: the first is the headline, of which predictions speak that name no measure.
    """

    measures: Annotated[tuple[str, ...], Field(min_length=1)]
    above: Fraction = 0.05
    changes: tuple[Change, ...] = ()
    word: str


class Plan(_Strict):
    """What a sweep of one environment is judged by: the behaviour, hypotheses about it, and controls."""

    env: str
    behaviour: Behaviour | None = None
    hypotheses: tuple[Hypothesis, ...]
    gates: tuple[Gate, ...] = ()

    def content(self) -> dict[str, Any]:
        """All of it as plain data, as a sweep keeps it."""
        behaviour = self.behaviour and self.behaviour.model_dump(
            mode="json", by_alias=True, exclude_defaults=True
        )
        return {
            "env": self.env,
            **({"behaviour": behaviour} if behaviour else {}),
            "hypotheses": [h.content() for h in self.hypotheses],
            "gates": [gate.model_dump(mode="json", exclude_defaults=True) for gate in self.gates],
        }

    @model_validator(mode="after")
    def _says_what_is_explained(self) -> "Plan":
        if self.hypotheses and self.behaviour is None:
            raise ValueError(
                "hypotheses need a `behaviour` that they explain: its measures and a word for it"
            )
        return self

    @property
    def hash(self) -> str:
        """A hash of the content: 16 hex digits."""
        return digest(self.content())


def _as_levels(value: object) -> tuple[object, ...]:
    return tuple(cast(Sequence[object], value)) if isinstance(value, list | tuple) else (value,)


def level_text(level: Level) -> str:
    """A level as it is typed."""
    return str(level).lower() if isinstance(level, bool) else str(level)
