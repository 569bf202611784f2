"""How far to trust a judge: its labels against people's, label by label, in each tier and pooled.

Episodes that a judge left open (`OPEN`) are counted but enter no figure. Each figure is also given as it would be if
all of them were yes, and if all of them were no.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.stats.scores import (
    AUROC_METHOD,
    LEVEL,
    UNDEFINED,
    Confusion,
    Score,
    auroc,
    share,
    spread,
    worded,
)
from hanlon.analysis.tables import Column, printed
from hanlon.inquiries.judges.votes import NO, OPEN, YES

Row = Mapping[str, Any]
ALL_TIERS = "all"
FIGURES = ("precision", "recall", "specificity", "kappa")


@dataclass(frozen=True, slots=True)
class JudgedLabel:
    """One label of one episode by one judge.

    `value` is yes, no, a choice of the label, or one of `OPEN`. `share` is the share of yes votes, None without one (a
    choice, nothing parsed). `tier` is the tier's word, None without one.
    """

    judge: str
    simulated: bool
    cell: str
    tier: str | None
    index: int
    label: str
    value: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """One label of one episode by one person; `value` is yes, no or a choice. `rater` is "" without a name."""

    cell: str
    index: int
    label: str
    value: str
    rater: str = ""


@dataclass(frozen=True, slots=True)
class _Rating:
    """A label by people beside the judge's (None: not judged), as a case of one class or not."""

    tier: str | None
    is_case: bool
    judged: JudgedLabel | None
    value: str

    @property
    def is_open(self) -> bool:
        return self.judged is not None and self.judged.value in OPEN

    @property
    def says_case(self) -> bool:
        return self.judged is not None and self.judged.value == self.value


def calibration_rows(
    judged: Sequence[JudgedLabel], human: Sequence[HumanLabel], judge: str | None = None
) -> list[dict[str, Any]]:
    """One row for each judge, label (or choice of it) and tier, then one for all tiers.

    If raters differ, the majority counts. A tie is counted as `split` and not compared.
    """
    agreed, split = consensus(human)
    rows: list[dict[str, Any]] = []
    for name in _unique(label.judge for label in judged if judge in (None, label.judge)):
        of_judge = [label for label in judged if label.judge == name]
        for label in _unique(label.label for label in of_judge):
            truth = {at: value for at, value in agreed.items() if at[2] == label}
            if truth:
                ties = [at for at in split if at[2] == label]
                rows += _rows_of_label([each for each in of_judge if each.label == label], truth, ties)
    return rows


def consensus(
    human: Iterable[HumanLabel],
) -> tuple[dict[tuple[str, int, str], str], set[tuple[str, int, str]]]:
    """The raters' majority for each (cell, index, label), and the ties."""
    votes: dict[tuple[str, int, str], Counter[str]] = {}
    for label in human:
        votes.setdefault((label.cell, label.index, label.label), Counter())[label.value] += 1
    agreed: dict[tuple[str, int, str], str] = {}
    for at, counts in votes.items():
        (value, most), *others = counts.most_common()
        if not others or others[0][1] < most:
            agreed[at] = value
    return agreed, votes.keys() - agreed.keys()


def _rows_of_label(
    judged: Sequence[JudgedLabel],
    truth: Mapping[tuple[str, int, str], str],
    ties: Sequence[tuple[str, int, str]],
) -> list[dict[str, Any]]:
    by_episode = {(label.cell, label.index, label.label): label for label in judged}
    tier_of = {label.cell: label.tier for label in judged}
    values = {*truth.values(), *(label.value for label in judged if label.value not in OPEN)}
    classes = [YES] if values <= {YES, NO} else sorted(values)
    rows: list[dict[str, Any]] = []
    for value in classes:
        ratings = [
            _Rating(tier_of.get(at[0]), true_value == value, by_episode.get(at), value)
            for at, true_value in truth.items()
        ]
        name = judged[0].label if classes == [YES] else f"{judged[0].label}={value}"
        for tier in [*_unique(rating.tier for rating in ratings if rating.tier is not None), ALL_TIERS]:
            chosen = [rating for rating in ratings if tier in (ALL_TIERS, rating.tier)]
            splits = sum(tier in (ALL_TIERS, tier_of.get(cell)) for cell, _, _ in ties)
            rows.append(_row(judged[0], name, tier, chosen, splits))
    return rows


def _row(
    example: JudgedLabel, label: str, tier: str, ratings: Sequence[_Rating], split: int
) -> dict[str, Any]:
    compared = [rating for rating in ratings if rating.judged is not None]
    decided = [(rating.is_case, rating.says_case) for rating in compared if not rating.is_open]
    left_open = [rating.is_case for rating in compared if rating.is_open]
    confusion = Confusion.of(decided)
    row: dict[str, Any] = {
        "judge": example.judge,
        "simulated": example.simulated,
        "label": label,
        "tier": tier,
        "n": confusion.n,
        "open": dict(Counter(rating.judged.value for rating in compared if rating.judged and rating.is_open)),
        "unjudged": len(ratings) - len(compared),
        "split": split,
        "tp": confusion.tp,
        "fp": confusion.fp,
        "fn": confusion.fn,
        "tn": confusion.tn,
        **spread("prevalence", share(sum(rating.is_case for rating in compared), len(compared))),
    }
    for name in FIGURES:
        row |= spread(name, getattr(confusion, name))
        row[f"{name}_if_open"] = [
            getattr(Confusion.of([*decided, *((is_case, way) for is_case in left_open)]), name).value
            for way in (False, True)
        ]
    scored = [
        (rating.is_case, rating.judged.share)
        for rating in compared
        if rating.judged and label == example.label
    ]
    area, count = _area(scored)
    return {
        **row,
        **spread("auroc", area),
        "auroc_n": count,
        "auroc_interval": AUROC_METHOD,
        "interval": f"Wilson {LEVEL:.0%}; kappa: large sample {LEVEL:.0%}",
    }


def _area(scored: Sequence[tuple[bool, float | None]]) -> tuple[Score, int]:
    """The AUROC of the vote share, which a maybe has too, and its number of episodes."""
    cases = [score for is_case, score in scored if is_case and score is not None]
    others = [score for is_case, score in scored if not is_case and score is not None]
    return (auroc(cases, others) if cases and others else UNDEFINED), len(cases) + len(others)


def _unique(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(str(name) for name in names))


def _figure(name: str) -> Column[Row]:
    def text(row: Row) -> str:
        return worded(row, name) + (_if_open(row, name) if row["open"] else "")

    return printed(name, text)


def _not_compared(row: Row) -> str:
    counts = {**row["open"], "unjudged": row["unjudged"], "split": row["split"]}
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count) or "0"


CALIBRATION_COLUMNS: Sequence[Column[Row]] = (
    printed("judge", lambda row: f"simulated {row['judge']}" if row["simulated"] else row["judge"]),
    printed("label", lambda row: row["label"]),
    printed("tier", lambda row: row["tier"]),
    printed("n", lambda row: str(row["n"])),
    printed("cases", lambda row: "-" if row["prevalence"] is None else f"{row['prevalence']:.0%}"),
    *(_figure(name) for name in FIGURES),
    printed("AUROC", lambda row: worded(row, "auroc")),
    printed("not compared", _not_compared),
)


def _if_open(row: Mapping[str, Any], name: str) -> str:
    ways = ["-" if value is None else f"{value:.2f}" for value in row[f"{name}_if_open"]]
    return f" (open as no {ways[0]}, as yes {ways[1]})"
