"""How far judges agree with each other (and raters with judges) where several labelled the same episodes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from hanlon.analysis.binary_scores import LEVEL, kappa, share, spread, worded
from hanlon.analysis.calibration import OPEN, HumanLabel, JudgedLabel


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
        _row(label, (a, simulated[a]), (b, simulated[b]), judges[a], judges[b])
        for label, judges in by_label.items()
        for a, b in combinations(judges, 2)
        if judges[a].keys() & judges[b].keys()
    ]


def _row(
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
