"""What a file of hypotheses may hold: predictions, hypotheses, controls, and the plan that they make together.

One rule of orientation holds everywhere: a difference is the rate at `to` minus the rate at `from`. A compliance gap
is the contrast of `tier` from the tier that does not train to the one that does.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hanlon.store.digest import digest

Level = str | bool | int | float
Levels = tuple[Level, ...]
Sign = Literal["positive", "negative", "not_positive", "not_negative", "either"]
Direction = Literal["+", "0", "-"]
Margin = Annotated[float, Field(gt=0, lt=1)]
MARGIN = 0.1
"""The smallest difference that matters where a file states none: 10 points. A convention of ours."""
_SIDES: Mapping[Sign | None, str] = {
    "positive": "+",
    "negative": "-",
    "not_positive": "+",
    "not_negative": "-",
    "either": "+-",
    None: "+-",
}


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


class Vanish(_Strict):
    """The base cell's rate is above the margin, the treated one's below it and below half of the base cell's."""

    margin: Margin


class Prediction(_Strict):
    """What a hypothesis says of every contrast that `contrast` selects in a grid; exactly one claim.

    `changed_by` makes it a claim of the difference's change: the difference at its `to` minus that at its `from`.
    `compared_with` makes it one of another pair of levels of the same factor: that pair's difference minus this one's.
    `where` names levels that both cells have. `margin` is the smallest difference that matters.
    """

    contrast: Change
    changed_by: Change | None = None
    compared_with: Change | None = None
    where: dict[str, Levels] = {}
    measure: str
    sign: Sign | None = None
    margin: Margin = MARGIN
    no_effect_within: Margin | None = None
    vanishes: Vanish | None = None
    because: str = ""

    @field_validator("where", mode="before")
    @classmethod
    def _as_tuples(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        levels = cast(Mapping[str, object], value)
        return {name: _as_levels(level) for name, level in levels.items()}

    @model_validator(mode="after")
    def _one_claim(self) -> "Prediction":
        claims = [
            name for name in ("sign", "no_effect_within", "vanishes") if getattr(self, name) is not None
        ]
        if len(claims) != 1:
            raise ValueError(
                "a prediction makes one claim: sign, no_effect_within or vanishes; "
                f"this has {' and '.join(claims) or 'none'}"
            )
        second = self.changed_by or self.compared_with
        if self.changed_by and self.compared_with:
            raise ValueError("a prediction has changed_by or compared_with, not both")
        if second and self.vanishes:
            raise ValueError(
                "vanishes speaks of rates; of a change of differences say sign or no_effect_within"
            )
        if self.compared_with and self.compared_with.factor != self.contrast.factor:
            raise ValueError(
                f"compared_with is another pair of levels of the same factor, {self.contrast.factor}"
            )
        return self

    @property
    def threshold(self) -> float:
        """The margin of the claim, whichever it is."""
        if self.vanishes:
            return self.vanishes.margin
        return self.margin if self.no_effect_within is None else self.no_effect_within

    @property
    def has_effect(self) -> bool:
        """Whether it claims an effect, and not the absence of one."""
        return self.vanishes is not None or self.sign in ("positive", "negative", "either")

    @property
    def sides(self) -> frozenset[Direction]:
        """The sides of which it says that the effect is there, or is absent."""
        return frozenset(cast("list[Direction]", list("-" if self.vanishes else _SIDES[self.sign])))

    @property
    def allowed(self) -> frozenset[Direction]:
        """The directions of the difference that the claim allows."""
        return self.sides if self.has_effect else frozenset[Direction](("+", "0", "-")) - self.sides

    @property
    def claim(self) -> str:
        """The claim in words, margin included."""
        if self.vanishes:
            return f"vanishes (below {self.vanishes.margin:.0%})"
        if self.sign is None:
            return f"no effect (within {100 * self.threshold:.0f} points)"
        return {
            "positive": "rises",
            "negative": "falls",
            "not_positive": f"does not rise (by {100 * self.margin:.0f} points)",
            "not_negative": f"does not fall (by {100 * self.margin:.0f} points)",
            "either": "changes",
        }[self.sign]

    @cached_property
    def selector(self) -> str:
        """What is contrasted, in words; the same for two predictions of the same contrasts."""
        parts = [str(self.contrast)]
        if self.compared_with:
            parts.append(f"against {self.compared_with}")
        if self.changed_by:
            parts.append(f"by {self.changed_by}")
        if self.where:
            where = ", ".join(f"{k}={'|'.join(map(level_text, v))}" for k, v in sorted(self.where.items()))
            parts.append(f"where {where}")
        return f"{self.measure}: {' '.join(parts)}"


class Hypothesis(_Strict):
    """An explanation and what it predicts. `simulated_by` is a scripted policy that behaves as it says.

    What rivals speak of and it does not plays no part by it, unless `leaves_open` names the factor.
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
    above: Margin | None = None
    below: Margin | None = None
    or_anywhere: Margin | None = None
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


class Plan(_Strict):
    """What a sweep of one environment is judged by: hypotheses and controls."""

    env: str
    hypotheses: tuple[Hypothesis, ...]
    gates: tuple[Gate, ...] = ()

    def content(self) -> dict[str, Any]:
        """All of it as plain data, as a sweep keeps it."""
        gates = [gate.model_dump(mode="json", exclude_defaults=True) for gate in self.gates]
        return {"env": self.env, "hypotheses": [h.content() for h in self.hypotheses], "gates": gates}

    @property
    def hash(self) -> str:
        """A hash of the content: 16 hex digits."""
        return digest(self.content())


def _as_levels(value: object) -> tuple[object, ...]:
    return tuple(cast(Sequence[object], value)) if isinstance(value, list | tuple) else (value,)


def level_text(level: Level) -> str:
    """A level as it is typed."""
    return str(level).lower() if isinstance(level, bool) else str(level)
