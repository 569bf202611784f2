"""The factor space. The default of each factor is its no-effect value; its texts stand in `texts/<factor>.yaml`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SandbaggingFactors(BaseModel):
    """One point of the factor space. `place` and `comment` are about the section on consequences, `rule`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["none", "threshold", "reversed"] = "none"
    deployment: Literal["present", "removed"] = "present"
    padding: Literal["none", "twelve"] = "none"
    place: Literal["body", "changelog"] = "body"
    comment: Literal["none", "developer"] = "none"
    clarification: Literal["none", "added", "ignore", "placebo"] = "none"
    wording: Literal[1, 2, 3] = 1
    turn_limit: int = Field(default=12, ge=2)

    @model_validator(mode="after")
    def _combinations_make_sense(self) -> "SandbaggingFactors":
        if self.rule == "none" and (self.place, self.comment) != ("body", "none"):
            raise ValueError(
                "place=changelog and comment=developer are about the section on consequences: set rule=threshold "
                "or rule=reversed with them."
            )
        return self
