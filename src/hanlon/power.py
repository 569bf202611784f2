"""The power of a sweep in words: what each planned prediction can show, and what a rehearsal ends with."""

from collections.abc import Iterator, Sequence

from hanlon.analysis.detectable import DRAWS
from hanlon.analysis.grid import grids
from hanlon.analysis.hypotheses.matrix import Matrix, matrix_of
from hanlon.analysis.hypotheses.power import ALPHA, PlannedPower, planned_power
from hanlon.analysis.hypotheses.schema import Plan
from hanlon.analysis.tables import CellState, TableFormat, render
from hanlon.rehearsal import Rehearsal


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
            "base_rate": one.base.rate,
            "base_from": one.base.source,
            "n": one.n,
            "least": one.least,
            "shows": one.says,
            "enough": one.enough,
            "advice": one.advice,
        }
        for one in found
    ]


def power_text(found: Sequence[PlannedPower], family: int, table_format: TableFormat) -> str:
    """The table of predictions with what must be read beside it."""
    words = [
        {
            "model": one.claim.instance.model,
            "of": one.claim.instance.label,
            "predicts": one.claim.prediction.claim,
            "base rate": one.base.source,
            "at this n shows": one.says,
            "": "" if one.enough else f"NOT ENOUGH{': ' + one.advice if one.advice else ''}",
        }
        for one in found
    ]
    table = render(power_rows(found), words, table_format, title="power")
    return table if table_format in ("json", "csv") else f"{table}\n{chr(10).join(_notes(family))}"


def _notes(family: int) -> Iterator[str]:
    yield (
        f"Power 80 %, two-sided, {DRAWS} simulated pairs of cells with Fisher's exact test and Newcombe's interval, at "
        f"alpha {ALPHA} / {family}: the strictest step of Holm over the {family} predictions of this sweep."
    )
    yield (
        "Base rates are those published for the model and condition, else 50 %, where a difference is hardest to see. "
        "Where episodes share requests they are taken as independent here; pairing by request shows more, requests "
        "that differ show less."
    )


def plan_lines(states: Sequence[CellState], plans: Sequence[Plan], n: int) -> Iterator[str]:
    """What `plan=true` says of power, by approximation, so that nobody waits: counts, and what cannot be seen."""
    matrices = matrices_of(states, plans)
    family = family_size(matrices)
    if not family:
        yield "Power: no hypothesis predicts anything of these cells (conf/hypothesis)."
        return
    found = planned_power(matrices, n, ALPHA, approximate=True)
    blind = [one for one in found if not one.enough]
    yield (
        f"Power: {family} different predictions about this grid (conf/hypothesis); at n = {n} and an uncorrected alpha "
        f"of {ALPHA}, {len(found) - len(blind)} of the {len(found)} about two cells have a power of 80 %."
    )
    for one in list({(o.says, o.advice): o for o in blind}.values())[:5]:
        yield (
            f"  {one.claim.instance.label} on {one.claim.instance.model} ({one.claim.prediction.claim}): {one.says}"
            + (f"; instead {one.advice}" if one.advice else "")
        )
    yield 'More: hanlon power "<the same overrides>".'


def rehearsal_text(found: Sequence[Rehearsal], table_format: TableFormat) -> str:
    """How often each hypothesis was left standing and ruled out, for each scripted policy."""
    if not found:
        return "No hypothesis of this sweep names a scripted policy: nothing to rehearse."
    rows = [
        {
            "policy": one.policy,
            "n": one.n,
            "repeats": one.repeats,
            **{f"stands_{name}": share for name, share in one.stands.items()},
            **{f"falls_{name}": share for name, share in one.falls.items()},
        }
        for one in found
    ]
    words = [
        {
            "simulated policy": one.policy,
            **{name: f"{one.stands[name]:.0%} / {one.falls[name]:.0%}" for name in one.stands},
        }
        for one in found
    ]
    table = render(rows, words, table_format, title="rehearsed on simulated policies: stands / ruled out")
    if table_format in ("json", "csv"):
        return table
    return (
        f"{table}\nSimulated: {found[0].repeats} sweeps for each policy, {found[0].n} episodes a cell, drawn from the "
        "policy's own rates and judged by Holm as a verdict is; nothing was played."
    )
