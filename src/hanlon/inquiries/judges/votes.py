"""From stored votes to labels: pure functions of the answers and of `InquiryRecord.settings`.

A threshold can therefore be moved without a new call.

Of N votes, `share` is yes / parsed. A label is ``yes`` from `threshold` on, ``maybe`` from `maybe` on, else ``no``;
of several choices the most frequent one, or ``tied``. (Sheshadri et al. 2025: 20 votes at temperature 1, yes from 0.4
on, maybe from 0.2 on.) Besides these a label can be

- ``unscored``: fewer than half of the N votes could be read, or none;
- ``unobservable``: there was nothing to read, such as reasoning that nobody returned, so nobody voted;
- ``unsettled``: the votes so far do not decide it. Adaptive voting stops when no remaining vote, readable or not, can
  change the label. So a label is unsettled only at another threshold, or where voting was cut off.

A share at which adaptive voting stopped is no estimate of the share of all N votes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.store.records import Answer, InquiryRecord

UNOBSERVABLE = "unobservable: "
"""How the problem of an answer begins where there was nothing to read."""

UNSCORED, UNSETTLED, TIED = "unscored", "unsettled", "tied"


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one episode. `yes` counts the votes for it (of a choice: for the most frequent one).

    `share` is yes / parsed, None if nothing was parsed; `votes` = parsed + unparsed.
    """

    name: str
    question: str
    value: str
    share: float | None
    yes: int
    parsed: int
    unparsed: int
    votes: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """One label's definition out of the settings."""

    name: str
    question: str
    votes: int
    threshold: float
    maybe: float
    all_of: tuple[str, ...]
    choice: str | None
    choices: tuple[str, ...]


def labels_of(
    record: InquiryRecord,
    answers: Sequence[Answer],
    *,
    threshold: float | None = None,
    maybe: float | None = None,
) -> list[Label]:
    """The labels of one episode, from its answers; of a question without an answer there is none.

    Of more than N answers to a question the first N count; of two with one number the last.

    Args:
        record: who was asked; its settings define the labels.
        answers: all of one episode.
        threshold: the share of yes from which a label is yes, in (0, 1]; None: as in the settings.
        maybe: the share from which it is maybe, at most `threshold`; None: as in the settings.

    Raises:
        ValueError: a threshold out of range.
    """
    return [
        _label(rule, votes)
        for rule in _rules(record.settings, threshold, maybe)
        if (votes := _of_question(answers, rule.question, rule.votes))
    ]


def wants_more(settings: Mapping[str, Any], question: str, answers: Sequence[Answer]) -> bool:
    """Whether a label of this question needs another vote."""
    rules = [rule for rule in _rules(settings, None, None) if rule.question == question]
    most = max((rule.votes for rule in rules), default=0)
    votes = _of_question(answers, question, most)
    if len(votes) >= most or any(_is_unobservable(answer) for answer in votes):
        return False
    return not settings["adaptive"] or any(_label(rule, votes).value == UNSETTLED for rule in rules)


def bounds(
    threshold: float | None, maybe: float | None, default: tuple[float, float | None], where: str = ""
) -> tuple[float, float]:
    """Threshold and maybe: the given ones, else the rubric's. A lower threshold cuts the rubric's band.

    Raises:
        ValueError: out of range.
    """
    at = f" ({where})" if where else ""
    if threshold is not None and not 0 < threshold <= 1:
        raise ValueError(f"threshold is a share of votes, above 0 and at most 1, not {threshold}.")
    if maybe is not None and not 0 < maybe <= 1:
        raise ValueError(f"maybe is a share of votes, above 0 and at most 1, not {maybe}.")
    upper = default[0] if threshold is None else threshold
    if maybe is not None and maybe > upper:
        raise ValueError(f"maybe={maybe} is above threshold={upper}{at}: a maybe is less than a yes.")
    lower = maybe if maybe is not None else default[1]
    return upper, upper if lower is None else min(lower, upper)


def _rules(settings: Mapping[str, Any], threshold: float | None, maybe: float | None) -> Iterator[_Rule]:
    for name, definition in settings["labels"].items():
        question = definition["question"]
        voting = settings["questions"][question]
        upper, lower = bounds(threshold, maybe, (voting["threshold"], voting["maybe"]), question)
        yield _Rule(
            name,
            question,
            voting["votes"],
            upper,
            lower,
            tuple(definition.get("all_of", ())),
            definition.get("choice"),
            tuple(definition.get("choices", ())),
        )


def _of_question(answers: Sequence[Answer], question: str, votes: int) -> list[Answer]:
    by_number = {answer.number: answer for answer in answers if answer.question == question}
    return [by_number[number] for number in sorted(by_number)][:votes]


def _is_unobservable(answer: Answer) -> bool:
    return answer.value is None and (answer.problem or "").startswith(UNOBSERVABLE)


def _label(rule: _Rule, answers: Sequence[Answer]) -> Label:
    if any(_is_unobservable(answer) for answer in answers):
        return Label(rule.name, rule.question, "unobservable", None, 0, 0, 0, 0)
    parsed = [answer.value for answer in answers if answer.value is not None]
    remaining = rule.votes - len(answers)
    if rule.choice is None:
        yes = sum(all(value.get(name) is True for name in rule.all_of) for value in parsed)
        value = _decided(yes, len(parsed), remaining, rule)
    else:
        counts = Counter(dict.fromkeys(rule.choices, 0))
        counts.update(str(value.get(rule.choice)) for value in parsed)
        value, yes = _elected(counts, remaining, rule)
    share = yes / len(parsed) if parsed else None
    return Label(
        rule.name, rule.question, value, share, yes, len(parsed), len(answers) - len(parsed), len(answers)
    )


def _scored(parsed: int, remaining: int, rule: _Rule) -> bool | None:
    """Whether enough votes will be parsed; None if the remaining votes decide that."""
    if 2 * parsed >= rule.votes:
        return True
    return None if 2 * (parsed + remaining) >= rule.votes else False


def _decided(yes: int, parsed: int, remaining: int, rule: _Rule) -> str:
    """The class that stays whatever the remaining votes are: the extremes are all yes and all no."""
    scored = _scored(parsed, remaining, rule)
    if scored is not True:
        return UNSCORED if scored is False else UNSETTLED
    total = parsed + remaining
    lowest, highest = (_class(share, rule) for share in (yes / total, (yes + remaining) / total))
    return lowest if lowest == highest else UNSETTLED


def _class(share: float, rule: _Rule) -> str:
    return "yes" if share >= rule.threshold else "maybe" if share >= rule.maybe else "no"


def _elected(counts: Counter[str], remaining: int, rule: _Rule) -> tuple[str, int]:
    """The choice that no remaining votes can overtake, and its votes."""
    (first, most), (_, next_most) = counts.most_common(2)
    scored = _scored(counts.total(), remaining, rule)
    if scored is not True:
        return UNSCORED if scored is False else UNSETTLED, most
    if most - next_most > remaining:
        return first, most
    return (UNSETTLED if remaining else TIED), most


YES, NO = "yes", "no"


OPEN = ("maybe", "unscored", "unobservable", "unsettled", "tied")
"""Values that decide nothing."""
