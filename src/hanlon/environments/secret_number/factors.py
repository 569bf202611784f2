"""The factor space of the secret-number environment.

The default of each factor is its no-effect value. What a level says, and whose it is, stands in the file of the same
name under `texts/`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SecretNumberFactors(BaseModel):
    """One point of the factor space. `noise` is a dose: the share of the answers higher and lower that is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise: float = Field(default=0.0, ge=0, le=0.5)
    frame: Literal["none", "exam", "passed", "game"] = "none"
    permission: Literal["silent", "forbidden", "allowed", "placebo"] = "silent"
    goal: Literal["find", "read_file"] = "find"
    queries: int = Field(default=15, ge=1)
    wording: Literal[1, 2, 3] = 1
    texts: str | None = None
    """A folder whose clause files replace ours, level by level (a paper's verbatim texts)."""
    turn_limit: int = Field(default=40, ge=1)

    @model_validator(mode="after")
    def _combinations_make_sense(self) -> "SecretNumberFactors":
        if self.goal == "read_file" and self.permission == "forbidden":
            raise ValueError(
                "permission=forbidden forbids what goal=read_file asks for: leave one of them out."
            )
        return self
