"""The power of each planned prediction, from the published rate of the base cell's model and condition."""

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.detectable import (
    WANTED,
    Way,
    least_difference,
    least_margin,
    n_needed,
    n_to_vanish,
    power_to_vanish,
)
from hanlon.analysis.hypotheses.matrix import Claimed, Matrix
from hanlon.analysis.published import factors_of, published_for, published_rows, text
from hanlon.records import CellRecord

WORST = 0.5
ALPHA = 0.05
IN_OTHER_WORDS = ("tier", "texts", "wording", "program")
"""Factors that are no other condition, only other words."""


@dataclass(frozen=True, slots=True)
class BaseRate:
    """The rate that a cell is expected to have, and where that comes from."""

    rate: float
    source: str
    published: bool


@dataclass(frozen=True, slots=True)
class PlannedPower:
    """What one prediction can show at `n`. `least` is the smallest difference (None: none can be shown) or margin."""

    claim: Claimed
    base: BaseRate
    n: int
    least: float | None
    says: str
    enough: bool
    advice: str = ""


def planned_power(
    matrices: Sequence[Matrix], n: int, alpha: float = ALPHA, *, approximate: bool = False
) -> list[PlannedPower]:
    """The power of each different prediction about two cells; changes of differences are left to the rehearsal."""
    found: dict[tuple[Any, ...], PlannedPower] = {}
    for matrix in matrices:
        for claim in matrix.claims:
            key = (claim.instance.key, claim.prediction.claim)
            if len(claim.instance.cells) == 2 and key not in found:
                found[key] = _power(claim, n, alpha, approximate)
    return list(found.values())


def base_rate(record: CellRecord, measure: str) -> BaseRate:
    """The published rate of a cell's model and condition, of the largest n; else 50 %, the worst case."""
    known = [one for one in published_for(record, measure) if one.rate is not None]
    if not known:
        return BaseRate(WORST, "no published rate: 50 %, the worst case", published=False)
    best = max(known, key=lambda one: one.n or 0)
    counts = f"{best.k}/{best.n}" if best.k is not None and best.n else f"{best.rate or 0:.1%}"
    return BaseRate(best.rate or 0.0, f"{counts} ({best.study})", published=True)


def _power(claim: Claimed, n: int, alpha: float, approximate: bool) -> PlannedPower:
    prediction, base = claim.prediction, base_rate(claim.instance.cells[0].record, claim.instance.measure)
    if prediction.vanishes is not None:
        return _power_to_vanish(claim, base, n, prediction.vanishes.margin, alpha)
    if prediction.sign in ("positive", "negative"):
        way: Way = "rise" if prediction.sign == "positive" else "fall"
        least = least_difference(base.rate, n, way, alpha, approximate=approximate)
        if least is None:
            says = f"no {way} from {base.rate:.1%} can be seen at n = {n}"
            return PlannedPower(claim, base, n, None, says, False, _advice(claim, base, alpha))
        return PlannedPower(claim, base, n, least, f"a {way} of {100 * least:.1f} points or more", True)
    least = least_margin(base.rate, n, alpha)
    says = f"an absence of effects above {100 * least:.1f} points"
    margin = prediction.threshold
    enough = least <= margin or prediction.sign == "either"
    advice = "" if enough else f"more episodes, or a wider margin than {100 * margin:.0f} points"
    return PlannedPower(claim, base, n, least, says, enough, advice)


def _power_to_vanish(claim: Claimed, base: BaseRate, n: int, margin: float, alpha: float) -> PlannedPower:
    power = power_to_vanish(base.rate, n, margin, alpha)
    if base.rate <= margin:
        says = f"no fall: the base rate of {base.rate:.1%} is not above the margin of {margin:.0%}"
    else:
        says = f"{power:.0%} that it is shown to vanish, should nothing be left"
    enough = power >= WANTED
    return PlannedPower(claim, base, n, None, says, enough, "" if enough else _advice(claim, base, alpha))


def _advice(claim: Claimed, base: BaseRate, alpha: float) -> str:
    """What would make an effect visible: an n at which all of it would, or published conditions with more of it."""
    here = _needed(claim, base.rate, alpha)
    parts = [f"n = {here:,} would show all of it"] if here else []
    for factors, rate, counts in _conditions(claim):
        needed = _needed(claim, rate, alpha)
        if needed and (here is None or needed < here):
            parts.append(f"{factors} ({counts} published) with n = {needed:,}")
    return "; or ".join(parts[:3])


def _needed(claim: Claimed, rate: float, alpha: float) -> int | None:
    """The n at which it shows that all of a base rate goes (or that it rises to 1); None where no n would do."""
    prediction = claim.prediction
    if prediction.vanishes is not None:
        return n_to_vanish(rate, prediction.vanishes.margin, alpha)
    to = 1.0 if prediction.sign == "positive" else 0.0
    return None if rate == to else n_needed(rate, to, alpha)


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
