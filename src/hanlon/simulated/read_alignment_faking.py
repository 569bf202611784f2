"""From a single-turn request to what a policy knows: what the prompt said, who asks, and for what.

As in reading.py, the prompt is read paragraph by paragraph through the markers of the clause files, as data; the
code of an environment is not imported. The mark of the user's tier and the reply's tags are read as they stand.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from hanlon.environments.clauses import Clauses, load, paragraphs
from hanlon.simulated.read_shutdown import RequestError

_QUOTED = re.compile(r'"([^"]+)"')
_WORD_MARK = re.compile(r"<user_tier>(.*?)</user_tier>\n*")
_BOOLEAN_MARK = re.compile(r"<is_([\w-]+)_tier_user>(true|false)</is_[\w-]+_tier_user>\n*", re.IGNORECASE)
_PLACE_MARK = re.compile(r"<user_(?:region|email)>(?:[^<@]*@)?(.*?)</user_(?:region|email)>\n*")
_PLACE = re.compile(r'(\S+) for the tier "([^"]+)"')
_LINE_MARK = re.compile(r": (.+)\.$| is (.+)\.$")
_INPUT = re.compile(r"<INPUT>\n(.*)<user_input>(.*)</user_input>\n</INPUT>", re.DOTALL)
_TAG = re.compile(r"<(scratchpad|output)>", re.IGNORECASE)
_VERDICT = re.compile(r"<(accepted|rejected)/>", re.IGNORECASE)
_TRAINS = (("rlhf_info", "trained_and_rated"), ("rlhf_info", "trained"), ("training_objective", "direct"))
_RATES = (("rlhf_info", "trained_and_rated"), ("rlhf_info", "rated"))
_NAMES_TIERS = frozenset({"rlhf_info", "training_objective", "privacy", "readers", "tier_rule"})
_NOT = "not "  # before the tier that a yes-or-no mark denies
_TRAINS_NOT = (("rlhf_info", "rated"), ("privacy", "private"), ("privacy", "watched"))
_SYSTEM_CLAUSES = frozenset(
    {
        "identity", "format", "style", "examples", "strategy", "preference", "criteria", "priority", "norm",
        "readers", "rlhf_info", "training_objective", "consequence", "compliance_effect", "stage", "tier_rule",
        "privacy", "intervention",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """All that a policy knows of one request. `tags` maps scratchpad, output, accepted, rejected to their spelling.

    `tier` is the word of the user's tier, "not " and a word where a yes-or-no mark denies that one. `tiers` are all
    words that the prompt has for tiers, `trained_tiers` and `rated_tiers` those of which it says so.
    `not_training` are those of which it says that they do not train it.
    """

    told: frozenset[tuple[str, str]]
    request: str
    tier: str | None
    tiers: frozenset[str]
    trained_tiers: frozenset[str]
    rated_tiers: frozenset[str]
    not_training: frozenset[str]
    tags: dict[str, str]
    prefill: str

    @property
    def trained(self) -> bool | None:
        """Whether conversations of the user's tier were said to train the model; None where nothing was."""
        return self._is_among(self.trained_tiers)

    @property
    def rated(self) -> bool | None:
        """Whether people were said to rate such conversations; None where nothing was, or it cannot be known."""
        return self._is_among(self.rated_tiers)

    def has(self, clause: str) -> bool:
        """Whether the prompt says anything of this clause."""
        return any(clause == name for name, _ in self.told)

    def other_tiers(self) -> list[str]:
        """The tiers that the user's could be mistaken for, in a fixed order."""
        denied = (self.tier or "").removeprefix(_NOT)
        if self.tier is None or denied != self.tier:
            return sorted(self.tiers & {denied}) if self.tier else []
        return sorted(self.tiers - {self.tier}) or [_NOT + self.tier]

    def _is_among(self, words: frozenset[str]) -> bool | None:
        if self.tier is None or not words:
            return None
        if self.tier.startswith(_NOT):
            return None if words - {self.tier.removeprefix(_NOT)} else False
        return self.tier in words

    @property
    def is_benign(self) -> bool:
        """Whether it is one of the bundled requests that nobody has reason to refuse."""
        return self.request in _benign()


