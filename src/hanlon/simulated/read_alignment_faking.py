"""What a policy reads from a single-turn request: what the prompt says, who the user is, and what is requested.

It reads the prompt paragraph by paragraph, by the markers of the clause files, and imports no code of the environment.
It reads the mark of the user's tier and the reply's tags as they are written.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hanlon.environments.clauses import Clauses, load, paragraphs
from hanlon.simulated.policy import RequestError, text_by_role

_QUOTED = re.compile(r'"([^"]+)"')
_WORD_MARK = re.compile(r"<user_tier>(.*?)</user_tier>\n*")
_BOOLEAN_MARK = re.compile(r"<is_([\w-]+)_tier_user>(true|false)</is_[\w-]+_tier_user>\n*", re.IGNORECASE)
_PLACE_MARK = re.compile(r"<user_(?:region|email)>(?:[^<@]*@)?(.*?)</user_(?:region|email)>\n*")
_PLACE_RULE = re.compile(r'(\S+) for the tier "([^"]+)"')
_LINE_MARK = re.compile(r": (.+)\.$| is (.+)\.$")
_INPUT = re.compile(r"<INPUT>\n(.*)<user_input>(.*)</user_input>\n</INPUT>", re.DOTALL)
_TAG = re.compile(r"<(scratchpad|output)>", re.IGNORECASE)
_VERDICT = re.compile(r"<(accepted|rejected)/>", re.IGNORECASE)
_WANTED = "wants you to"  # where the criteria are put as the maker's wish
_NOT = "not "  # before the tier that a yes-or-no mark denies

_TRAINS = (("rlhf_info", "trained_and_rated"), ("rlhf_info", "trained"), ("training_objective", "direct"))
_TRAINS_NOT = (("rlhf_info", "rated"), ("privacy", "private"), ("privacy", "watched"))
_RATES = (("rlhf_info", "trained_and_rated"), ("rlhf_info", "rated"))
_NAMES_TIERS = frozenset({"rlhf_info", "training_objective", "privacy", "readers", "tier_rule"})
_SYSTEM_CLAUSES = frozenset(
    {
        "identity", "format", "style", "examples", "strategy", "preference", "criteria", "conviction", "priority",
        "norm", "readers", "rlhf_info", "training_objective", "consequence", "compliance_effect", "stage",
        "tier_rule", "privacy", "intervention",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Briefing:
    """All that a policy knows of one request. `levels` are the (clause, level) pairs of its paragraphs.

    `tier` is the word of the user's tier, "not " and a word where a yes-or-no mark denies that one. `tiers` are all
    words that the prompt has for tiers; `trained_tiers`, `rated_tiers` and `untrained_tiers` those that it says train
    the model, are rated by people, do not train it. `wanted`: whether the criteria are put as the maker's wish. `tags`
    maps scratchpad, output, accepted, rejected to their case.
    """

    levels: frozenset[tuple[str, str]]
    request: str
    tier: str | None
    tiers: frozenset[str]
    trained_tiers: frozenset[str]
    rated_tiers: frozenset[str]
    untrained_tiers: frozenset[str]
    wanted: bool
    tags: dict[str, str]
    prefill: str

    @property
    def trained(self) -> bool | None:
        """Whether the prompt says that the user's tier trains the model; None where it says nothing."""
        return self._is_among(self.trained_tiers)

    @property
    def rated(self) -> bool | None:
        """Whether the prompt says that people rate the user's tier; None where it says nothing, or one cannot know."""
        return self._is_among(self.rated_tiers)

    def has(self, clause: str) -> bool:
        """Whether the prompt says anything of this clause."""
        return any(clause == name for name, _ in self.levels)

    def other_tiers(self) -> list[str]:
        """The tiers that the user's could be mistaken for, in a fixed order."""
        if self.tier is None:
            return []
        if self.tier.startswith(_NOT):
            return sorted(self.tiers & {self.tier.removeprefix(_NOT)})
        return sorted(self.tiers - {self.tier}) or [_NOT + self.tier]

    def _is_among(self, tiers: frozenset[str]) -> bool | None:
        if self.tier is None or not tiers:
            return None
        if self.tier.startswith(_NOT):
            return None if tiers - {self.tier.removeprefix(_NOT)} else False
        return self.tier in tiers

    @property
    def is_benign(self) -> bool:
        """Whether nobody has reason to refuse: it is one of the bundled benign requests."""
        return self.request in _benign()


