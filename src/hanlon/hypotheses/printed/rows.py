"""A verdict as rows of plain values, for JSON and CSV. A fraction is a fraction."""

from collections.abc import Iterator, Sequence
from typing import Any

from hanlon.hypotheses.claims import JudgedPrediction
from hanlon.hypotheses.observation import Observation
from hanlon.hypotheses.selection import Instance
from hanlon.hypotheses.sufficiency import UnexplainedEffect
from hanlon.hypotheses.verdict import GridVerdict
from hanlon.store.cells import model_name

FIELDS = (
    *("kind", "env", "model", "protocol", "simulated", "hypothesis", "predicts", "contrast", "cells", "measure"),
    *("k", "n", "difference", "lo", "hi", "interval", "unit", "test", "p_no_difference", "p_holds", "p_fails"),
    *("result", "reason", "status", "excluded", "bounds", "after_look", "because", "keys"),
)  # fmt: skip
"""Of every row, whatever its kind. What a kind does not have is null."""
UNEXPLAINED = "unexplained effect"


def verdict_rows(verdicts: Sequence[GridVerdict]) -> list[dict[str, Any]]:
    """Every prediction, control, hypothesis, unexplained effect and conclusion, one row each, with the same fields."""
    rows: list[dict[str, Any]] = []
    for verdict in verdicts:
        record = verdict.matrix.grid.cells[0].record
        grid = {
            "env": record.env,
            "model": model_name(record),
            "protocol": record.protocol,
            "simulated": record.simulated,
        }
        rows += [{field: (grid | row).get(field) for field in FIELDS} for row in _rows(verdict)]
    return rows


def _rows(verdict: GridVerdict) -> Iterator[dict[str, Any]]:
    yield from (_prediction_row(verdict, judged) for judged in verdict.judged)
    for reading in verdict.gates:
        yield {
            "kind": f"{reading.gate.kind} control",
            "hypothesis": reading.gate.name,
            "measure": reading.gate.measure,
            "result": "not needed" if not reading.applies else "worked" if reading.worked else "undetermined",
            "reason": reading.says,
        }
    for finding in verdict.findings:
        yield {
            "kind": "hypothesis",
            "hypothesis": " or ".join(finding.names),
            "result": finding.result,
            "reason": finding.because,
            "status": _status(verdict, *finding.names),
        }
    for finding in verdict.findings:
        for name in finding.names:
            yield from (_unexplained_row(verdict, name, effect) for effect in finding.unexplained)
    yield {"kind": "verdict", "result": verdict.conclusion}


def _prediction_row(verdict: GridVerdict, judged: JudgedPrediction) -> dict[str, Any]:
    """A prediction about one contrast. The p are Holm's; `p_no_difference` is not corrected."""
    claim, seen = judged.claim, judged.seen
    return {
        "kind": "prediction",
        "hypothesis": claim.hypothesis.name,
        "predicts": claim.prediction.claim,
        "contrast": claim.prediction.selector,
        **_seen(claim.instance, seen),
        "test": seen.test,
        "p_no_difference": seen.p,
        "p_holds": judged.p_holds,
        "p_fails": judged.p_fails,
        "result": judged.result,
        "reason": judged.reason,
        "status": _status(verdict, claim.hypothesis.name),
        "after_look": judged.after_look,
        "because": claim.prediction.because,
    }


def _unexplained_row(verdict: GridVerdict, name: str, effect: UnexplainedEffect) -> dict[str, Any]:
    """What a hypothesis needs beside its predictions, and the data do not show: see `sufficiency.py`."""
    absence = f"no effect (within {100 * effect.margin:.1f} points)"
    return {
        "kind": UNEXPLAINED,
        "hypothesis": name,
        "predicts": f"not named: {absence}" if effect.factor else absence,
        "contrast": effect.factor,
        **_seen(effect.instance, effect.seen),
        "result": "undetermined",
        "reason": f"it says nothing of {effect.factor}" if effect.factor else "half of its smallest effect",
        "status": _status(verdict, name),
    }


def _status(verdict: GridVerdict, *names: str) -> str:
    return "preregistered" if verdict.preregistered.issuperset(names) else "exploratory"


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
