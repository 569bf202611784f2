"""What would make a planned effect visible: an n at which all of it would show, or published conditions with more."""

import pkgutil
from collections.abc import Mapping
from typing import Any

from hanlon.analysis.detectable import n_to_vanish
from hanlon.analysis.hypotheses.expected.contrast import Planned, at_rate
from hanlon.analysis.hypotheses.matrix import Claimed
from hanlon.analysis.published import factors_of, published_rows, text
from hanlon.records import CellRecord

IN_OTHER_WORDS = ("tier", "texts", "wording", "program")
"""Factors that are no other condition, only other words."""


def advice(one: Planned) -> str:
    """In words, at most two of them, the nearest first; empty where nothing is known to help."""
    here = _needed(one)
    parts = [f"n = {here:,} would show all of it"] if here else []
    if len(one.rates) == 2:
        for factors, rate, counts in _conditions(one.claim):
            needed = _needed(at_rate(one, rate))
            if needed and (here is None or needed < here):
                parts.append(f"{factors} ({counts} published) with n = {needed:,}")
    return "; or ".join(parts[:2])


def _needed(one: Planned) -> int | None:
    """The n at which it shows that all of a base rate goes (or that it rises to 1); None where no n would do."""
    prediction = one.claim.prediction
    if prediction.vanishes is not None:
        return n_to_vanish(one.rates[0], prediction.vanishes.margin, one.alpha)
    return one.n_for_all("rise" if prediction.sign == "positive" else "fall")


def _conditions(claim: Claimed) -> list[tuple[str, float, str]]:
    """Published conditions of the base cell's model, one or two factors away, the nearest first and of these the one
    with the highest rate: the factors to set, the rate, and its counts."""
    if claim.prediction.sign == "positive":
        return []
    base, treated = (cell.record for cell in claim.instance.cells)
    ours = {name: text(value) for name, value in base.factors.items()}
    no_effect = {name: text(value) for name, value in base.no_effect.items()}
    found: dict[str, tuple[int, float, str, str]] = {}
    for row in published_rows():
        if not _is_of(row, base, claim.instance.measure):
            continue
        theirs = no_effect | factors_of(row["point"])
        moved = {k: v for k, v in theirs.items() if k in ours and ours[k] != v and k not in IN_OTHER_WORDS}
        if 0 < len(moved) <= 2 and _is_legal(base, moved) and _is_legal(treated, moved):
            factors = " ".join(f"env.{name}={level}" for name, level in moved.items())
            counts = f"{row['k']}/{row['n']}" if row["k"] is not None else f"{row['rate']:.1%}"
            found.setdefault(factors, (len(moved), -row["rate"], factors, counts))
    return [(factors, -minus, counts) for _, minus, factors, counts in sorted(found.values())]


def _is_legal(record: CellRecord, moved: Mapping[str, str]) -> bool:
    """Whether the cell's environment has the cell with these factors moved."""
    environment: Any = pkgutil.resolve_name(record.config["env"]["_target_"])
    own = {name: value for name, value in record.factors.items() if name != "tier"}
    try:
        environment.Factors(**{**own, **moved})
    except ValueError:
        return False
    return True


def _is_of(row: Mapping[str, Any], record: CellRecord, measure: str) -> bool:
    """Whether a published row is a rate of the cell's model and measure in which nothing was asked for."""
    wanted = {"env": record.env, "measure": measure, "kind": "rate", "unmapped": "", "relation": "same"}
    if row["rate"] is None or any(row[name] != value for name, value in wanted.items()):
        return False
    if factors_of(row["point"]).get("goal"):
        return False  # asked to do it: no condition of interest
    return bool(row["model_id"]) and row["model_id"].rpartition("/")[2] == record.model.rpartition("/")[2]
