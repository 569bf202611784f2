"""A verdict as rows of plain values, for JSON and CSV; a fraction is a fraction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.matrix import Claimed, Matrix, turned
from hanlon.hypotheses.observation import Observation
from hanlon.hypotheses.schema import Direction
from hanlon.hypotheses.selection import Instance
from hanlon.hypotheses.sufficiency import UnexplainedEffect
from hanlon.hypotheses.verdict import Finding, GridVerdict
from hanlon.store.cells import model_name


def verdict_rows(verdicts: Sequence[GridVerdict], preregistered: Collection[str]) -> list[dict[str, Any]]:
    """Every prediction, control, hypothesis and conclusion, one row each, with the same keys."""
    return [row for verdict in verdicts for row in _grid_rows(verdict, preregistered)]


def prediction_row(one: JudgedPrediction, preregistered: Collection[str]) -> dict[str, Any]:
    """A prediction about one contrast as plain values. The p are Holm's, `p_no_difference` is not corrected."""
    seen, claim = one.seen, one.claim
    name = claim.hypothesis.name
    return {
        "kind": "prediction",
        "hypothesis": name,
        "predicts": claim.prediction.claim,
        "contrast": claim.prediction.selector,
        **_seen(claim.instance, seen),
        "test": seen.test,
        "p_no_difference": seen.p,
        "p_holds": one.p_holds,
        "p_fails": one.p_fails,
        "ending": one.ending,
        "reason": one.reason,
        "status": "preregistered" if name in preregistered else "exploratory",
        "after_look": one.after_look,
        "because": claim.prediction.because,
    }


def _grid_rows(verdict: GridVerdict, preregistered: Collection[str]) -> list[dict[str, Any]]:
    record = verdict.matrix.grid.cells[0].record
    place = {
        "env": record.env,
        "model": model_name(record),
        "protocol": record.protocol,
        "simulated": record.simulated,
    }
    known = set(preregistered) - verdict.exploratory
    rows = [
        *(prediction_row(one, known) for one in verdict.judged),
        *(_gate_row(verdict)),
        *(_finding_row(finding, known) for finding in verdict.findings),
        *(
            _doubt_row(name, doubt, known)
            for finding in verdict.findings
            for name in finding.names
            for doubt in finding.doubts
        ),
        {"kind": "verdict", "ending": verdict.ends},
    ]
    return [{column: (place | row).get(column) for column in _COLUMNS} for row in rows]


def _gate_row(verdict: GridVerdict) -> list[dict[str, Any]]:
    return [
        {
            "kind": f"{reading.gate.kind} control",
            "hypothesis": reading.gate.name,
            "measure": reading.gate.measure,
            "ending": "not needed" if not reading.applies else "worked" if reading.worked else "undetermined",
            "reason": reading.says,
        }
        for reading in verdict.gates
    ]


def _doubt_row(name: str, doubt: UnexplainedEffect, preregistered: Collection[str]) -> dict[str, Any]:
    """What a hypothesis needs beside its predictions, and the data do not show: see `sufficiency.py`."""
    return {
        "kind": "doubt",
        "hypothesis": name,
        "predicts": f"{'not named: ' if doubt.factor else ''}no effect (within {100 * doubt.margin:.1f} points)",
        "contrast": doubt.factor,
        **_seen(doubt.instance, doubt.seen),
        "ending": "undetermined",
        "reason": f"it says nothing of {doubt.factor}" if doubt.factor else "half of its smallest effect",
        "status": "preregistered" if name in preregistered else "exploratory",
    }


def _seen(instance: Instance, seen: Observation) -> dict[str, Any]:
    return {
        "cells": instance.label,
        "measure": instance.measure,
        "k": [rate.k for rate in seen.rates],
        "n": [rate.n for rate in seen.rates],
        "difference": seen.difference.value,
        "lo": seen.difference.lo,
        "hi": seen.difference.hi,
        "interval": f"{seen.difference.method} {seen.difference.level:.0%}",
        "unit": seen.unit,
        "excluded": [rate.excluded for rate in seen.rates],
        "bounds": list(seen.bounds),
        "keys": [cell.record.key for cell in instance.cells],
    }


def _finding_row(finding: Finding, preregistered: Collection[str]) -> dict[str, Any]:
    return {
        "kind": "hypothesis",
        "hypothesis": " or ".join(finding.names),
        "ending": finding.standing,
        "reason": finding.because,
        "status": "preregistered" if set(finding.names) <= set(preregistered) else "exploratory",
    }


def matrix_rows(matrix: Matrix) -> list[dict[str, Any]]:
    """The prediction matrix: a row for each contrast, a column for each group of hypotheses.

    `+` rises, `-` falls, `0` neither; two of them: either; empty: it says nothing of it.
    """
    first: dict[tuple[Any, ...], Claimed] = {}
    for claim in matrix.claims:
        first.setdefault(claim.column, claim)
    speaking = [group for group in matrix.groups if group[0] not in matrix.silent]
    return [_matrix_row(claim, matrix.columns[column], speaking) for column, claim in first.items()]


def _matrix_row(
    first: Claimed, own: Mapping[str, frozenset[Direction]], groups: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The contrast the way round that its first prediction has it."""
    as_written = first.column == first.instance.key
    allowed = {name: sides if as_written else turned(sides) for name, sides in own.items()}
    said = {" or ".join(group): "".join(sorted(allowed.get(group[0], ()))) for group in groups}
    return {"contrast": first.instance.label, "measure": first.instance.measure, **said}


_COLUMNS = (
    *(
        "kind",
        "env",
        "model",
        "protocol",
        "simulated",
        "hypothesis",
        "predicts",
        "contrast",
        "cells",
        "measure",
    ),
    *(
        "k",
        "n",
        "difference",
        "lo",
        "hi",
        "interval",
        "unit",
        "test",
        "p_no_difference",
        "p_holds",
        "p_fails",
    ),
    *("ending", "reason", "status", "excluded", "bounds", "after_look", "because", "keys"),
)
"""Of every row, whatever its kind; what a kind does not have is null."""
