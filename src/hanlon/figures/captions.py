"""The caption's sentences about marks, made of the rows that are drawn: counts, intervals, and what is missing."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hanlon.figures.frames import PUBLISHED, Frame, unique
from hanlon.figures.points import holds_value

MISSING = "n/a"
"""The label where the source has a bar and no number was found."""
COUNTS = {
    r"\d+/\d+": "k/n: cases of trials, as printed.",
    r"~.*": "~k/n: k, or k and n, inferred from what is printed of the rate.",
    r".*\+": "n+: at least n trials.",
    r".*\(n=\d+\)": "A percentage with n: no k was printed.",
    r"[\d.]+%": "A bare percentage: no n was printed.",
}
"""Kinds of labels of published rates, with their meanings."""
COMPUTED = ", computed from k and n"
"""The end of an interval's name where no source printed it."""


def of_marks(points: Frame, where: str = "Whiskers") -> list[str]:
    """The caption's sentences about counts and intervals, published and own; `where` names what shows an interval."""
    published = points[points["whose"] == PUBLISHED]
    sentence = " ".join([*_counts(published), *_intervals(published, where)])
    return [*([sentence] if sentence else []), *_sweep(points[points["whose"] != PUBLISHED])]


def _counts(rows: Frame) -> list[str]:
    labels: list[str] = list(rows[rows["kind"] == "rate"]["label"])
    return [meaning for kind, meaning in COUNTS.items() if any(re.fullmatch(kind, label) for label in labels)]


def _intervals(rows: Frame, where: str) -> list[str]:
    """The intervals of published rows; ratios have none."""
    rows = rows[rows["kind"] != "ratio"]
    if not len(rows):
        return []
    errors = unique(error for error in rows["error"] if error)
    if not errors:
        return ["No interval was printed."]
    methods = unique(error.removesuffix(COMPUTED) for error in errors)
    sentences = [
        _method(method, [error.endswith(COMPUTED) for error in errors if error.startswith(method)])
        for method in methods
    ]
    bare = " Where there is none, none was printed." if rows["low"].isna().any() else ""
    return [f"{where}: {'; '.join(sentences)}.{bare}"]


def _method(method: str, computed: Sequence[bool]) -> str:
    """One method, and whether it was printed, computed from k and n, or either."""
    if method == "1 SE":
        return "one standard error, as printed"
    whose = "as printed, else computed from k and n" if len(set(computed)) > 1 else "computed from k and n"
    return f"{method}, {whose}" if any(computed) else f"{method}, as printed"


def _sweep(rows: Frame) -> list[str]:
    if not len(rows):
        return []
    methods = unique(error for error in rows["error"] if error)
    sentence = f"Own runs: {'; '.join(methods)}; prompts in our wording, not the source's."
    return [" ".join([sentence, *left_out(rows)])]


def left_out(rows: Frame) -> list[str]:
    """The caption's sentence about the episodes of own cells that are not in n, if there are any."""
    once = rows.drop_duplicates("key")
    counts = zip(once["key"], once["excluded"], strict=True)
    return excluded_sentence({key: int(count) if holds_value(count) else 0 for key, count in counts})


def excluded_sentence(by_cell: Mapping[str, int]) -> list[str]:
    """The same by the number of each cell's excluded episodes."""
    counts = [count for count in by_cell.values() if count]
    if not counts:
        return []
    return [f"Not in n: {sum(counts)} excluded episodes in {len(counts)} own cells; `hanlon rates` says why."]


def blanks(rows: Frame) -> list[dict[str, Any]]:
    """The places of a published panel that have no number, where its groups are drawn in several series."""
    groups, series = unique(rows["group"]), unique(rows["series"])
    if not rows.duplicated("group").any() or set(rows["whose"]) != {PUBLISHED}:
        return []
    drawn = set(zip(rows["group"], rows["series"], strict=True))
    return [
        {"group": group, "series": name, "label": MISSING, "top": 0.0}
        for group in groups
        for name in series
        if (group, name) not in drawn
    ]


def of_blanks(panels: Sequence[Frame]) -> list[str]:
    """The caption's sentence about such places, if a panel has one."""
    return [f"{MISSING}: no number was found."] if any(blanks(rows) for rows in panels) else []
