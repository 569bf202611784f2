"""One prediction in words: what it says of a grid, and what was seen of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from hanlon.analysis.contrasts.grid import BUNDLE
from hanlon.analysis.contrasts.wordings import WORDING
from hanlon.analysis.tables import p_value, points, points_interval
from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.matrix import Claimed
from hanlon.hypotheses.observation import Observation
from hanlon.hypotheses.schema import Change, Level, Prediction, level_text
from hanlon.hypotheses.sufficiency import UnexplainedEffect
from hanlon.store.cells import CellState
from hanlon.store.digest import as_json


def contrast_text(claims: Sequence[Claimed], no_effect: Mapping[str, str]) -> str:
    """What the claims of one prediction contrast in a grid.

    Of alternative levels only those are named that occur. Conditions at a factor's no-effect value, and the headline
    measure, go without saying.
    """
    prediction, cells = claims[0].prediction, [claim.instance.cells for claim in claims]
    parts = [_change(prediction.contrast, [(base, treated) for base, treated, *_ in cells])]
    if prediction.compared_with:
        parts.append(f"against {_change(prediction.compared_with, [(four[2], four[3]) for four in cells])}")
    if prediction.changed_by:
        parts.append(f"changed by {_change(prediction.changed_by, [(four[0], four[2]) for four in cells])}")
    where = [
        f"{name}={'|'.join(map(level_text, levels))}"
        for name, levels in prediction.where.items()
        if [as_json(level) for level in levels] != [no_effect.get(name)]
    ]
    if where:
        parts.append(f"at {', '.join(where)}")
    if prediction.measure != next(iter(cells[0][0].record.measures)):
        parts.append(f"({prediction.measure})")
    return " ".join(parts)


def counts_text(seen: Observation) -> str:
    """`39/60 -> 3/60`, base first; of a change the other pair behind a bar."""
    counts = [f"{rate.k}/{rate.n}" for rate in seen.rates]
    return " -> ".join(counts[:2]) + (f" | {' -> '.join(counts[2:])}" if len(counts) > 2 else "")


def points_text(seen: Observation) -> str:
    """The difference in points with its interval."""
    difference = seen.difference
    if difference.value is None:
        return "-"
    return f"{points(difference.value)} {points_interval(difference.lo, difference.hi)}"


def unexplained_text(effect: UnexplainedEffect) -> str:
    """An effect that is not shown to be absent, and the margin within which it had to lie."""
    why = f"{effect.factor}, of which it says nothing" if effect.factor else "an absence beside its effects"
    numbers = f"{counts_text(effect.seen)}, {points_text(effect.seen)}"
    return f"{why}: {effect.instance.label}; {numbers}, not shown within {100 * effect.margin:.1f} points"


def p_text(judged: JudgedPrediction) -> str:
    """The corrected p of the result that is nearer; `(fails)` where that is its failure."""
    p = p_value(min(judged.p_holds, judged.p_fails))
    return p if judged.p_holds <= judged.p_fails else f"{p} (fails)"


def wordings_text(contexts: Sequence[JudgedPrediction]) -> str:
    """How far a difference spreads over wordings, each the mean of its contexts (sd: n - 1); empty with one."""
    by_wording: dict[Any, list[float]] = defaultdict(list)
    for judged in contexts:
        if (difference := judged.seen.difference.value) is not None:
            wording = judged.claim.instance.cells[0].record.factors.get(WORDING)
            by_wording[wording].append(difference)
    means = [fmean(differences) for differences in by_wording.values()]
    if len(means) < 2:
        return ""
    reach = f"{points(min(means))} to {points(max(means))}"
    return f"over {len(means)} wordings {reach}, sd {100 * stdev(means):.1f}"


def excluded_text(judged: JudgedPrediction) -> str:
    """How many episodes of its cells were excluded, or added after a look; empty where none were."""
    parts = [f"{judged.seen.excluded} excluded"] if judged.seen.excluded else []
    if judged.after_look:
        parts.append(f"{judged.after_look} episodes after a look")
    return ", ".join(parts)


def _change(change: Change, pairs: Sequence[tuple[CellState, CellState]]) -> str:
    base = [level for level in change.base if any(_is_at(cell, change.factor, level) for cell, _ in pairs)]
    to = [level for level in change.to if any(_is_at(cell, change.factor, level) for _, cell in pairs)]
    sides = ("|".join(map(level_text, levels)) for levels in (base or change.base, to or change.to))
    return f"{change.factor} {' -> '.join(sides)}"


def _is_at(cell: CellState, factor: str, level: Level) -> bool:
    cells_level = cell.record.prompt if factor == BUNDLE else cell.record.factors.get(factor)
    return as_json(cells_level) == as_json(level)


OUTSIDE_ENV = (BUNDLE, "tier", "seed")
"""Factors that are keys of a cell themselves; those of the environment stand below `env`."""


def overrides_of(prediction: Prediction, no_effect: Mapping[str, str] | None = None) -> str:
    """What to sweep for a prediction, to be typed behind `python run.py -m`: `env.realism=silent,told_real`.

    Of alternative levels the first is taken. A condition at the factor's `no_effect` value (as JSON) is left out.
    """
    levels: dict[str, list[Level]] = {}
    for change in (prediction.contrast, prediction.compared_with, prediction.changed_by):
        if change is not None:
            levels.setdefault(change.factor, []).extend([change.base[0], change.to[0]])
    for name, (level, *_) in prediction.where.items():
        if name not in levels and (no_effect or {}).get(name) != as_json(level):
            levels[name] = [level]
    return " ".join(
        f"{_key(name)}={','.join(map(level_text, dict.fromkeys(swept)))}" for name, swept in levels.items()
    )


def _key(factor: str) -> str:
    if factor.startswith("sampling."):
        return f"model.{factor}"
    return factor if factor in OUTSIDE_ENV else f"env.{factor}"
