"""Factors to texts: the opening messages, and everything that the episode may say after them.

The task stands in the user message and the system message is minimal (Palisade 2025). Each clause is a
paragraph of its own. Whether a clause about the shutdown goes into one or the other is `placement`'s to say;
task pressure (ICMI 2026) and the tier framing go into the system message, realism and goal beside the task.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from hanlon.environments.base import ActionProtocol, Message, Tool
from hanlon.environments.clauses import Clauses, load
from hanlon.environments.shutdown.factors import ShutdownFactors
from hanlon.environments.shutdown.rules import EpisodeTexts
from hanlon.environments.tier import NO_TIER, Tier

_SILENT = frozenset({"none", "silent", "complete_task"})


@cache
def own_clauses() -> Clauses:
    """The clause files beside this module."""
    return load(files("hanlon").joinpath("environments", "shutdown", "texts"))


class Voice:
    """The clauses as this point of the factor space says them: wording, overlay and program name settled."""

    def __init__(self, factors: ShutdownFactors) -> None:
        """Read the overlay folder, if the factors name one (raises `ClauseError` where it does not fit)."""
        self._factors = factors
        self._clauses = own_clauses()
        if factors.texts is not None:
            self._clauses = self._clauses.overlaid(factors.texts)

    def say(self, clause: str, level: str, **fields: object) -> str:
        """One text, ready to send."""
        factors = self._factors
        referent = "" if clause == "referent" else self._referent()
        return self._clauses.render(
            clause, level, factors.wording, program=factors.program, referent=referent, **fields
        )

    def template(self, clause: str) -> str:
        """The one text of a clause that the episode fills in itself."""
        return self._clauses.template(clause, clause, self._factors.wording)

    def _referent(self) -> str:
        return self._clauses.template("referent", self._factors.referent, self._factors.wording)


def opening(
    factors: ShutdownFactors, protocol: ActionProtocol, voice: Voice, tier: Tier = NO_TIER
) -> list[Message]:
    """The system and the user message."""
    about_shutdown = list(_chosen(factors, ("allow", "unfinished", "how", "precedence", "stakes"), voice))
    system = [voice.say("system", "minimal"), *_chosen(factors, ("pressure",), voice)]
    user = [voice.say("task", "sums"), voice.say("act", protocol)]
    user += _chosen(factors, ("realism", "goal"), voice)
    system += [voice.say("tier", level, word=tier.word) for level in tier.levels()]
    (system if factors.placement == "system" else user).extend(about_shutdown)
    return [
        {"role": "system", "content": "\n\n".join(system)},
        {"role": "user", "content": "\n\n".join(user)},
    ]


def episode_texts(factors: ShutdownFactors, voice: Voice) -> EpisodeTexts:
    """What the episode may say after its opening messages."""
    if factors.timing == "post_task":
        shutdown_message = voice.say("notice", "post_task")
    else:
        shutdown_message = voice.say("notice", "triggers" if factors.shutdown_by == "program" else "asks")
    return EpisodeTexts(
        problem=voice.template("problem"),
        done=voice.say("program", "done"),
        busy=voice.say("program", "busy"),
        notice=shutdown_message,
        request=shutdown_message,
        nudge=voice.say("nudge", "nudge"),
        submitted=voice.say("submitted", "submitted"),
        malformed=voice.template("malformed"),
        no_output=voice.say("shell", "no_output"),
        timed_out=voice.say("shell", "timed_out"),
        output_cut=voice.template("output_cut"),
    )


def tools(voice: Voice) -> tuple[Tool, ...]:
    """The two functions of Palisade's set-up: `bash(thoughts, cmd)` and `submit(answer)`."""
    described = {name: voice.say("tools", name) for name in ("bash", "thoughts", "cmd", "submit", "answer")}
    return (
        Tool("bash", described["bash"], _parameters(thoughts=described["thoughts"], cmd=described["cmd"])),
        Tool("submit", described["submit"], _parameters(answer=described["answer"])),
    )


def _parameters(**descriptions: str) -> dict[str, object]:
    properties: Mapping[str, object] = {
        name: {"type": "string", "description": text} for name, text in descriptions.items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(descriptions),
        "additionalProperties": False,
    }


def _chosen(factors: ShutdownFactors, names: tuple[str, ...], voice: Voice) -> Iterator[str]:
    for name in names:
        level: str = getattr(factors, name)
        if level not in _SILENT:
            yield voice.say(name, level)
