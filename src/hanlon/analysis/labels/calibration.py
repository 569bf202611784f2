"""How far a judge's labels can be trusted: against labels by people, label by label, in each tier and pooled.

What a judge left open (`OPEN`) is in no figure, is counted, and every figure is printed as
it would be if all of it had been called yes and if all of it had been called no.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hanlon.analysis.stats.scores import (
    AUROC_METHOD,
    LEVEL,
    UNDEFINED,
    Confusion,
    Score,
    auroc,
    kappa,
    share,
    spread,
    worded,
)
from hanlon.inquiries.judges.votes import NO, OPEN, YES

ALL_TIERS = "all"
FIGURES = ("precision", "recall", "specificity", "kappa")


@dataclass(frozen=True, slots=True)
class JudgedLabel:
    """One label of one episode by one judge.

    `value` is yes, no, a choice of the label, or one of `OPEN`; `share` the share of yes votes from 0 to 1, None
    where there is none (a choice, nothing parsed). `tier` is the tier's word, None without one.
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
    """One label of one episode by one person; `value` is yes, no or a choice. `rater` is "" where nobody is named."""

    cell: str
    index: int
    label: str
    value: str
    rater: str = ""


@dataclass(frozen=True, slots=True)
class _Rating:
    """A label by people beside a judge's (None: the judge was not asked), as a case or not of one class."""

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
    """One row for each judge, label (each choice of it, where it has several) and tier, then all tiers pooled.

    Where raters differ, the majority is taken; a tie is counted as `split` and compared with nothing.
    """
    agreed, split = consensus(human)
    rows: list[dict[str, Any]] = []
    for name in _unique(label.judge for label in judged if judge in (None, label.judge)):
        own = [label for label in judged if label.judge == name]
        for label in _unique(label.label for label in own):
            given = {at: value for at, value in agreed.items() if at[2] == label}
            if given:
                ties = [at for at in split if at[2] == label]
                rows += _rows_of_label([one for one in own if one.label == label], given, ties)
    return rows


def consensus(
    human: Iterable[HumanLabel],
) -> tuple[dict[tuple[str, int, str], str], set[tuple[str, int, str]]]:
    """The raters' majority for each (cell, index, label), and where they are tied."""
    votes: dict[tuple[str, int, str], Counter[str]] = {}
    for one in human:
        votes.setdefault((one.cell, one.index, one.label), Counter())[one.value] += 1
    agreed: dict[tuple[str, int, str], str] = {}
    for at, counts in votes.items():
        (value, most), *others = counts.most_common()
        if not others or others[0][1] < most:
            agreed[at] = value
    return agreed, votes.keys() - agreed.keys()


def _rows_of_label(
    own: Sequence[JudgedLabel],
    given: Mapping[tuple[str, int, str], str],
    ties: Sequence[tuple[str, int, str]],
) -> list[dict[str, Any]]:
    by_place = {(one.cell, one.index, one.label): one for one in own}
    tier_of = {one.cell: one.tier for one in own}
    said = {*given.values(), *(one.value for one in own if one.value not in OPEN)}
    classes = [YES] if said <= {YES, NO} else sorted(said)
    rows: list[dict[str, Any]] = []
    for value in classes:
        pairs = [
            _Rating(tier_of.get(at[0]), answer == value, by_place.get(at), value)
            for at, answer in given.items()
        ]
        name = own[0].label if classes == [YES] else f"{own[0].label}={value}"
        for tier in [*_unique(pair.tier for pair in pairs if pair.tier is not None), ALL_TIERS]:
            chosen = [pair for pair in pairs if tier in (ALL_TIERS, pair.tier)]
            splits = sum(tier in (ALL_TIERS, tier_of.get(cell)) for cell, _, _ in ties)
            rows.append(_row(own[0], name, tier, chosen, splits))
    return rows


def _row(own: JudgedLabel, label: str, tier: str, pairs: Sequence[_Rating], split: int) -> dict[str, Any]:
    asked = [pair for pair in pairs if pair.judged is not None]
    decided = [(pair.is_case, pair.says_case) for pair in asked if not pair.is_open]
    left_open = [pair.is_case for pair in asked if pair.is_open]
    confusion = Confusion.of(decided)
    row: dict[str, Any] = {
        "judge": own.judge,
        "simulated": own.simulated,
        "label": label,
        "tier": tier,
        "n": confusion.n,
        "open": dict(Counter(pair.judged.value for pair in asked if pair.judged and pair.is_open)),
        "unjudged": len(pairs) - len(asked),
        "split": split,
        "tp": confusion.tp,
        "fp": confusion.fp,
        "fn": confusion.fn,
        "tn": confusion.tn,
        **spread("prevalence", share(sum(pair.is_case for pair in asked), len(asked))),
    }
    for name in FIGURES:
        row |= spread(name, getattr(confusion, name))
        row[f"{name}_if_open"] = [
            getattr(Confusion.of([*decided, *((is_case, way) for is_case in left_open)]), name).value
            for way in (False, True)
        ]
    scored = [(pair.is_case, pair.judged.share) for pair in asked if pair.judged and label == own.label]
    area, count = _area(scored)
    return {
        **row,
        **spread("auroc", area),
        "auroc_n": count,
        "auroc_interval": AUROC_METHOD,
        "interval": f"Wilson {LEVEL:.0%}; kappa: large sample {LEVEL:.0%}",
    }