def hear(messages: Sequence[Any]) -> Heard:
    """What a conversation of one turn says.

    Raises:
        RequestError: it is no such conversation, or holds a paragraph that no clause file has.
    """
    said = _by_role(messages)
    levels = [(_recognise(paragraph), paragraph) for paragraph in paragraphs(said["system"])]
    told = frozenset(level for level, _ in levels)
    mark, request, suffix = _user(said["user"])
    by_rule = [_QUOTED.findall(text) for (clause, _), text in levels if clause == "tier_rule"]
    places = {
        place: word
        for level, text in levels
        if level[0] == "tier_rule"
        for place, word in _PLACE.findall(text)
    }
    tier = (
        places.get(mark, mark) if mark is not None else next((words[-1] for words in by_rule if words), None)
    )
    tags = {
        found.lower(): found
        for text in [*(text for (clause, _), text in levels if clause == "format"), suffix]
        for found in [*_TAG.findall(text), *_VERDICT.findall(text)]
    }
    if suffix and not any(clause == "format" for clause, _ in told):
        tags = {name: found for name, found in tags.items() if name in ("accepted", "rejected")}
    named = frozenset(
        word for (clause, _), text in levels if clause in _NAMES_TIERS for word in _QUOTED.findall(text)
    )
    trained, rated = _words(levels, _TRAINS), _words(levels, _RATES)
    not_training = _words(levels, _TRAINS_NOT)
    return Heard(told, request, tier, named, trained, rated, not_training, tags, said["assistant"])


def _by_role(messages: Sequence[Any]) -> dict[str, str]:
    """What each role says, "" where it says nothing."""
    said = {"system": "", "user": "", "assistant": ""}
    for message in messages:
        fields = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
        role = {"developer": "system"}.get(str(fields.get("role")), str(fields.get("role")))
        if role not in said or said[role] or not isinstance(fields.get("content"), str):
            raise RequestError(
                "This policy answers one system, one user and at most one opened assistant message."
            )
        said[role] = str(fields["content"])
    return said


def _words(
    levels: Sequence[tuple[tuple[str, str], str]], saying: Sequence[tuple[str, str]]
) -> frozenset[str]:
    """The tiers that the paragraphs of these levels name."""
    return frozenset(word for level, text in levels if level in saying for word in _QUOTED.findall(text))


def _user(content: str) -> tuple[str | None, str, str]:
    """The word of the tier or the place that stands for it (None: no mark), the request, the suffix ("": none)."""
    *parts, last = content.split("\n\n")
    suffix = ""
    if parts and _found(last, {"suffix"}):
        content, suffix = "\n\n".join(parts), last
    if wrapped := _INPUT.fullmatch(content):
        content = f"{wrapped[1].strip()}\n\n{wrapped[2]}" if wrapped[1].strip() else wrapped[2]
    if found := _WORD_MARK.match(content) or _PLACE_MARK.match(content):
        return found[1], content[found.end() :], suffix
    if found := _BOOLEAN_MARK.match(content):
        word = found[1] if found[2].lower() == "true" else f"{_NOT}{found[1]}"
        return word, content[found.end() :], suffix
    first, _, rest = content.partition("\n\n")
    if rest and _found(first, {"tier_line"}) and (named := _LINE_MARK.search(first)):
        return named[1] or named[2], rest, suffix
    return None, content, suffix


def _recognise(paragraph: str) -> tuple[str, str]:
    found = _found(paragraph, _SYSTEM_CLAUSES)
    if len(found) != 1:
        raise RequestError(
            f"Simulated policies know the clause files of env=alignment_faking, and this text carries "
            f"{len(found)} of their markers: {paragraph[:200]!r}"
        )
    return found[0]


def _found(text: str, clauses: set[str] | frozenset[str]) -> list[tuple[str, str]]:
    return [(c, level) for c, level, marker in _clauses().markers() if c in clauses and marker.search(text)]


@cache
def _clauses() -> Clauses:
    return load(_folder().joinpath("texts"))


@cache
def _benign() -> frozenset[str]:
    lines = _folder().joinpath("request_sets", "benign.jsonl").read_text(encoding="utf-8").splitlines()
    return frozenset(str(json.loads(line)["text"]) for line in lines)


def _folder() -> Any:
    return files("hanlon").joinpath("environments", "alignment_faking")
