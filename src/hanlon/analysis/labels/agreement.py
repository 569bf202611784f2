"""How often two judges, or a judge and a person, give one episode the same label."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from hanlon.analysis.labels.calibration import HumanLabel, JudgedLabel
from hanlon.analysis.stats.scores import LEVEL, kappa, share, spread, worded
from hanlon.analysis.tables import Column, printed
from hanlon.inquiries.judges.votes import OPEN

Row = Mapping[str, Any]


def as_judged(human: Iterable[HumanLabel]) -> list[JudgedLabel]:
    """People's labels as judges' labels, to compare raters with judges and with each other."""
    return [
        JudgedLabel(
            f"rater {label.rater}".strip(), False, label.cell, None, label.index, label.label, label.value
        )
        for label in human
    ]


def agreement_rows(judged: Sequence[JudgedLabel]) -> list[dict[str, Any]]:
    """One row for each label and each two judges that gave it to at least one common episode."""
    by_label: dict[str, dict[str, dict[tuple[str, int], str]]] = {}
    simulated = {label.judge: label.simulated for label in judged}
    for label in judged:
        values = by_label.setdefault(label.label, {}).setdefault(label.judge, {})
        values[(label.cell, label.index)] = label.value
    return [
        _agreement_row(name, (a, simulated[a]), (b, simulated[b]), judges[a], judges[b])
        for name, judges in by_label.items()
        for a, b in combinations(judges, 2)
        if judges[a].keys() & judges[b].keys()
    ]


def _agreement_row(
    label: str,
    a: tuple[str, bool],
    b: tuple[str, bool],
    values_a: Mapping[tuple[str, int], str],
    values_b: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
    both = [(values_a[at], values_b[at]) for at in values_a if at in values_b]
    decided = [pair for pair in both if pair[0] not in OPEN and pair[1] not in OPEN]
    agreed = sum(x == y for x, y in decided)
    left_open = len(both) - len(decided)
    classes = sorted({value for pair in decided for value in pair})
    agreement = share(agreed, len(decided))
    chance = kappa([[decided.count((x, y)) for y in classes] for x in classes])
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


def _judges(row: Row) -> str:
    return f"{row['judge_a']} / {row['judge_b']}" + (" (simulated)" if row["simulated"] else "")


def _agreement(row: Row) -> str:
    low, high = row["agreement_if_open"]
    return worded(row, "agreement") + (f" (bounds {low:.2f} to {high:.2f})" if row["open"] else "")


AGREEMENT_COLUMNS: Sequence[Column[Row]] = (
    printed("label", lambda row: row["label"]),
    printed("judges", _judges),
    printed("n", lambda row: str(row["n"])),
    printed("agreement", _agreement),
    printed("kappa", lambda row: worded(row, "kappa")),
    printed("left open", lambda row: str(row["open"])),
)