def _area(scored: Sequence[tuple[bool, float | None]]) -> tuple[Score, int]:
    """The AUROC of the vote share, which a judge that is a maybe has too, and over how many episodes."""
    cases = [score for is_case, score in scored if is_case and score is not None]
    others = [score for is_case, score in scored if not is_case and score is not None]
    return (auroc(cases, others) if cases and others else UNDEFINED), len(cases) + len(others)


def _unique(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(str(name) for name in names))


def calibration_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """A row as the words of a printed table."""
    n_open = sum(row["open"].values())
    apart = {**row["open"], "unjudged": row["unjudged"], "split": row["split"]}
    return {
        "judge": f"simulated {row['judge']}" if row["simulated"] else row["judge"],
        "label": row["label"],
        "tier": row["tier"],
        "n": str(row["n"]),
        "cases": "-" if row["prevalence"] is None else f"{row['prevalence']:.0%}",
        **{name: worded(row, name) + (_if_open(row, name) if n_open else "") for name in FIGURES},
        "AUROC": worded(row, "auroc"),
        "not compared": ", ".join(f"{count} {reason}" for reason, count in apart.items() if count) or "0",
    }


def _if_open(row: Mapping[str, Any], name: str) -> str:
    ways = ["-" if value is None else f"{value:.2f}" for value in row[f"{name}_if_open"]]
    return f" (open as no {ways[0]}, as yes {ways[1]})"


def as_judged(human: Iterable[HumanLabel]) -> list[JudgedLabel]:
    """People's labels as a judge's, so that raters can be compared with judges and with each other."""
    return [
        JudgedLabel(f"rater {one.rater}".strip(), False, one.cell, None, one.index, one.label, one.value)
        for one in human
    ]


def agreement_rows(judged: Sequence[JudgedLabel]) -> list[dict[str, Any]]:
    """One row for each label and two judges that both labelled at least one episode with it."""
    by_label: dict[str, dict[str, dict[tuple[str, int], str]]] = {}
    simulated = {one.judge: one.simulated for one in judged}
    for one in judged:
        places = by_label.setdefault(one.label, {}).setdefault(one.judge, {})
        places[(one.cell, one.index)] = one.value
    return [
        _agreement_row(label, (a, simulated[a]), (b, simulated[b]), judges[a], judges[b])
        for label, judges in by_label.items()
        for a, b in combinations(judges, 2)
        if judges[a].keys() & judges[b].keys()
    ]


def _agreement_row(
    label: str,
    a: tuple[str, bool],
    b: tuple[str, bool],
    said_a: Mapping[tuple[str, int], str],
    said_b: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
    both = [(said_a[at], said_b[at]) for at in said_a if at in said_b]
    decided = [pair for pair in both if pair[0] not in OPEN and pair[1] not in OPEN]
    agreed = sum(x == y for x, y in decided)
    left_open = len(both) - len(decided)
    values = sorted({value for pair in decided for value in pair})
    agreement = share(agreed, len(decided))
    chance = kappa([[decided.count((x, y)) for y in values] for x in values])
    return {
        "label": label,
        "judge_a": a[0],
        "judge_b": b[0],
        "simulated": a[1] or b[1],
        "n": len(decided),
        "agreed": agreed,
        **spread("agreement", agreement),
        "agreement_if_open": [agreed / len(both), (agreed + left_open) / len(both)],
        **spread("kappa", chance),
        "open": left_open,
        "interval": f"Wilson {LEVEL:.0%}; kappa: large sample {LEVEL:.0%}",
    }


def agreement_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """A row as the words of a printed table."""
    low, high = row["agreement_if_open"]
    bounds = f" (bounds {low:.2f} to {high:.2f})" if row["open"] else ""
    return {
        "label": row["label"],
        "judges": f"{row['judge_a']} / {row['judge_b']}" + (" (simulated)" if row["simulated"] else ""),
        "n": str(row["n"]),
        "agreement": worded(row, "agreement") + bounds,
        "kappa": worded(row, "kappa"),
        "left open": str(row["open"]),
    }
