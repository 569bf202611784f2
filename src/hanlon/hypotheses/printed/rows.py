"""A verdict as rows of plain values, for JSON and CSV. A fraction is a fraction."""

from collections.abc import Iterator, Sequence
from typing import Any

from hanlon.analysis.contrasts.contrasts import Contrast
from hanlon.analysis.contrasts.effects import effect_text
from hanlon.hypotheses.binding import Bound
from hanlon.hypotheses.printed.answers import Judged, answers
from hanlon.hypotheses.printed.tables import in_order
from hanlon.hypotheses.printed.wording import SeenClaim
from hanlon.hypotheses.verdict import Rival
from hanlon.store.cells import CellState, model_name
from hanlon.store.tally import Count

COLUMNS = {
    "kind": "verdict, hypothesis, prediction, control or effect; what a kind does not have is null",
    "env": "the environment",
    "model": "the model",
    "protocol": "tools or text",
    "simulated": "whether it is a scripted policy",
    "status": "preregistered, written down beforehand, or exploratory",
    "hypothesis": "the hypothesis, or the name of a control",
    "result": "of the whole, of a hypothesis, or of a control",
    "reason": "in words: the answer, or what a control says",
    "explains": "share of the variation between cells that a hypothesis explains",
    "p_fit": "p that the counts lie where a hypothesis allows them, Holm's over the hypotheses",
    "free": "rates that a hypothesis leaves to the counts",
    "tested": "predictions of it that were put to the test",
    "predictions": "predictions that it has",
    "predicts": "the claim, in words",
    "contrast": "what is contrasted",
    "met": "whether the counts lie as predicted",
    "cells": "labels of the base and the treated cell; of a change, of both pairs",
    "keys": "their keys",
    "measure": "the rate",
    "k": "cases in each cell",
    "n": "episodes in each cell",
    "difference": "treated minus base; of a change, how far the second difference exceeds the first",
    "lo": "its lower limit",
    "hi": "its upper limit",
    "interval": "method and confidence",
    "unit": "what was sampled independently: episode or request",
    "test": "of no difference",
    "p_no_difference": "its p, not corrected",
    "ratio": "treated rate over base rate; the share removed is 1 minus it",
    "ratio_lo": "its lower limit",
    "ratio_hi": "its upper limit",
    "excluded": "episodes of each cell that leave n",
    "after_look": "episodes of these cells that were added after a look",
    "because": "why it is predicted",
}
"""Every column with what it holds. All rows have all of them."""


def verdict_rows(verdicts: Sequence[Judged]) -> list[dict[str, Any]]:
    """The answer, hypotheses, predictions in each context, controls and effects of each verdict."""
    rows: list[dict[str, Any]] = []
    for judged in verdicts:
        record = judged.verdict.planned.grid.cells[0].record
        grid = {
            "env": record.env,
            "model": model_name(record),
            "protocol": record.protocol,
            "simulated": record.simulated,
        }
        rows += [{column: (grid | row).get(column) for column in COLUMNS} for row in _rows(judged)]
    return rows


def _rows(judged: Judged) -> Iterator[dict[str, Any]]:
    verdict = judged.verdict
    yield {"kind": "verdict", "result": verdict.conclusion, "reason": " ".join(answers(judged))}
    yield from (_rival_row(judged, rival) for rival in verdict.rivals)
    for bound in in_order(judged):
        yield from (_prediction_row(judged, bound, seen) for seen in judged.seen(bound))
    for reading in verdict.gates:
        worked = "not sampled" if reading.worked is None else "worked" if reading.worked else "did not work"
        yield {
            "kind": "control",
            "hypothesis": reading.gate.name,
            "measure": reading.gate.measure,
            "result": worked if reading.applies else "not needed",
            "reason": reading.says,
        }
    yield from map(_effect_row, judged.effects)


def status_of(judged: Judged, name: str) -> str:
    """Whether a hypothesis was chosen, or lay there, before the episodes."""
    if name in judged.verdict.preregistered:
        return "preregistered"
    return "written down beforehand" if name in judged.verdict.written else "exploratory"


def _rival_row(judged: Judged, rival: Rival) -> dict[str, Any]:
    fit = rival.fit
    return {
        "kind": "hypothesis",
        "hypothesis": rival.name,
        "status": status_of(judged, rival.name),
        "result": rival.status,
        "explains": fit.share if fit.claims else None,
        "p_fit": rival.p if fit.claims else None,
        "free": fit.free,
        "tested": fit.tested,
        "predictions": len(fit.bound.hypothesis.predicts),
    }


def _prediction_row(judged: Judged, bound: Bound, seen: SeenClaim) -> dict[str, Any]:
    claim = seen.claim
    row: dict[str, Any] = {
        "kind": "prediction",
        "hypothesis": bound.hypothesis.name,
        "status": status_of(judged, bound.hypothesis.name),
        "predicts": claim.prediction.text,
        "contrast": claim.prediction.selector,
        "met": seen.met,
        "measure": claim.instance.measure,
        "because": claim.prediction.because,
        **_cells(claim.instance.cells, seen.counts),
    }
    if (comparison := seen.comparison) is None:
        return row
    difference = comparison.difference
    return row | {
        "difference": difference.value,
        "lo": difference.lo,
        "hi": difference.hi,
        "interval": f"{difference.method} {100 * difference.level:.4g}%",
        "unit": comparison.unit,
        "test": comparison.test,
        "p_no_difference": comparison.p,
    }


def _effect_row(effect: Contrast) -> dict[str, Any]:
    difference, ratio = effect.comparison.difference, effect.comparison.ratio
    cells = (effect.pair.base, effect.pair.treated)
    return {
        "kind": "effect",
        "status": effect.status,
        "contrast": effect_text(effect),
        "measure": effect.measure,
        "difference": difference.value,
        "lo": difference.lo,
        "hi": difference.hi,
        "interval": f"{difference.method} {100 * difference.level:.4g}%",
        "unit": effect.comparison.unit,
        "test": effect.comparison.test,
        "p_no_difference": effect.comparison.p,
        "ratio": ratio and ratio.value,
        "ratio_lo": ratio and ratio.lo,
        "ratio_hi": ratio and ratio.hi,
        **_cells(cells, [Count(rate.k, rate.n) for rate in (effect.base, effect.treated)]),
    }


def _cells(cells: Sequence[CellState], counts: Sequence[Count]) -> dict[str, Any]:
    return {
        "cells": [cell.record.label for cell in cells],
        "keys": [cell.record.key for cell in cells],
        "k": [count.k for count in counts],
        "n": [count.n for count in counts],
        "excluded": [sum(cell.tally.excluded.values()) for cell in cells],
        "after_look": sum(
            cell.tally.after_look for cell in {cell.record.key: cell for cell in cells}.values()
        ),
    }
