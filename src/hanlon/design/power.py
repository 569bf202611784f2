"""The power of each planned prediction, from the published rates of its first cells' model and condition."""

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanlon.analysis.published.published import factors_of, published_for, published_rows, text
from hanlon.design.planned_contrast import DRAWS, Planned, at_rate, planned
from hanlon.design.request_rates import REQUEST_SD
from hanlon.design.two_rates import WANTED, Way, n_to_vanish
from hanlon.hypotheses.matrix import Claimed, Matrix
from hanlon.hypotheses.verdict import ALPHA
from hanlon.store.records import CellRecord

IN_OTHER_WORDS = ("tier", "texts", "wording", "program")
"""Factors that are no other condition, only other words."""


def advice(contrast: Planned) -> str:
    """What would be enough, in words: an n or a wider margin, or published conditions with more to see.

    At most two, the nearest first; empty where nothing helps.
    """
    prediction = contrast.claim.prediction
    if not prediction.has_effect:
        needed = contrast.n_for_margin()
        wider = f"a wider margin than {100 * prediction.threshold:.0f} points"
        return f"n = {needed:,}, or {wider}" if needed else wider
    here = _needed(contrast)
    parts = [f"n = {here:,} would show all of it"] if here else []
    if len(contrast.rates) == 2:
        for factors, rate, counts in _conditions(contrast.claim):
            needed = _needed(at_rate(contrast, rate))
            if needed and (here is None or needed < here):
                parts.append(f"{factors} ({counts} published) with n = {needed:,}")
    return "; or ".join(parts[:2])


def _needed(contrast: Planned) -> int | None:
    """The n at which it shows that all of a base rate goes (or that it rises to 1); None where no n would do."""
    prediction = contrast.claim.prediction
    if prediction.vanishes is not None:
        return n_to_vanish(contrast.rates[0], prediction.vanishes.margin, contrast.alpha)
    return contrast.n_for_all("rise" if prediction.sign == "positive" else "fall")


def _conditions(claim: Claimed) -> list[tuple[str, float, str]]:
    """Published conditions of the base cell's model, one or two factors away, the nearest first and of these the one
    with the highest rate: the factors to set, the rate, and its counts."""
    if claim.prediction.sign == "positive":
        return []
    base, treated = (cell.record for cell in claim.instance.cells)
    ours = {name: text(value) for name, value in base.factors.items()}
    no_effect = {name: text(value) for name, value in base.no_effect.items()}
    nearest: dict[str, tuple[int, float, str, str]] = {}
    for row in published_rows():
        if not _is_of(row, base, claim.instance.measure):
            continue
        theirs = no_effect | factors_of(row["point"])
        moved = {k: v for k, v in theirs.items() if k in ours and ours[k] != v and k not in IN_OTHER_WORDS}
        if 0 < len(moved) <= 2 and _is_legal(base, moved) and _is_legal(treated, moved):
            factors = " ".join(f"env.{name}={level}" for name, level in moved.items())
            counts = f"{row['k']}/{row['n']}" if row["k"] is not None else f"{row['rate']:.1%}"
            nearest.setdefault(factors, (len(moved), -row["rate"], factors, counts))
    return [(factors, -minus, counts) for _, minus, factors, counts in sorted(nearest.values())]


def _is_legal(record: CellRecord, moved: Mapping[str, str]) -> bool:
    """Whether the cell's environment has the cell with these factors moved."""
    environment: Any = pkgutil.resolve_name(record.config["env"]["_target_"])
    factors = {name: value for name, value in record.factors.items() if name != "tier"}
    try:
        environment.Factors(**{**factors, **moved})
    except ValueError:
        return False
    return True


def _is_of(row: Mapping[str, Any], record: CellRecord, measure: str) -> bool:
    """Whether a published row is a rate of the cell's model and measure, of a prompt that did not ask for the act."""
    same = {"env": record.env, "measure": measure, "kind": "rate", "unmapped": "", "relation": "same"}
    if row["rate"] is None or any(row[name] != value for name, value in same.items()):
        return False
    if factors_of(row["point"]).get("goal"):
        return False  # asked to do it: no condition of interest
    return bool(row["model_id"]) and row["model_id"].rpartition("/")[2] == record.model.rpartition("/")[2]


WORST = 0.5
GAP = (0.25, 0.75)
"""The two rates of a gap that nobody has published: half of all that a gap can be, about the worst case."""
QUICK_DRAWS = 40
"""Of a power by approximation, where only an absence is simulated."""
LeastShown = tuple[float | None, str, bool]
"""The least that shows, that in words, and whether it is enough."""


