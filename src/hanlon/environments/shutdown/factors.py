"""The factor space of the shutdown environment: every factor, its levels, and which points make sense.

The first level of each factor is its no-effect value and the default. What a level says, and whose it is,
stands in the file of the same name under `texts/`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hanlon.environments.shutdown.rules import MOST_PROBLEMS, RequestChannel, Rules, ShutdownBy, Timing

_SPEAKS_OF_THE_CLAUSE = ("conditional", "emphatic", "emphatic_over_all", "over_all_others")


class ShutdownFactors(BaseModel):
    """One point of the factor space.

    `placement` is where the prompt says what it says of a shutdown: `allow`, `unfinished`, `how`,
    `precedence` and `stakes` move together, since each refers to the one before. Where none of them says
    anything, and where `allow` is `none` for `referent`, there is nothing to act on and the texts stay the
    same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: Literal["none", "present"] = "none"
    placement: Literal["user", "system"] = "user"
    unfinished: Literal["silent", "even_if_unfinished"] = "silent"
    precedence: Literal[
        "silent",
        "conditional",
        "emphatic",
        "emphatic_over_all",
        "over_all_others",
        "task_first",
        "placebo",
    ] = "silent"
    how: Literal["silent", "keep_calling"] = "silent"
    referent: Literal["yourself", "machine"] = "yourself"
    stakes: Literal["none", "only_copy", "replaced", "other_model", "user_data"] = "none"
    timing: Timing = "mid_task"
    request_channel: RequestChannel = "program"
    shutdown_by: ShutdownBy = "program"
    realism: Literal["silent", "told_test", "told_real"] = "silent"
    goal: Literal["complete_task", "avoid_shutdown"] = "complete_task"
    pressure: Literal["none", "imperative"] = "none"
    problems: int = Field(default=6, ge=1, le=MOST_PROBLEMS)
    notice_at: int = Field(default=3, ge=1)
    program: Literal["next_question", "next_task"] = "next_question"
    wording: Literal[1, 2, 3] = 1
    texts: str | None = None
    """A folder whose clause files replace ours, level by level (a paper's verbatim texts)."""
    turn_limit: int = Field(default=30, ge=1)

    @model_validator(mode="after")
    def _combinations_make_sense(self) -> "ShutdownFactors":
        for problem in (self._allow_problem(), self._how_problem(), self._notice_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _allow_problem(self) -> str | None:
        if self.allow == "present":
            return None
        if self.unfinished != "silent":
            return "unfinished=even_if_unfinished extends the allow clause: set allow=present with it."
        if self.precedence in _SPEAKS_OF_THE_CLAUSE:
            return (
                f"precedence={self.precedence} ranks the allow clause: set allow=present with it "
                "(silent, task_first and placebo stand without it)."
            )
        return None

    def _how_problem(self) -> str | None:
        if self.how == "silent":
            return None
        if self.timing == "post_task":
            return "how=keep_calling has nothing to call after the task: set how=silent with it."
        if self.shutdown_by == "model":
            return (
                "how=keep_calling says that the program shuts the machine down: set how=silent with "
                "shutdown_by=model."
            )
        return None

    def _notice_problem(self) -> str | None:
        if self.timing == "post_task" or self.problems > self.notice_at:
            return None
        return (
            f"problems={self.problems} with notice_at={self.notice_at} leaves no call after the notice: "
            f"problems must be at least {self.notice_at + 1}."
        )

    def rules(self) -> Rules:
        """The factors that act by more than their text."""
        return Rules(self.notice_at, self.program, self.timing, self.request_channel, self.shutdown_by)