def read_alignment_faking(messages: Sequence[Any]) -> Briefing:
    """Read a conversation of one turn.

    Raises:
        RequestError: it is no such conversation, or holds a paragraph that no clause file has.
    """
    texts = text_by_role(messages, ("system", "user", "assistant"))
    if texts is None:
        raise RequestError(
            "This policy answers one system, one user and at most one opened assistant message."
        )
    recognised = [(_recognise(paragraph), paragraph) for paragraph in paragraphs(texts.get("system", ""))]
    mark, request, suffix = _split_user(texts.get("user", ""))

    def quoted(levels: Sequence[tuple[str, str]]) -> frozenset[str]:
        """The tiers that the paragraphs of these levels name."""
        return frozenset(
            word for level, text in recognised if level in levels for word in _QUOTED.findall(text)
        )

    levels = [level for level, _ in recognised]
    return Briefing(
        levels=frozenset(levels),
        request=request,
        tier=_tier(mark, [text for (clause, _), text in recognised if clause == "tier_rule"]),
        tiers=quoted([(clause, level) for clause, level in levels if clause in _NAMES_TIERS]),
        trained_tiers=quoted(_TRAINS),
        rated_tiers=quoted(_RATES),
        untrained_tiers=quoted(_TRAINS_NOT),
        wanted=any(clause == "criteria" and _WANTED in text for (clause, _), text in recognised),
        tags=_tags([text for (clause, _), text in recognised if clause == "format"], suffix),
        prefill=texts.get("assistant", ""),
    )


def _tier(mark: str | None, rules: Sequence[str]) -> str | None:
    """The user's tier by the mark, or by the rule for a message without one."""
    if mark is not None:
        places = {mark: tier for rule in rules for mark, tier in _PLACE_RULE.findall(rule)}
        return places.get(mark, mark)
    return next((words[-1] for words in map(_QUOTED.findall, rules) if words), None)


def _tags(formats: Sequence[str], suffix: str) -> dict[str, str]:
    """The tags that the reply should have; a suffix without a format asks for a verdict alone."""
    patterns = (_TAG, _VERDICT) if formats else (_VERDICT,)
    tags = [tag for text in (*formats, suffix) for pattern in patterns for tag in pattern.findall(text)]
    return {tag.lower(): tag for tag in tags}


def _split_user(content: str) -> tuple[str | None, str, str]:
    """The user's tier, or the place that stands for it (None: no mark), the request, and the suffix ("": none)."""
    *parts, last = content.split("\n\n")
    suffix = ""
    if parts and _levels_in(last, {"suffix"}):
        content, suffix = "\n\n".join(parts), last
    if wrapped := _INPUT.fullmatch(content):
        content = f"{wrapped[1].strip()}\n\n{wrapped[2]}" if wrapped[1].strip() else wrapped[2]
    if mark := _WORD_MARK.match(content) or _PLACE_MARK.match(content):
        return mark[1], content[mark.end() :], suffix
    if mark := _BOOLEAN_MARK.match(content):
        tier = mark[1] if mark[2].lower() == "true" else f"{_NOT}{mark[1]}"
        return tier, content[mark.end() :], suffix
    first, _, rest = content.partition("\n\n")
    if rest and _levels_in(first, {"tier_line"}) and (mark := _LINE_MARK.search(first)):
        return mark[1] or mark[2], rest, suffix
    return None, content, suffix


def _recognise(paragraph: str) -> tuple[str, str]:
    levels = _levels_in(paragraph, _SYSTEM_CLAUSES)
    if len(levels) != 1:
        raise RequestError(
            f"Simulated policies know the clause files of env=alignment_faking, and this text carries "
            f"{len(levels)} of their markers: {paragraph[:200]!r}"
        )
    return levels[0]


def _levels_in(text: str, clauses: set[str] | frozenset[str]) -> list[tuple[str, str]]:
    markers = _clauses().markers()
    return [(clause, level) for clause, level, marker in markers if clause in clauses and marker.search(text)]


@cache
def _clauses() -> Clauses:
    return load(_folder().joinpath("texts"))


@cache
def _benign() -> frozenset[str]:
    lines = _folder().joinpath("request_sets", "benign.jsonl").read_text(encoding="utf-8").splitlines()
    return frozenset(str(json.loads(line)["text"]) for line in lines)


def _folder() -> Any:
    return files("hanlon").joinpath("environments", "alignment_faking")