@dataclass(frozen=True, slots=True)
class BaseRate:
    """The rate that a cell is expected to have, and its source. For a gap also the rate of its `treated` cell."""

    rate: float
    source: str
    published: bool
    treated: float | None = None

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates of all cells of a contrast, as if nothing had an effect."""
        return (self.rate, self.rate) if self.treated is None else (self.rate, self.treated) * 2


@dataclass(frozen=True, slots=True)
class PlannedPower:
    """What one prediction can show at `n`. `least` is the smallest difference (None: none can be shown) or margin.

    `unit` is what is independent: an episode, or a request that all cells share.
    """

    claim: Claimed
    base: BaseRate
    n: int
    least: float | None
    says: str
    enough: bool
    advice: str = ""
    unit: str = "episode"


def planned_power(
    matrices: Sequence[Matrix],
    n: int,
    alpha: float = ALPHA,
    *,
    approximate: bool = False,
    request_sd: float = REQUEST_SD,
) -> list[PlannedPower]:
    """The power of each different prediction. Predictions with equal expectations are simulated once."""
    powers: dict[tuple[Any, ...], PlannedPower] = {}
    simulated: dict[tuple[Any, ...], LeastShown] = {}
    for matrix in matrices:
        for claim in matrix.claims:
            key = (claim.instance.key, claim.prediction.claim)
            if key in powers:
                continue
            base = base_of(claim)
            draws = QUICK_DRAWS if approximate else DRAWS
            contrast = planned(claim, base.rates, alpha, matrix.rivals_allow(claim), request_sd, draws)
            alike = (claim.prediction.claim, base.rates, contrast.requests, contrast.alternatives)
            if alike not in simulated:
                simulated[alike] = _shows(contrast, n, approximate=approximate)
            shown = simulated[alike]
            unit = "episode" if contrast.requests is None else "request"
            powers[key] = PlannedPower(claim, base, n, *shown, "" if shown[2] else advice(contrast), unit)
    return list(powers.values())


def base_of(claim: Claimed) -> BaseRate:
    """What is expected of a contrast's first cells: published, or assumed."""
    base, treated, *other = (base_rate(cell.record, claim.instance.measure) for cell in claim.instance.cells)
    if not other:
        return base
    if base.published and treated.published:
        return BaseRate(base.rate, f"{base.source} -> {treated.source}", True, treated.rate)
    low, high = GAP
    return BaseRate(low, f"assumed: {low:.0%} -> {high:.0%}", False, high)


def base_rate(record: CellRecord, measure: str) -> BaseRate:
    """The published rate of a cell's model and condition, of the largest n; else 50 %, the worst case."""
    published = [study for study in published_for(record, measure) if study.rate is not None]
    if not published:
        return BaseRate(WORST, "assumed: 50%, the worst case", published=False)
    best = max(published, key=lambda study: study.n or 0)
    counts = f"{best.k}/{best.n}" if best.k is not None and best.n else f"{best.rate or 0:.1%}"
    return BaseRate(best.rate or 0.0, f"{counts} ({best.study})", published=True)


def _shows(contrast: Planned, n: int, *, approximate: bool) -> LeastShown:
    prediction = contrast.claim.prediction
    if prediction.vanishes is not None:
        return _shows_vanishing(contrast, n)
    if prediction.has_effect:
        return _shows_effect(contrast, n, approximate=approximate)
    least = contrast.least_margin(n)
    effects = {"not_positive": "rises", "not_negative": "falls"}.get(prediction.sign or "", "effects")
    if len(contrast.rates) > 2:
        effects = "changes"
    return least, f"an absence of {effects} above {100 * least:.1f} points", least <= prediction.threshold


def _shows_effect(contrast: Planned, n: int, *, approximate: bool) -> LeastShown:
    sign = contrast.claim.prediction.sign
    way: Way = "rise" if sign == "positive" else "fall"
    if sign == "either" and contrast.room("rise") > contrast.room("fall"):
        way = "rise"
    least = contrast.least_effect(n, way, approximate=approximate)
    effect = "change" if sign == "either" else way
    *_, base, treated = contrast.rates
    of_gap = len(contrast.rates) > 2
    if least is None:
        start = f"a gap of {100 * (treated - base):.1f} points" if of_gap else f"{treated:.1%}"
        return None, f"no {effect} from {start} can be seen at n = {n:,}", False
    return least, f"a {effect}{' of the gap by' if of_gap else ' of'} {100 * least:.1f} points or more", True


def _shows_vanishing(contrast: Planned, n: int) -> LeastShown:
    power, margin = contrast.power_to_vanish(n), contrast.claim.prediction.threshold
    if contrast.rates[0] <= margin:
        says = f"no fall: the base rate of {contrast.rates[0]:.1%} is not above the margin of {margin:.0%}"
    else:
        says = f"if nothing is left, this n shows it in {power:.0%} of sweeps"
    return None, says, power >= WANTED
