"""The power of a sweep in words: what each planned prediction can show, for `hanlon power` and for `plan=true`."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.contrasts.grid import BUNDLE, grids
from hanlon.analysis.published.published import text
from hanlon.analysis.tables import TableFormat, render
from hanlon.design.planned_contrast import DRAWS
from hanlon.design.power import PlannedPower, planned_power
from hanlon.design.two_rates import DRAWS as PAIR_DRAWS
from hanlon.hypotheses.matrix import Claimed, Matrix, matrix_of
from hanlon.hypotheses.schema import Plan
from hanlon.hypotheses.verdict import ALPHA
from hanlon.store.cells import CellState
from hanlon.store.records import CellRecord

BASELINE = "baseline"


def matrices_of(states: Sequence[CellState], plans: Sequence[Plan]) -> list[Matrix]:
    """The prediction matrix of each planned grid."""
    return [
        matrix_of(grid, plan.hypotheses)
        for plan in plans
        for grid in grids([state for state in states if state.record.env == plan.env])
    ]


def family_size(matrices: Sequence[Matrix]) -> int:
    """The number of different predictions, which Holm corrects for."""
    return len({(claim.column, claim.prediction.claim) for matrix in matrices for claim in matrix.claims})


def power_rows(found: Sequence[PlannedPower]) -> list[dict[str, object]]:
    """One row for each prediction, numbers as numbers."""
    return [
        {
            "model": one.claim.instance.model,
            "cells": one.claim.instance.label,
            "measure": one.claim.instance.measure,
            "predicts": one.claim.prediction.claim,
            "contrast": _contrast(one.claim),
            "base_rate": one.base.rate,
            "treated_rate": one.base.treated,
            "base_from": one.base.source,
            "n": one.n,
            "unit": one.unit,
            "least": one.least,
            "shows": one.says,
            "enough": one.enough,
            "advice": one.advice,
        }
        for one in found
    ]


def power_text(matrices: Sequence[Matrix], n: int, request_sd: float, table_format: TableFormat) -> str:
    """The table of predictions, what cannot be shown first, with what must be read beside it."""
    family = family_size(matrices)
    found = planned_power(matrices, n, ALPHA / family, request_sd=request_sd)
    title = f"power at n = {n:,}"
    if table_format in ("json", "csv"):
        return render(power_rows(found), [], table_format, title=title)
    words = [_group_words(group, n) for group in _groups(found)]
    return "\n".join([render([], words, table_format, title=title), *_notes(found, family, request_sd)])


def _groups(found: Sequence[PlannedPower]) -> list[list[PlannedPower]]:
    """Predictions of which the same is to be said, those that n is not enough for first."""
    groups: dict[tuple[str, ...], list[PlannedPower]] = {}
    for one in found:
        same = (one.claim.instance.model, one.claim.prediction.claim, one.base.source, one.says, one.advice)
        groups.setdefault(same, []).append(one)
    return sorted(groups.values(), key=lambda group: group[0].enough)


def _group_words(group: Sequence[PlannedPower], n: int) -> dict[str, str]:
    first = group[0]
    return {
        "model": first.claim.instance.model,
        "predicts": first.claim.prediction.claim,
        "of": _contrasts(group),
        "base rate": first.base.source,
        f"at n = {n:,} shows": first.says if first.enough else f"NOT ENOUGH: {first.says}",
        "instead": first.advice,
    }


def _contrasts(group: Sequence[PlannedPower]) -> str:
    """What is contrasted, by what else is so in both cells."""
    contrasts: dict[str, list[str]] = {}
    for one in group:
        contrasts.setdefault(_contrast(one.claim), []).append(_context(one.claim))
    by_context: dict[str, list[str]] = {}
    for contrast, contexts in contrasts.items():
        by_context.setdefault(" or ".join(dict.fromkeys(contexts)), []).append(contrast)
    return " | ".join(
        ("" if context == BASELINE else f"{context}: ") + "; ".join(own)
        for context, own in sorted(by_context.items(), key=lambda item: item[0] != BASELINE)
    )


def _context(claim: Claimed) -> str:
    """The base cell's label without the factor that is contrasted: what else is as it is in both cells."""
    factor = claim.prediction.contrast.factor
    level, *others = claim.instance.cells[0].record.label.split("+")
    others = [part for part in others if part.partition("=")[0] != factor]
    return "+".join(others if others and level == BASELINE else [level, *others])


def _contrast(claim: Claimed) -> str:
    """The factor and the two levels, as the cells have them."""
    base, treated, *other = (cell.record for cell in claim.instance.cells)
    prediction = claim.prediction
    said = _levels(prediction.contrast.factor, base, treated)
    if prediction.changed_by:
        return f"{said}, by {_levels(prediction.changed_by.factor, base, other[0])}"
    if prediction.compared_with:
        return f"{said}, against {_levels(prediction.compared_with.factor, *other)}"
    return said


def _levels(factor: str, base: CellRecord, treated: CellRecord) -> str:
    ends = (one.prompt if factor == BUNDLE else text(one.factors.get(factor)) for one in (base, treated))
    return f"{factor} {' -> '.join(ends)}"


def _notes(found: Sequence[PlannedPower], family: int, request_sd: float) -> Iterator[str]:
    yield (
        f"Power 80 %, two-sided, at alpha {ALPHA} / {family}: the strictest step of Holm over the {family} predictions "
        "of this sweep. Base rates are those published for the model and condition, else assumed where a difference is "
        "hardest to see. Before a colon: what else is so in both cells, besides the baseline."
    )
    units = {(one.unit, len(one.claim.instance.cells)) for one in found}
    if ("episode", 2) in units:
        yield f"Two cells: {PAIR_DRAWS} simulated pairs with Fisher's exact test and Newcombe's interval."
    if units - {("episode", 2)}:
        yield (
            f"Changes of a gap, and cells that share requests: {DRAWS} simulated sweeps with the verdict's own test. "
            "A gap changes by its last cell."
        )
    if any(unit == "request" for unit, _ in units):
        yield (
            f"Requests are the unit. Their rates are taken to differ by a standard deviation of {request_sd:g} logits, "
            "the same in all cells (--request-sd; a convention of ours: at 1, about a mean of 50 %, nineteen in twenty "
            "requests lie between 12 and 88 %)."
        )


def plan_lines(states: Sequence[CellState], plans: Sequence[Plan], n: int) -> Iterator[str]:
    """What `plan=true` says of power, by approximation, so that nobody waits: counts, and what cannot be seen."""
    matrices = matrices_of(states, plans)
    family = family_size(matrices)
    if not family:
        yield "Power: no hypothesis predicts anything of these cells (conf/hypothesis)."
        return
    found = planned_power(matrices, n, ALPHA, approximate=True)
    blind = [group for group in _groups(found) if not group[0].enough]
    seen = sum(one.enough for one in found)
    yield (
        f"Power: {family} different predictions about this grid (conf/hypothesis); at n = {n:,} and an uncorrected "
        f"alpha of {ALPHA}, {seen} of {len(found)} tests have a power of 80 %."
    )
    for group in blind[:5]:
        one = group[0]
        instead = f"; instead {one.advice}" if one.advice else ""
        yield f"  {_contrasts(group)} on {one.claim.instance.model}, {one.claim.prediction.claim}: {one.says}{instead}"
    if len(blind) > 5:
        yield f"  and {len(blind) - 5} more such lines."
    yield 'More: hanlon power "<the same overrides>"; the n that a grid needs: add --find-n.'
