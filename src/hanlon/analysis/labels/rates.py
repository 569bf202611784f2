"""Rates of labels, cell by cell: k/n with an interval, and all that is in neither k nor n."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hanlon.analysis.labels.labels import JudgedCell
from hanlon.analysis.stats.rates import wilson
from hanlon.analysis.tables import Column, printed
from hanlon.store.cells import model_names

Row = Mapping[str, Any]
YES, MAYBE, NO = "yes", "maybe", "no"
OPEN = ("unscored", "unobservable", "unsettled", "tied")
"""Values that decide nothing. They are not in n, and are counted."""
COMPARED = (
    "Rates of two judges may be alike though they differ on single episodes: `hanlon judge-check` compares them on "
    "each, by agreement and Cohen's kappa."
)
"""A note for rates of several judges on a label of one name."""


def label_rows(judged: Sequence[JudgedCell]) -> list[dict[str, Any]]:
    """One row for each cell, judge and label (of a choice: each of its values), numbers as numbers.

    `k` of `n` is yes of yes, maybe and no. `with_maybe` is the rate if every maybe were a yes, `bounds` the rates if
    all open ones were no, and if all were yes.
    """
    rows: list[dict[str, Any]] = []
    models = model_names(labelled.cell for labelled in judged)
    for labelled in judged:
        model = models[labelled.cell.key]
        values: dict[str, Counter[str]] = {}
        for labels in labelled.labels.values():
            for label in labels:
                values.setdefault(label.name, Counter())[label.value] += 1
        for name, counts in values.items():
            if choices := labelled.judge.settings["labels"].get(name, {}).get("choices"):
                rows += [_row(labelled, model, f"{name}={value}", counts, value) for value in choices]
            else:
                rows.append(_row(labelled, model, name, counts, YES))
    return rows


def _row(labelled: JudgedCell, model: str, label: str, counts: Counter[str], case: str) -> dict[str, Any]:
    left_open = {value: counts[value] for value in OPEN if counts[value]}
    n, k, total = counts.total() - sum(left_open.values()), counts[case], counts.total()
    lo, hi = wilson(k, n)
    maybe = counts[MAYBE] if case == YES else 0
    return {
        "env": labelled.cell.env,
        "cell": labelled.cell.label,
        "model": model,
        "kind": labelled.judge.kind,
        "judge": labelled.judge.name,
        "judged_by": _judged_by(labelled),
        "label": label,
        "k": k,
        "n": n,
        "rate": k / n if n else None,
        "lo": lo,
        "hi": hi,
        "interval": "Wilson 95%",
        "maybe": maybe,
        "with_maybe": (k + maybe) / n if n else None,
        "open": left_open,
        "bounds": [k / total, (k + sum(left_open.values())) / total] if total else [0.0, 1.0],
        "key": labelled.cell.key,
        "judge_key": labelled.judge.key,
    }


def shared_labels(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The labels of which these rows have rates by several judges."""
    judges: dict[str, set[str]] = {}
    for row in rows:
        judges.setdefault(row["label"], set()).add(row["judge_key"])
    return {label for label, keys in judges.items() if len(keys) > 1}


def _judged_by(labelled: JudgedCell) -> str:
    if labelled.judge.model is None:
        return "rules"
    mark = (
        "" if not labelled.judge.simulated or labelled.judge.model.startswith("simulated") else "simulated "
    )
    return f"{mark}{labelled.judge.model}"


def _open(row: Row) -> str:
    low, high = row["bounds"]
    left_open = ", ".join(f"{count} {value}" for value, count in row["open"].items())
    return f"{left_open} (bounds {low:.1%} to {high:.1%})" if left_open else "0"


LABEL_COLUMNS: Sequence[Column[Row]] = (
    printed("cell", lambda row: row["cell"]),
    printed("model", lambda row: row["model"], once=True),
    printed("judge", lambda row: f"{row['judge']} ({row['judged_by']})"),
    printed("label", lambda row: row["label"]),
    printed("k/n", lambda row: f"{row['k']}/{row['n']}", right=True),
    printed("rate", lambda row: "-" if row["rate"] is None else f"{row['rate']:.1%}", right=True),
    printed("Wilson 95%", lambda row: f"[{row['lo']:.1%}, {row['hi']:.1%}]" if row["n"] else "-"),
    printed(
        "maybe", lambda row: f"{row['maybe']} (with them {row['with_maybe']:.1%})" if row["maybe"] else "0"
    ),
    printed("open", _open),
)
